"""What a run came to: the object that `tapedeck run --json` prints."""

import msgspec

from app.engine.core import Core
from app.engine.engine import Run
from app.engine.freeze import freeze
from app.engine.protocol import FeedView, StoreView


class TradersSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Followed traders: how many, with fresh positions of how many; states that came, moves they showed.

    `alerts` were told, `repeats` of them folded into one that stood; `signals` counts changes of a lean. Of position
    rows `rows_saved` were written out of `rows_seen`.
    """

    tracked: int
    fresh: int
    states: int
    moves: int
    alerts: int
    repeats: int
    signals: int
    rows_seen: int
    rows_saved: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of a run. `events` are market events taken; `log_sha256` covers what was derived from them.

    received = events and what is listed beside them: `superseded` frames gave way to newer ones before they got a
    number, `duplicates` were seen before, `parse_errors` could not be used. `ai_reads` are those of the language model,
    by why the market was read; `no_reads` its failures; the slowest read is from question to answer, None without any.
    `trouble` says why a recording or a tape is not whole; it is empty when it is.
    """

    source: str
    detail: str
    seconds: float
    inputs: int
    events: int
    duplicates: int
    superseded: int
    parse_errors: int
    drops: int
    holes: int
    candles_closed: int
    rules_reads: int
    ai_reads: int
    no_reads: int
    reads_by_reason: dict[str, int]
    slowest_read_ms: int | None
    traders: "TradersSummary"
    calls: int
    calls_graded: int
    log_sha256: str
    store: StoreView | None
    recording: str | None
    recorded_inputs: int | None
    trouble: str
    feeds: tuple[FeedView, ...]
    coins: tuple[str, ...]


def _traders(core: Core) -> TradersSummary:
    whales, journal = core.whales, core.journal
    tracked, counts = len(whales.refreshing.tracked), whales.positions.saving.counts
    return TradersSummary(
        tracked=tracked,
        fresh=tracked - len(whales.stale),
        states=whales.positions.version,
        moves=journal.trader_moves,
        alerts=whales.alerting.told,
        repeats=whales.alerting.folded,
        signals=journal.signal_changes,
        rows_seen=counts.seen,
        rows_saved=counts.saved,
    )


def summarise(run: Run, seconds: float, recording: str | None) -> Summary:
    """The summary of a run as it stands."""
    core, outside = run.core, run.outside()
    feeds = freeze(core, run.source, outside).feeds
    return Summary(
        source=run.source.mode,
        detail=run.source.detail,
        seconds=round(seconds, 3),
        inputs=core.inputs,
        events=core.events,
        duplicates=sum(market.tape.duplicates for market in core.markets.values()),
        superseded=outside.data.superseded + outside.books.superseded,
        parse_errors=core.parse_errors,
        drops=sum(feed.drops for feed in feeds),
        holes=sum(feed.holes for feed in feeds),
        candles_closed=core.journal.candles_closed,
        rules_reads=core.journal.reads,
        ai_reads=core.journal.ai_reads,
        no_reads=core.journal.no_reads,
        reads_by_reason=dict(core.journal.reads_by_reason),
        slowest_read_ms=core.journal.slowest_read_ms,
        traders=_traders(core),
        calls=core.journal.calls_filed,
        calls_graded=core.journal.calls_graded,
        log_sha256=core.journal.log_sha256,
        store=outside.store,
        recording=recording,
        recorded_inputs=outside.recorded_inputs,
        trouble=outside.trouble,
        feeds=feeds,
        coins=tuple(core.markets),
    )
