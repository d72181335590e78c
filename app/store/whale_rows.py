"""Rows about followed traders. What a row holds as bytes is msgpack of values of the floors above."""

import msgspec


class StoredPosition(msgspec.Struct, frozen=True, kw_only=True):
    """One position of a trader as it was last saved; `size` 0: it was closed. `changed_ms` as in `KnownTrader`."""

    trader: str
    coin: str
    at_ms: int
    changed_ms: int
    equity_usd: float
    size: float
    value_usd: float
    entry_price: float | None
    unrealized_pnl_usd: float
    liquidation_price: float | None
    leverage: float
    margin_usd: float
    isolated: bool


class StoredAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as it stands; one that was repeated replaces itself. `alert` is a `WhaleAlert`."""

    alert_id: str
    at_ms: int
    kind: str
    severity: str
    coin: str
    alert: bytes


class StoredLeaderboard(msgspec.Struct, frozen=True, kw_only=True):
    """One leaderboard that came: how large, what was refused of it, and what it did to the tracked set."""

    at_ms: int
    size_bytes: int
    rows_seen: int
    rows_kept: int
    refused: int
    tracked: int
    joined: int
    left_out: int


class StoredTrader(msgspec.Struct, frozen=True, kw_only=True):
    """One trader of the tracked set that was chosen at `at_ms`; `member` is a `Member`."""

    at_ms: int
    trader: str
    rank: int | None
    standing: str
    score: float | None
    equity_usd: float
    member: bytes


class StoredFill(msgspec.Struct, frozen=True, kw_only=True):
    """A `TraderFill`; `side` is the venue's letter."""

    trader: str
    coin: str
    side: str
    price: float
    size: float
    at_ms: int
    trade_id: int
    start_size: float
    closed_pnl_usd: float
    fee_usd: float
    crossed: bool
    direction: str
    liquidated: bool
    liquidated_other: str


class StoredHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What a trader's histories came to; `record` is a `TraderRecord`."""

    trader: str
    asked_ms: int
    record: bytes


class WhaleNotes(msgspec.Struct, frozen=True, kw_only=True):
    """What else a run must know to go on; one row. `notes` is a `Notes`."""

    name: str
    saved_ms: int
    notes: bytes
