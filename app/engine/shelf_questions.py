"""What a scan asks of the database (the venue `store`), as values.

The answers are inputs, so that a replay needs no database.

Channels: `scans` (a list), `markets` (how many were told already), `wallets` (a list of addresses in JSON) and
`history` (the wallet is the subject).
"""

import msgspec

from app.store.rows import StoredMarket, StoredScan
from app.wallets.keeping import KeptRows

LOOKUP_WALLETS = 10
"""Wallets in a question: what is kept of them is read in one turn of the engine, a few milliseconds."""
MARKETS_PAGE = 300
MARKETS_KEPT = 20_000
"""Markets a scan is told of at its start; others are asked for again."""


class Found(msgspec.Struct, frozen=True):
    """What is kept of wallets that were looked up; those that are missing are new."""

    kept: tuple[KeptRows, ...] = ()


class PastVerdictRow(msgspec.Struct, frozen=True):
    """An earlier verdict, as far as a history shows it."""

    at_ms: int
    wallet_class: str
    stage: int
    score: float | None


unpack_history = msgspec.msgpack.Decoder(list[PastVerdictRow]).decode
unpack_scans = msgspec.msgpack.Decoder(list[StoredScan]).decode
unpack_markets = msgspec.msgpack.Decoder(list[StoredMarket]).decode
