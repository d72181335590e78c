"""How the request budget is shared out between questions of different weight and hurry.

What is asked about markets goes first, up to the whole budget. Following traders may use a share of it: at once for a
trader who has just traded; at an even pace for turns of all, and for their histories, which weigh ten times as much. An
even pace means that a little of the budget is free again at every moment, which is what keeps the first kind quick.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from app.core.clock import Clock
from app.feeds.budget import Pace, Spending, WeightBudget

Purse = Literal["markets", "traders"]
PaceName = Literal["turns", "histories"]

_AT_ONCE = 0.2
"""Of the traders' share, what is left of the paces for traders who have just traded."""


class Claim(NamedTuple):
    """What a question may claim. Smaller ranks go first.

    `ceiling` (0-1) of the budget is how far everybody together may have used it up; `share` (0-1) of the purse is how
    far those of its purse may have. `pace` is None for what need not be spread.
    """

    rank: int
    purse: Purse
    ceiling: float
    share: float
    pace: PaceName | None = None

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody waits for the answer."""
        return self.rank == 0


class Spent(NamedTuple):
    """What a question was counted with when it left."""

    total: Spending
    purse: Spending


class Allowance:
    """Counts what was spent, and says how long a claim must wait. It only counts; whoever spends also waits."""

    def __init__(self, limit: int, clock: Clock, *, traders_share: float, histories_share: float) -> None:
        """`limit` is the venue's for a minute; `traders_share` of it is for traders, `histories_share` of that (up to
        0.2) for their histories.
        """
        self.total = WeightBudget(limit, clock)
        traders = max(1, round(limit * traders_share))
        self._purses: Mapping[Purse, WeightBudget] = {
            "markets": WeightBudget(limit, clock),
            "traders": WeightBudget(traders, clock),
        }
        self._paces: Mapping[PaceName, Pace] = {
            "turns": Pace(traders * (1 - _AT_ONCE - histories_share), clock),
            "histories": Pace(traders * histories_share, clock),
        }

    def used(self, purse: Purse) -> int:
        """Weight spent out of a purse in the last 62 s."""
        return self._purses[purse].used

    def delay_s(self, claim: Claim, weight: int) -> float:
        """Seconds until a question with this claim may go, 0 for now."""
        paced = 0.0 if claim.pace is None else self._paces[claim.pace].delay_s()
        return max(
            paced,
            self.total.delay_s(weight, claim.ceiling),
            self._purses[claim.purse].delay_s(weight, claim.share),
        )

    def spend(self, claim: Claim, weight: int) -> Spent:
        """A question leaves that may come to `weight`."""
        if claim.pace is not None:
            self._paces[claim.pace].spend(weight)
        return Spent(self.total.spend(weight), self._purses[claim.purse].spend(weight))

    def settle(self, claim: Claim, spent: Spent, base: int, extra: int) -> None:
        """It came to `base`, and to `extra` that the venue has counted only now that it has answered."""
        if claim.pace is not None:
            self._paces[claim.pace].spend(base + extra - spent.total.weight)
        for budget, spending in ((self.total, spent.total), (self._purses[claim.purse], spent.purse)):
            budget.settle(spending, base)
            if extra:
                budget.spend(extra)
