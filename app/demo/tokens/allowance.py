"""The three venues' throttles, counted for one client, the machine itself. Pure: times are given."""

from collections import OrderedDict

import numpy as np

from app.demo.limits import SlidingBudget

SECOND_MS = 1_000
MINUTE_MS = 60_000
SCREENER_PAIRS, SCREENER_PROFILES = 300, 60
BIRDEYE_A_SECOND = 1
_CALLS_A_MINUTE = 30
_LEAST_BURST, _MOST_BURST = 4, 6
_FRESH_MS = 20_000
_CACHED = 256


class BurstAllowance:
    """GeckoTerminal's: 30 calls a minute, and no more than 4 to 6 at once; how many is another number each time."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._capacity = self._left = float(_MOST_BURST)
        self._at_ms = 0

    def take(self, now_ms: int) -> bool:
        """Count a call; False, and nothing counted, when it is one too many."""
        refilled = (now_ms - self._at_ms) * _CALLS_A_MINUTE / MINUTE_MS
        self._left, self._at_ms = min(self._capacity, self._left + refilled), now_ms
        if self._left < 1:
            self._capacity = float(self._generator.integers(_LEAST_BURST, _MOST_BURST + 1))
            return False
        self._left -= 1
        return True


class Cached:
    """Answers given lately, by address: asked again they are the same, and count for no limit."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, tuple[int, bytes]] = OrderedDict()

    def get(self, address: str, now_ms: int) -> bytes | None:
        """The answer to this address; None where there is none that is young enough."""
        found = self._answers.get(address)
        return found[1] if found is not None and now_ms - found[0] < _FRESH_MS else None

    def put(self, address: str, body: bytes, now_ms: int) -> None:
        """Keep an answer."""
        self._answers.pop(address, None)
        self._answers[address] = now_ms, body
        if len(self._answers) > _CACHED:
            self._answers.popitem(last=False)


def screener_budgets() -> dict[str, SlidingBudget]:
    """DexScreener's limits of calls a minute, for pairs and for profiles."""
    return {"pairs": SlidingBudget(SCREENER_PAIRS, MINUTE_MS), "profiles": SlidingBudget(SCREENER_PROFILES, MINUTE_MS)}


def birdeye_budget() -> SlidingBudget:
    """Birdeye's limit of a key without a plan: one call a second."""
    return SlidingBudget(BIRDEYE_A_SECOND, SECOND_MS)
