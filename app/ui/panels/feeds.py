"""The feeds in detail: one row a feed. Pure."""

from collections.abc import Sequence

from rich.cells import cell_len

from app.core.text import clean
from app.engine.protocol import FeedView, Snapshot, StoreView
from app.feeds.health import FeedState
from app.ui import format as shown
from app.ui.panels.markets import waiting_sentence
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView, Value

_STATE_ROLES: dict[FeedState, Role] = {
    "connecting": "muted",
    "waiting": "muted",
    "ok": "up",
    "idle": "muted",
    "open": "muted",
    "paced": "muted",
    "stale": "warning",
    "down": "alert",
    "ended": "muted",
}

_NAME_CELLS = (14, 24)
"""The least and the most that the names of feeds take."""
_MORE_COLUMNS = (
    Column("state", 10, "left"),
    Column("age", 6),
    Column("lag", 6, priority=3, words="venue lag"),
    Column("retry", 6, priority=4, words="retry in"),
    Column("received", 8, priority=11, words="messages received"),
    Column("frames", 8, priority=6, words="of these, frames used or refused"),
    Column("superseded", 10, priority=9, words="of these, superseded by newer ones"),
    Column("control", 7, priority=12, words="of these, answers to ours"),
    Column("bad", 5, priority=5, words="bad frames"),
    Column("drops", 6, priority=2),
    Column("reconn", 6, priority=7, words="reconnects"),
    Column("holes", 5, priority=4),
    Column("subs", 5, priority=10, words="subscriptions"),
    Column("budget", 11, priority=8, words="budget used"),
    Column("message", 10, "left", priority=1, flexible=True),
)


def feeds_view(view: DeckView) -> TableView:
    """The feeds of a deck."""
    feeds = view.shown.feeds if view.shown is not None else ()
    empty = "The engine reports no feeds yet." if view.shown is not None else waiting_sentence(view)
    rows = tuple(_feed_row(feed, view) for feed in feeds)
    return TableView(f"Feeds {len(feeds)}{_vitals(view.shown)}", _columns(feeds), rows, empty)


def feeds_note(view: DeckView) -> tuple[str, Role]:
    """What the feeds and the database have to say, in full: a column has no room for a reason."""
    feeds = view.shown.feeds if view.shown is not None else ()
    store = _store_words(view.shown.store if view.shown is not None else None)
    troubled = bool(store) or any(feed.state in ("down", "stale") for feed in feeds)
    said = [f"{clean(feed.name, 24)}: {clean(feed.message, 300)}" for feed in feeds if feed.message]
    return " · ".join(store + said), "stale" if view.outdated else "warning" if troubled else "muted"


def _store_words(store: StoreView | None) -> list[str]:
    """What is wrong with the database; empty where nothing is."""
    if store is None:
        return []
    troubles = (
        f"NOT SAVED: {clean(store.reason, 300)}" if store.state == "not saved" else "",
        f"rows lost: {clean(store.loss, 300)}" if store.lost else "",
    )
    return [f"database: {text}" for text in troubles if text]


def _vitals(snapshot: Snapshot | None) -> str:
    """How the engine itself does, behind the title."""
    if snapshot is None or snapshot.vitals is None:
        return ""
    vitals = snapshot.vitals
    load = f"engine {vitals.memory_mb:.0f} MB · CPU {vitals.cpu_pct:.0f} %"
    return f" · {load} · loop lag p99 {vitals.loop_lag_ms_p99:.0f} ms · {vitals.waiting_inputs} inputs unread"


def _columns(feeds: Sequence[FeedView]) -> tuple[Column, ...]:
    """The columns; the first is as wide as the longest name: a feed that is cut cannot be told from another."""
    least, most = _NAME_CELLS
    longest = max((cell_len(clean(feed.name, most)) for feed in feeds), default=0)
    return (Column("feed", max(least, longest), "left"), *_MORE_COLUMNS)


def _feed_row(feed: FeedView, view: DeckView) -> Row:
    budget = shown.DASH if feed.budget_used is None else f"{feed.budget_used}/{feed.budget_limit or shown.DASH}"
    counts = (feed.parse_errors, feed.drops, feed.reconnects, feed.holes, feed.subscriptions)
    bad, drops, reconnects, holes, subscriptions = (Cell(str(count)) for count in counts)
    cells = (
        Cell(clean(feed.name, _NAME_CELLS[1])),
        Cell("unknown", "muted") if view.outdated else Cell(feed.state, _STATE_ROLES[feed.state]),
        Cell(shown.age(None if feed.age_ms is None else feed.age_ms + view.lag_ms)),
        Cell(shown.age(feed.venue_lag_ms)),
        Cell(shown.age(_retry_ms(feed, view))),
        Cell(shown.compact(feed.received)),
        Cell(shown.compact(feed.frames)),
        Cell(shown.compact(feed.superseded)),
        Cell(shown.compact(feed.control)),
        bad,
        drops,
        reconnects,
        holes,
        subscriptions,
        Cell(budget),
        Cell(clean(feed.message, 2_000), "muted"),
    )
    return Row(feed.name, cells, view.outdated, values=_values(feed, view))


def _values(feed: FeedView, view: DeckView) -> tuple[Value, ...]:
    """What the row is sorted and asked by; times are in seconds."""
    retry_ms = _retry_ms(feed, view)
    return (
        feed.name,
        None if view.outdated else feed.state,
        None if feed.age_ms is None else (feed.age_ms + view.lag_ms) / 1_000,
        None if feed.venue_lag_ms is None else feed.venue_lag_ms / 1_000,
        None if retry_ms is None else retry_ms / 1_000,
        feed.received,
        feed.frames,
        feed.superseded,
        feed.control,
        feed.parse_errors,
        feed.drops,
        feed.reconnects,
        feed.holes,
        feed.subscriptions,
        feed.budget_used,
        feed.message,
    )


def _retry_ms(feed: FeedView, view: DeckView) -> float | None:
    return None if feed.retry_in_s is None or view.outdated else feed.retry_in_s * 1_000 - view.lag_ms
