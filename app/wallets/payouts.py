"""What a whole record says of skill: bets by what their markets paid in the end, and by how they go together.

A price is fair at every moment to who knows nothing, so what a share brought when it was sold tells of an edge, too;
what it paid in the end tells more, because what a wallet knew may show only then.
"""

from collections import defaultdict
from math import sqrt
from typing import NamedTuple

import msgspec

from app.wallets.positions import KnownMarkets
from app.wallets.values import ClosedPosition, Ledger, Measures


class _Bets(NamedTuple):
    """Bets at `prices` that paid `gains` more than that, a share: columns, for a record holds thousands."""

    events: list[str]
    prices: list[float]
    gains: list[float]

    @property
    def variance(self) -> float:
        """How much chance decided: Σ price × (1 − price) of bets that were paid out."""
        return sum(gain * (gain + 2 * price - 1) for price, gain in zip(self.prices, self.gains, strict=True))


def with_payouts(measures: Measures, record: Ledger, known: KnownMarkets, now_s: int) -> Measures:
    """The measures with bets, surplus and variance as described above; `known` has the markets of the record."""
    bets = _bets(record, known, now_s)
    spread = overdispersion(bets)
    return msgspec.structs.replace(
        measures,
        bets=len(bets.events) / spread,
        surplus=sum(bets.gains) / spread,
        surplus_variance=bets.variance / spread,
    )


def overdispersion(bets: _Bets) -> float:
    """How many times the variance of independent bets the sum of these has, at least 1: bets on one event go together.

    Estimated from the bets themselves, whatever ties them: the squared sums of each event against the squares alone, as
    in the cluster-robust variance of Liang and Zeger, Biometrika 73 (1986). Bets that all win or lose with their event
    count as one then, and bets that differ within events count one by one. It is at most what it would be if each event
    were one bet, for a few lucky long shots say little of how things go together.
    """
    gains: dict[str, float] = defaultdict(float)
    deviations: dict[str, float] = defaultdict(float)
    chances = [price * (1 - price) for price in bets.prices]
    for event, gain, chance in zip(bets.events, bets.gains, chances, strict=True):
        gains[event] += gain
        deviations[event] += sqrt(chance)
    variance, alone = bets.variance, sum(chances)
    if variance <= 0 or alone <= 0:
        return 1.0
    together = sum(total * total for total in gains.values()) - sum(gain * gain for gain in bets.gains)
    as_one = sum(total * total for total in deviations.values()) / alone
    return max(1.0, min(as_one, 1.0 + together / variance))


def _bets(record: Ledger, known: KnownMarkets, now_s: int) -> _Bets:
    rows = [row for row in record.closed if row.entry_price is not None]
    gains = [_gain(row, row.entry_price or 0.0, known, now_s) for row in rows]
    return _Bets([row.event for row in rows], [row.entry_price or 0.0 for row in rows], gains)


def _gain(row: ClosedPosition, price: float, known: KnownMarkets, now_s: int) -> float:
    """What a share paid in the end more than its price, or brought while that is not known."""
    paid = known.payout(row.condition_id, row.token_id, now_s)
    if paid is not None:
        return paid - price
    return row.pnl_usdc / row.cost_usdc * price if row.cost_usdc > 0 else 0.0
