"""Whether a coin's trades are whole after a reconnect.

The venue replays some twenty seconds of trades to a new subscription. Where the replay reaches back to before the
break, nothing is missing. Where it does not, the newest trades are asked for; if they do not reach back either, or
never come, the tape has a hole, and says so.
"""

from collections.abc import Mapping

from app.core.events import FeedHole


class Continuity:
    """Coins whose tape may have a hole, with the time of the last trade seen before the break."""

    def __init__(self) -> None:
        self._last_ms: dict[str, int] = {}
        self._asked: dict[str, int] = {}

    def interrupted(self, last_trade_ms: Mapping[str, int]) -> None:
        """The streams broke; a coin that is still in doubt keeps the time of its first break."""
        self._last_ms = {**last_trade_ms, **self._last_ms}

    def streamed(self, coin: str, oldest_ms: int) -> bool:
        """A frame of trades came, the oldest of them at `oldest_ms`. True when what is before it must be asked for."""
        last_ms = self._last_ms.get(coin)
        if last_ms is None or coin in self._asked:
            return False
        if oldest_ms <= last_ms:
            del self._last_ms[coin]
            return False
        self._asked[coin] = oldest_ms
        return True

    def answered(self, coin: str, oldest_ms: int | None) -> FeedHole | None:
        """The newest trades came, the oldest at `oldest_ms` (None: nothing came): what is missing, if anything."""
        last_ms = self._last_ms.pop(coin, None)
        streamed_ms = self._asked.pop(coin, None)
        if last_ms is None or streamed_ms is None:
            return None
        first_ms = streamed_ms if oldest_ms is None else min(oldest_ms, streamed_ms)
        return FeedHole(coin, last_ms, first_ms) if first_ms > last_ms else None
