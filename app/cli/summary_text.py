"""What `tapedeck run` prints for people. Pure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.cli.figures import counted, lasting, named

if TYPE_CHECKING:
    from app.engine.protocol import FeedView, StoreView
    from app.engine.summary import Summary, TradersSummary


def summary_rows(summary: "Summary") -> list[tuple[str, str]]:
    """Name and value of each line; what does not apply to this run is left out."""
    rows = [
        ("source", f"{summary.source.upper()} {summary.detail}"),
        ("ran for", lasting(summary.seconds)),
        ("inputs", f"{summary.inputs:,}"),
        ("events", f"{summary.events:,}"),
        ("not events", _not_events(summary)),
        *(("feed", _feed(feed)) for feed in summary.feeds),
        ("coins", named(summary.coins)),
        ("holes", f"{summary.holes:,}"),
        ("candles", f"{summary.candles_closed:,} closed"),
        ("rules reads", f"{summary.rules_reads:,}"),
        ("AI reads", _ai_reads(summary)),
        ("traders", _traders(summary.traders)),
        ("calls", f"{summary.calls:,} filed, {summary.calls_graded:,} graded"),
        ("store", _store(summary.store) if summary.store else ""),
        ("recording", _recording(summary)),
        ("trouble", summary.trouble),
        ("log SHA-256", summary.log_sha256),
    ]
    return [(name, value) for name, value in rows if value]


def _traders(traders: "TradersSummary") -> str:
    if not traders.tracked:
        return ""
    followed = f"{traders.tracked:,} followed, {traders.fresh:,} fresh"
    told = f"{counted(traders.alerts, 'alert')} and {counted(traders.repeats, 'repeat')}"
    return f"{followed}; {counted(traders.states, 'state')}, {counted(traders.moves, 'move')}, {told}"


def _not_events(summary: "Summary") -> str:
    return ", ".join(
        (
            f"{summary.superseded:,} superseded by newer ones",
            f"{summary.duplicates:,} seen before",
            f"{summary.parse_errors:,} that could not be read",
        )
    )


def _feed(feed: "FeedView") -> str:
    return ", ".join(_feed_facts(feed)) + (f" ({feed.message})" if feed.message else "")


def _feed_facts(feed: "FeedView") -> Iterator[str]:
    yield f"{feed.name} {feed.state}"
    yield counted(feed.received or feed.frames, "message")
    if feed.age_ms is not None:
        yield f"newest data {feed.age_ms:,} ms old"
    if feed.venue_lag_ms is not None:
        yield f"{feed.venue_lag_ms:,} ms behind the venue"
    yield counted(feed.drops, "drop")
    if feed.budget_used is not None and feed.budget_limit is not None:
        yield f"{feed.budget_used:,} of {feed.budget_limit:,} request weight used in a minute"


def _store(store: "StoreView") -> str:
    unsaved = f"{store.unsaved:,} in memory only, " if store.unsaved else ""
    rows = f"{counted(store.written, 'row')} written, {store.pending:,} waiting, {unsaved}{store.lost:,} lost"
    return f"{store.state}: {rows}" + (f" ({store.reason})" if store.reason else "")


def _recording(summary: "Summary") -> str:
    if summary.recording is None:
        return ""
    return f"{summary.recording}, {counted(summary.recorded_inputs or 0, 'input')}"


def _ai_reads(summary: "Summary") -> str:
    """Reads of the model by why, with its failures and the slowest."""
    reasons = ", ".join(f"{count} {reason}" for reason, count in summary.reads_by_reason.items())
    slowest = "" if summary.slowest_read_ms is None else f", slowest {summary.slowest_read_ms / 1000:.1f} s"
    return f"{summary.ai_reads:,}{f' ({reasons}{slowest})' if reasons else ''}, {summary.no_reads:,} failed"
