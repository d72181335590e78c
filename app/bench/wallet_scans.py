"""What a scan costs of our own work: decoding, measuring and judging by stage, and wallets that did nothing since.

The embedded venue answers in this process, without limits and over real sockets; the wait for it is not counted.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import msgspec
import numpy as np

from app.config.settings import Settings
from app.core.clock import SystemClock
from app.demo.prediction.server import PredictionVenue, serve
from app.store.store import Store
from app.wallets.api import scan_wallets
from app.wallets.scan_report import ScanReport

WALLETS = 400
_SEED = 7


def scan_figures(wallets: int = WALLETS) -> dict[str, float]:
    """Milliseconds of our own work: a wallet on average, a wallet at each stage, and one that is kept or is new."""
    first, second = asyncio.run(_two_scans(wallets))
    stages = {f"stage_{stage.stage}_ms": stage.ms for stage in first.stages}
    return {
        "avg_ms_per_wallet": first.average_ms,
        **stages,
        "cache_hit_ms": second.average_ms,
        "cache_miss_ms": first.average_ms,
    }


async def _two_scans(wallets: int) -> tuple[ScanReport, ScanReport]:
    """A scan of wallets nobody knows, and the same again from the same store."""
    clock = SystemClock()
    async with _venue(clock) as settings:
        store = Store(None, settings.store, clock)
        await store.open()
        try:
            first = await scan_wallets(settings, limit=wallets, store=store, generator=_generator())
            await store.flush()
            second = await scan_wallets(settings, limit=wallets, store=store, generator=_generator())
        finally:
            await store.close()
    return first, second


def _generator() -> np.random.Generator:
    return np.random.default_rng(_SEED)


@contextlib.asynccontextmanager
async def _venue(clock: SystemClock) -> AsyncIterator[Settings]:
    venue = PredictionVenue(seed=_SEED, start_s=clock.wall_ns() // 1_000_000_000, clock=clock, limited=False)
    data, gamma = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    settings = Settings()
    urls = [f"http://127.0.0.1:{each.getsockname()[1]}" for each in (data, gamma)]
    polymarket = msgspec.structs.replace(settings.polymarket, data_url=urls[0], gamma_url=urls[1])
    async with serve(venue, data, gamma):
        yield msgspec.structs.replace(settings, polymarket=polymarket)
