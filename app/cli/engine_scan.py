"""A scan by the engine that runs here on the same data: it alone writes the database and has the venue's limits."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.output import say
from app.core.errors import TapedeckError, VenueError
from app.core.text import SafeText, clean
from app.engine.link import EngineLink
from app.engine.protocol import CancelJob, StartJob
from app.wallets.funnel import not_scored
from app.wallets.plans import spelled_out
from app.wallets.scan_report import ScanReport, StageReport
from app.wallets.scan_values import ScanProgress, StageCount
from app.wallets.sources import SourceTrouble
from app.wallets.stored import read_verdict
from app.wallets.values import WalletVerdict, best_first

if TYPE_CHECKING:
    from app.engine.protocol import Snapshot
    from app.engine.protocol_wallets import ScanView, StageView, WalletsView

OnProgress = Callable[[ScanProgress], None]
_SAVED_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.25
_NOT_ALL = "verdicts are not in the database: the engine does not save them; its deck shows them"


async def scan_in_engine(
    link: EngineLink,
    words: Sequence[str],
    database: Path,
    interrupted: asyncio.Event,
    on_progress: OnProgress,
    *,
    quiet: bool = False,
) -> ScanReport:
    """Have the engine scan what `words` name, and wait for the end; an interrupt cancels the scan.

    The verdicts are read from `database`, which the engine writes. Calls by limit, caches and what tries were made are
    the engine's and not told apart by scan: they stand on its deck. Raises `UsageError` for words that name nothing,
    `TapedeckError` when the engine does not scan now, `VenueError` when it ends, `DataError` for a broken database.
    """
    spelled = spelled_out(words)
    for entry in spelled.refused[:20]:
        say(f"{clean(entry, 48)!r} is not a wallet's address; left out", quiet=quiet)
    before = _since_ms(await link.snapshot())
    result = await link.send(StartJob("wallets", " ".join(spelled.words)))
    if not result.ok:
        raise TapedeckError(f"the engine that runs here does not scan: {result.message}")
    wallets, scan = await _until_over(link, before, interrupted, on_progress)
    verdicts, new = await _verdicts(database, wallets, scan)
    return _report(wallets, scan, verdicts, new, len(spelled.refused))


async def _until_over(
    link: EngineLink, before: int | None, interrupted: asyncio.Event, on_progress: OnProgress
) -> "tuple[WalletsView, ScanView]":
    """The end of the scan that began after the one at `before`, which an older snapshot may show still."""
    cancelling = asyncio.ensure_future(_cancel(link, interrupted))
    try:
        while (snapshot := await link.snapshot()) is not None:
            wallets = snapshot.wallets
            scan = None if wallets is None else wallets.scan
            if wallets is None or scan is None or scan.since_ms == before:
                continue
            on_progress(_progress(scan))
            if scan.state != "running":
                return wallets, scan
    finally:
        cancelling.cancel()
    raise VenueError("the engine that ran here has ended; scan again")


def _since_ms(snapshot: "Snapshot | None") -> int | None:
    """When the newest scan began."""
    wallets = None if snapshot is None else snapshot.wallets
    return None if wallets is None or wallets.scan is None else wallets.scan.since_ms


async def _cancel(link: EngineLink, interrupted: asyncio.Event) -> None:
    await interrupted.wait()
    await link.send(CancelJob("wallets"))


async def _verdicts(database: Path, wallets: "WalletsView", scan: "ScanView") -> tuple[list[WalletVerdict], int]:
    """The newest verdicts on the wallets of the scan, best first, and how many of them are new ones.

    It waits for those that are on their way to the disk. Of wallets that kept the verdict they had only those that the
    engine shows are known.
    """
    from app.store.reader import open_reader
    from app.store.schema import WALLET_VERDICTS
    from app.store.table import Condition

    wanted = scan.seen - scan.not_scored - scan.unchanged
    async with open_reader(database) as reader:
        for _ in range(round(_SAVED_WITHIN_S / _LOOK_EVERY_S)):
            rows = await reader.select(
                WALLET_VERDICTS, (Condition("at_ms", ">=", scan.since_ms),), limit=max(1, scan.seen)
            )
            if len(rows) >= wanted:
                break
            await asyncio.sleep(_LOOK_EVERY_S)
        new = {row.wallet for row in rows}
        for each in wallets.rows:
            if each.found_now and each.address not in new:
                rows += await reader.select(WALLET_VERDICTS, (Condition("wallet", "=", each.address),), limit=1)
    found = [read_verdict(row) for row in rows]
    found.sort(key=best_first)
    return found, len(new)


def _report(
    wallets: "WalletsView", scan: "ScanView", verdicts: list[WalletVerdict], new: int, refused: int
) -> ScanReport:
    metrics = wallets.metrics
    judged = scan.seen - scan.not_scored
    missing = max(0, judged - scan.unchanged - new)
    took_s = max(0, (scan.ended_ms or scan.since_ms) - scan.since_ms) / 1_000
    notes = tuple(clean(note, 200) for note in scan.notes)
    if refused:
        notes = (*notes, clean(f"{refused} entries of the list are no addresses and were left out"))
    return ScanReport(
        wallets=scan.seen,
        wallets_per_minute=round((metrics.wallets_per_minute if metrics else None) or 0.0, 1),
        elapsed_s=took_s,
        calls=scan.calls,
        calls_allowed_pct=0.0,
        tightest="",
        limits=(),
        stages=tuple(_stage(stage, wallets) for stage in scan.stages),
        unchanged=scan.unchanged,
        resumed=scan.resumed,
        targets=scan.targets,
        watchlist=scan.watchlist,
        verdicts=tuple(verdicts),
        not_scored=tuple(
            not_scored(each.address, each.reason, each.stage, scan.since_ms // 1_000, wallets.profile)
            for each in scan.unscored
        ),
        origins={row.address: row.origin for row in wallets.rows if row.found_now},
        troubles=tuple(_trouble(text) for text in scan.troubles),
        retries=(metrics.retries if metrics else None) or 0,
        failures=metrics.errors if metrics else 0,
        caches={},
        average_ms=round((metrics.ms_per_wallet if metrics else None) or 0.0, 4),
        stopped=clean(scan.message, 200) if scan.state in ("failed", "cancelled") else SafeText(""),
        unsaved=clean(f"{missing} {_NOT_ALL}") if missing > 0 else SafeText(""),
        notes=notes,
        unlisted=max(0, judged - missing - len(verdicts)),
    )


def _stage(stage: "StageView", wallets: "WalletsView") -> StageReport:
    times = wallets.metrics.stages if wallets.metrics is not None else ()
    ms = next((each.ms for each in times if each.stage == stage.stage), None)
    return StageReport(stage.stage, stage.seen, stage.rejected, stage.not_scored, round(ms or 0.0, 4))


def _trouble(text: str) -> SourceTrouble:
    name, _, reason = text.partition(": ")
    return SourceTrouble(name, clean(reason, 200))


def _progress(scan: "ScanView") -> ScanProgress:
    counts = [StageCount(stage.seen, stage.rejected, stage.not_scored) for stage in scan.stages]
    first, second, third = [*counts, *(StageCount() for _ in range(3 - len(counts)))]
    return ScanProgress(
        wanted=scan.limit,
        found=scan.total,
        finished=scan.seen,
        unchanged=scan.unchanged,
        under_way=scan.under_way,
        targets=scan.targets,
        watchlist=scan.watchlist,
        not_scored=scan.not_scored,
        stages=(first, second, third),
        is_over=scan.state != "running",
        is_cancelled=scan.state == "cancelled",
    )
