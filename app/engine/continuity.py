"""Whether a coin's trades are whole after a reconnect.

The venue replays some twenty seconds of trades to a new subscription. Where the replay reaches back to before the
break, nothing is missing. Where it does not, the newest trades are asked for; if they do not reach back either, the
tape has a hole, and says so.
"""

from collections.abc import Mapping
from typing import Literal

Verdict = Literal["whole", "ask", "hole"]


class Continuity:
    """Coins whose tape may have a hole, with the time of the last trade seen before the break."""

    def __init__(self) -> None:
        self._last_ms: dict[str, int] = {}
        self._asked: set[str] = set()

    def interrupted(self, last_trade_ms: Mapping[str, int]) -> None:
        """The streams broke; a coin that is still in doubt keeps the time of its first break."""
        self._last_ms = {**last_trade_ms, **self._last_ms}
        self._asked.clear()

    def streamed(self, coin: str, oldest_ms: int) -> Verdict:
        """A frame of trades came, the oldest of them at `oldest_ms`: is anything missing before it?"""
        last_ms = self._last_ms.get(coin)
        if last_ms is None or coin in self._asked:
            return "whole"
        if oldest_ms <= last_ms:
            del self._last_ms[coin]
            return "whole"
        self._asked.add(coin)
        return "ask"

    def answered(self, coin: str, oldest_ms: int) -> Verdict:
        """The newest trades came, the oldest of them at `oldest_ms`."""
        last_ms = self._last_ms.pop(coin, None)
        self._asked.discard(coin)
        return "whole" if last_ms is None or oldest_ms <= last_ms else "hole"
