"""The engine's core: a function of its inputs.

Every input arrives as a `Record`, in order, whether it comes from the venue or from a tape. Time is the time of the
input. Nothing here waits, reads a clock or touches the outside; what is wanted from outside leaves through `Effects`.
"""

from collections.abc import Callable
from functools import partial

import msgspec

from app.config.settings import Settings
from app.core.bus import Bus
from app.core.calls import Call
from app.core.errors import FrameError
from app.core.events import Candle, CandleClosed, FeedHole, Listing, MarketContext, RulesRead, Trade
from app.core.record import (
    Answer,
    Kind,
    Record,
    Request,
    StreamOpened,
)
from app.core.text import clean
from app.engine.connections import Connections
from app.engine.journal import Journal
from app.engine.protocol import Command, LookAt, MetricSource, Mode, RefreshMarkets, SetMetricSource, SetRecording
from app.engine.watch import Effects, MarketWatch, select
from app.feeds.hyperliquid import parse
from app.feeds.hyperliquid.limits import CANDLE_INTERVALS, VENUE
from app.markets.candles import INTERVALS
from app.markets.market import CANDLES_KEPT, Market
from app.markets.reads import rules_call
from app.scorecards.grader import Graded, Grader

_MARKETS_CAP = 512
_CLOCK_STEP_MS = 2_000
_LIST_AGAIN_MS = 3_600_000
_TRADABLE_MS = 5_000
# What unpacking and parsing of bytes from outside may raise.
_BAD_INPUT = (FrameError, msgspec.MsgspecError, ValueError, OverflowError, RecursionError)

_unpack_stream = msgspec.msgpack.Decoder(StreamOpened).decode
_unpack_request = msgspec.msgpack.Decoder(Request).decode
_unpack_answer = msgspec.msgpack.Decoder(Answer).decode
_unpack_command = msgspec.msgpack.Decoder(Command).decode


class Core:
    """All state of a run, written by `dispatch` alone."""

    def __init__(self, mode: Mode, settings: Settings) -> None:
        self.mode = mode
        self.settings = settings
        self.sequence = 0
        self.now_ms = 0
        self.events = 0
        self.metric_source: MetricSource = "rules"
        self.command_result = (True, "")
        self.markets: dict[str, Market] = {}
        self.journal = Journal()
        self._watch = MarketWatch(VENUE)
        self._requests: dict[int, Request] = {}
        self._on_frame: dict[int, Callable[[bytes], None]] = {}
        self._second = 0
        self._list_again_ms: int | None = None
        self._list_failures = 0
        self.list_trouble = ""
        self._refused_by: dict[str, int] = {}
        self._read_every_s = max(1, round(settings.rules.read_every_s))
        self._bus = Bus()
        self.connections = Connections(mode, settings.markets, self._watch, self.journal, self._bus)
        self._bus.subscribe(CandleClosed, self.journal.candle_closed)
        self._bus.subscribe(FeedHole, self.journal.hole_found)
        self._bus.subscribe(RulesRead, self.journal.rules_read)
        self._bus.subscribe(Call, self.journal.call_filed)
        self._grader = Grader(stale_after_ms=round(settings.markets.stale_after_s * 1000))
        self._bus.subscribe(Call, self._grader.file)
        self._bus.subscribe(FeedHole, lambda hole: self._grader.hole(hole.coin, hole.from_ms, hole.to_ms))
        self._bus.subscribe(Graded, self.journal.call_decided)
        self._handlers: dict[int, Callable[[Record], None]] = {
            Kind.FRAME: self._frame,
            Kind.TIMER: self._timer,
            Kind.STREAM: self._stream_opened,
            Kind.CONNECT: lambda record: self.connections.connected(record.payload, self.markets, self.now_ms),
            Kind.DROP: lambda record: self.connections.dropped(record.payload, self.markets, self.now_ms),
            Kind.REQUEST: self._requested,
            Kind.ANSWER: self._answered,
            Kind.COMMAND: self._commanded,
        }

    def start(self, effects: Effects) -> None:
        """Ask, through `effects` from now on, for what a fresh run needs first."""
        self._watch.effects = effects
        self._watch.ask_for_markets()

    def finish(self) -> None:
        """The run is over: calls that are still open will not be graded."""
        self.journal.run_ended(self._grader.finish(self.now_ms))

    def dispatch(self, record: Record) -> None:
        """Take one input. Records of unknown kinds only move the time."""
        self.sequence = record.sequence
        wall_ms = record.wall_ns // 1_000_000
        if wall_ms < self.now_ms:
            self._clock_went_back(wall_ms)
        else:
            self.now_ms = wall_ms
        handler = self._handlers.get(record.kind)
        if handler is None:
            return
        try:
            handler(record)
        except _BAD_INPUT as error:
            self._refused(str(error))

    @property
    def parse_errors(self) -> int:
        """Messages that could not be used."""
        return self.connections.data.parse_errors + sum(map(_refused_by, self.markets.values()))

    # Frames.

    def _frame(self, record: Record) -> None:
        self.connections.data.received()
        self._on_frame.get(record.stream, self._venue_said)(record.payload)

    def _stream_opened(self, record: Record) -> None:
        opened = _unpack_stream(record.payload)
        if opened.channel == "control":
            return
        handlers: dict[str, Callable[[Market], Callable[[bytes], None]]] = {
            "trades": lambda market: partial(self._trades, market, opened.transport != "file"),
            "bbo": lambda market: partial(self._newest, market.on_quote_frame),
            "l2Book": lambda market: partial(self._newest, market.on_book_frame),
            "activeAssetCtx": lambda market: partial(self._newest, market.on_context_frame),
            "candle": lambda market: partial(self._candle, market),
        }
        make = handlers.get(opened.channel)
        if make is None:
            self.journal.say(self.now_ms, "warning", "feed", f"channel {clean(opened.channel)} is not used")
            self._on_frame[opened.stream] = _not_used
            return
        if opened.transport == "file":
            self.connections.data.connected()
        market = self._market(parse.coin_name(opened.subject))
        if opened.channel == "trades":
            self.connections.opened(market.coin, self.now_ms)
        self._on_frame[opened.stream] = make(market)

    def _newest(self, take: Callable[[bytes, int], None], frame: bytes) -> None:
        take(frame, self.now_ms)
        self.events += 1

    def _trades(self, market: Market, venue_answers: bool, frame: bytes) -> None:
        try:
            trades = parse.parse_trades(frame, market.coin)
        except FrameError:
            self.connections.unreadable(market, self.now_ms, venue_answers=venue_answers)
            raise
        self._take_trades(market, trades)
        self.connections.streamed(market.coin, trades, self.now_ms, venue_answers=venue_answers)

    def _take_trades(self, market: Market, trades: list[Trade]) -> None:
        before = market.tape.duplicates
        for event in market.on_trades(trades, self.now_ms):
            self._bus.publish(event)
        if trades:
            self._note_lag(trades[-1].time_ms)
            self.connections.data.data(self.now_ms)
        self.events += len(trades) - (market.tape.duplicates - before)

    def _note_lag(self, venue_ms: int) -> None:
        lag = self.now_ms - venue_ms
        # A subscription begins with old trades, and a clock may run ahead: neither says anything about the feed's lag.
        if 0 <= lag < 10_000:
            self.connections.data.venue_lag_ms = lag

    def _candle(self, market: Market, frame: bytes) -> None:
        candle = parse.parse_candle(frame)
        self._take_candles(market, candle.interval, [candle])
        self.events += 1

    def _take_candles(self, market: Market, interval: str, candles: list[Candle]) -> None:
        if interval not in market.candles or any((c.coin, c.interval) != (market.coin, interval) for c in candles):
            raise FrameError(f"candles of {market.coin} {clean(interval, 8)}: not what was asked for")
        market.merge_candles(interval, candles, self.now_ms)

    def _venue_said(self, frame: bytes) -> None:
        try:
            text = parse.parse_error_text(frame)
        except FrameError:
            self.connections.unplaceable(self.markets)
            raise
        self.journal.say(self.now_ms, "warning", "venue", f"Hyperliquid says: {text}")

    def _refused(self, reason: str) -> None:
        self.connections.data.parse_errors += 1
        self.journal.say(self.now_ms, "warning", "feed", f"a message was refused: {reason}", kind="refused")

    # Requests.

    def _requested(self, record: Record) -> None:
        request = _unpack_request(record.payload)
        self._requests[request.request_id] = request

    def _answered(self, record: Record) -> None:
        answer = _unpack_answer(record.payload)
        request = self._requests.pop(answer.request_id, None)
        if request is None:
            self.journal.say(self.now_ms, "warning", "feed", f"answer {answer.request_id} belongs to no request")
            return
        if answer.status != 200:
            reason = clean(answer.error, 120)
            self.journal.say(self.now_ms, "warning", "feed", f"{request.channel} {request.subject}: {reason}")
            self._no_use(request, f"the venue answered {answer.status}: {reason}")
            return
        try:
            self._use_answer(request, answer.body)
        except FrameError as error:
            self._no_use(request, str(error))
            raise

    def _no_use(self, request: Request, reason: str) -> None:
        """An answer that was needed did not come, or cannot be used."""
        if request.channel == "recentTrades":
            self.connections.answered(request.subject, None, self.now_ms)
        elif request.channel == "candleSnapshot":
            self._watch.past_did_not_come(request.subject, request.variant)
        elif request.channel == "metaAndAssetCtxs" and not self.markets:
            self._list_failures += 1
            wait_s = min(60, 2**self._list_failures)
            self._list_again_ms = self.now_ms + 1000 * wait_s
            self.list_trouble = f"The list of markets cannot be used: {reason}. Asking again in {wait_s} s"

    def _use_answer(self, request: Request, body: bytes) -> None:
        if request.channel == "metaAndAssetCtxs":
            listed, refused = parse.parse_meta_and_contexts(body)
            for reason in refused:
                self._refused(reason)
            self._listed(listed)
        elif request.channel == "candleSnapshot":
            self._take_candles(self._market(request.subject), request.variant, parse.parse_candles(body))
        elif request.channel == "recentTrades":
            market = self._market(request.subject)
            trades = parse.parse_recent_trades(body, market.coin)
            self._take_trades(market, trades)
            self.connections.answered(market.coin, trades, self.now_ms)
        self.events += 1

    def _listed(self, listed: list[tuple[Listing, MarketContext]]) -> None:
        by_coin = {listing.coin: (listing, context) for listing, context in listed}
        for missing in [coin for coin in self.settings.markets.favourites if coin not in by_coin]:
            self.journal.say(self.now_ms, "warning", "markets", f"favourite {missing} is not listed by the venue")
        self._list_again_ms = self.now_ms + _LIST_AGAIN_MS
        coins = select(listed, self.settings.markets)
        for coin in coins:
            listing, context = by_coin[coin]
            market = self._market(coin)
            market.on_listing(listing)
            market.on_context(context)
        self.journal.say(self.now_ms, "info", "markets", f"following {len(coins)} of {len(listed)} markets")
        self._watch.follow(coins, self.now_ms)

    def _market(self, coin: str) -> Market:
        market = self.markets.get(coin)
        if market is None:
            if len(self.markets) >= _MARKETS_CAP:
                raise FrameError(f"{coin}: more than {_MARKETS_CAP} markets")
            market = self.markets[coin] = Market(
                coin,
                self.settings.markets,
                decode_book=parse.parse_book,
                decode_quote=parse.parse_quote,
                decode_context=parse.parse_context,
            )
        return market

    # Time.

    def _timer(self, _: Record) -> None:
        second = self.now_ms // 1000
        if second == self._second:
            return
        self._second = second
        for place, market in enumerate(self.markets.values()):
            for event in market.on_second(self.now_ms):
                self._bus.publish(event)
            self._tell_refusals(market)
            facts = market.facts(self.now_ms)
            # An old touch is no price that anybody could have had.
            if facts is not None and self.now_ms - facts.newest_ms <= _TRADABLE_MS:
                self._grader.quote(market.coin, facts.bid, facts.ask, self.now_ms)
            # Reads are spread over the period, so that no second has to file them all.
            if (second + place) % self._read_every_s == 0:
                self._file_read(market)
        self.connections.every_second(self.now_ms)
        for decided in self._grader.advance(self.now_ms):
            self._bus.publish(decided)
        newest_ms = [market.newest_ms for market in self.markets.values() if market.newest_ms is not None]
        if newest_ms:
            self.connections.data.data(min(max(newest_ms), self.now_ms))
        if self._list_again_ms is not None and self.now_ms >= self._list_again_ms:
            self._list_again_ms = None
            self._watch.ask_for_markets()

    def _tell_refusals(self, market: Market) -> None:
        """Pictures are decoded when somebody looks, so what is wrong with them is told here."""
        refused = _refused_by(market)
        if refused != self._refused_by.get(market.coin, 0):
            self._refused_by[market.coin] = refused
            text = f"{market.coin}: a message was refused: {market.last_error}"
            self.journal.say(self.now_ms, "warning", "feed", text, kind="refused")

    def _clock_went_back(self, wall_ms: int) -> None:
        """Small steps back are waited out; after a large one nothing may be younger than the new time."""
        if self.now_ms - wall_ms < _CLOCK_STEP_MS:
            return
        seconds = (self.now_ms - wall_ms) / 1000
        self.now_ms = wall_ms
        self.connections.clock_set_back(wall_ms)
        if self._list_again_ms is not None:
            self._list_again_ms = min(self._list_again_ms, wall_ms + _LIST_AGAIN_MS)
        for market in self.markets.values():
            market.clock_set_back(wall_ms)
        self.journal.say(wall_ms, "warning", "clock", f"this machine's clock was set back by {seconds:.0f} s")

    def rules_of(self, market: Market) -> RulesRead | None:
        """The rules' read of a coin; None when its data is stale or has a hole in the minute it is made of."""
        return None if self.connections.hole_spoils_rules(market.coin, self.now_ms) else market.rules()

    def _file_read(self, market: Market) -> None:
        read = self.rules_of(market)
        if read is None:
            return
        self._bus.publish(read)
        call = rules_call(read, market.facts(self.now_ms), self.settings.rules, self.mode, self.sequence)
        if call is not None:
            self._bus.publish(call)

    # Commands.

    def _commanded(self, record: Record) -> None:
        self.command_result = self.apply(_unpack_command(record.payload))

    def apply(self, command: Command) -> tuple[bool, str]:
        """Carry out a command; returns whether it was, and one sentence about it."""
        match command:
            case SetMetricSource(metric_source="ai"):
                return False, "There is no AI read yet: metrics come from the rules"
            case SetMetricSource():
                self.metric_source = command.metric_source
                return True, "Metrics come from the rules"
            case SetRecording(on=True):
                # The tape begins with what a fresh engine would ask for.
                self._watch.ask_for_all_again(self.now_ms)
                return True, ""
            case LookAt():
                return self._look_at(command)
            case RefreshMarkets() if self.mode == "tape":
                return False, "A tape cannot be asked again: it shows what was recorded"
            case RefreshMarkets():
                self._watch.ask_for_markets()
                return True, "Asking the venue for its markets"
            case _:
                return False, "This engine does not know that command"

    def _look_at(self, look: LookAt) -> tuple[bool, str]:
        """Have the candles that somebody wants to see; `1s` ones are nobody's but ours."""
        if not look.coin:
            return True, ""
        market = self.markets.get(look.coin)
        if market is None:
            return False, f"{clean(look.coin, 32)} is not followed"
        if look.interval not in market.candles:
            return False, f"There are no candles of {clean(look.interval, 8)}: try {', '.join(CANDLES_KEPT)}"
        if look.interval in CANDLE_INTERVALS:
            span_ms = CANDLES_KEPT[look.interval] * INTERVALS[look.interval]
            self._watch.ask_for_past(look.coin, look.interval, span_ms, self.now_ms)
        return True, ""


def _not_used(_frame: bytes) -> None:
    """Frames of a channel nobody reads: received, and that is all."""


def _refused_by(market: Market) -> int:
    return market.parse_errors + market.refused
