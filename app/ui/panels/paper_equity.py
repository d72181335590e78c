"""The equity of the paper ledger over time: what its curve says and draws, and the same as a table to copy. Pure."""

from collections.abc import Sequence

from app.ui import format as shown
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.paper import NOT_BEGUN, signed_usd
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView
from app.ui.widgets.equity_curve import CurveView, Point, finite

_DAY_MS = 86_400_000
_COLUMNS = (
    Column("time", 20, "left"),
    Column("equity", 14, priority=1, words="equity in paper dollars"),
)


def equity_view(view: DeckView) -> CurveView:
    """The curve with its span, its extremes and what it has made."""
    points = _points(view)
    if len(points) < 2 or points[-1][0] <= points[0][0]:
        return CurveView("Paper equity", (), "", _empty(view))
    now_usd = points[-1][1]
    made_usd = now_usd - (view.shown.paper.starting_usd if view.shown and view.shown.paper else now_usd)
    span = shown.duration((points[-1][0] - points[0][0]) / 1_000)
    title = f"Paper equity {shown.price(now_usd, 2)} ({signed_usd(made_usd)}) · {span}"
    return CurveView(title, points, _words(points), "", _role(made_usd, stale=view.outdated))


def equity_table(view: DeckView) -> TableView:
    """The points of the curve, oldest first; the newest row is called `now`."""
    points = _points(view)
    rows = tuple(
        Row(
            "now" if place == len(points) else str(at_ms),
            (Cell(shown.moment(at_ms)), Cell(shown.price(equity_usd, 2))),
            view.outdated,
            values=(at_ms, equity_usd),
            name="paper equity",
        )
        for place, (at_ms, equity_usd) in enumerate(points, 1)
    )
    return TableView("Paper equity", _COLUMNS, rows, _empty(view))


def _points(view: DeckView) -> tuple[Point, ...]:
    paper = view.shown.paper if view.shown is not None else None
    return finite(paper.curve) if paper is not None else ()


def _empty(view: DeckView) -> str:
    if view.shown is None or view.outdated:
        return waiting_sentence(view)
    return "No curve yet: it gets a point a minute." if view.shown.paper is not None else NOT_BEGUN


def _words(points: Sequence[Point]) -> str:
    """Span and extremes; with days when it is longer than one."""
    dated = points[0][0] // _DAY_MS != points[-1][0] // _DAY_MS
    lowest = min(points, key=lambda point: (point[1], point[0]))
    highest = max(points, key=lambda point: (point[1], -point[0]))
    ends = f"{_time(points[0][0], dated=dated)} to {_time(points[-1][0], dated=dated)} UTC"
    low, high = (f"{shown.price(usd, 2)} at {_time(at_ms, dated=dated)}" for at_ms, usd in (lowest, highest))
    return f"{ends} · low {low} · high {high}"


def _time(at_ms: int, *, dated: bool) -> str:
    return f"{shown.date(at_ms)[5:]} {shown.clock(at_ms)[:5]}" if dated else shown.clock(at_ms)


def _role(made_usd: float, *, stale: bool) -> Role:
    return "stale" if stale else "down" if made_usd < 0 else "up"
