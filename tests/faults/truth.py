"""What the venue really published: the reference that a run is held against."""

from collections import defaultdict
from typing import NamedTuple

SIDES = ("B", "A")
SOMEBODY = "0x" + "a" * 40, "0x" + "b" * 40


class TruthTrade(NamedTuple):
    """One trade as the venue published it. `published_ms` is the wall time at which it was sent; buyer, then seller."""

    coin: str
    time_ms: int
    trade_id: int
    price: str
    size: str
    side: str
    published_ms: int
    users: tuple[str, str] = SOMEBODY

    @property
    def key(self) -> tuple[int, int]:
        """What makes it unique within its coin."""
        return self.time_ms, self.trade_id


class TruthLog:
    """Every published trade by coin, in order of publication; and what the venue saw of its clients."""

    def __init__(self) -> None:
        self.trades: dict[str, list[TruthTrade]] = defaultdict(list)
        self.connections_ms: list[int] = []
        self.weights_ms: list[tuple[int, int]] = []

    def publish(self, trade: TruthTrade) -> None:
        """A trade was made."""
        self.trades[trade.coin].append(trade)

    def count(self) -> int:
        """All trades of all coins."""
        return sum(map(len, self.trades.values()))
