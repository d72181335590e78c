"""One coin of the core → what the deck shows when it is opened. Reads only."""

from collections.abc import Sequence
from itertools import islice

import numpy as np

from app.core.events import Level, Side, Trade
from app.engine.core import Core
from app.engine.protocol import CandleView, LevelView, MarketDetail, ReadPoint, TradeView
from app.markets.candles import INTERVALS
from app.markets.market import Market

_TRADES_SHOWN = 120
_LEVELS_SHOWN = 20


def market_detail(core: Core, coin: str, interval: str) -> MarketDetail | None:
    """The coin as it stands; None for one that is not followed, `KeyError` for candles that are not kept."""
    market = core.markets.get(coin)
    if market is None:
        return None
    book, context = market.book(), market.context()
    bids, asks = (_levels(book.bids), _levels(book.asks)) if book else ((), ())
    return MarketDetail(
        coin=coin,
        interval=interval,
        interval_ms=INTERVALS[interval],
        candles=_candles(market, interval),
        trades=_trades(market),
        bids=bids,
        asks=asks,
        book_age_ms=max(0, core.now_ms - book.time_ms) if book else None,
        imbalance=_imbalance(bids, asks),
        reads=tuple(ReadPoint(r.at_ms, r.momentum, r.pressure, r.continuation) for r in market.reads()),
        holes=tuple((hole.from_ms, hole.to_ms) for hole in core.connections.holes(coin)),
        mark_price=context.mark_price if context else None,
        oracle_price=context.oracle_price if context else None,
    )


def _candles(market: Market, interval: str) -> tuple[CandleView, ...]:
    return tuple(
        CandleView(candle.open_ms, candle.open, candle.high, candle.low, candle.close, candle.volume)
        for candle in market.candles[interval].candles()
    )


def _trades(market: Market) -> tuple[TradeView, ...]:
    """The newest prints, each with its rank among all that are kept."""
    sizes = np.sort(np.abs(market.tape.columns()[:, 1]))
    newest = list(islice(market.tape.newest(), _TRADES_SHOWN))
    ranks = np.searchsorted(sizes, [trade.size for trade in newest], side="right") / max(1, len(sizes)) * 100
    return tuple(_trade(trade, rank) for trade, rank in zip(newest, ranks.tolist(), strict=True))


def _trade(trade: Trade, percentile: float) -> TradeView:
    side = 1 if trade.side is Side.BUY else -1
    return TradeView(trade.time_ms, trade.trade_id, trade.price, trade.size, side, round(percentile, 1))


def _levels(levels: Sequence[Level]) -> tuple[LevelView, ...]:
    return tuple(LevelView(level.price, level.size, level.orders) for level in levels[:_LEVELS_SHOWN])


def _imbalance(bids: Sequence[LevelView], asks: Sequence[LevelView]) -> float | None:
    bought, sold = (sum(level.size for level in side) for side in (bids, asks))
    return (bought - sold) / (bought + sold) if bought + sold > 0 else None
