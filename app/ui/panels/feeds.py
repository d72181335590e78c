"""The feeds in detail: one row a feed. Pure."""

from app.core.text import clean
from app.engine.protocol import FeedView, Snapshot
from app.feeds.health import FeedState
from app.ui import format as shown
from app.ui.panels.markets import waiting_sentence
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView

_STATE_ROLES: dict[FeedState, Role] = {
    "connecting": "muted",
    "waiting": "muted",
    "live": "up",
    "idle": "muted",
    "stale": "warning",
    "down": "alert",
    "ended": "muted",
}

_COLUMNS = (
    Column("feed", 14, "left"),
    Column("state", 10, "left"),
    Column("age", 6),
    Column("lag", 6, priority=3),
    Column("retry", 6, priority=4),
    Column("frames", 8, priority=6),
    Column("superseded", 10, priority=9),
    Column("bad", 5, priority=5),
    Column("drops", 6, priority=2),
    Column("reconn", 6, priority=7),
    Column("holes", 5, priority=4),
    Column("subs", 5, priority=10),
    Column("budget", 11, priority=8),
    Column("message", 10, "left", priority=1, flexible=True),
)


def feeds_view(view: DeckView) -> TableView:
    """The feeds of a deck."""
    feeds = view.shown.feeds if view.shown is not None else ()
    empty = "The engine reports no feeds yet." if view.shown is not None else waiting_sentence(view)
    rows = tuple(_feed_row(feed, outdated=view.outdated) for feed in feeds)
    return TableView(f"Feeds {len(feeds)}{_vitals(view.shown)}", _COLUMNS, rows, empty)


def _vitals(snapshot: Snapshot | None) -> str:
    """How the engine itself does, behind the title."""
    if snapshot is None or snapshot.vitals is None:
        return ""
    vitals = snapshot.vitals
    lag = f"loop lag p99 {vitals.loop_lag_ms_p99:.0f} ms"
    return f" · engine {vitals.memory_mb:.0f} MB, CPU {vitals.cpu_pct:.0f} %, {lag}, {vitals.waiting_inputs} waiting"


def _feed_row(feed: FeedView, *, outdated: bool) -> Row:
    retry = feed.retry_in_s * 1_000 if feed.retry_in_s is not None else None
    budget = shown.DASH if feed.budget_used is None else f"{feed.budget_used}/{feed.budget_limit or shown.DASH}"
    counts = (feed.parse_errors, feed.drops, feed.reconnects, feed.holes, feed.subscriptions)
    bad, drops, reconnects, holes, subscriptions = (Cell(str(count)) for count in counts)
    cells = (
        Cell(clean(feed.name, 24)),
        Cell(feed.state, _STATE_ROLES[feed.state]),
        Cell(shown.age(feed.age_ms)),
        Cell(shown.age(feed.venue_lag_ms)),
        Cell(shown.age(retry)),
        Cell(shown.compact(feed.frames)),
        Cell(shown.compact(feed.superseded)),
        bad,
        drops,
        reconnects,
        holes,
        subscriptions,
        Cell(budget),
        Cell(clean(feed.message, 300), "muted"),
    )
    return Row(feed.name, cells, dimmed=outdated)
