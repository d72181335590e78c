"""The line at the top: source, feeds, tape and clock."""

from rich.cells import cell_len
from textual.strip import Strip

from app.ui.panels.status import clock_text, header_parts
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.lines import LineWidget
from app.ui.widgets.parts import GAP, choose

_CLOCK_FROM_WIDTH = 50
_TAPE_CLOCK_FROM_WIDTH = 110


class Header(LineWidget):
    """One line, painted again only when its words change. A click on it shows the feeds."""

    DEFAULT_CSS = "Header { dock: top; height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._deck = DeckView()
        self._line: tuple[tuple[str, Role], ...] = ()

    async def on_click(self) -> None:
        await self.run_action("app.show('feeds')")

    def show(self, view: DeckView) -> None:
        """Say how things stand."""
        self._deck = view
        line = self._compose_line(self.size.width)
        if line != self._line:
            self._line = line
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        line = self._compose_line(width)
        return self.strip([self.segment(text, cell_len(text), role) for text, role in line], width)

    def _compose_line(self, width: int) -> tuple[tuple[str, Role], ...]:
        on_tape = self._deck.newest is not None and self._deck.newest.playback is not None
        roomy = width >= (_TAPE_CLOCK_FROM_WIDTH if on_tape else _CLOCK_FROM_WIDTH)
        clock = clock_text(self._deck) if roomy else ""
        if width < 100:
            clock = clock.removesuffix(" UTC")
        parts = choose(header_parts(self._deck), width - (cell_len(clock) + 2 if clock else 0))
        line: list[tuple[str, Role]] = []
        for text, role in parts:
            line += [(" " * GAP, "text"), (text, role)] if line else [(text, role)]
        used = sum(cell_len(text) for text, _ in line)
        if clock:
            line += [(" " * max(1, width - used - cell_len(clock)), "text"), (clock, "text")]
        return tuple(line)
