"""Scanning wallets from Python: `scan_wallets`. The command, the engine and your own programs call the same code."""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from app.config.settings import PolymarketSettings, Settings
from app.config.wallet_settings import ScannerSettings
from app.core.clock import Clock, SystemClock
from app.core.text import SafeText
from app.feeds.polymarket.carrier import Carrier, CarrierSettings
from app.feeds.polymarket.limits import CALLS
from app.store.store import Store
from app.wallets.judging import Judging
from app.wallets.keeping import Shelf
from app.wallets.plans import plan_of
from app.wallets.rules import Rule, load_rules
from app.wallets.scan_report import ScanReport
from app.wallets.scanner import Caches, Memory, OnFinished, OnProgress, Scanner
from app.wallets.thresholds import Thresholds
from app.wallets.values import ViralWallets
from app.wallets.viral import read_viral, shipped_list

OnBegun = Callable[[Scanner], None]


class Judged(NamedTuple):
    """What wallets are judged by, and lines about rules and list entries that cannot be used."""

    judging: Judging
    notes: tuple[SafeText, ...]


class JudgedWith(NamedTuple):
    """The list of viral wallets and the rules of this machine, and lines about what of them cannot be used."""

    viral: ViralWallets
    rules: tuple[Rule, ...]
    notes: tuple[SafeText, ...]


def judged_with() -> JudgedWith:
    """The shipped list of viral wallets and all installed rules. Raises `ConfigError` when the list cannot be read."""
    viral = read_viral(shipped_list())
    rules, refused = load_rules()
    return JudgedWith(viral, rules, (*refused, *viral.refused))


def judging_of(thresholds: Thresholds) -> Judged:
    """These thresholds with what `judged_with` finds. Raises `ConfigError` as that does."""
    viral, rules, notes = judged_with()
    return Judged(Judging(thresholds, viral, rules), notes)


def carrier_settings(settings: PolymarketSettings) -> CarrierSettings:
    """What a carrier needs to reach the venue of the settings."""
    return CarrierSettings(
        data_url=settings.data_url,
        gamma_url=settings.gamma_url,
        request_timeout_s=settings.request_timeout_s,
        connections=settings.connections,
    )


async def scan_wallets(
    settings: Settings,
    sources: Sequence[str] = (),
    *,
    limit: int | None = None,
    store: Store | None = None,
    clock: Clock | None = None,
    memory: Memory | None = None,
    generator: np.random.Generator | None = None,
    calls: Mapping[str, int] = CALLS,
    on_begun: OnBegun | None = None,
    on_progress: OnProgress | None = None,
    on_finished: OnFinished | None = None,
) -> ScanReport:
    """Scan wallets and judge them; the report has every verdict.

    `sources` are words as after `tapedeck scan --from` (docs/wallets.md): `leaderboard` (also if none), `market`,
    `trades`, a market's id, an address, a file of addresses; `limit` caps the wallets, `scanner.limit` by default.
    With an open `store` verdicts are kept as they come and known wallets not asked for again. `on_begun` is given the
    scanner, whose `cancel()` ends the scan early. `calls` are those in ten seconds by group (`limits.CALLS`): the half,
    where another program asks from the same address.

    Raises `UsageError` for a word that names no source and `ConfigError` for a list that cannot be read. Nothing is
    raised for what the venue does: see `ScanReport.not_scored`, `troubles` and `stopped`.
    """
    clock = clock or SystemClock()
    plan = plan_of(sources, settings.scanner, limit)
    judging, notes = judging_of(settings.wallets)
    async with (
        _opened(store, settings, clock) as opened,
        _carrier(settings.polymarket, clock, generator, calls) as carrier,
    ):
        scanner = Scanner(
            plan, judging, carrier, *_memories(opened, judging, settings.scanner), clock,
            memory=memory, on_progress=on_progress, on_finished=on_finished,
        )  # fmt: skip
        if on_begun is not None:
            on_begun(scanner)
        return msgspec.structs.replace(await scanner.run(), notes=notes)


def _memories(store: Store, judging: Judging, settings: ScannerSettings) -> tuple[Shelf, Caches]:
    """What a scan remembers: in the database, and in memory."""
    caches = Caches(settings)
    return Shelf(store, caches.verdicts, judging.config_sha256, settings.holds_h), caches


@contextlib.asynccontextmanager
async def _opened(store: Store | None, settings: Settings, clock: Clock) -> AsyncIterator[Store]:
    """The caller's store, or one in memory."""
    if store is not None:
        yield store
        return
    own = Store(None, settings.store, clock)
    await own.open()
    try:
        yield own
    finally:
        await own.close()


@contextlib.asynccontextmanager
async def _carrier(
    settings: PolymarketSettings, clock: Clock, generator: np.random.Generator | None, calls: Mapping[str, int]
) -> AsyncIterator[Carrier]:
    carrier = Carrier(carrier_settings(settings), clock, generator or np.random.default_rng(), calls)
    try:
        yield carrier
    finally:
        await carrier.close()
