"""Equity over time as a line of half blocks, with its span and extremes in words."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from textual.content import Content
from textual.strip import Strip

from app.core.text import clean
from app.ui import format as shown
from app.ui.theme import Role
from app.ui.widgets.lines import LineWidget, wrap
from app.ui.widgets.whole import whole_parts

Point = tuple[int, float]
"""A time in milliseconds since 1970, and the equity then."""

_GLYPHS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_MOST_WORD_LINES = 2
_LEAST_ROWS = 1


@dataclass(frozen=True)
class CurveView:
    """All that is drawn: points by time, oldest first, and the words below them; `empty` stands in their place."""

    title: str
    points: tuple[Point, ...]
    words: str
    empty: str
    role: Role = "text"


class Drawn(NamedTuple):
    """The rows of a curve from the top, and in which of them the newest point is."""

    rows: tuple[str, ...]
    newest: int


NOTHING = CurveView("", (), "", "")


def draw_curve(points: Sequence[Point], width: int, rows: int) -> Drawn:
    """The points as a line through `width` columns of equal time; between two points the earlier one holds.

    The lowest point is in the last row, the highest in the first. A curve that does not move runs in the middle.
    """
    times, equities = [point[0] for point in points], [point[1] for point in points]
    low, high, halves = min(equities), max(equities), 2 * rows
    span_ms, steps = times[-1] - times[0], max(1, width - 1)
    grid = [[False] * width for _ in range(halves)]
    before = place = 0
    for column in range(width):
        known = bisect_right(times, times[0] + span_ms * column / steps) - 1
        place = _half(equities[known], low, high, halves)
        before = before if column else place
        for half in _between(before, place):
            grid[half][column] = True
        before = place
    pairs = (zip(grid[2 * row], grid[2 * row + 1], strict=True) for row in range(rows))
    return Drawn(tuple("".join(_GLYPHS[pair] for pair in row) for row in pairs), place // 2)


def _half(equity: float, low: float, high: float, halves: int) -> int:
    """The half cell an equity is in, counted from the top."""
    if high <= low:
        return halves // 2
    return max(0, min(halves - 1, int((high - equity) / (high - low) * halves)))


def _between(before: int, place: int) -> range:
    """The half cells that join a place to the one before it."""
    if before == place:
        return range(place, place + 1)
    return range(before + 1, place + 1) if before < place else range(place, before)


class EquityCurve(LineWidget, can_focus=True, inherit_bindings=False):
    """Draws a `CurveView`; painted again only when that changes."""

    DEFAULT_CSS = """
    EquityCurve { height: 1fr; width: 1fr; background: $panel; border: round $border;
                  border-title-color: $accent; border-title-style: bold; }
    EquityCurve:focus { border: round $accent 40%; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._view = NOTHING
        self._title = ""

    def show(self, view: CurveView) -> None:
        """Draw `view`."""
        if view == self._view:
            return
        self._view = view
        self._draw_title()
        self.refresh()

    def on_resize(self) -> None:
        self._draw_title()

    def fail(self, text: str) -> None:
        """Say in the curve's own frame that it could not be drawn."""
        self.show(CurveView("equity · FAILED", (), "", text))

    def render_line(self, y: int) -> Strip:
        width, points = self.size.width, self._view.points
        if not points:
            lines = wrap(clean(self._view.empty, 400), max(2, width - 2))
            return self.strip([self.segment(f" {lines[y]}" if y < len(lines) else "", width, "muted")], width)
        words = self._words(width)
        rows = self.size.height - len(words)
        if y >= rows:
            return self.strip([self.segment(f" {words[y - rows]}", width, "muted")], width)
        return self._curve_line(y, rows, width)

    def _draw_title(self) -> None:
        title = whole_parts(self._view.title, self.title_room)
        if title != self._title:
            self._title = title
            self.border_title = Content(title)

    def _words(self, width: int) -> list[str]:
        """The lines of words that leave the curve a row."""
        lines = wrap(clean(self._view.words, 400), max(2, width - 2))
        return lines[: max(0, min(_MOST_WORD_LINES, self.size.height - _LEAST_ROWS))]

    def _curve_line(self, y: int, rows: int, width: int) -> Strip:
        equities = [equity for _, equity in self._view.points]
        newest, high, low = (shown.price(equity, 2) for equity in (equities[-1], max(equities), min(equities)))
        gutter = max(map(len, (newest, high, low))) + 2
        drawn = draw_curve(self._view.points, max(1, width - gutter - 1), rows)
        label = f"◂{newest}" if y == drawn.newest else f" {high}" if y == 0 else f" {low}" if y == rows - 1 else ""
        role: Role = self._view.role if y == drawn.newest else "muted"
        segments = [
            self.segment(f" {drawn.rows[y]}", max(0, width - gutter), self._view.role),
            self.segment(f" {label}", gutter, role),
        ]
        return self.strip(segments, width)


def finite(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points that can be drawn."""
    return tuple((at_ms, equity) for at_ms, equity in points if math.isfinite(equity))
