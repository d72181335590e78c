"""What the header says: source, state of the link, feeds, tape, recording and clock. Pure."""

from collections.abc import Iterator

from app.core.playback import Playback
from app.core.text import clean
from app.engine.protocol import FeedView, RecordingView, SourceView, StoreView
from app.feeds.health import FeedState
from app.ui import format as shown
from app.ui.panels.paper import paper_part
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.header import HeaderWords
from app.ui.widgets.parts import Part

_FEED_LOOKS: dict[FeedState, tuple[str, Role, int]] = {
    # symbol, role, and how urgent it is to show: the smaller, the more
    "down": ("✕", "alert", 0),
    "stale": ("◐", "warning", 1),
    "connecting": ("…", "muted", 2),
    "waiting": ("○", "muted", 2),
    "ended": ("■", "muted", 3),
    "idle": ("○", "muted", 5),
    "open": ("●", "muted", 5),
    "paced": ("○", "muted", 5),
    "ok": ("●", "up", 4),
}
_LOST_ROWS_RANK = 13
"""After feeds in trouble: those are of now."""
_TROUBLED_FEED_RANK = 10
_HEALTHY_FEED_RANK = 50
_DETAIL_RANK = 60
_DAY_MS = 86_400_000
_CLOCK_FROM_WIDTH = 50
_CLOCK_RANK = 54
"""Of the clock on a narrower line: after the feeds that are well, before those that have nothing to do."""
_TAPE_CLOCK_FROM_WIDTH = 110


def header_words(view: DeckView) -> HeaderWords:
    """All of the header; a tape's position says the time where there is no room for its clock."""
    on_tape = view.newest is not None and view.newest.playback is not None
    clock_from = _TAPE_CLOCK_FROM_WIDTH if on_tape else _CLOCK_FROM_WIDTH
    return HeaderWords(tuple(header_parts(view)), clock_text(view), clock_from, None if on_tape else _CLOCK_RANK)


def source_part(source: SourceView | None, expected: str = "") -> Part:
    """The word for where the data comes from; it is there at every size. What is only `expected` carries a `?`."""
    if source is None:
        return Part((f" {clean(expected, 12)}? " if expected else " NO ENGINE ",), "muted", 0)
    return Part((f" {clean(source.label, 12)} ",), source.mode, 0)


def header_parts(view: DeckView) -> list[Part]:
    """All of the header but the clock, in the order it is read.

    The feeds of an engine that is gone are left out: nobody vouches for them.
    """
    connecting = view.connection == "connecting"
    parts = [] if connecting and not view.expected else [source_part(view.source, view.expected if connecting else "")]
    if view.source is not None and view.source.detail:
        parts.append(_detail_part(view.source))
    parts += _state_parts(view)
    if view.newest is not None:
        if view.newest.playback is not None:
            parts.append(playback_part(view.newest.playback))
        if view.newest.recording is not None:
            parts.append(_recording_part(view.newest.recording))
        if view.newest.store is not None:
            parts += _store_parts(view.newest.store)
        if (paper := paper_part(view)) is not None:
            parts.append(paper)
        if not view.outdated:
            parts += (feed_part(feed) for feed in view.newest.feeds)
    return parts


def clock_text(view: DeckView) -> str:
    """The engine's time of day in UTC; on a tape, the tape's. A clock that has stopped says so."""
    if view.newest is None:
        return ""
    playback, wall_ms = view.newest.playback, view.newest.wall_ms
    day = f"{shown.date(wall_ms)} " if playback is not None and _crosses_midnight(playback) else ""
    return f"{'last ' if view.outdated else ''}{day}{shown.clock(wall_ms)} UTC"


def _store_parts(store: StoreView) -> Iterator[Part]:
    if store.state == "not saved":
        yield Part((f"NOT SAVED: {clean(store.reason, 48)}", "NOT SAVED"), "alert", 1)
    if store.lost:
        yield Part((f"ROWS LOST {store.lost:,}", f"LOST {store.lost:,}"), "alert", _LOST_ROWS_RANK)


def _recording_part(recording: RecordingView) -> Part:
    """A recording that is being made: how large it is and how long it runs."""
    size = shown.size(recording.size_bytes)
    return Part((f"REC {size} {shown.duration(recording.seconds)}", f"REC {size}", "REC"), "alert", 30)


def feed_part(feed: FeedView) -> Part:
    """One feed: its name, state and the age of its data; of one that is well the age stays longer than the word."""
    symbol, role, urgency = _FEED_LOOKS[feed.state]
    mark = f"{clean(feed.name, 24)} {symbol}"
    troubled = feed.state in ("down", "stale")
    rank = urgency + (_TROUBLED_FEED_RANK if troubled else _HEALTHY_FEED_RANK)
    word, figure = f"{mark} {feed.state}", _feed_figure(feed)
    aged = feed.state == "ok" and feed.budget_used is None
    shorter = (word,) if troubled else (f"{mark}{figure}",) if aged else (word, mark)
    return Part((f"{word}{figure}", *shorter), role, rank, counted=True)


def playback_part(playback: Playback) -> Part:
    """Where a tape stands and how fast it plays; with the day when there is more than one."""
    dated = _crosses_midnight(playback)
    position, end = (
        f"{shown.date(wall_ms)[5:]} {shown.clock(wall_ms)}" if dated else shown.clock(wall_ms)
        for wall_ms in (playback.position_ms, playback.end_ms)
    )
    pace = "END" if playback.ended else "PAUSED" if playback.paused else shown.speed(playback.speed)
    return Part((f"{position} / {end}  {pace}", f"{position} {pace}"), "accent", 20)


def _crosses_midnight(playback: Playback) -> bool:
    return playback.start_ms // _DAY_MS != playback.end_ms // _DAY_MS


def _detail_part(source: SourceView) -> Part:
    """What completes the source's word, whole; a tape's at least to its date, which goes before feeds in trouble."""
    words = str(clean(source.detail, 60))
    if source.mode != "tape":
        return Part((words,), "text", _DETAIL_RANK)
    facts = words.split(", ")
    return Part(tuple(", ".join(facts[:count]) for count in range(len(facts), 0, -1)), "text", 5)


def _state_parts(view: DeckView) -> Iterator[Part]:
    if view.connection == "connecting":
        yield Part(("connecting to the engine…", "connecting…"), "accent", 3)
    elif view.connection == "ended":
        yield Part(("ENGINE ENDED", "ENDED"), "alert", 3)
    elif view.connection == "failed":
        yield Part(("LINK FAILED", "FAILED"), "alert", 3)
    elif view.silent:
        quiet = shown.age(view.silent_s * 1_000)
        yield Part((f"no word from the engine for {quiet}", f"SILENT {quiet}", "SILENT"), "alert", 3)
    if view.frozen_s is not None and view.shown is not None:
        age, held = shown.duration(view.frozen_s), shown.clock(view.shown.wall_ms)
        yield Part((f"FROZEN {age}, held {held}", f"FROZEN {held}", "FROZEN"), "warning", 2)


def _feed_figure(feed: FeedView) -> str:
    if feed.state == "down":
        return f", retry in {feed.retry_in_s:.0f}s" if feed.retry_in_s is not None else ""
    if feed.budget_used is not None and feed.budget_limit is not None:
        # Requests come when they are needed: what is left of the budget says more than the age of the last one.
        return f", used {feed.budget_used}/{feed.budget_limit}"
    return f" {shown.age(feed.age_ms)}" if feed.age_ms is not None else ""
