"""Market state as the venue's JSON: compact, keys in the venue's order, numbers as text. All functions are pure."""

from collections.abc import Iterable

from app.demo import bars as bar
from app.demo.bars import INTERVAL_MINUTES, MINUTE_MS, Bars, aggregate
from app.demo.books import ASK, BID, Level
from app.demo.grid import fixed_text, number_text, price_text, units
from app.demo.listings import Listing
from app.demo.market import Market
from app.demo.trades import VenueTrade

FAST_LEVELS = 5
FULL_LEVELS = 20
_IMPACT_USD = 6_000.0
_IMPACT_USD_LEADERS = 20_000.0
_LEADERS = ("BTC", "ETH")


def channel(name: str, data: str) -> bytes:
    """A frame of a channel around `data`, which is JSON already."""
    return f'{{"channel":"{name}","data":{data}}}'.encode()


def trades(market: Market, prints: Iterable[VenueTrade]) -> str:
    """An array of trades."""
    return "[" + ",".join(_trade(market, trade) for trade in prints) + "]"


def _trade(market: Market, trade: VenueTrade) -> str:
    listing, addresses = market.listings[trade.coin], market.accounts.addresses
    return (
        f'{{"coin":"{listing.name}","side":"{"B" if trade.sign > 0 else "A"}",'
        f'"px":"{price_text(trade.tick, listing.price_decimals)}",'
        f'"sz":"{fixed_text(trade.lots, listing.size_decimals)}","time":{trade.time_ms},'
        f'"hash":"{trade.order_hash(market.seed)}","tid":{trade.trade_id},'
        f'"users":["{addresses[trade.buyer]}","{addresses[trade.seller]}"]}}'
    )


def book(market: Market, coin: int, count: int = FULL_LEVELS, figures: int | None = None, mantissa: int = 1) -> str:
    """The order book; with `figures` (2 to 5) levels are joined to that many, in multiples of `mantissa`."""
    listing = market.listings[coin]
    sides = []
    for side in (BID, ASK):
        levels = [] if listing.delisted else _in_units(market.levels(coin, side, FULL_LEVELS), listing)
        if figures is not None:
            levels = joined(levels, figures, mantissa, side)
        sides.append("[" + ",".join(_level(level, listing) for level in levels[:count]) + "]")
    return f'{{"coin":"{listing.name}","time":{market.now_ms},"levels":[{sides[0]},{sides[1]}]}}'


def joined(levels: list[Level], figures: int, mantissa: int, side: int) -> list[Level]:
    """Levels (indices in price units) joined to `figures` significant figures, away from the touch."""
    result: list[Level] = []
    for level in levels:
        step = max(1, 10 ** (len(str(level.tick)) - figures)) * mantissa
        price = level.tick // step * step if side == BID else -(-level.tick // step) * step
        if result and result[-1].tick == price:
            last = result.pop()
            level = Level(price, last.lots + level.lots, last.orders + level.orders)
        result.append(Level(price, level.lots, level.orders))
    return result


def quote(market: Market, coin: int) -> str:
    """Best bid and offer."""
    listing = market.listings[coin]
    best = "null,null"
    if not listing.delisted:
        sides = [_in_units(market.levels(coin, side, 1), listing) for side in (BID, ASK)]
        best = ",".join(_level(side[0], listing) for side in sides)
    return f'{{"coin":"{listing.name}","time":{market.now_ms},"bbo":[{best}]}}'


def _in_units(levels: list[Level], listing: Listing) -> list[Level]:
    return [Level(units(level.tick, listing.price_decimals), level.lots, level.orders) for level in levels]


def _level(level: Level, listing: Listing) -> str:
    price = fixed_text(level.tick, listing.price_decimals)
    return f'{{"px":"{price}","sz":"{fixed_text(level.lots, listing.size_decimals)}","n":{level.orders}}}'


def mids(market: Market) -> str:
    """Mid prices of all live coins."""
    pairs = zip(market.live, market.mids().tolist(), strict=True)
    return "{" + ",".join(f'"{listing.name}":"{_mid(listing, mid)}"' for listing, mid in pairs) + "}"


def _mid(listing: Listing, mid: float) -> str:
    # Half a tick may need one decimal more than a price has.
    return number_text(mid, listing.price_decimals + 1)


def context(market: Market, coin: int) -> str:
    """One market's context."""
    listing = market.listings[coin]
    if listing.delisted:
        return (
            f'{{"funding":"0.0","openInterest":"0.0","prevDayPx":"{listing.price}","dayNtlVlm":"0.0","premium":null,'
            f'"oraclePx":"{listing.price}","markPx":"{listing.price}","midPx":null,"impactPxs":null,"dayBaseVlm":"0.0"}}'
        )
    day, places = market.day(coin), max(1, listing.price_decimals)
    bid, ask = market.touch_prices(coin)
    oracle = float(market.contexts.oracle[coin])
    impact = [_impact(market, coin, side) for side in (BID, ASK)]
    premium = (bid + ask) / 2 / oracle - 1.0
    return (
        f'{{"funding":"{number_text(float(market.contexts.funding()[coin]), 10)}",'
        f'"openInterest":"{fixed_text(int(market.contexts.open_interest[coin]), listing.size_decimals)}",'
        f'"prevDayPx":"{number_text(day.previous_price, places)}","dayNtlVlm":"{number_text(day.notional_usd, 10)}",'
        f'"premium":"{number_text(premium, 10)}","oraclePx":"{number_text(oracle, places)}",'
        f'"markPx":"{number_text(market.contexts.mark(coin, bid, ask, market.last_price(coin)), places)}",'
        f'"midPx":"{_mid(listing, (bid + ask) / 2)}","impactPxs":["{impact[0]}","{impact[1]}"],'
        f'"dayBaseVlm":"{fixed_text(day.lots, listing.size_decimals)}"}}'
    )


def _impact(market: Market, coin: int, side: int) -> str:
    """The price down to which an order of the venue's impact size would go."""
    listing = market.listings[coin]
    left = _IMPACT_USD_LEADERS if listing.name in _LEADERS else _IMPACT_USD
    index = 0
    for level in market.levels(coin, side):
        index = level.tick
        left -= level.lots * listing.lot * listing.price
        if left <= 0:
            break
    return price_text(index, listing.price_decimals)


def active_context(market: Market, coin: int) -> str:
    """A context with the name of its coin."""
    return f'{{"coin":"{market.listings[coin].name}","ctx":{context(market, coin)}}}'


def open_candles(market: Market, coin: int, interval: str) -> tuple[Bars, Bars]:
    """The candle before the open one, and the open one, each as one bar (the first may be empty)."""
    step = INTERVAL_MINUTES[interval]
    store = market.stores[coin].bars
    minute = market.stores[coin].minute
    joined_bars = aggregate(store.since(minute // step * step - step), step)
    count = len(joined_bars.rows)
    first = joined_bars.first + step * (count - 1)
    return Bars(first - step, step, joined_bars.rows[:-1][-1:]), Bars(first, step, joined_bars.rows[-1:])


def candles(listing: Listing, interval: str, several: Bars) -> list[str]:
    """Candle objects of bars."""
    return [
        _candle(listing, interval, several.first + several.step * number, several.step, row)
        for number, row in enumerate(several.rows.tolist())
    ]


def _candle(listing: Listing, interval: str, minute: int, step: int, row: list[int]) -> str:
    places = listing.price_decimals
    opens = minute * MINUTE_MS
    return (
        f'{{"t":{opens},"T":{opens + step * MINUTE_MS - 1},"s":"{listing.name}","i":"{interval}",'
        f'"o":"{price_text(row[bar.OPEN], places)}","c":"{price_text(row[bar.CLOSE], places)}",'
        f'"h":"{price_text(row[bar.HIGH], places)}","l":"{price_text(row[bar.LOW], places)}",'
        f'"v":"{fixed_text(row[bar.LOTS], listing.size_decimals)}","n":{row[bar.TRADES]}}}'
    )
