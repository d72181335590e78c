"""Rows that only the store knows; calls, outcomes and candles are those of `app.core`."""

import msgspec

from app.core.calls import Call, Outcome
from app.core.events import Candle

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


StoredRow = StoredRun | Call | Outcome | FeedHole | Candle
