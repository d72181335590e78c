"""Equity over time as a line of half blocks, with its span and extremes in words."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
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
Stretch = tuple[str, int, Role]
"""A part of a line: its text, how many cells it takes, and how it looks."""

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


class Picture(NamedTuple):
    """All lines of a curve's widget, each as texts with their widths in cells and their roles."""

    lines: tuple[tuple[Stretch, ...], ...] = ()


NOTHING = CurveView("", (), "", "")


def curve_picture(view: CurveView, width: int, height: int) -> Picture:
    """A view as lines of `width` cells: the curve with its labels above its words, or why there is none."""
    if width < 1 or height < 1:
        return Picture()
    if not view.points:
        return Picture(tuple(_words(view.empty, width, height)))
    words = tuple(_words(view.words, width, max(0, min(_MOST_WORD_LINES, height - _LEAST_ROWS))))
    return Picture((*_curve_lines(view, width, height - len(words)), *words))


def _words(text: str, width: int, most: int) -> Iterator[tuple[Stretch, ...]]:
    """A text in `most` lines; what they cannot hold is left out."""
    for line in wrap(clean(text, 400), max(2, width - 2))[:most]:
        yield ((f" {line}", width, "muted"),)


def _curve_lines(view: CurveView, width: int, rows: int) -> Iterator[tuple[Stretch, ...]]:
    """The rows of the curve, with the newest, the highest and the lowest equity at their right."""
    equities = [equity for _, equity in view.points]
    newest, high, low = (shown.price(equity, 2) for equity in (equities[-1], max(equities), min(equities)))
    gutter = max(map(len, (newest, high, low))) + 2
    drawn = draw_curve(view.points, max(1, width - gutter - 1), rows)
    labels = {rows - 1: f" {low}", 0: f" {high}", drawn.newest: f"◂{newest}"}
    for y, row in enumerate(drawn.rows):
        role: Role = view.role if y == drawn.newest else "muted"
        yield (f" {row}", max(0, width - gutter), view.role), (f" {labels.get(y, '')}", gutter, role)


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
        self._picture = Picture()
        self._drawn_at = (0, 0)

    def show(self, view: CurveView) -> None:
        """Draw `view`; what looks the same as before is not painted again."""
        if view == self._view:
            return
        self._view = view
        self._draw_title()
        before = self._picture
        self._draw()
        if self._picture != before:
            self.refresh()

    def on_resize(self) -> None:
        self._draw_title()

    def fail(self, text: str) -> None:
        """Say in the curve's own frame that it could not be drawn."""
        self.show(CurveView("equity · FAILED", (), "", text))

    def render_line(self, y: int) -> Strip:
        # The size may have changed without a resize: a frame came or went.
        if self._drawn_at != self.size:
            self._draw()
        lines = self._picture.lines
        return self.strip([self.segment(*part) for part in lines[y]] if y < len(lines) else [], self.size.width)

    def _draw(self) -> None:
        self._drawn_at = width, height = self.size
        self._picture = curve_picture(self._view, width, height)

    def _draw_title(self) -> None:
        title = whole_parts(self._view.title, self.title_room)
        if title != self._title:
            self._title = title
            self.border_title = Content(title)


def finite(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points that can be drawn."""
    return tuple((at_ms, equity) for at_ms, equity in points if math.isfinite(equity))
