"""What only all wallets together tell: leaderboards, who ever traded a market, and the feed of everybody's trades.

Made when it is first asked for, a few hundred wallets at a time, so that memory stays small and a thread that makes it
lets other threads run between two chunks.
"""

import threading
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.demo.grid import Floats, Integers
from app.demo.prediction import bets as betting
from app.demo.prediction import legs as rows
from app.demo.prediction import results
from app.demo.prediction.categories import CATEGORIES, DAY_S
from app.demo.prediction.legs import Leg
from app.demo.prediction.markets import MARKETS, Markets
from app.demo.prediction.population import WALLETS, Population
from app.demo.prediction.stakes import NEVER, Bets

PERIODS = {"day": DAY_S, "week": 7 * DAY_S, "month": 30 * DAY_S, "all": 0}
OVERALL = len(CATEGORIES)
FEED_PAST_S = 14 * DAY_S
_CHUNK = 256

Small = NDArray[np.float32]


class Boards(NamedTuple):
    """Profit and volume (shares) of every wallet at `as_of_s`, by period, category (`OVERALL` last) and wallet."""

    as_of_s: int
    pnl: Small
    volume: Small


class Feed(NamedTuple):
    """Trades of everybody, oldest first, those of the future too: whose, which of the wallet's rows, and how large."""

    time_s: NDArray[np.uint32]
    wallet: NDArray[np.uint16]
    row: NDArray[np.uint16]
    size: Small
    usdc: Small
    sell: NDArray[np.bool_]
    maker: NDArray[np.bool_]


class Traders(NamedTuple):
    """Wallets by market: those of market m are `wallet[first[m]:first[m + 1]]`."""

    first: Integers
    wallet: NDArray[np.uint16]


def standings(markets: Markets, bets: Bets, count: int, now_s: int) -> tuple[Floats, Floats]:
    """Profit and volume by period, category and wallet (`count` of them), from their bets."""
    category = markets.category[bets.market]
    cell = category * count + bets.wallet
    final = results.at(markets, bets, now_s)
    total, traded = final.realized + final.unrealized, results.volume(bets, now_s)[0]
    pnl, volume = np.zeros((2, len(PERIODS), OVERALL + 1, count))
    ended = np.minimum(np.where(bets.exit_part < 1.0, markets.resolves_s[bets.market], bets.exit_s), NEVER)
    for place, length in enumerate(PERIODS.values()):
        then_s = now_s - length if length else 0
        # A bet that was over by then has brought nothing since.
        live = np.flatnonzero((ended > then_s) & (bets.entry_s <= now_s))
        some = bets.keep(live)
        gained, moved = total[live], traded[live]
        if length:
            before = results.at(markets, some, then_s)
            gained = gained - before.realized - before.unrealized
            moved = moved - results.volume(some, then_s)[0]
        for table, amounts in ((pnl, gained), (volume, moved)):
            sums = np.bincount(cell[live], amounts, OVERALL * count).reshape(OVERALL, count)
            table[place, :OVERALL] = sums
            table[place, OVERALL] = sums.sum(axis=0)
    return pnl, volume


def boards(markets: Markets, people: Population, now_s: int, stop: threading.Event) -> Boards:
    """The leaderboards of a moment. Worthless once `stop` is set, which ends the work early."""
    pnl, volume = np.zeros((2, len(PERIODS), OVERALL + 1, people.count), dtype=np.float32)
    for wallets in _chunks(people.count, stop):
        made = betting.make(markets, people, wallets)
        pnl[:, :, wallets], volume[:, :, wallets] = standings(markets, made, len(wallets), now_s)
    return Boards(now_s, pnl, volume)


def traders(markets: Markets, people: Population, stop: threading.Event) -> Traders:
    """Who trades what. Worthless once `stop` is set, which ends the work early."""
    pairs = []
    for wallets in _chunks(people.count, stop):
        drawn = betting.draw(markets, people, wallets)
        pairs.append((drawn.market * WALLETS + drawn.who).astype(np.uint32))
    pair = np.concatenate(pairs)
    pairs.clear()
    pair.sort()
    first = np.searchsorted(pair, (np.arange(MARKETS + 1) * WALLETS).astype(np.uint32))
    return Traders(first, (pair % np.uint32(WALLETS)).astype(np.uint16))


def feed(markets: Markets, people: Population, stop: threading.Event) -> Feed:
    """The feed. Worthless once `stop` is set, which ends the work early."""
    pieces = [
        _recent(markets, people, betting.make(markets, people, wallets), int(wallets[0]))
        for wallets in _chunks(people.count, stop)
    ]
    order = np.argsort(np.concatenate([piece.time_s for piece in pieces]), kind="stable")
    # One column after the other, because all at once would take twice the memory.
    return Feed._make(np.concatenate(column)[order] for column in zip(*pieces, strict=True))


def _chunks(count: int, stop: threading.Event) -> Iterator[Integers]:
    for begin in range(0, count, _CHUNK):
        yield np.arange(begin, min(begin + _CHUNK, count))
        if stop.is_set():
            return


def _recent(markets: Markets, people: Population, bets: Bets, begin: int) -> Feed:
    """Trades since two weeks before the anchor."""
    legs = rows.make(markets, people, bets)
    starts = np.searchsorted(legs.wallet, legs.wallet)
    chosen = np.flatnonzero((legs.kind <= Leg.SELL) & (legs.time_s > markets.anchor_s - FEED_PAST_S))
    return Feed(
        legs.time_s[chosen].astype(np.uint32),
        (begin + legs.wallet[chosen]).astype(np.uint16),
        (chosen - starts[chosen]).astype(np.uint16),
        legs.size[chosen].astype(np.float32),
        legs.usdc[chosen].astype(np.float32),
        legs.kind[chosen] == Leg.SELL,
        legs.maker[chosen],
    )
