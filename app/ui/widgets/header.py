"""The line at the top: source, feeds, tape and clock."""

from dataclasses import dataclass

from rich.cells import cell_len
from textual.strip import Strip

from app.ui.theme import Role
from app.ui.widgets.lines import LineWidget
from app.ui.widgets.parts import GAP, Part, choose

_UTC_FROM_WIDTH = 100


@dataclass(frozen=True)
class HeaderWords:
    """All the header could say: its parts in order, and the clock, which is there from a width in cells on.

    On a narrower line it is there where it has a rank, and a part of that rank would be.
    """

    parts: tuple[Part, ...] = ()
    clock: str = ""
    clock_from: int = 0
    clock_rank: int | None = None


class Header(LineWidget):
    """One line, painted again only when its words change. A click on it shows the feeds."""

    DEFAULT_CSS = "Header { dock: top; height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._words = HeaderWords()
        self._line: tuple[tuple[str, Role], ...] = ()

    async def on_click(self) -> None:
        await self.run_action("app.show('feeds')")

    def show(self, words: HeaderWords) -> None:
        """Say how things stand, as far as there is room for it."""
        self._words = words
        line = self._compose_line(self.size.width)
        if line != self._line:
            self._line = line
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        line = self._compose_line(width)
        return self.strip([self.segment(text, cell_len(text), role) for text, role in line], width)

    def _compose_line(self, width: int) -> tuple[tuple[str, Role], ...]:
        clock = self._clock(width)
        parts = choose(self._words.parts, width - (cell_len(clock) + 2 if clock else 0))
        line: list[tuple[str, Role]] = []
        for text, role in parts:
            line += [(" " * GAP, "text"), (text, role)] if line else [(text, role)]
        used = sum(cell_len(text) for text, _ in line)
        if clock:
            line += [(" " * max(1, width - used - cell_len(clock)), "text"), (clock, "text")]
        return tuple(line)

    def _clock(self, width: int) -> str:
        """The clock as far as there is room for it; empty without."""
        words = self._words
        clock = words.clock.removesuffix(" UTC") if width < _UTC_FROM_WIDTH else words.clock
        if width >= words.clock_from or not clock:
            return clock
        if words.clock_rank is None:
            return ""
        asked = choose((*words.parts, Part((clock,), "text", words.clock_rank)), width)
        return clock if (clock, "text") in asked else ""
