"""The core's state → one frozen snapshot for a deck. Reads only."""

from dataclasses import dataclass

from app.core.events import Freshness, RulesRead
from app.core.playback import Playback
from app.core.text import clean
from app.engine.core import Core
from app.engine.inference_health import InferenceHealth
from app.engine.paper_view import paper_view
from app.engine.protocol import (
    FeedView,
    MarketRow,
    ModelView,
    RecordingView,
    RulesView,
    Snapshot,
    SourceView,
    StoreView,
)
from app.engine.protocol_vitals import VitalsView
from app.engine.tokens_view import TokensViews
from app.engine.wallet_run import WalletsOutside
from app.engine.wallets_view import wallets_view
from app.engine.whales_view import WhalesOutside, WhalesViews
from app.feeds.health import FeedHealth, FeedState
from app.markets.market import Market
from app.scalper.interpreter_view import InterpreterView

_HOLE_SHOWN_MS = 3_600_000


@dataclass(frozen=True, kw_only=True)
class SocketCounts:
    """What one socket counts: frames `received`, of these `control` and `superseded`; acknowledged `subscriptions`."""

    received: int = 0
    control: int = 0
    superseded: int = 0
    subscriptions: int = 0


_NOTHING = SocketCounts()
_NO_WALLETS = WalletsOutside()
_NO_WHALES = WhalesOutside()


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What a snapshot shows and the core cannot know: counts of the connection, playback, recording.

    `tape_bytes` is the size of the file that is played; `urgent_wait_s` is how long the request budget keeps a question
    waiting about candles that somebody looks at; `trouble` says why the recording, or the tape that is played, is not
    whole, and is empty when it is.
    """

    waiting_inputs: int = 0
    data: SocketCounts = _NOTHING
    books: SocketCounts = _NOTHING
    traders: SocketCounts = _NOTHING
    coins: SocketCounts = _NOTHING
    budget_used: int | None = None
    budget_limit: int | None = None
    playback: Playback | None = None
    tape_bytes: int | None = None
    recording: RecordingView | None = None
    store: StoreView | None = None
    recorded_inputs: int | None = None
    urgent_wait_s: float = 0.0
    interpreter: InterpreterView | None = None
    wallets: WalletsOutside = _NO_WALLETS
    whales: WhalesOutside = _NO_WHALES
    token_model: InferenceHealth | None = None
    trouble: str = ""


def freeze(
    core: Core,
    source: SourceView,
    outside: Outside,
    vitals: VitalsView | None = None,
    whales: WhalesViews | None = None,
    tokens: TokensViews | None = None,
) -> Snapshot:
    """Everything a deck shows of `core`, as of its last input. `whales` and `tokens` keep rows between snapshots."""
    favourites = frozenset(core.settings.markets.favourites)
    ended = outside.playback is not None and outside.playback.ended
    return Snapshot(
        sequence=core.sequence,
        wall_ms=core.now_ms,
        source=source,
        feeds=tuple(_feed(core, feed, outside, ended) for feed in _shown_feeds(core)),
        markets=tuple(_row(core, market, market.coin in favourites) for market in core.markets.values()),
        waiting_for=_waiting_for(core, outside),
        log=core.journal.log_tail,
        metric_source=core.metric_source,
        playback=outside.playback,
        recording=outside.recording,
        calls_filed=core.journal.calls_filed,
        vitals=vitals,
        store=outside.store,
        jobs=core.jobs.views,
        model=_model(core, outside),
        paper=paper_view(core.paper, core.token_paper, core.wallets.book.notes, core.now_ms),
        wallets=wallets_view(core.wallets, outside.wallets, core.now_ms),
        whales=(whales or WhalesViews()).of(core.whales, outside.whales, core.now_ms),
        tokens=(tokens or TokensViews()).of(core.tokens, outside.token_model),
    )


def _shown_feeds(core: Core) -> list[FeedHealth]:
    """All feeds; on a tape only those the tape knows."""
    return [feed for feed in core.connections.feeds if core.mode != "tape" or feed.frames or feed.message]


def _feed(core: Core, feed: FeedHealth, outside: Outside, ended: bool) -> FeedView:
    socket, now_ms = _socket_of(core, feed, outside), core.now_ms
    budget_used, budget_limit = _budget_of(core, feed, outside)
    return FeedView(
        name=feed.name,
        state="ended" if ended else _state(core, feed),
        age_ms=feed.age_ms(now_ms),
        venue_lag_ms=feed.venue_lag_ms,
        frames=feed.frames,
        received=socket.received,
        control=socket.control,
        superseded=socket.superseded,
        parse_errors=core.parse_errors_of(feed),
        drops=feed.drops,
        reconnects=feed.reconnects,
        holes=feed.holes,
        subscriptions=socket.subscriptions,
        budget_used=budget_used,
        budget_limit=budget_limit,
        retry_in_s=feed.retry_in_s(now_ms),
        message=feed.message or _queue_words(core, feed),
    )


def _socket_of(core: Core, feed: FeedHealth, outside: Outside) -> SocketCounts:
    if feed is core.connections.data:
        return outside.data
    if feed is core.connections.traders:
        return outside.traders
    if feed is core.connections.coins:
        return outside.coins
    return outside.books if feed is core.connections.books else _NOTHING


def _budget_of(core: Core, feed: FeedHealth, outside: Outside) -> tuple[int | None, int | None]:
    """What was spent of a feed's budget, and how large it is; of several the one that was used most."""
    if feed is core.connections.requests:
        return outside.budget_used, outside.budget_limit
    if feed is core.connections.wallets and outside.wallets.budgets:
        tightest = outside.wallets.budgets[0]
        return tightest.used, tightest.limit
    return None, None


def _state(core: Core, feed: FeedHealth) -> FeedState:
    """How a feed does; one with nothing to do now is paced while questions stand in the queue."""
    state = feed.state(core.now_ms)
    return "paced" if state == "idle" and _questions_queued(core, feed) else state


def _questions_queued(core: Core, feed: FeedHealth) -> int:
    """How many questions to the venue stand in the queue; those about the past are spread over some minutes."""
    return core.questions_waiting if feed is core.connections.requests else 0


def _queue_words(core: Core, feed: FeedHealth) -> str:
    queued = _questions_queued(core, feed)
    return f"{queued} question{'' if queued == 1 else 's'} queued" if queued else ""


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
        rules=_rules(core.rules_of(market), market.lasting_freshness),
        funding=market.funding,
        open_interest_usd=market.open_interest_usd,
        day_volume_usd=market.day_volume_usd,
        trend=(*market.trend, market.price),
        age_ms=None if newest_ms is None else max(0, now_ms - newest_ms),
        stale=market.stale(now_ms),
        hole=any(now_ms - hole.to_ms < _HOLE_SHOWN_MS for hole in holes),
        favourite=favourite,
        minute_in_s=market.minute_in_s(now_ms),
        scalper=core.reading.view(market.coin, now_ms),
    )


def _model(core: Core, outside: Outside) -> ModelView:
    reads, failures = core.reading.last_hour(core.now_ms)
    scalper, view = core.settings.scalper, outside.interpreter
    return ModelView(
        state="tape" if view is None else view.state,
        name=clean(scalper.model, 64),
        message="" if view is None else view.message,
        answers_in_s=None if view is None else view.typical_s,
        under_way=clean(core.reading.desk.under_way, 24),
        outcomes=core.journal.ai_reads + core.journal.no_reads,
        reads_per_hour=reads,
        failures_per_hour=failures,
        round_trip_bps=core.settings.costs.round_trip_bps,
    )


def _rules(read: RulesRead | None, freshness: Freshness | None) -> RulesView | None:
    if read is None:
        return None
    # The lasting word may still be that of a move that is over.
    word = freshness if read.direction else None
    return RulesView(read.momentum, read.direction, read.pressure, read.continuation, word)


def _waiting_for(core: Core, outside: Outside) -> str:
    if core.markets:
        return ""
    if core.mode == "tape":
        return _waiting_for_tape(core, outside)
    for feed in core.connections.feeds:
        retry = feed.retry_in_s(core.now_ms)
        if retry is not None:
            offline = ". `tapedeck demo` needs no network" if core.mode == "live" else ""
            return f"{feed.message}. Next try in {retry:.0f} s{offline}"
    return core.list.trouble or "Waiting for the venue's list of markets"


def _waiting_for_tape(core: Core, outside: Outside) -> str:
    """What the tape has given so far: how large it is, where it stands, and how far that is."""
    playback = outside.playback
    if playback is None:
        return "Opening the tape"
    done_s, whole_s = (max(0, to_ms - playback.start_ms) / 1_000 for to_ms in (playback.position_ms, playback.end_ms))
    size = "" if outside.tape_bytes is None else f"a file of {outside.tape_bytes / 1e6:,.1f} MB, "
    place = f"{size}{core.inputs:,} record{'' if core.inputs == 1 else 's'} played, {done_s:,.0f} of {whole_s:,.0f} s"
    if playback.ended:
        return f"The tape has ended without a market: {place}"
    return f"No market on the tape yet: {place}{', paused' if playback.paused else ''}"
