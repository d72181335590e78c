"""The core's state → one frozen snapshot for a deck. Reads only."""

from app.core.events import RulesRead
from app.core.playback import Playback
from app.engine.core import Core
from app.engine.protocol import (
    FeedView,
    MarketRow,
    RecordingView,
    RulesView,
    Snapshot,
    SourceView,
    StoreView,
    VitalsView,
)
from app.feeds.health import FeedHealth
from app.markets.market import Market

_HOLE_SHOWN_MS = 3_600_000


class Outside:
    """What a snapshot shows and the core cannot know: counts of the connection, playback, recording."""

    waiting_inputs: int = 0
    received: int = 0
    control: int = 0
    superseded: int = 0
    subscriptions: int = 0
    budget_used: int | None = None
    budget_limit: int | None = None
    playback: Playback | None = None
    recording: RecordingView | None = None
    store: StoreView | None = None
    recorded_inputs: int | None = None
    trouble: str = ""
    """Why the recording, or the tape that is played, is not whole; empty when it is."""


def freeze(core: Core, source: SourceView, outside: Outside, vitals: VitalsView | None = None) -> Snapshot:
    """Everything a deck shows of `core`, as of its last input."""
    favourites = frozenset(core.settings.markets.favourites)
    ended = outside.playback is not None and outside.playback.ended
    return Snapshot(
        sequence=core.sequence,
        wall_ms=core.now_ms,
        source=source,
        feeds=tuple(_feed(core, feed, outside, ended) for feed in _shown_feeds(core)),
        markets=tuple(_row(core, market, market.coin in favourites) for market in core.markets.values()),
        waiting_for=_waiting_for(core),
        log=core.journal.log_tail,
        metric_source=core.metric_source,
        playback=outside.playback,
        recording=outside.recording,
        calls_filed=core.journal.calls_filed,
        vitals=vitals,
        store=outside.store,
    )


def _shown_feeds(core: Core) -> list[FeedHealth]:
    """All feeds; on a tape only those the tape knows."""
    return [feed for feed in core.connections.feeds if core.mode != "tape" or feed.frames or feed.message]


def _feed(core: Core, feed: FeedHealth, outside: Outside, ended: bool) -> FeedView:
    stream, now_ms = feed is core.connections.data, core.now_ms
    return FeedView(
        name=feed.name,
        state="ended" if ended else feed.state(now_ms),
        age_ms=feed.age_ms(now_ms),
        venue_lag_ms=feed.venue_lag_ms,
        frames=feed.frames,
        received=outside.received if stream else 0,
        control=outside.control if stream else 0,
        superseded=outside.superseded if stream else 0,
        parse_errors=core.parse_errors if stream else feed.parse_errors,
        drops=feed.drops,
        reconnects=feed.reconnects,
        holes=feed.holes,
        subscriptions=outside.subscriptions if stream else 0,
        budget_used=None if stream else outside.budget_used,
        budget_limit=None if stream else outside.budget_limit,
        retry_in_s=feed.retry_in_s(now_ms),
        message=feed.message,
    )


def _row(core: Core, market: Market, favourite: bool) -> MarketRow:
    now_ms, newest_ms, holes = core.now_ms, market.newest_ms, core.connections.holes(market.coin)
    return MarketRow(
        coin=market.coin,
        price=market.price,
        price_decimals=market.price_decimals,
        change_1m=market.change_1m,
        change_1h=market.change_1h,
        change_24h=market.change_24h,
        bid=market.bid,
        ask=market.ask,
        spread_bps=market.spread_bps,
        rules=_rules(core.rules_of(market)),
        funding=market.funding,
        open_interest_usd=market.open_interest_usd,
        day_volume_usd=market.day_volume_usd,
        trend=(*market.trend, market.price),
        age_ms=None if newest_ms is None else max(0, now_ms - newest_ms),
        stale=market.stale(now_ms),
        hole=any(now_ms - hole.to_ms < _HOLE_SHOWN_MS for hole in holes),
        favourite=favourite,
    )


def _rules(read: RulesRead | None) -> RulesView | None:
    if read is None:
        return None
    return RulesView(read.momentum, read.direction, read.pressure, read.continuation, read.freshness)


def _waiting_for(core: Core) -> str:
    if core.markets:
        return ""
    if core.mode == "tape":
        return "Waiting for the first record of the tape"
    for feed in core.connections.feeds:
        retry = feed.retry_in_s(core.now_ms)
        if retry is not None:
            offline = ". `tapedeck demo` needs no network" if core.mode == "live" else ""
            return f"{feed.message}. Next try in {retry:.0f} s{offline}"
    return core.list_trouble or "Waiting for the venue's list of markets"
