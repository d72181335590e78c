"""Messages of the link: wallets worth following, the scan that finds them, and one wallet opened up.

As in `protocol.py`: frozen, cleaned, None for what is not known. Scores, shares and rates are fractions (0-1), money is
in USDC, ages in seconds of the engine's time.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from app.config.wallet_settings import WalletsSettings
from app.wallets.behind import CategoryRow, ChaseRow
from app.wallets.values import CopyResult, Doubt, Pillar, Stage, VerdictClass

ReviewState = Literal["new", "accepted", "rejected"]
"""What the user made of a wallet: nothing yet, worth following, or not."""
ScanState = Literal["idle", "running", "done", "failed", "cancelled"]
NOTE_CELLS: Mapping[Literal["alias", "tag", "note"], int] = MappingProxyType({"alias": 24, "tag": 24, "note": 400})
"""How wide what a user writes about a wallet may be."""


class WalletRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The newest verdict on one wallet.

    `specialisation`, `behaviour` and `structure` are the pillars (1 best), None where the scan stopped before they were
    known. `win_rate` is over `decided` positions that won or lost. `score_change` and `class_before` compare with the
    verdict before this one; None where there is none. `stage` is the last one looked at, `reason` why it was rejected.
    `origin` says where it was found: a leaderboard, a market, trades, a list, or the store. `found_now` says that the
    verdict is of the newest scan; `profile` which thresholds it was judged by.
    """

    address: str
    alias: str = ""
    tag: str = ""
    note: str = ""
    wallet_class: VerdictClass
    stage: Stage
    reason: str = ""
    score: float | None = None
    specialisation: float | None = None
    behaviour: float | None = None
    structure: float | None = None
    roi_7d: float | None = None
    roi_30d: float | None = None
    win_rate: float | None = None
    decided: int = 0
    flags: tuple[str, ...] = ()
    age_s: int = 0
    score_change: float | None = None
    class_before: VerdictClass | None = None
    origin: str = ""
    found_now: bool = False
    profile: str = ""
    review: ReviewState = "new"
    followed: bool = False


class StageView(msgspec.Struct, frozen=True, gc=False):
    """A stage of the funnel: wallets that came into it and that left the scan there."""

    stage: Stage
    seen: int
    rejected: int
    not_scored: int


class UnscoredWallet(msgspec.Struct, frozen=True, gc=False):
    """A wallet of the newest scan that could not be judged, and why."""

    address: str
    stage: Stage
    reason: str


class ScanView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The newest scan, running or over.

    `seen` of `total` wallets are through; `total` is how many were found so far, at most `limit`. `unchanged` ones kept
    the verdict they had. `calls` were asked of the venue, `waiting` of them have no answer. `budget_used` of
    `budget_limit` calls of the tightest of the venue's limits, `budget_name`, went out in its current window; None
    where nothing is asked (a tape). `unscored` holds the newest wallets that could not be judged, `troubles` the
    sources that did not answer, `message` one sentence on how it ended. `resumed` says that it went on with a scan that
    was broken off; `notes` name rules and entries of the list of viral wallets that cannot be used.
    """

    state: ScanState
    since_ms: int
    ended_ms: int | None = None
    seen: int = 0
    total: int = 0
    limit: int = 0
    under_way: int = 0
    unchanged: int = 0
    targets: int = 0
    watchlist: int = 0
    rejected: int = 0
    not_scored: int = 0
    stages: tuple[StageView, ...] = ()
    unscored: tuple[UnscoredWallet, ...] = ()
    troubles: tuple[str, ...] = ()
    calls: int = 0
    waiting: int = 0
    budget_name: str = ""
    budget_used: int | None = None
    budget_limit: int | None = None
    message: str = ""
    resumed: bool = False
    notes: tuple[str, ...] = ()


class CacheView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A bounded memory of scans. `hit_ratio` is None before the first look-up, `oldest_age_s` when it is empty."""

    name: str
    entries: int
    bytes: int
    limit_bytes: int
    hits: int
    misses: int
    evictions: int
    hit_ratio: float | None
    oldest_age_s: float | None


class BudgetView(msgspec.Struct, frozen=True, gc=False):
    """One of the venue's limits: calls in its current window of ten seconds, and how many it allows there."""

    name: str
    used: int
    limit: int


class StageTime(msgspec.Struct, frozen=True, gc=False):
    """Our own work in a stage, the mean over wallets seen in milliseconds; never the wait for the venue."""

    stage: Stage
    seen: int
    rejected: int
    ms: float | None


class WalletMetrics(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How the newest scan performs. None: not measured, as on a tape.

    `wallets_per_minute` counts from the first wallet, `ms_per_wallet` is our own work, `errors` are answers that could
    not be used, `target_share` TARGETs by wallets judged. `warnings` are sentences that name the setting to change.
    """

    wallets_per_minute: float | None = None
    ms_per_wallet: float | None = None
    stages: tuple[StageTime, ...] = ()
    caches: tuple[CacheView, ...] = ()
    budgets: tuple[BudgetView, ...] = ()
    calls: int = 0
    errors: int = 0
    retries: int | None = None
    memory_mb: float | None = None
    target_share: float | None = None
    warnings: tuple[str, ...] = ()


class WalletsView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Wallet targets: the best `rows` (at most 200) of `known` wallets, best first.

    `waiting_for` says in a sentence why there are no rows; `scheduled_in_s` when the next scan begins by itself, None
    where none does. `profile` names the thresholds that judge now, `profiles` those that may be chosen.
    """

    profile: str
    profiles: tuple[str, ...] = ()
    rows: tuple[WalletRow, ...] = ()
    known: int = 0
    waiting_for: str = ""
    scan: ScanView | None = None
    metrics: WalletMetrics | None = None
    scheduled_in_s: int | None = None


class WalletPositionView(msgspec.Struct, frozen=True, kw_only=True):
    """A closed position behind the pillars; `entry_price` and `hold_s` None where the venue does not tell."""

    event: str
    category: str
    closed_s: int
    size_usdc: float
    pnl_usdc: float
    hold_s: float | None
    entry_price: float | None
    hedged: bool


class PastVerdictView(msgspec.Struct, frozen=True):
    """An earlier verdict on the wallet, by whatever thresholds it was given."""

    at_ms: int
    wallet_class: str
    stage: int
    score: float | None


class WalletDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One wallet opened up, for the deck that asked for it with `LookAtWallet`.

    `row` is its newest verdict, None before there is one. `pillars` come with the parts that make them up, `doubts`
    with the reason for each flag. `categories` and `chases` stand behind specialisation and behaviour; `positions` are
    newest first, `equity` the sum of results (epoch seconds, USDC) oldest first, thinned to 500 points. `copies` say
    what following it 2, 10 and 60 s late would have brought, `copies_missing` why that is not known. `history` is
    newest first. `sharpe` is per position, not by time. `unknown` names what could not be learned; `waiting_for` what
    is still being asked for, empty when nothing is.
    """

    address: str
    row: WalletRow | None = None
    note: str = ""
    waiting_for: str = ""
    pillars: tuple[Pillar, ...] = ()
    unshrunk_score: float | None = None
    confidence: float | None = None
    edge: float | None = None
    edge_low: float | None = None
    edge_high: float | None = None
    bets: float | None = None
    doubts: tuple[Doubt, ...] = ()
    categories: tuple[CategoryRow, ...] = ()
    chases: tuple[ChaseRow, ...] = ()
    positions: tuple[WalletPositionView, ...] = ()
    equity: tuple[tuple[int, float], ...] = ()
    profit_factor: float | None = None
    sharpe: float | None = None
    max_drawdown: float | None = None
    median_hold_s: float | None = None
    pnl_usdc: float | None = None
    volume_usdc: float | None = None
    copies: tuple[CopyResult, ...] = ()
    copies_missing: str = ""
    history: tuple[PastVerdictView, ...] = ()
    unknown: tuple[str, ...] = ()


class LookAtWallet(msgspec.Struct, frozen=True, tag="look_at_wallet"):
    """Put one wallet opened up into this client's snapshots from now on; an empty `address` ends it.

    `client` as in `LookAt`.
    """

    address: str
    client: int = 0


class SetWalletProfile(msgspec.Struct, frozen=True, tag="set_wallet_profile"):
    """Judge by other thresholds from now on; what is known is judged again without a question where that suffices."""

    profile: str


class NoteWallet(msgspec.Struct, frozen=True, tag="note_wallet"):
    """Keep something about a wallet on this machine; what is None stays as it is."""

    address: str
    alias: str | None = None
    tag: str | None = None
    note: str | None = None
    review: ReviewState | None = None
    followed: bool | None = None


class RestoreWallets(msgspec.Struct, frozen=True, tag="restore_wallets"):
    """Verdicts and notes as they were saved. An input of the engine's own; no client may send it.

    `trouble` says why they could not be read, empty when they were. `next_scan_ms` is when the next scheduled scan is
    due: 0 at once, None where that is not known.
    """

    state: bytes
    trouble: str = ""
    next_scan_ms: int | None = 0


class UseThresholds(msgspec.Struct, frozen=True, tag="use_thresholds"):
    """Judge by these from now on: what `SetWalletProfile` becomes once the profile is read. As `RestoreWallets`."""

    thresholds: WalletsSettings


class UseWalletRules(msgspec.Struct, frozen=True, tag="use_wallet_rules"):
    """Judge with these from now on: wallets everybody watches, and rules of the user's own. As `RestoreWallets`.

    `rules` are names with versions, for what they do is not on a tape. `notes` name rules and entries of the list that
    cannot be used; `trouble` says why the list cannot be read, empty when it can: without it no scan begins.
    """

    viral: tuple[str, ...] = ()
    rules: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    trouble: str = ""


class TidyWallets(msgspec.Struct, frozen=True, tag="tidy_wallets"):
    """The scan gives back what it can ask for again, for the program has grown too large. As `RestoreWallets`."""
