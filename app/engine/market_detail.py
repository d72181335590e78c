"""One coin of the core → what the deck shows when it is opened. Reads only.

A detail is made ten times a second, and the deck keeps one a second. What did not change since the one before is the
same object in both: a candle that has closed is made and kept once.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import islice
from typing import Generic, TypeVar

import numpy as np

from app.core.events import Book, Candle, Level, RulesRead, Side, Trade
from app.engine.candle_past import RequestsState, waiting_sentence
from app.engine.core import Core
from app.engine.protocol_detail import CandleView, LevelView, MarketDetail, ReadPoint, TradeView
from app.feeds.hyperliquid.limits import FAST_BOOK_LEVELS, SHORTEST_CANDLE_MS
from app.markets.candles import INTERVALS
from app.markets.depth import joined_side
from app.markets.market import Market

_TRADES_SHOWN = 120
_LEVELS_SHOWN = 20
_OPENED_KEPT = 8

V = TypeVar("V", bound=Hashable)


class MarketDetails:
    """Makes details, and remembers the last one of each coin and interval that was looked at lately."""

    def __init__(self) -> None:
        self._core: Core | None = None
        self._opened: OrderedDict[tuple[str, str], _Opened] = OrderedDict()

    def of(self, core: Core, coin: str, interval: str, budget_wait_s: float = 0.0) -> MarketDetail | None:
        """The coin as it stands; None for one that is not followed, `KeyError` for candles that are not kept.

        `budget_wait_s` is how long the request budget keeps the next question about the past waiting.
        """
        if core is not self._core:
            self._core = core
            self._opened.clear()
        market = core.markets.get(coin)
        if market is None:
            return None
        return _detail(core, market, self._open(market, interval), budget_wait_s)

    def _open(self, market: Market, interval: str) -> "_Opened":
        key = market.coin, interval
        opened = self._opened.get(key)
        if opened is None:
            opened = self._opened[key] = _Opened(market, interval)
        self._opened.move_to_end(key)
        if len(self._opened) > _OPENED_KEPT:
            self._opened.popitem(last=False)
        return opened


def _detail(core: Core, market: Market, opened: "_Opened", budget_wait_s: float) -> MarketDetail:
    near, deep, context = market.newest_book(), market.book(), market.context()
    bids, asks = opened.levels(near, deep)
    leaning, leaning_levels = imbalance(bids, asks, market.bid, market.ask)
    two_books = near is not None and deep is not None and near is not deep
    return MarketDetail(
        coin=market.coin,
        interval=opened.interval,
        interval_ms=INTERVALS[opened.interval],
        candles=opened.candles(),
        waiting_for=_waiting_for(core, market.coin, opened.interval, budget_wait_s),
        trades=opened.trades(),
        bids=bids,
        asks=asks,
        book_age_ms=_age_ms(core, near),
        near_levels=FAST_BOOK_LEVELS if two_books else 0,
        deep_age_ms=_age_ms(core, deep) if two_books else None,
        imbalance=leaning,
        imbalance_levels=leaning_levels,
        reads=opened.reads(),
        holes=tuple((hole.from_ms, hole.to_ms) for hole in core.connections.holes(market.coin)),
        mark_price=context.mark_price if context else None,
        oracle_price=context.oracle_price if context else None,
    )


class _Opened:
    """One coin with one interval of candles, and the views that were made of them last."""

    def __init__(self, market: Market, interval: str) -> None:
        self.interval = interval
        self._market = market
        self._candles: _Shared[CandleView] = _Shared(lambda candle: candle.open_ms)
        self._revision = -1
        self._trades: _Shared[TradeView] = _Shared(lambda trade: (trade.time_ms, trade.trade_id))
        self._newest_trade: Trade | None = None
        self._reads: _Shared[ReadPoint] = _Shared(lambda read: read.at_ms)
        self._newest_read: RulesRead | None = None
        self._books: tuple[Book | None, Book | None] = None, None
        self._levels: tuple[tuple[LevelView, ...], tuple[LevelView, ...]] = ((), ())

    def candles(self) -> tuple[CandleView, ...]:
        series = self._market.candles[self.interval]
        newest = series.newest()
        if newest is not None and series.revision == self._revision:
            return self._candles.replace_last(_candle(newest))
        self._revision = series.revision
        return self._candles.update(map(_candle, series.candles()))

    def trades(self) -> tuple[TradeView, ...]:
        """The newest prints, each with its rank among all that are kept."""
        newest = next(self._market.tape.newest(), None)
        if newest is not self._newest_trade:
            self._newest_trade = newest
            self._trades.update(_trades(self._market))
        return self._trades.views

    def reads(self) -> tuple[ReadPoint, ...]:
        reads = self._market.reads()
        newest = reads[-1] if reads else None
        if newest is not self._newest_read:
            self._newest_read = newest
            self._reads.update(ReadPoint(r.at_ms, r.momentum, r.pressure, r.continuation, r.direction) for r in reads)
        return self._reads.views

    def levels(self, near: Book | None, deep: Book | None) -> tuple[tuple[LevelView, ...], tuple[LevelView, ...]]:
        """Bids and asks, best first, of the newest book with what another knows beyond it."""
        if near is not self._books[0] or deep is not self._books[1]:
            self._books = near, deep
            bids, asks = joined_levels(near, deep)
            self._levels = _levels(bids), _levels(asks)
        return self._levels


class _Shared(Generic[V]):
    """A tuple of views. One that equals what stood under its key before stays the same object."""

    def __init__(self, key: Callable[[V], Hashable]) -> None:
        self.views: tuple[V, ...] = ()
        self._key = key

    def update(self, fresh: Iterable[V]) -> tuple[V, ...]:
        """Show these from now on."""
        known = {self._key(view): view for view in self.views}
        self.views = tuple(_known_or_fresh(known.get(self._key(view)), view) for view in fresh)
        return self.views

    def replace_last(self, view: V) -> tuple[V, ...]:
        """Show this in the place of the last one, of which there is one."""
        if view != self.views[-1]:
            self.views = (*self.views[:-1], view)
        return self.views


def _known_or_fresh(known: V | None, fresh: V) -> V:
    return fresh if known is None or known != fresh else known


def _candle(candle: Candle) -> CandleView:
    return CandleView(candle.open_ms, candle.open, candle.high, candle.low, candle.close, candle.volume)


def _trades(market: Market) -> Iterable[TradeView]:
    sizes = np.sort(np.abs(market.tape.columns()[:, 1]))
    newest = list(islice(market.tape.newest(), _TRADES_SHOWN))
    ranks = np.searchsorted(sizes, [trade.size for trade in newest], side="right") / max(1, len(sizes)) * 100
    return (_trade(trade, rank) for trade, rank in zip(newest, ranks.tolist(), strict=True))


def _trade(trade: Trade, percentile: float) -> TradeView:
    side = 1 if trade.side is Side.BUY else -1
    return TradeView(trade.time_ms, trade.trade_id, trade.price, trade.size, side, round(percentile, 1))


def _levels(levels: Sequence[Level]) -> tuple[LevelView, ...]:
    return tuple(LevelView(level.price, level.size, level.orders) for level in levels[:_LEVELS_SHOWN])


def joined_levels(near: Book | None, deep: Book | None) -> tuple[Sequence[Level], Sequence[Level]]:
    """Bids and asks of the newest book, and beyond its last price those of a deeper one; it may be the same."""
    books = [book for book in (near, None if deep is near else deep) if book is not None]
    bids = joined_side((book.bids for book in books), -1)
    return bids, joined_side((book.asks for book in books), 1)


def _age_ms(core: Core, book: Book | None) -> int | None:
    return None if book is None else max(0, core.now_ms - book.time_ms)


def imbalance(
    bids: Sequence[LevelView], asks: Sequence[LevelView], bid: float | None, ask: float | None
) -> tuple[float | None, int]:
    """(bids − asks) / (bids + asks) over the levels that still stand, −1 to +1; and how many of each side these are.

    `bid` and `ask` are the newest touch, which comes more often than books: a bid above it, or an ask below it, has
    been taken or withdrawn since. None where a side has no level left.
    """
    standing_bids = [level.size for level in bids if bid is None or level.price <= bid]
    standing_asks = [level.size for level in asks if ask is None or level.price >= ask]
    depth = min(len(standing_bids), len(standing_asks))
    bought, sold = sum(standing_bids[:depth]), sum(standing_asks[:depth])
    return ((bought - sold) / (bought + sold) if bought + sold > 0 else None), depth


def _waiting_for(core: Core, coin: str, interval: str, budget_wait_s: float) -> str:
    if INTERVALS[interval] < SHORTEST_CANDLE_MS:
        return ""
    feed = core.connections.requests
    requests = RequestsState(core.mode == "tape", budget_wait_s, feed.message, feed.retry_in_s(core.now_ms))
    return waiting_sentence(interval, core.past_of(coin, interval), requests)
