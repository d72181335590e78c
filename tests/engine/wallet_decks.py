"""An engine that scans wallets of the embedded venue, and somebody who looks at it; time is virtual."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from demo_scan import DemoVenue
from virtual_loop import VirtualLoop, run_virtual, sqlite_at_once

from app.config.locations import shipped
from app.config.settings import ScalperSettings, Settings
from app.config.whale_settings import WhalesSettings
from app.core.clock import Clock
from app.engine.engine import Engine
from app.engine.protocol import Snapshot, StartJob
from app.engine.protocol_wallets import WalletsView
from app.engine.tape_run import TapeRun
from app.engine.venue_run import RunFiles, VenueRun, live_source
from app.engine.wallet_events import WalletJudged
from app.feeds.tape.importers import open_recording

PROFILES = (shipped("configs") / "wallets",)


class Deck:
    """An engine on the embedded venue of wallets, and somebody who looks at it. There is no venue of markets."""

    def __init__(self, engine: Engine, run: VenueRun) -> None:
        self.engine, self.run = engine, run
        self._seen = 0

    async def until(self, holds: Callable[[Snapshot], bool], patience_s: float = 3_000.0) -> Snapshot:
        """The first snapshot of which `holds` says yes."""
        async with asyncio.timeout(patience_s):
            while True:
                fresh = await self.engine.next_snapshot(self._seen)
                assert fresh is not None
                self._seen, snapshot = fresh
                if holds(snapshot):
                    return snapshot

    async def until_judged(self, wallets: int) -> None:
        """Until so many verdicts were given, at that very input: virtual time stands still in a scan."""
        journal, reached = self.run.core.journal, asyncio.Event()
        self.run.core.bus.subscribe(
            WalletJudged, lambda _: reached.set() if journal.wallets_judged >= wallets else None
        )
        await reached.wait()

    async def scan(self, *addresses: str) -> WalletsView:
        """Scan these and wait for the end."""
        await self.until(is_ready)
        ok, said = await self.engine.command(StartJob("wallets", " ".join(addresses)))
        assert ok, said
        return wallets_of(await self.until(has_ended))


def wallets_of(snapshot: Snapshot) -> WalletsView:
    assert snapshot.wallets is not None
    return snapshot.wallets


def is_ready(snapshot: Snapshot) -> bool:
    return "being read" not in wallets_of(snapshot).waiting_for


def has_ended(snapshot: Snapshot) -> bool:
    scan = wallets_of(snapshot).scan
    return scan is not None and scan.state not in ("idle", "running")


@contextlib.asynccontextmanager
async def opened(
    demo: DemoVenue, clock: Clock, *, set_by_hand: AbstractSet[str] = frozenset(), **files: Any
) -> AsyncIterator[Deck]:
    nowhere = "http://127.0.0.1:9"
    hyperliquid = msgspec.structs.replace(
        demo.settings.hyperliquid,
        rest_url=nowhere,
        websocket_url="ws://127.0.0.1:9/ws",
    )
    settings = msgspec.structs.replace(
        demo.settings,
        hyperliquid=hyperliquid,
        scalper=ScalperSettings(enabled=False),
        whales=WhalesSettings(enabled=False),
    )
    used = RunFiles(profile_folders=PROFILES, **files)
    run = VenueRun(
        live_source(settings), settings, clock, used, set_by_hand=set_by_hand, generator=np.random.default_rng(1)
    )
    engine = Engine(run, clock, snapshot_hz=10)
    await engine.start()
    try:
        yield Deck(engine, run)
    finally:
        await engine.stop()


def virtual(main: Callable[[VirtualLoop], Any]) -> None:
    with sqlite_at_once():
        run_virtual(main)


async def replayed(path: Path, clock: Clock) -> TapeRun:
    run = TapeRun(open_recording(path), Settings(), clock, speed=None, hold=False)
    await run.start(lambda: None)
    await run.finished()
    await run.stop()
    return run
