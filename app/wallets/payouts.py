"""What a whole record says of skill: bets by what their markets paid in the end, and by how they go together.

A price is fair at every moment to who knows nothing, so what a share brought when it was sold tells of an edge, too;
what it paid in the end tells more, because what a wallet knew may show only then.
"""

from collections import defaultdict
from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import msgspec

from app.wallets.positions import KnownMarkets
from app.wallets.values import ClosedPosition, Ledger, Measures


class _Bet(NamedTuple):
    """A bet at `price` that paid `gain` more than that, a share."""

    event: str
    price: float
    gain: float

    @property
    def variance(self) -> float:
        """How much chance decided: price × (1 − price) for a bet that was paid out."""
        return self.gain * (self.gain + 2 * self.price - 1)


def with_payouts(measures: Measures, record: Ledger, known: KnownMarkets, now_s: int) -> Measures:
    """The measures with bets, surplus and variance as described above; `known` has the markets of the record."""
    bets = [_bet(row, known, now_s) for row in record.closed if row.entry_price is not None]
    spread = overdispersion(bets)
    return msgspec.structs.replace(
        measures,
        bets=len(bets) / spread,
        surplus=sum(bet.gain for bet in bets) / spread,
        surplus_variance=sum(bet.variance for bet in bets) / spread,
    )


def overdispersion(bets: Sequence[_Bet]) -> float:
    """How many times the variance of independent bets the sum of these has, at least 1: bets on one event go together.

    Estimated from the bets themselves, whatever ties them: the squared sums of each event against the squares alone, as
    in the cluster-robust variance of Liang and Zeger, Biometrika 73 (1986). Bets that all win or lose with their event
    count as one then, and bets that differ within events count one by one. It is at most what it would be if each event
    were one bet, for a few lucky long shots say little of how things go together.
    """
    gains: dict[str, float] = defaultdict(float)
    deviations: dict[str, float] = defaultdict(float)
    for bet in bets:
        gains[bet.event] += bet.gain
        deviations[bet.event] += sqrt(bet.price * (1 - bet.price))
    variance = sum(bet.variance for bet in bets)
    alone = sum(bet.price * (1 - bet.price) for bet in bets)
    if variance <= 0 or alone <= 0:
        return 1.0
    together = sum(total * total for total in gains.values()) - sum(bet.gain * bet.gain for bet in bets)
    as_one = sum(total * total for total in deviations.values()) / alone
    return max(1.0, min(as_one, 1.0 + together / variance))


def _bet(row: ClosedPosition, known: KnownMarkets, now_s: int) -> _Bet:
    price = row.entry_price or 0.0
    paid = known.payout(row.condition_id, row.token_id, now_s)
    if paid is not None:
        return _Bet(row.event, price, paid - price)
    return _Bet(row.event, price, row.pnl_usdc / row.cost_usdc * price if row.cost_usdc > 0 else 0.0)
