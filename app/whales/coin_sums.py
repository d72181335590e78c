"""What the followed traders hold in one coin, as sums that are kept up one trader at a time.

Shares are whole numbers of 2⁻⁴⁰ and dollars whole cents, so that sums are exact: they do not drift however long they
are kept, and do not depend on the order in which traders came.
"""

from heapq import heapify, heappop, heappush, nsmallest
from math import isfinite

import msgspec

UNIT = 2**40
"""So many units are a share of 1."""


class Holding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One trader's part in a coin's sums.

    `side` is +1 or −1; `share` the vote times the conviction in units, `plain_share` the baseline's weight times it,
    `covered` the share times the coverage of its weight.
    """

    trader: str
    side: int
    share: int
    plain_share: int
    covered: int
    cents: int


class CoinSums:
    """Sums over the holdings of one coin. Adding and removing cost O(log n) at most, reading nothing."""

    def __init__(self) -> None:
        self.long_traders = self.short_traders = self.counting = 0
        self.net = self.gross = self.squares = self.covered = 0
        self.plain_net = self.plain_gross = 0
        self.cents = 0
        self._holdings: dict[str, Holding] = {}
        self._largest: list[tuple[int, str]] = []

    @property
    def traders(self) -> int:
        """How many hold the coin."""
        return self.long_traders + self.short_traders

    def put(self, holding: Holding) -> None:
        """Count a holding in place of its trader's one before."""
        self.remove(holding.trader)
        self._count(holding, 1)
        self._holdings[holding.trader] = holding
        heappush(self._largest, (-holding.share, holding.trader))
        self._forget_many()

    def remove(self, trader: str) -> None:
        """Take a trader's holding out; nothing happens where there is none."""
        holding = self._holdings.pop(trader, None)
        if holding is not None:
            self._count(holding, -1)

    def bias(self) -> float:
        """Long less short over both, −1 to 1; 0 where nothing is held."""
        return self.net / self.gross if self.gross else 0.0

    def plain_bias(self) -> float:
        """The same with the baseline's weights."""
        return self.plain_net / self.plain_gross if self.plain_gross else 0.0

    def effective_traders(self) -> float:
        """(Σ share)² / Σ share²: of how many equal traders the shares tell as much. Kish, Survey Sampling (1965)."""
        return self.gross * self.gross / self.squares if self.squares else 0.0

    def coverage(self) -> float:
        """The mean coverage of the traders' weights, by share, 0-1."""
        return self.covered / self.gross if self.gross else 0.0

    def concentration(self) -> float:
        """The largest trader's part of all shares, 0-1."""
        while self._largest and not self._stands(self._largest[0]):
            heappop(self._largest)
        return -self._largest[0][0] / self.gross if self._largest and self.gross else 0.0

    def largest(self, side: int, most: int) -> list[Holding]:
        """At most so many holdings of one side (+1, −1) that count for something, those with the largest shares first.

        Unlike all else here it reads every holding.
        """
        held = (one for one in self._holdings.values() if one.side == side and one.share)
        return nsmallest(most, held, key=lambda one: (-one.share, one.trader))

    def _count(self, holding: Holding, sign: int) -> None:
        self.long_traders += sign * (holding.side > 0)
        self.short_traders += sign * (holding.side < 0)
        self.counting += sign * (holding.share > 0)
        self.net += sign * holding.side * holding.share
        self.gross += sign * holding.share
        self.squares += sign * holding.share * holding.share
        self.covered += sign * holding.covered
        self.plain_net += sign * holding.side * holding.plain_share
        self.plain_gross += sign * holding.plain_share
        self.cents += sign * holding.cents

    def _stands(self, entry: tuple[int, str]) -> bool:
        holding = self._holdings.get(entry[1])
        return holding is not None and holding.share == -entry[0]

    def _forget_many(self) -> None:
        """Entries of holdings that were replaced are dropped when they come to the top, and all when they are most."""
        if len(self._largest) > 64 + 2 * len(self._holdings):
            self._largest = [(-holding.share, holding.trader) for holding in self._holdings.values()]
            heapify(self._largest)


def units(share: float) -> int:
    """A share of 0-1 in whole units; what is no number counts as nothing."""
    return round(min(1.0, max(0.0, share)) * UNIT) if isfinite(share) else 0
