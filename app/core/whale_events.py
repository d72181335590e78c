"""What is made of the accounts that are followed: moves, signals, alerts. Times are the engine's milliseconds."""

from typing import Literal

import msgspec

MoveKind = Literal["OPEN", "ADD", "REDUCE", "CLOSE", "FLIP"]
Learned = Literal["trade", "stream", "poll"]
Lean = Literal["LONG", "SHORT", "NEUTRAL"]
Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]
SEVERITIES: tuple[Severity, ...] = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
"""From the least to the most severe."""
AlertKind = Literal[
    "whale_move", "whales_together", "whale_bias_flip", "consensus_shift", "trader_move", "large_trade", "liquidation"
]


class TraderMoved(msgspec.Struct, frozen=True, kw_only=True):
    """A followed account changed one position, from `size_before` to `size_after` coins (signed).

    `change_usd` is what it bought (+) or sold (−) at `price`. `at_ms` is when it was learned, `venue_ms` the venue's
    time of the state that shows it, `traded_ms` that of the newest trade seen between the two (None: none was seen).
    `move_id` is the same for the same change whenever and however often it is learned.
    """

    move_id: str
    trader: str
    coin: str
    kind: MoveKind
    size_before: float
    size_after: float
    price: float
    change_usd: float
    equity_usd: float
    at_ms: int
    venue_ms: int
    traded_ms: int | None
    learned: Learned

    @property
    def change(self) -> float:
        """By what share the position changed: 1 for one opened or closed, above 1 for one that was flipped."""
        larger = max(abs(self.size_before), abs(self.size_after))
        return abs(self.size_after - self.size_before) / larger


class SmartMoneySignal(msgspec.Struct, frozen=True, kw_only=True):
    """Which way the followed traders lean in one coin.

    `bias` runs from −1 (all votes short) to 1 (all long); `breadth` is the share of the followed who hold the coin,
    `concentration` the largest trader's share of the votes (0-1), `effective_traders` of how many equal ones the votes
    tell as much, `confidence` 0-1 (docs/whales.md), `change_1h` the change of the bias over an hour, None before one is
    known. `plain_bias` and `plain_lean` are the baseline's: weights are the leaderboard's score alone.
    """

    coin: str
    at_ms: int
    lean: Lean
    bias: float
    breadth: float
    concentration: float
    effective_traders: float
    confidence: float
    change_1h: float | None
    long_traders: int
    short_traders: int
    stale_traders: int
    value_usd: float
    plain_bias: float
    plain_lean: Lean


class AlertRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What alerts of one kind were followed by before: of `n` graded ones, how many moved the same way, and how far."""

    n: int
    hits: int
    median_move_bps: float | None


class WhaleAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One thing worth telling, about one coin.

    `alert_id` is the same for the same cause, so that one is told once. `direction` is +1 bought, −1 sold, 0 neither.
    `percentile` is the place of `value_usd` among recent moves of its market (0-100), None where too few are known.
    `traders` are those it is about, the most important first; `moves` the ids of the moves behind it.
    """

    alert_id: str
    kind: AlertKind
    severity: Severity
    coin: str
    at_ms: int
    expires_ms: int
    direction: int
    text: str
    value_usd: float
    percentile: float | None
    price: float
    traders: tuple[str, ...]
    moves: tuple[str, ...]
    times: int = 1
    record: AlertRecord | None = None
