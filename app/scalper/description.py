"""A minute of one market in words and numbers, as a scalper would tell it. Pure; docs/scalper.md defines each word."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from app.config.settings import ScalperSettings
from app.core.events import Level, Side, Trade
from app.scalper.window import BookShot, DataWindow, MinuteTape, sum_of

Trajectory = Literal["chopping", "accelerating", "slowing", "sharp", "grinding", "reversing"]
Prints = Literal["none", "accumulating", "distributing", "mixed"]

_LEAST_SPAN_S = 30
_VANISHED_SHARE = 0.7
_WALL_FACTOR = 3.0
_ONE_SIDED = 0.7


class Position(msgspec.Struct, frozen=True):
    """A paper position as the question about it needs it: `direction` +1 long, −1 short; the result so far in bps."""

    direction: int
    entry_price: float
    result_bps: float
    held_s: float


class NotEnough(msgspec.Struct, frozen=True):
    """There is too little data to say anything; `reason` is a sentence."""

    reason: str


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one window. Changes are fractions, sizes in coins, balances −1 to +1.

    `span_s` is how many seconds back prices go, 30 to 60, and what its two halves are halves of; `steps` are changes
    against the first of those prices, each five seconds, oldest first. `tape` counts and adds up all prints of the
    minute. The imbalance changed over `books_span_s`; `spoofs` are sentences about size that came or went without
    trading.
    """

    price: float
    span_s: int
    change: float
    first_half: float
    second_half: float
    trajectory: Trajectory
    steps: tuple[float, ...]
    tape: MinuteTape
    large: tuple[Trade, ...]
    prints: Prints
    bid_depth: float | None
    ask_depth: float | None
    imbalance: float | None
    imbalance_change: float | None
    books_span_s: float
    spread_bps: float | None
    spoofs: tuple[str, ...] = ()
    position: Position | None = None
    at_ms: int = 0


def describe(
    window: DataWindow, settings: ScalperSettings, position: Position | None = None
) -> Description | NotEnough:
    """What a window shows; `NotEnough` before there are thirty seconds of prices and a handful of prints."""
    span_s, count = window.span_s, window.tape.buys + window.tape.sells
    if window.price is None or span_s < _LEAST_SPAN_S:
        return NotEnough(f"not enough data yet: {span_s} of {_LEAST_SPAN_S} s of prices")
    if count < settings.least_trades:
        return NotEnough(f"not enough data yet: {count} of {settings.least_trades} prints in this minute")
    return _described(window, settings, position, span_s)


def _described(window: DataWindow, settings: ScalperSettings, position: Position | None, span_s: int) -> Description:
    known = [price for price in window.prices[-span_s - 1 :] if price is not None]
    start, half, price = known[0], known[len(known) // 2], known[-1]
    first, second = half / start - 1, price / half - 1
    large = window.large_trades(settings.notable_size)[-settings.notable_prints :]
    depths = [(_depth(shot.bids), _depth(shot.asks)) for shot in window.books]
    return Description(
        price=price,
        span_s=span_s,
        change=price / start - 1,
        first_half=first,
        second_half=second,
        trajectory=trajectory(first, second, settings),
        steps=tuple(step / start - 1 for step in known[::-5][::-1]),
        tape=window.tape,
        large=large,
        prints=read_prints(large),
        bid_depth=depths[-1][0] if depths else None,
        ask_depth=depths[-1][1] if depths else None,
        imbalance=balance(*depths[-1]) if depths else None,
        imbalance_change=balance(*depths[-1]) - balance(*depths[0]) if len(depths) > 1 else None,
        books_span_s=(window.books[-1].at_ms - window.books[0].at_ms) / 1_000 if window.books else 0.0,
        spread_bps=None if window.spread is None else 1e4 * window.spread / price,
        spoofs=tuple(spoof_hints(window.books, window.since_books)),
        position=position,
        at_ms=window.at_ms,
    )


def trajectory(first: float, second: float, settings: ScalperSettings) -> Trajectory:
    """The word for two half-minutes, given as fractions.

    chopping: the whole minute stays within `chop_pct` and no half leaves it; sharp: the second half moved by
    `sharp_pct` or more; reversing: the halves go opposite ways; accelerating or slowing: the second is more than 1.5
    times, or less than half, the first; grinding: in between.
    """
    chop, sharp = settings.chop_pct / 100, settings.sharp_pct / 100
    if max(abs(first), abs(second), abs(first + second)) < chop:
        return "chopping"
    if abs(second) >= sharp:
        return "sharp"
    if first * second < 0 and min(abs(first), abs(second)) >= chop / 2:
        return "reversing"
    if abs(second) > 1.5 * abs(first):
        return "accelerating"
    return "slowing" if abs(second) < 0.5 * abs(first) else "grinding"


def read_prints(large: Sequence[Trade]) -> Prints:
    """Whether the large prints are mostly bought, mostly sold, or mixed, by size."""
    bought, sold = sum_of(large, Side.BUY), sum_of(large, Side.SELL)
    if bought + sold <= 0:
        return "none"
    share = bought / (bought + sold)
    return "accumulating" if share >= _ONE_SIDED else "distributing" if share <= 1 - _ONE_SIDED else "mixed"


def balance(bids: float, asks: float) -> float:
    """(bids − asks) / (bids + asks), −1 to +1; 0 for an empty book."""
    return (bids - asks) / (bids + asks) if bids + asks > 0 else 0.0


def spoof_hints(books: Sequence[BookShot], trades: Sequence[Trade]) -> Iterator[str]:
    """Walls (three times the mean level of their side) that appeared or went between two shots and did not trade."""
    for before, after in pairwise(books):
        for name, old, new in (("bid", before.bids, after.bids), ("ask", before.asks, after.asks)):
            yield from _vanished(name, old, new, _traded_between(trades, before.at_ms, after.at_ms))
            yield from _appeared(name, old, new)


def _vanished(name: str, old: Sequence[Level], new: Sequence[Level], traded: dict[float, float]) -> Iterator[str]:
    left = {level.price: level.size for level in new}
    for wall in _walls(old):
        gone = wall.size - left.get(wall.price, 0.0)
        # A level that fell out of the best five was left behind by the price, not pulled.
        in_sight = bool(new) and min(level.price for level in new) <= wall.price <= max(level.price for level in new)
        if in_sight and gone >= _VANISHED_SHARE * wall.size and traded.get(wall.price, 0.0) < gone / 2:
            yield f"a large {name} vanished untraded"


def _appeared(name: str, old: Sequence[Level], new: Sequence[Level]) -> Iterator[str]:
    before = {level.price: level.size for level in old}
    for wall in _walls(new):
        if wall.price in before and before[wall.price] < (1 - _VANISHED_SHARE) * wall.size:
            yield f"a large {name} appeared"


def _walls(levels: Sequence[Level]) -> list[Level]:
    """Levels of at least three times the mean of the others on their side."""
    total = sum(level.size for level in levels)
    others = len(levels) - 1
    return [level for level in levels if others and level.size * others >= _WALL_FACTOR * (total - level.size) > 0]


def _traded_between(trades: Sequence[Trade], from_ms: int, to_ms: int) -> dict[float, float]:
    traded: dict[float, float] = {}
    for trade in trades:
        if from_ms <= trade.time_ms <= to_ms:
            traded[trade.price] = traded.get(trade.price, 0.0) + trade.size
    return traded


def _depth(levels: Sequence[Level]) -> float:
    return sum(level.size for level in levels)
