"""The state of wallets → what a deck is shown of them. Reads only."""

from typing import TYPE_CHECKING

from app.core.text import clean
from app.engine.protocol_wallets import ScanView, StageTime, WalletMetrics, WalletRow, WalletsView
from app.engine.wallet_run import WalletsOutside
from app.engine.wallet_targets import WalletTargets

if TYPE_CHECKING:
    from app.engine.scanning import Scanning

SLOW_MS = 100.0
MOST_TARGETS, FEWEST_TARGETS = 0.10, 0.02
ENOUGH_WALLETS = 100
"""Fewer judged wallets say nothing about the share of TARGETs."""


def wallets_view(wallets: WalletTargets, outside: WalletsOutside, now_ms: int) -> WalletsView:
    """Everything a deck shows of wallets."""
    rows = wallet_rows(wallets, now_ms)
    scanning = wallets.scanning
    return WalletsView(
        profile=clean(wallets.thresholds.profile, 32),
        profiles=tuple(clean(name, 32) for name in outside.profiles),
        rows=rows,
        known=len(wallets.book.entries),
        waiting_for="" if rows else _waiting_for(wallets),
        scan=None if scanning is None else _scan(wallets, scanning, outside),
        metrics=None if scanning is None else _metrics(wallets, scanning, outside, now_ms),
        scheduled_in_s=wallets.scheduled_in_s(now_ms),
    )


def wallet_rows(wallets: WalletTargets, now_ms: int) -> tuple[WalletRow, ...]:
    """The best wallets, best first. Made anew when the book has changed, or a minute has passed."""
    scan = 0 if wallets.scanning is None else wallets.scanning.number
    key = (wallets.book.version, scan, now_ms // 60_000)
    if wallets.shown_rows[0] != key:
        wallets.shown_rows = (key, tuple(wallets.book.row(entry, now_ms, scan) for entry in wallets.book.best()))
    return wallets.shown_rows[1]


def _waiting_for(wallets: WalletTargets) -> str:
    """Why there are no rows; no key is named: those are the deck's."""
    if wallets.runs:
        return "The first wallets are being looked at"
    if wallets.mode == "tape":
        return "No wallets on the tape yet"
    if not wallets.is_restored:
        return "What is stored of wallets is being read"
    if wallets.state == "failed":
        return wallets.message
    return "No wallet has been looked at yet"


def _scan(wallets: WalletTargets, scanning: "Scanning", outside: WalletsOutside) -> ScanView:
    progress = scanning.progress()
    tightest = outside.budgets[0] if outside.budgets else None
    judged = progress.finished - progress.not_scored
    return ScanView(
        state="running" if wallets.runs else wallets.state,
        since_ms=scanning.since_ms,
        ended_ms=wallets.ended_ms,
        seen=progress.finished,
        total=min(progress.found, progress.wanted),
        limit=progress.wanted,
        under_way=progress.under_way,
        unchanged=progress.unchanged,
        targets=progress.targets,
        watchlist=progress.watchlist,
        rejected=judged - progress.targets - progress.watchlist,
        not_scored=progress.not_scored,
        stages=scanning.stages(),
        unscored=tuple(scanning.unscored),
        troubles=scanning.troubles,
        calls=scanning.calls,
        waiting=scanning.waiting,
        budget_name="" if tightest is None else tightest.name,
        budget_used=None if tightest is None else tightest.used,
        budget_limit=None if tightest is None else tightest.limit,
        message=wallets.message,
        resumed=scanning.is_resumed,
        notes=scanning.notes,
    )


def _metrics(wallets: WalletTargets, scanning: "Scanning", outside: WalletsOutside, now_ms: int) -> WalletMetrics:
    progress = scanning.progress()
    is_measured = wallets.mode != "tape"
    judged = progress.finished - progress.not_scored
    share = progress.targets / judged if judged else None
    ms = sum(outside.work_ns) / 1e6 / progress.finished if progress.finished and is_measured else None
    memory_mb = outside.memory_bytes / 1e6 if outside.memory_bytes else None
    return WalletMetrics(
        wallets_per_minute=_per_minute(wallets, scanning, progress.finished, now_ms),
        ms_per_wallet=ms,
        stages=tuple(
            StageTime(
                stage.stage,
                stage.seen,
                stage.rejected,
                outside.work_ns[stage.stage] / 1e6 / stage.seen if stage.seen and is_measured else None,
            )
            for stage in scanning.stages()
        ),
        caches=outside.caches,
        budgets=outside.budgets,
        calls=scanning.calls,
        errors=scanning.errors,
        retries=outside.retries if is_measured else None,
        memory_mb=memory_mb,
        target_share=share,
        warnings=warnings_of(ms, memory_mb, wallets.memory_limit_mb, share if judged >= ENOUGH_WALLETS else None),
    )


def _per_minute(wallets: WalletTargets, scanning: "Scanning", finished: int, now_ms: int) -> float | None:
    """Wallets a minute since the first was begun; None before there is one."""
    first_ms = scanning.first_wallet_ms
    if first_ms is None:
        return None
    minutes = ((wallets.ended_ms or now_ms) - first_ms) / 60_000
    return finished / minutes if minutes > 0 else None


def warnings_of(
    ms_per_wallet: float | None, memory_mb: float | None, memory_limit_mb: int, target_share: float | None
) -> tuple[str, ...]:
    """What is wrong with a scan's figures, each with the setting to change; None is not known and no reason to warn."""
    checks = (
        (
            ms_per_wallet is not None and ms_per_wallet > SLOW_MS,
            f"{ms_per_wallet or 0:.0f} ms of own work a wallet, above {SLOW_MS:.0f}: lower scanner.position_pages",
        ),
        (
            memory_mb is not None and memory_mb > memory_limit_mb,
            f"{memory_mb or 0:.0f} MB of memory, above {memory_limit_mb}: lower scanner.cache_mb or "
            "scanner.max_concurrent, or raise scanner.memory_mb",
        ),
        (
            target_share is not None and target_share > MOST_TARGETS,
            f"{target_share or 0:.0%} of wallets are TARGETs, more than {MOST_TARGETS:.0%}: raise wallets.target_score",
        ),
        (
            target_share is not None and target_share < FEWEST_TARGETS,
            f"{target_share or 0:.1%} of wallets are TARGETs, fewer than {FEWEST_TARGETS:.0%}: "
            "lower wallets.target_score or widen scanner.windows",
        ),
    )
    return tuple(words for holds, words in checks if holds)
