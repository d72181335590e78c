"""Rows that only the store knows; calls, outcomes and candles are those of `app.core`."""

from typing import Literal

import msgspec

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


class StoredVerdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A wallet's verdict as it was given at `at_ms` (docs/wallets.md); older ones of a wallet are its history.

    `config_sha256` stands for the thresholds it was judged by, `stage` (1-3) for how far the wallet came. `verdict` is
    the whole of it as `app.wallets` encodes it, at most a million bytes.
    """

    wallet: str
    at_ms: int
    config_sha256: str
    stage: int
    wallet_class: str
    score: float | None
    verdict: bytes


class WalletCursor(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How far a wallet is known, so that the next scan asks only for what is new. There is one a wallet.

    `board` names the leaderboard it was last seen on (empty: none), with its profit and volume there. `trades` are its
    newest trades as `app.wallets` encodes them, at most a million bytes; `last_trade_s` is the time of the last.
    """

    wallet: str
    scanned_ms: int
    board: str
    board_pnl: float | None
    board_volume: float | None
    last_trade_s: int | None
    trades: bytes


class StoredMarket(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a prediction market is about and, once resolved, what its shares paid; `market` is the whole, encoded."""

    condition_id: str
    seen_ms: int
    category: str
    resolved: bool
    market: bytes


class WalletNote(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the user keeps about a wallet: nothing of it comes from a venue, and nothing of it leaves."""

    wallet: str
    changed_ms: int
    alias: str = ""
    tag: str = ""
    note: str = ""
    review: Literal["new", "accepted", "rejected"] = "new"
    followed: bool = False


class Choice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the user chose by a key, so that the next run begins with it. `name` is that of its setting."""

    name: str
    value: str
    changed_ms: int


class StoredScan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A scan of wallets. It is put at its start, and again with `ended_ms` at its end; None: it was broken off.

    `plan_sha256` stands for what was to be scanned and by which thresholds: a scan of the same plan goes on where a
    broken one stopped.
    """

    scan_id: str
    plan_sha256: str
    started_ms: int
    ended_ms: int | None = None
    scored: int = 0
    not_scored: int = 0
