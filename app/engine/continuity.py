"""Whether a coin's trades are whole after a break.

The venue replays some twenty seconds of trades to a new subscription. Where the replay reaches back to before the
break, nothing is missing. Where it does not, the newest trades are asked for; if they do not reach back either, or
never come, the tape has a hole, and says so. One question a coin is out at a time: an answer settles the break it was
asked for, not one that came after it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from app.core.events import FeedHole


class _Gap(NamedTuple):
    """What may be missing: after the last trade before the break, before the first one after it."""

    last_ms: int
    first_ms: int


class Continuity:
    """Coins whose tape may have a hole."""

    def __init__(self) -> None:
        self._broken: dict[str, int] = {}
        self._asked: dict[str, _Gap] = {}
        self._next: dict[str, _Gap] = {}

    def interrupted(self, last_trade_ms: Mapping[str, int]) -> None:
        """The streams broke; a coin whose stream has not come back yet keeps the time of its first break."""
        for coin, last_ms in last_trade_ms.items():
            self._broken[coin] = min(last_ms, self._broken.get(coin, last_ms))

    def streamed(self, coin: str, oldest_ms: int) -> bool:
        """Trades came, the oldest at `oldest_ms`. True when what is before them must be asked for now."""
        last_ms = self._broken.pop(coin, None)
        return last_ms is not None and self._ask(coin, _Gap(last_ms, oldest_ms))

    def lost(self, coin: str, last_trade_ms: int, now_ms: int) -> bool:
        """A message with trades could not be read. True when they must be asked for now."""
        return self._ask(coin, _Gap(min(last_trade_ms, now_ms - 1), now_ms))

    def answered(self, coin: str, oldest_ms: int | None) -> tuple[FeedHole | None, bool]:
        """The newest trades came, the oldest at `oldest_ms` (None: nothing came).

        What is missing, if anything, and whether another question must be asked now.
        """
        gap = self._asked.pop(coin, None)
        if gap is None:
            return None, False
        first_ms = gap.first_ms if oldest_ms is None else min(oldest_ms, gap.first_ms)
        hole = FeedHole(coin, gap.last_ms, first_ms) if gap.last_ms <= first_ms else None
        following = self._next.pop(coin, None)
        return hole, following is not None and self._ask(coin, following)

    def _ask(self, coin: str, gap: _Gap) -> bool:
        # Several trades may share a millisecond: only one that is older shows that none of them was cut off.
        if gap.first_ms < gap.last_ms:
            return False
        if coin not in self._asked:
            self._asked[coin] = gap
            return True
        waiting = self._next.get(coin, gap)
        self._next[coin] = _Gap(min(waiting.last_ms, gap.last_ms), max(waiting.first_ms, gap.first_ms))
        return False
