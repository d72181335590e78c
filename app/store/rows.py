"""Rows that only the store knows; calls, outcomes and candles are those of `app.core`."""

from typing import Literal

import msgspec

from app.core.calls import Call, Outcome
from app.core.events import Candle, ScalperRead

STORED_INTERVALS = frozenset({"1m", "1h"})
"""Candles of other intervals can be made from these, so the database refuses them."""


class StoredRun(msgspec.Struct, frozen=True, kw_only=True):
    """One session of the engine. It is put at its start, and again with `ended_ms` at its end; None: killed."""

    session_id: str
    source: str
    app_version: str
    python_version: str
    settings_sha256: str
    started_ms: int
    ended_ms: int | None = None


class FeedHole(msgspec.Struct, frozen=True, gc=False):
    """Trades of `coin` are missing between two venue times; `noticed_ms` is when the engine found out."""

    coin: str
    from_ms: int
    to_ms: int
    noticed_ms: int


class PaperFill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fill of the paper ledger with its order (docs/paper.md): `direction` +1 bought, −1 sold; money is paper USD."""

    number: int
    at_ms: int
    coin: str
    direction: int
    reason: str
    opener: str
    size: float
    decided_ms: int
    due_ms: int
    priced_ms: int
    mid: float | None
    touch_price: float
    average_price: float
    worst_price: float
    levels: int
    beyond_size: float
    fee_usd: float
    slippage_bps: float | None
    taken_over: bool


class PaperTrade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A closed position of the paper ledger: `number` is that of the order that opened it, `opener` who did."""

    number: int
    closed_ms: int
    opened_ms: int
    coin: str
    direction: int
    size: float
    leverage: int
    opener: str
    reason: str
    entry_price: float
    exit_price: float
    gross_usd: float
    fees_usd: float
    funding_usd: float
    result_usd: float
    result_bps: float
    unseen_ms: int


class PaperSaved(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The paper ledger as it stood at `saved_ms`: what a restarted engine goes on with. There is one; the last counts.

    `state` is what `app.paper.state` encodes, at most a million bytes.
    """

    saved_ms: int
    state: bytes
    ledger: Literal["paper"] = "paper"


StoredRow = StoredRun | Call | Outcome | FeedHole | Candle | PaperFill | PaperTrade | PaperSaved | ScalperRead
