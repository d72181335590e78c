"""The rules' metrics over time: a line of bars for each."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip

from app.core.text import clean
from app.engine.protocol_detail import ReadPoint
from app.ui import format as shown
from app.ui.theme import Role
from app.ui.widgets.lines import LineWidget, wrap
from app.ui.widgets.whole import JOINT, whole_parts

_EIGHTHS = "▁▂▃▄▅▆▇█"
_NAME_CELLS, _VALUE_CELLS = 13, 5
_UNKNOWN = "·"
_TITLE = "Rules metrics, second by second"


def bars(values: Sequence[float | None], width: int) -> str:
    """The newest `width` values of 0-100, each a bar of eighths; `·` for one that is not known. Padded on the left."""
    newest = values[-width:] if width > 0 else ()
    text = "".join(_UNKNOWN if value is None else _EIGHTHS[max(0, min(7, int(value / 12.5)))] for value in newest)
    return text.rjust(width)


class ReadLines(LineWidget):
    """Momentum, pressure and continuation, second by second, the newest at the right."""

    DEFAULT_CSS = """
    ReadLines { height: 5; width: 1fr; background: $panel; border: round $border;
                border-title-color: $accent; border-title-style: bold; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._reads: Sequence[ReadPoint] = ()
        self._note: str | None = None
        self._failure = ""

    def show(self, reads: Sequence[ReadPoint], note: str = "") -> None:
        """Draw these reads, oldest first; `note` says why a metric is missing, and is empty when none is."""
        if note != self._note:
            self._note = note
            self._draw_title()
        if reads != self._reads or self._failure:
            self._reads, self._failure = reads, ""
            self.refresh()

    def fail(self, text: str) -> None:
        """Say in place of the lines that they could not be made."""
        self.show((), "FAILED")
        self._failure = text
        self.refresh()

    def on_resize(self) -> None:
        self._draw_title()

    def _draw_title(self) -> None:
        note = f"{JOINT}{self._note}" if self._note else ""
        self.border_title = Content(whole_parts(f"{_TITLE}{note}", self.title_room))

    def render_line(self, y: int) -> Strip:
        if self._failure:
            return self._failure_line(y)
        lines: tuple[tuple[str, list[float | None], Role], ...] = (
            ("momentum", [read.momentum for read in self._reads], "accent"),
            ("pressure", [read.pressure for read in self._reads], "text"),
            ("continuation", [read.continuation for read in self._reads], "text"),
        )
        width = self.size.width
        if y >= len(lines):
            return self.blank(width)
        name, values, role = lines[y]
        room = max(0, width - _NAME_CELLS - _VALUE_CELLS - 1)
        newest = shown.score(values[-1]) if values else shown.DASH
        if name == "momentum" and newest != shown.DASH:
            newest += shown.direction_arrow(self._reads[-1].direction)
        segments = [
            self.segment(f" {name}", _NAME_CELLS, "muted"),
            Segment(bars(values, room), self.palette.style(role)),
            self.segment(f" {newest}", _VALUE_CELLS, "text", align="right"),
        ]
        return self.strip(segments, width)

    def _failure_line(self, y: int) -> Strip:
        width = self.size.width
        lines = wrap(clean(self._failure, 400), max(2, width - 2))
        return self.strip([self.segment(f" {lines[y]}" if y < len(lines) else "", width, "alert")], width)
