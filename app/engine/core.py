"""The engine's core: a function of its inputs.

Every input arrives as a `Record`, in order, whether it comes from the venue or from a tape. Time is the time of the
input. Nothing here waits, reads a clock or touches the outside; what is wanted from outside leaves through `Effects`.
"""

from collections.abc import Callable

import msgspec

from app.config.settings import Settings
from app.core.bus import Bus
from app.core.calls import Call
from app.core.errors import FrameError
from app.core.events import Candle, CandleClosed, Listing, MarketContext, RulesRead, Trade
from app.core.record import (
    DATA_CONNECTION,
    REQUEST_CONNECTION,
    Answer,
    Connected,
    Dropped,
    Kind,
    Record,
    Request,
    StreamOpened,
)
from app.core.text import clean
from app.engine.continuity import Continuity
from app.engine.journal import Journal
from app.engine.protocol import Command, MetricSource, Mode, RefreshMarkets, SetMetricSource
from app.engine.watch import Effects, MarketWatch, select
from app.feeds.health import FeedHealth
from app.feeds.hyperliquid import parse
from app.feeds.hyperliquid.limits import VENUE
from app.markets.market import Market
from app.markets.reads import rules_call

_MARKETS_CAP = 512

_unpack_stream = msgspec.msgpack.Decoder(StreamOpened).decode
_unpack_connected = msgspec.msgpack.Decoder(Connected).decode
_unpack_dropped = msgspec.msgpack.Decoder(Dropped).decode
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
        self.hole_ms: dict[str, int] = {}
        self.journal = Journal()
        stale_ms = round(settings.markets.stale_after_s * 1000)
        self.health = {
            DATA_CONNECTION: FeedHealth("Hyperliquid", stale_ms),
            REQUEST_CONNECTION: FeedHealth("requests", 86_400_000),
        }
        self._watch = MarketWatch(VENUE)
        self._continuity = Continuity()
        self._requests: dict[int, Request] = {}
        self._on_frame: dict[int, Callable[[bytes], None]] = {}
        self._second = 0
        self._read_every_s = max(1, round(settings.rules.read_every_s))
        self._bus = Bus()
        self._bus.subscribe(CandleClosed, self.journal.candle_closed)
        self._bus.subscribe(RulesRead, self.journal.rules_read)
        self._bus.subscribe(Call, self.journal.call_filed)
        self._handlers: dict[int, Callable[[Record], None]] = {
            Kind.FRAME: self._frame,
            Kind.TIMER: self._timer,
            Kind.STREAM: self._stream_opened,
            Kind.CONNECT: self._connected,
            Kind.DROP: self._dropped,
            Kind.REQUEST: self._requested,
            Kind.ANSWER: self._answered,
            Kind.COMMAND: self._commanded,
        }

    def start(self, effects: Effects) -> None:
        """Ask, through `effects` from now on, for what a fresh run needs first."""
        self._watch.effects = effects
        self._watch.ask_for_markets()

    def dispatch(self, record: Record) -> None:
        """Take one input. Records of unknown kinds only move the time."""
        self.sequence = record.sequence
        # A wall clock that is set back must not make ages negative or close a candle twice.
        self.now_ms = max(self.now_ms, record.wall_ns // 1_000_000)
        handler = self._handlers.get(record.kind)
        if handler is None:
            return
        try:
            handler(record)
        except (FrameError, msgspec.MsgspecError) as error:
            self._refused(str(error))

    @property
    def parse_errors(self) -> int:
        """Messages that could not be used, all feeds together."""
        return sum(feed.parse_errors for feed in self.health.values()) + self._market_errors

    @property
    def _market_errors(self) -> int:
        return sum(market.parse_errors + market.refused for market in self.markets.values())

    # Frames.

    def _frame(self, record: Record) -> None:
        handler = self._on_frame.get(record.stream)
        if handler is None:
            self._venue_said(record.payload)
            return
        handler(record.payload)
        self.health[DATA_CONNECTION].data(self.now_ms)

    def _stream_opened(self, record: Record) -> None:
        opened = _unpack_stream(record.payload)
        if opened.channel == "control":
            return
        handlers: dict[str, Callable[[Market], Callable[[bytes], None]]] = {
            "trades": lambda market: lambda frame: self._trades(market, frame, opened.transport != "file"),
            "bbo": lambda market: lambda frame: self._newest(market.on_quote_frame, frame),
            "l2Book": lambda market: lambda frame: self._newest(market.on_book_frame, frame),
            "activeAssetCtx": lambda market: lambda frame: self._newest(market.on_context_frame, frame),
            "candle": lambda market: lambda frame: self._candle(market, frame),
        }
        make = handlers.get(opened.channel)
        if make is None:
            self.journal.say(self.now_ms, "warning", "feed", f"channel {clean(opened.channel)} is not used")
            return
        if opened.transport == "file":
            self.health[DATA_CONNECTION].connected()
        self._on_frame[opened.stream] = make(self._market(parse.coin_name(opened.subject)))

    def _newest(self, take: Callable[[bytes, int], None], frame: bytes) -> None:
        take(frame, self.now_ms)
        self.events += 1

    def _trades(self, market: Market, frame: bytes, venue_answers: bool) -> None:
        trades = parse.parse_trades(frame)
        self._take_trades(market, trades)
        if not trades or self._continuity.streamed(market.coin, trades[0].time_ms) != "ask":
            return
        if venue_answers:
            self._watch.ask_for_recent_trades(market.coin)
        elif self._continuity.answered(market.coin, trades[0].time_ms) == "hole":
            self._hole(market)

    def _take_trades(self, market: Market, trades: list[Trade]) -> None:
        before = market.tape.duplicates
        for trade in trades:
            if trade.coin != market.coin:
                raise FrameError(f"a trade of {trade.coin} came on the stream of {market.coin}")
            for event in market.on_trade(trade, self.now_ms):
                self._bus.publish(event)
        if trades:
            self._note_lag(trades[-1].time_ms)
        self.events += len(trades) - (market.tape.duplicates - before)

    def _note_lag(self, venue_ms: int) -> None:
        lag = self.now_ms - venue_ms
        # A subscription begins with old trades: those say nothing about the feed's lag.
        if lag < 10_000:
            self.health[DATA_CONNECTION].venue_lag_ms = lag

    def _candle(self, market: Market, frame: bytes) -> None:
        candle = parse.parse_candle(frame)
        self._take_candles(market, candle.interval, [candle])
        self.events += 1

    def _take_candles(self, market: Market, interval: str, candles: list[Candle]) -> None:
        if interval not in market.candles or any((c.coin, c.interval) != (market.coin, interval) for c in candles):
            raise FrameError(f"candles of {market.coin} {clean(interval, 8)}: not what was asked for")
        market.merge_candles(interval, candles, self.now_ms)

    def _venue_said(self, frame: bytes) -> None:
        text = parse.parse_error_text(frame)
        self.journal.say(self.now_ms, "warning", "venue", f"Hyperliquid says: {text}")

    def _refused(self, reason: str) -> None:
        self.health[DATA_CONNECTION].parse_errors += 1
        self.journal.say(self.now_ms, "warning", "feed", f"a message was refused: {reason}")

    # Connections.

    def _connected(self, record: Record) -> None:
        connected = _unpack_connected(record.payload)
        feed = self.health.get(connected.connection)
        if feed is None:
            return
        first = feed.state(self.now_ms) in ("connecting", "down")
        feed.connected()
        if connected.connection == REQUEST_CONNECTION:
            feed.data(self.now_ms)
        if first:
            self.journal.say(self.now_ms, "info", "feed", f"{feed.name}: connected")

    def _dropped(self, record: Record) -> None:
        dropped = _unpack_dropped(record.payload)
        feed = self.health.get(dropped.connection)
        if feed is None:
            return
        feed.dropped(self.now_ms, clean(dropped.reason, 200), dropped.retry_in_s)
        again = "" if dropped.retry_in_s is None else f"; next try in {dropped.retry_in_s:.0f} s"
        self.journal.say(self.now_ms, "warning", "feed", f"{feed.name}: {dropped.reason}{again}")
        if dropped.connection == DATA_CONNECTION:
            last_trades = {coin: market.last_trade for coin, market in self.markets.items()}
            self._continuity.interrupted({coin: trade.time_ms for coin, trade in last_trades.items() if trade})

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
            return
        self._use_answer(request, answer.body)

    def _use_answer(self, request: Request, body: bytes) -> None:
        if request.channel == "metaAndAssetCtxs":
            self._listed(parse.parse_meta_and_contexts(body))
        elif request.channel == "candleSnapshot":
            self._take_candles(self._market(request.subject), request.variant, parse.parse_candles(body))
        elif request.channel == "recentTrades":
            market = self._market(request.subject)
            trades = parse.parse_recent_trades(body)
            self._take_trades(market, trades)
            if trades and self._continuity.answered(market.coin, trades[0].time_ms) == "hole":
                self._hole(market)
        self.events += 1

    def _hole(self, market: Market) -> None:
        self.hole_ms[market.coin] = self.now_ms
        self.health[DATA_CONNECTION].holes += 1
        self.journal.say(self.now_ms, "warning", "feed", f"{market.coin}: trades are missing from the tape")

    def _listed(self, listed: list[tuple[Listing, MarketContext]]) -> None:
        by_coin = {listing.coin: (listing, context) for listing, context in listed}
        for missing in [coin for coin in self.settings.markets.favourites if coin not in by_coin]:
            self.journal.say(self.now_ms, "warning", "markets", f"favourite {missing} is not listed by the venue")
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
            # Reads are spread over the period, so that no second has to file them all.
            if (second + place) % self._read_every_s == 0:
                self._file_read(market)

    def _file_read(self, market: Market) -> None:
        read = market.rules()
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
            case RefreshMarkets() if self.mode == "tape":
                return False, "A tape cannot be asked again: it shows what was recorded"
            case RefreshMarkets():
                self._watch.ask_for_markets()
                return True, "Asking the venue for its markets"
            case _:
                return False, "This engine does not know that command"
