"""How rare a size is among a market's recent ones: a percentile from a histogram of the last day, in bounded memory."""

from collections import deque
from math import floor, log

SEGMENT_MS = 3 * 3_600_000
SEGMENTS = 8
"""Eight segments of three hours, the newest still filling: the last 21 to 24 hours."""
STEP = log(1.05)
"""Sizes within 5 % of each other count as equal."""
LARGEST = 1e15


class Rarity:
    """Sizes of one market, counted by magnitude; at most eight times some 700 counters whatever is added."""

    def __init__(self, minimum: int) -> None:
        """No percentile is given on fewer than `minimum` (≥ 1) sizes."""
        self._minimum = minimum
        self._segments: deque[tuple[int, dict[int, int]]] = deque()

    def add(self, size_usd: float, at_ms: int) -> None:
        """One more size (> 0 USD, what is not is left out) at `at_ms`; one that comes late counts as of now."""
        if not 0 < size_usd < LARGEST:
            return
        self._forget(at_ms)
        segment = at_ms // SEGMENT_MS
        if not self._segments or self._segments[-1][0] < segment:
            self._segments.append((segment, {}))
        counts = self._segments[-1][1]
        place = _place(size_usd)
        counts[place] = counts.get(place, 0) + 1

    def count(self, at_ms: int) -> int:
        """How many sizes are known."""
        self._forget(at_ms)
        return sum(sum(counts.values()) for _, counts in self._segments)

    def percentile(self, size_usd: float, at_ms: int) -> float | None:
        """The share of known sizes that are smaller, those about equal counting half, in percent (0-100)."""
        known = self.count(at_ms)
        if known < self._minimum or not 0 < size_usd < LARGEST:
            return None
        place = _place(size_usd)
        below = sum(n for _, counts in self._segments for other, n in counts.items() if other < place)
        equal = sum(counts.get(place, 0) for _, counts in self._segments)
        return 100 * (below + equal / 2) / known

    def _forget(self, at_ms: int) -> None:
        while self._segments and self._segments[0][0] <= at_ms // SEGMENT_MS - SEGMENTS:
            self._segments.popleft()


class RarityByCoin:
    """One `Rarity` a coin."""

    def __init__(self, minimum: int) -> None:
        self._minimum = minimum
        self._coins: dict[str, Rarity] = {}

    def add(self, coin: str, size_usd: float, at_ms: int) -> None:
        """One more size of this coin."""
        if coin not in self._coins:
            self._coins[coin] = Rarity(self._minimum)
        self._coins[coin].add(size_usd, at_ms)

    def percentile(self, coin: str, size_usd: float, at_ms: int) -> float | None:
        """As `Rarity.percentile`; None for a coin nothing is known of."""
        known = self._coins.get(coin)
        return None if known is None else known.percentile(size_usd, at_ms)


def _place(size_usd: float) -> int:
    return max(0, floor(log(size_usd) / STEP))
