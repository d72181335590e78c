"""The published rate limits: sliding windows of ten seconds, counted for one client, the machine itself.

Gamma and the data API have a limit each for everything and tighter ones for some routes. v2 has no route for closed
positions, so the published limit for them has nothing to count here.
"""

import math
from typing import NamedTuple

from app.demo.limits import SlidingBudget
from app.demo.prediction.questions import Refusal

WINDOW_MS = 10_000


class Rule(NamedTuple):
    """At most `most` requests in a window to any of `paths`."""

    most: int
    paths: tuple[str, ...]


DATA_RULES = (Rule(1_000, ("/",)), Rule(200, ("/v2/trades",)), Rule(150, ("/v2/positions",)))
GAMMA_RULES = (
    Rule(4_000, ("/",)),
    Rule(300, ("/markets",)),
    Rule(500, ("/events",)),
    Rule(900, ("/markets", "/events")),
    Rule(200, ("/tags",)),
)


class Allowance:
    """Counters of some rules; without any rule everything is allowed."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = [(rule, SlidingBudget(rule.most, WINDOW_MS)) for rule in rules]

    def take(self, path: str, now_ms: int) -> None:
        """Count a request; refuse it with 429, and count nothing, when one of its windows is full."""
        budgets = [budget for rule, budget in self._rules if any(path.startswith(start) for start in rule.paths)]
        full = [budget.frees_ms(now_ms) for budget in budgets if not budget.allows(1, now_ms)]
        if full:
            wait_s = max(1, math.ceil(max(full) / 1_000))
            raise Refusal(429, "rate_limited", f"too many requests, try again in {wait_s} s", wait_s=wait_s)
        for budget in budgets:
            budget.spend(1, now_ms)
