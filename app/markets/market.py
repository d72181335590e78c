"""All that is known of one coin. One writer calls it; what it holds is a function of those calls alone."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from app.config.settings import MarketsSettings
from app.core.errors import FrameError
from app.core.events import (
    Book,
    Candle,
    CandleClosed,
    Freshness,
    Level,
    Listing,
    MarketContext,
    Quote,
    RulesRead,
    Trade,
)
from app.markets.calm_words import NO_FRESHNESS, calmed
from app.markets.candle_set import CandleSet
from app.markets.candles import DAY_MS
from app.markets.conflated import Conflated
from app.markets.mid_claims import MarketFacts
from app.markets.price_samples import PriceSamples
from app.markets.prices import price_decimals
from app.markets.rules import BOOK_LEVELS, RulesInputs, read_rules
from app.markets.touch import Touch, check_book, check_quote, touch_of
from app.markets.trade_tape import TradeTape

CANDLES_KEPT = {"1s": 300, "1m": 480, "5m": 288, "15m": 192, "1h": 168}
READS_KEPT = 600
TREND_POINTS, TREND_STEP_MINUTES = 19, 3
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
CANDLE_TOLERANCE_MS, AHEAD_MS = 300_000, 5_000

T = TypeVar("T", Book, Quote)
V = TypeVar("V", Book, Quote, MarketContext)


class Market:
    """State of one coin: tape, candles, book, quote, context, and the rules' read of them.

    Times of data are the venue's, but never later than the moment they came: a venue's clock that runs ahead does not
    make old data young. Data dated more than a day ahead of the engine's time is refused and counted in `refused`.
    """

    def __init__(
        self,
        listing: Listing | str,
        settings: MarketsSettings,
        decode_book: Callable[[bytes], Book],
        decode_quote: Callable[[bytes], Quote],
        decode_context: Callable[[bytes], MarketContext],
    ) -> None:
        """`listing` is the coin's name as long as its listing is not known. Decoders raise `FrameError`."""
        self.coin = listing if isinstance(listing, str) else listing.coin
        self.listing = None if isinstance(listing, str) else listing
        self.candles = CandleSet(self.coin, CANDLES_KEPT)
        self.tape = TradeTape(settings.tape_length)
        self.fresh_trades: Sequence[Trade] = ()
        self.last_trade: Trade | None = None
        self.refused = 0
        self._stale_after_ms = round(settings.stale_after_s * 1_000)
        self._last_trade_ms: int | None = None
        self._book = Conflated(partial(self._checked, decode_book, check_book))
        self._fast_book = Conflated(partial(self._checked, decode_book, check_book))
        self._quote = Conflated(partial(self._checked, decode_quote, check_quote))
        self._context = Conflated(lambda frame, _arrived_ms: self._own(decode_context(frame)))
        self._samples = PriceSamples()
        self._minute_ago: float | None = None
        self._hour_ago: float | None = None
        self._rules: RulesRead | None = None
        self._reads: deque[RulesRead] = deque(maxlen=READS_KEPT)
        self._calm = NO_FRESHNESS
        self._trend: tuple[float | None, ...] = ()
        self._trend_minute = 0

    # Inputs

    def on_trades(self, trades: Sequence[Trade], now_ms: int) -> Sequence[CandleClosed]:
        """Take trades; returns the candles they closed. Those not seen before are `fresh_trades` as they came."""
        for trade in trades:
            if trade.time_ms > now_ms + AHEAD_MS:
                fresh = self._fresh_of_ahead(trades, now_ms)
                break
        else:
            fresh = self.fresh_trades = self.tape.add(trades)
        newest = self.last_trade
        for trade in fresh:
            if newest is None or trade.time_ms >= newest.time_ms:
                newest = trade
        if newest is not None and newest is not self.last_trade:
            self.last_trade = newest
            self._last_trade_ms = min(now_ms, newest.time_ms)
        closed = self.candles.add_trades(fresh)
        return list(map(CandleClosed, closed)) if closed else ()

    def _fresh_of_ahead(self, trades: Sequence[Trade], now_ms: int) -> Sequence[Trade]:
        """As `tape.add`, for trades of which some are dated ahead of the engine's time."""
        possible = [trade for trade in trades if trade.time_ms <= now_ms + DAY_MS]
        self.refused += len(trades) - len(possible)
        self.fresh_trades = self.tape.add(possible)
        # One print dated hours ahead would otherwise stop the clock of price and candles for hours.
        return [
            msgspec.structs.replace(trade, time_ms=now_ms) if trade.time_ms > now_ms + AHEAD_MS else trade
            for trade in self.fresh_trades
        ]

    def on_book_frame(self, frame: bytes, now_ms: int) -> None:
        """Keep the newest book as it came."""
        self._book.put(frame, now_ms)

    def on_fast_book_frame(self, frame: bytes, now_ms: int) -> None:
        """Keep the newest of the small books that come twice a second, as it came."""
        self._fast_book.put(frame, now_ms)

    def on_quote_frame(self, frame: bytes, now_ms: int) -> None:
        """Keep the newest best bid and offer as they came."""
        self._quote.put(frame, now_ms)

    def on_context_frame(self, frame: bytes, now_ms: int) -> None:
        """Keep the newest context as it came."""
        self._context.put(frame, now_ms)

    def on_context(self, context: MarketContext) -> None:
        """Take a context that is parsed already."""
        self._context.set(context)

    def forget_fast_book(self) -> None:
        """Fast books are not followed any more: the last one says nothing from now on."""
        self._fast_book.forget()

    def on_listing(self, listing: Listing) -> None:
        """Take what the venue now lists for this coin."""
        self.listing = listing

    def on_second(self, now_ms: int) -> Sequence[CandleClosed]:
        """At each whole second: sample the mid, close candles by time, read the rules. Returns the closed candles."""
        stale = self.stale(now_ms)
        sample = None if stale else self._sample(now_ms)
        if sample is not None:
            self._samples.take(now_ms, sample)
        closed = list(map(CandleClosed, self.candles.close_until(now_ms)))
        self._minute_ago = self._samples.at(now_ms - MINUTE_MS)
        self._hour_ago = self._samples.at(now_ms - HOUR_MS)
        if self._hour_ago is None:
            self._hour_ago = self.candles["1m"].close_at(now_ms - HOUR_MS, CANDLE_TOLERANCE_MS)
        if self._trend_minute != now_ms // MINUTE_MS:
            self._trend_minute = now_ms // MINUTE_MS
            self._trend = self._read_trend(self._trend_minute)
        self._rules = None if stale else self._read_rules(now_ms)
        self._calm = NO_FRESHNESS if self._rules is None else calmed(self._calm, self._rules)
        if self._rules is not None:
            self._reads.append(self._rules)
        return closed

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`: what was dated by the old time is forgotten or made no younger."""
        self.candles.clock_set_back(now_ms)
        self._samples = PriceSamples()
        self._reads.clear()
        self._calm = NO_FRESHNESS
        self._book.forget()
        self._fast_book.forget()
        self._quote.forget()
        if self.last_trade is not None and self._last_trade_ms is not None:
            self._last_trade_ms = min(self._last_trade_ms, now_ms)
            self.last_trade = msgspec.structs.replace(self.last_trade, time_ms=min(self.last_trade.time_ms, now_ms))

    def merge_candles(self, interval: str, candles: Iterable[Candle], now_ms: int) -> None:
        """Back-fill one interval with the venue's candles; `KeyError` for an interval that is not kept."""
        self.candles.merge(interval, candles, now_ms)
        self._trend_minute = 0

    # Views

    def book(self) -> Book | None:
        """The newest book; None before the first, or when the newest cannot be used."""
        return self._book.get()

    def newest_book(self) -> Book | None:
        """The newest of all books: 20 levels, or 5 where fast books come."""
        return next(iter(self.books()), None)

    def fast_book(self) -> Book | None:
        """The newest book of 5 levels; None where none comes, or when the newest cannot be used."""
        return self._fast_book.get()

    def books(self) -> tuple[Book, ...]:
        """The newest book of 20 levels and, where fast books come, that of 5: the newer first, at most one of each."""
        known = (book for book in (self.book(), self.fast_book()) if book is not None)
        return tuple(sorted(known, key=lambda book: book.time_ms, reverse=True))

    def quote(self) -> Quote | None:
        """The newest best bid and offer; None before the first, or when the newest cannot be used."""
        return self._quote.get()

    def context(self) -> MarketContext | None:
        """The newest context; None before the first, or when the newest cannot be used."""
        return self._context.get()

    @property
    def parse_errors(self) -> int:
        """Frames looked at and refused: not decodable, crossed, unsorted, of another coin or dated far ahead."""
        return self._book.errors + self._fast_book.errors + self._quote.errors + self._context.errors

    @property
    def fast_errors(self) -> int:
        """Those of them that were fast books."""
        return self._fast_book.errors

    @property
    def last_error(self) -> str:
        """Why a quote was last refused, else a book, else a context; empty when none was."""
        pictures = (self._quote, self._book, self._fast_book, self._context)
        return next((picture.last_error for picture in pictures if picture.last_error), "")

    @property
    def touch(self) -> Touch | None:
        """Best bid and offer from quote or book, whichever is newer (the quote where they are equal).

        Fast books do not count: they come over another socket, and must not hide that trades and quotes have ended.
        """
        book = self.book()
        return touch_of(self.quote(), () if book is None else (book,))

    @property
    def bid(self) -> float | None:
        """Price of the best bid."""
        touch = self.touch
        return touch.bid.price if touch and touch.bid else None

    @property
    def ask(self) -> float | None:
        """Price of the best offer."""
        touch = self.touch
        return touch.ask.price if touch and touch.ask else None

    @property
    def mid(self) -> float | None:
        """Halfway between best bid and best offer; None where a side is missing."""
        touch = self.touch
        return touch.mid if touch else None

    @property
    def spread_bps(self) -> float | None:
        """Spread as a share of the mid, in basis points."""
        touch = self.touch
        return touch.spread_bps if touch else None

    @property
    def price(self) -> float | None:
        """The mid, unless a trade is newer than it: then that trade's price. None before either."""
        touch = self.touch
        if touch is not None and touch.mid is not None and touch.time_ms >= (self._last_trade_ms or 0):
            return touch.mid
        return self.last_trade.price if self.last_trade else None

    @property
    def price_decimals(self) -> int:
        """Decimals to show prices with, by the venue's rule; 2 before any data."""
        price = self.price
        return 2 if price is None else price_decimals(price, self.listing.size_decimals if self.listing else None)

    def minute_in_s(self, now_ms: int) -> int:
        """Seconds until the mids of a whole minute are known without a hole, which momentum needs."""
        return self._samples.minute_in_s(now_ms)

    @property
    def change_1m(self) -> float | None:
        """Change against the mid a minute before the last whole second, as a fraction."""
        return _change(self._minute_ago, self.price)

    @property
    def change_1h(self) -> float | None:
        """Change against an hour ago, as a fraction: the mid then, else the minute candle that ended by then."""
        return _change(self._hour_ago, self.price)

    @property
    def change_24h(self) -> float | None:
        """Change against the venue's own price of a day ago, as a fraction."""
        context = self.context()
        return _change(context.previous_day_price, self.price) if context else None

    @property
    def trend(self) -> tuple[float | None, ...]:
        """Prices of the last hour, three minutes apart, oldest first: closes of minute candles, None where none is."""
        return self._trend

    def _read_trend(self, minute: int) -> tuple[float | None, ...]:
        candles = self.candles["1m"]
        ends = range(minute - TREND_STEP_MINUTES * (TREND_POINTS - 1), minute + 1, TREND_STEP_MINUTES)
        return tuple(candles.close_at(end * MINUTE_MS, TREND_STEP_MINUTES * MINUTE_MS) for end in ends)

    @property
    def funding(self) -> float | None:
        """Rate of the current hour, as a fraction."""
        context = self.context()
        return context.funding if context else None

    @property
    def open_interest_usd(self) -> float | None:
        """Open interest at the mark price, in USD."""
        context = self.context()
        return context.open_interest * context.mark_price if context else None

    @property
    def day_volume_usd(self) -> float | None:
        """Volume of the last 24 hours, in USD."""
        context = self.context()
        return context.day_notional_volume if context else None

    @property
    def newest_ms(self) -> int | None:
        """Time of the newest trade, quote or book; None before any."""
        newest_ms = self._last_trade_ms
        for picture in (self.quote(), self.book()):
            if picture is not None and (newest_ms is None or picture.time_ms > newest_ms):
                newest_ms = picture.time_ms
        return newest_ms

    def stale(self, now_ms: int) -> bool:
        """Whether the newest trade, quote and book are all past their deadline, or there is none."""
        newest_ms = self.newest_ms
        return newest_ms is None or now_ms - newest_ms > self._stale_after_ms

    def rules(self) -> RulesRead | None:
        """The rules' read at the last whole second; None when the data was stale then."""
        return self._rules

    @property
    def lasting_freshness(self) -> Freshness | None:
        """The freshness of the rules' reads once it has held for some seconds (`calm_words.py`)."""
        return self._calm.word

    def reads(self) -> Sequence[RulesRead]:
        """The rules' reads of the last seconds in which the data was not stale, oldest first."""
        return self._reads

    def prices_each_second(self, seconds: int, now_ms: int) -> tuple[float | None, ...]:
        """The price at each of the last `seconds` whole seconds and now, oldest first; None where it is not known."""
        past = (self._samples.at(now_ms - 1_000 * ago) for ago in range(seconds, 0, -1))
        return (*past, self.price)

    def price_at(self, time_ms: int) -> float | None:
        """The price at a moment of the last hour; None where it is not known."""
        return self._samples.at(time_ms)

    def facts(self, now_ms: int) -> MarketFacts | None:
        """What a call needs to know of the market; None while a side of the touch is missing or the data is stale."""
        touch, newest_ms = self.touch, self.newest_ms
        if touch is None or touch.bid is None or touch.ask is None or newest_ms is None or self.stale(now_ms):
            return None
        return MarketFacts(now_ms, touch.bid.price, touch.ask.price, newest_ms)

    # Inside

    def _checked(self, decode: Callable[[bytes], T], check: Callable[[T], None], frame: bytes, arrived_ms: int) -> T:
        value = self._own(decode(frame))
        if value.time_ms > arrived_ms + DAY_MS:
            raise FrameError(f"{self.coin}: time {value.time_ms} is more than a day ahead; check the machine's clock")
        check(value)
        return msgspec.structs.replace(value, time_ms=arrived_ms) if value.time_ms > arrived_ms else value

    def _own(self, value: V) -> V:
        if value.coin != self.coin:
            raise FrameError(f"{self.coin}: a frame of another coin; check which stream it came from")
        return value

    def _sample(self, now_ms: int) -> float | None:
        touch = self.touch
        if touch is not None and touch.mid is not None and now_ms - touch.time_ms <= self._stale_after_ms:
            return touch.mid
        return self.last_trade.price if self.last_trade else None

    def _read_rules(self, now_ms: int) -> RulesRead:
        touch, book = self.touch, self.book()
        inputs = RulesInputs(
            coin=self.coin,
            at_ms=now_ms,
            mids=self._samples.minute(now_ms),
            volatility=self._samples.volatility(),
            trades=self.tape.columns(),
            bid_sizes=_sizes(book.bids) if book else (),
            ask_sizes=_sizes(book.asks) if book else (),
            spread=touch.spread if touch else None,
        )
        return read_rules(inputs)


def _sizes(levels: tuple[Level, ...]) -> tuple[float, ...]:
    return tuple(level.size for level in levels[:BOOK_LEVELS])


def _change(before: float | None, now: float | None) -> float | None:
    return None if not before or now is None else now / before - 1
