"""One wallet's bets and rows, made from its seed when somebody asks, and a few of them kept."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.demo.grid import Floats, Integers
from app.demo.prediction import bets as betting
from app.demo.prediction import legs as rows
from app.demo.prediction import results
from app.demo.prediction.legs import Leg, Legs
from app.demo.prediction.markets import Markets
from app.demo.prediction.population import Population
from app.demo.prediction.stakes import Bets

KEPT = 64
_QUESTIONS_KEPT = 8


class History(NamedTuple):
    """A wallet from its first bet to the end of what is simulated; the venue shows what lies in the past."""

    wallet: int
    bets: Bets
    legs: Legs


class Together(NamedTuple):
    """What many wallets do in some markets, ordered by wallet. No rebates: they belong to no market."""

    bets: Bets
    legs: Legs

    def of_bet(self, bet: int) -> History:
        """The same, as of the wallet that made a bet."""
        return History(int(self.bets.who[bet]), self.bets, self.legs)

    def of_row(self, row: int) -> History:
        """The same, as of the wallet a row belongs to."""
        return self.of_bet(int(self.legs.bet[row]))


class Series(NamedTuple):
    """Cumulative results at each of some times."""

    times_s: Integers
    realized: Floats
    unrealized: Floats
    shares: Floats
    usdc: Floats
    fills: Integers
    rebates: Floats


class Histories:
    """Histories by wallet number; the `KEPT` used last stay in memory."""

    def __init__(self, markets: Markets, people: Population) -> None:
        self._markets = markets
        self._people = people
        self._kept: OrderedDict[int, History] = OrderedDict()
        self._together: OrderedDict[tuple[int, ...], Together] = OrderedDict()
        # Questions about everybody are answered in threads.
        self._lock = threading.Lock()

    def one(self, wallet: int) -> History:
        """The history of one wallet."""
        return self.several([wallet])[0]

    def several(self, wallets: Sequence[int]) -> list[History]:
        """Histories in the order asked for; those not kept are made together."""
        with self._lock:
            found = {wallet: self._kept[wallet] for wallet in wallets if wallet in self._kept}
        missing = [wallet for wallet in dict.fromkeys(wallets) if wallet not in found]
        if missing:
            found.update((made.wallet, made) for made in self._make(missing))
        # A whole market's traders would drive out everybody else.
        if len(wallets) <= KEPT // 2:
            with self._lock:
                self._keep(found)
        return [found[wallet] for wallet in wallets]

    def together(self, numbers: Sequence[int], wallets: Integers) -> Together:
        """What `wallets`, all who trade there (ascending), do in some markets; kept for the next pages."""
        asked = tuple(sorted(numbers))
        with self._lock:
            found = self._together.get(asked)
        if found is None:
            bets = betting.make(self._markets, self._people, wallets)
            bets = bets.keep(np.isin(bets.market, asked))
            legs = rows.make(self._markets, self._people, bets)
            found = Together(bets, Legs._make(column[legs.kind != Leg.REBATE] for column in legs))
            with self._lock:
                self._together[asked] = found
                while len(self._together) > _QUESTIONS_KEPT:
                    self._together.popitem(last=False)
        return found

    def _keep(self, used: dict[int, History]) -> None:
        for wallet, history in used.items():
            self._kept[wallet] = history
            self._kept.move_to_end(wallet)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def _make(self, wallets: list[int]) -> list[History]:
        bets = betting.make(self._markets, self._people, np.array(wallets, dtype=np.int64))
        legs = rows.make(self._markets, self._people, bets)
        if len(wallets) == 1:
            return [History(wallets[0], bets, legs)]
        edges = np.arange(len(wallets) + 1)
        first, begin = np.searchsorted(bets.wallet, edges), np.searchsorted(legs.wallet, edges)
        return [
            History(wallet, _cut(bets, first, place), _own(legs, begin, place, int(first[place])))
            for place, wallet in enumerate(wallets)
        ]


def _cut(bets: Bets, first: Integers, place: int) -> Bets:
    # Copies, because a view would keep the whole batch in memory.
    return Bets._make(column[first[place] : first[place + 1]].copy() for column in bets)


def _own(legs: Legs, first: Integers, place: int, offset: int) -> Legs:
    own = Legs._make(column[first[place] : first[place + 1]].copy() for column in legs)
    return own._replace(bet=np.where(own.bet >= 0, own.bet - offset, -1))


def series(markets: Markets, history: History, times_s: Integers) -> Series:
    """A wallet's cumulative results at `times_s` (ascending)."""
    bets, legs = history.bets, history.legs
    trades = legs.kind <= Leg.SELL
    rebates = legs.kind == Leg.REBATE
    last = np.where(bets.exit_part < 1.0, markets.resolves_s[bets.market], bets.exit_s)
    begin, end = np.searchsorted(times_s, bets.entry_s), np.searchsorted(times_s, last)
    span = np.maximum(end - begin, 0)
    bet = np.repeat(np.arange(len(span)), span)
    moment = np.arange(len(bet)) - np.repeat(np.cumsum(span) - span, span) + begin[bet]
    held = results.at(markets, Bets._make(column[bet] for column in bets), times_s[moment])
    left = bets.shares * (1.0 - bets.exit_part) * (bets.won - bets.price)
    sold = np.where(bets.exit_part > 0, bets.shares * bets.exit_part * (bets.exit_price - bets.price), 0.0)
    decided = np.concatenate([bets.exit_s, markets.resolves_s[bets.market]])
    return Series(
        times_s,
        _sums(decided, np.concatenate([sold, left]), times_s),
        np.bincount(moment, held.unrealized, len(times_s)).astype(np.float64),
        _sums(legs.time_s[trades], legs.size[trades], times_s),
        _sums(legs.time_s[trades], legs.usdc[trades], times_s),
        np.searchsorted(legs.time_s[trades], times_s, side="right"),
        _sums(legs.time_s[rebates], legs.usdc[rebates], times_s),
    )


def _sums(moments: Integers, amounts: Floats, times_s: Integers) -> Floats:
    """Sum of the amounts whose moment has come, at each time."""
    order = np.argsort(moments, kind="stable")
    totals = np.concatenate([[0.0], np.cumsum(amounts[order])])
    result: Floats = totals[np.searchsorted(moments[order], times_s, side="right")]
    return result
