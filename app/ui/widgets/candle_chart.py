"""Candles, volume, axes and a crosshair on lines of the terminal."""

from functools import lru_cache
from itertools import groupby

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip

from app.core.text import clean
from app.engine.protocol_detail import CandleView
from app.ui import format as shown
from app.ui.theme import Role
from app.ui.widgets.candle_canvas import Canvas, ChartView, Marks, draw
from app.ui.widgets.chart_pins import NO_PINS, Pinned, place_pins
from app.ui.widgets.lines import LineWidget, wrap
from app.ui.widgets.whole import first_fitting, whole_parts

_NOTHING = ChartView("", (), 60_000, 0, 2, (), "")
_LABEL_EVERY_ROWS = 4
_LONGEST_TITLE = 160
_LABEL_CELLS = 8
_TIME_STEPS_S = (15, 30, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400)
_DAY_MS = 86_400_000
_AXIS_ROWS = 1
_NOTICE_FROM_ROWS = 6
_PINNED = Style(bold=True, reverse=True)


class CandleChart(LineWidget, can_focus=True, inherit_bindings=False):
    """Draws a `ChartView`. The crosshair stays on its candle while time goes on."""

    DEFAULT_CSS = """
    CandleChart { height: 1fr; width: 1fr; background: $panel; border: round $border;
                  border-title-color: $accent; border-title-style: bold; border-subtitle-color: $foreground; }
    CandleChart:focus { border: round $accent 40%; }
    """

    def __init__(self, marks: Marks = "blocks", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._marks = marks
        self._view = _NOTHING
        self._canvas = Canvas((), (), (), None)
        self._pinned: Pinned = NO_PINS
        self._title = self._legend = ""
        self._gutter = 0
        self._cursor: int | None = None
        self.crosshair_ms: int | None = None

    def show(self, view: ChartView) -> None:
        """Draw `view`; nothing is painted when it is what is shown already."""
        if view != self._view:
            self._view = view
            self._redraw()

    def fail(self, text: str) -> None:
        """Say in the chart's own frame that it could not be drawn."""
        self.show(ChartView("chart · FAILED", (), 60_000, 0, 2, (), text))

    def on_resize(self) -> None:
        self._redraw()

    def move_crosshair(self, steps: int) -> None:
        """Move the crosshair by candles; the first move puts it on the newest one."""
        opens = [candle.open_ms for candle in self._canvas.buckets if candle is not None]
        if not opens:
            return
        if self.crosshair_ms not in opens:
            self.crosshair_ms = opens[-1]
        else:
            self.crosshair_ms = opens[max(0, min(len(opens) - 1, opens.index(self.crosshair_ms) + steps))]
        self._redraw()

    def remove_crosshair(self) -> None:
        """Take the crosshair away."""
        self.point_at(None)

    def point_at(self, open_ms: int | None) -> None:
        """Put the crosshair on the candle that begins then; None takes it away."""
        if open_ms != self.crosshair_ms:
            self.crosshair_ms = open_ms
            self._redraw()

    @property
    def interval_ms(self) -> int:
        """How long the candles shown are."""
        return self._view.interval_ms

    @property
    def candle(self) -> CandleView | None:
        """The candle under the crosshair, else the newest."""
        found = [candle for candle in self._canvas.buckets if candle is not None]
        newest = found[-1] if found else None
        return next((candle for candle in found if candle.open_ms == self.crosshair_ms), newest)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._canvas.scale is None:
            lines = wrap(clean(self._view.empty, 400), max(2, width - 2))
            return self.strip([self.segment(f" {lines[y]}" if y < len(lines) else "", width, "muted")], width)
        if self._has_notice:
            if y == 0:
                return self.strip([self.segment(f" {self._view.notice}", width, "accent")], width)
            y -= 1
        rows = len(self._canvas.columns[0][0])
        if y < rows:
            return self.strip([*self._plot(y), self._price_label(y)], width)
        if y == rows and any(self._canvas.holes):
            return self.strip(self._hole_marks(), width)
        return self.strip([self.segment(self._time_axis(), width, "muted")], width)

    @property
    def _has_notice(self) -> bool:
        """Whether the first line is the notice's: a chart with little room is all candles."""
        return bool(self._view.notice) and self.size.height >= _NOTICE_FROM_ROWS

    def _redraw(self) -> None:
        width, height = self.size.width, self.size.height
        view = self._view
        highest = max((candle.high for candle in view.candles), default=0.0)
        self._gutter = len(shown.price(highest, view.decimals)) + 2
        columns = max(1, width - self._gutter)
        rows = height - _AXIS_ROWS - bool(view.holes) - self._has_notice
        if rows > 0 and view.candles:
            size = (columns, rows)
            self._canvas = draw(view.candles, view.interval_ms, view.newest_ms, size, view.holes, self._marks)
            if view.holes and not any(self._canvas.holes):
                self._canvas = draw(
                    view.candles, view.interval_ms, view.newest_ms, (columns, rows + 1), (), self._marks
                )
        else:
            self._canvas = Canvas((), (), (), None)
        self._pinned = place_pins(view.pins, self._canvas, view.interval_ms, view.newest_ms)
        self._cursor = self._cursor_column()
        self._draw_title()
        self.refresh()

    def _draw_title(self) -> None:
        began = str(clean(self._view.title, 80))
        room = min(_LONGEST_TITLE, self.title_room) - cell_len(began)
        title = began + first_fitting(_candle_texts(self.candle, self._view), room)
        if title != self._title:
            self._title = title
            self.border_title = Content(title)
        legend = whole_parts(self._view.legend, self.title_room)
        if legend != self._legend:
            self._legend = legend
            self.border_subtitle = Content(legend)

    def _plot(self, y: int) -> list[Segment]:
        columns, cursor = self._canvas.columns, self._cursor
        pinned = self._pinned
        cells = [
            (*pinned.get((place, y), (text[y], role)), place == cursor, (place, y) in pinned)
            for place, (text, role) in enumerate(columns)
        ]
        segments = []
        for (role, lit, marked), run in groupby(cells, key=_look):
            style = self.palette.style("stale" if self._view.dimmed else role)
            style = style + self.palette.style("cursor") if lit else style
            style = style + _PINNED if marked else style
            segments.append(Segment("".join(cell[0] for cell in run), style))
        return segments

    def _cursor_column(self) -> int | None:
        if self.crosshair_ms is None:
            return None
        opens = [candle.open_ms if candle else None for candle in self._canvas.buckets]
        return opens.index(self.crosshair_ms) if self.crosshair_ms in opens else None

    def _price_label(self, y: int) -> Segment:
        scale, last = self._canvas.scale, self._view.candles[-1]
        if scale is None or y >= scale.rows:
            return self.segment("", self._gutter)
        if y == scale.row(last.close):
            role: Role = "up" if last.close >= last.open else "down"
            return self.segment(f" ◂{shown.price(last.close, self._view.decimals)}", self._gutter, role)
        price = scale.round_price(y, max(scale.round_step(_LABEL_EVERY_ROWS), 10.0**-self._view.decimals))
        if price is None:
            return self.segment("", self._gutter)
        return self.segment(f"  {shown.price(price, self._view.decimals)}", self._gutter, "muted")

    def _hole_marks(self) -> list[Segment]:
        marks = "".join("?" if spoiled else " " for spoiled in self._canvas.holes)
        return [Segment(marks, self.palette.style("warning")), self.segment(" gap", self._gutter, "warning")]

    def _time_axis(self) -> str:
        interval_ms, columns = self._view.interval_ms, len(self._canvas.columns)
        newest_ms = self._view.newest_ms - self._view.newest_ms % interval_ms
        return _axis_text(newest_ms - (columns - 1) * interval_ms, interval_ms, columns)


@lru_cache(maxsize=64)
def _axis_text(first_ms: int, interval_ms: int, columns: int) -> str:
    """Times under their columns, at round moments and at least two labels' width apart."""
    wanted = (step * 1_000 for step in _TIME_STEPS_S if step * 1_000 >= 2 * _LABEL_CELLS * interval_ms)
    step_ms = next(wanted, _DAY_MS * (2 * _LABEL_CELLS * interval_ms // _DAY_MS + 1))
    text = ""
    for place in range(columns):
        open_ms = first_ms + place * interval_ms
        if open_ms % step_ms == 0 and len(text) <= place and place + _LABEL_CELLS <= columns:
            text = text.ljust(place) + _time_label(open_ms, interval_ms)
    return text


def _time_label(open_ms: int, interval_ms: int) -> str:
    if open_ms % _DAY_MS == 0:
        return f"╵{shown.date(open_ms)[5:]}"
    return f"╵{shown.clock(open_ms)[: 8 if interval_ms < 60_000 else 5]}"


def _look(cell: tuple[str, Role, bool, bool]) -> tuple[Role, bool, bool]:
    """What cells side by side must share to be one segment: blanks have no colour of their own."""
    text, role, lit, marked = cell
    return "text" if text == " " else role, lit, marked


def _candle_texts(candle: CandleView | None, view: ChartView) -> tuple[str, ...]:
    """What a title says of a candle, the longest wording first."""
    if candle is None:
        return ()
    at = shown.clock(candle.open_ms)[: 8 if view.interval_ms < 60_000 else 5]
    prices = zip("OHLC", (candle.open, candle.high, candle.low, candle.close), strict=True)
    figures = " ".join(f"{name} {shown.price(price, view.decimals)}" for name, price in prices)
    close = f" · {at} C {shown.price(candle.close, view.decimals)}"
    return f" · {at} {figures} V {shown.amount(candle.volume)}", f" · {at} {figures}", close
