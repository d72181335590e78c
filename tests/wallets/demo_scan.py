"""The embedded venue in the test's own process, and scans of it."""

import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import numpy as np

from app.config.settings import Settings
from app.core.clock import Clock
from app.demo.prediction.population import WALLETS
from app.demo.prediction.server import PredictionVenue, serve
from app.wallets.api import scan_wallets
from app.wallets.scan_report import ScanReport

START_S = 1_790_000_000
"""A midnight and a little more: the venue's world is the same at each run."""


class DemoVenue:
    """A venue that serves, and settings that lead to it."""

    def __init__(self, venue: PredictionVenue, settings: Settings, clock: Clock) -> None:
        self.venue, self.settings, self.clock = venue, settings, clock

    async def addresses(self, count: int, kind: int | None = None) -> list[str]:
        """The first wallets, of one kind or any."""
        people = (await self.venue.world()).people
        numbers = np.arange(len(people.kind)) if kind is None else np.flatnonzero(people.kind == kind)
        return [people.address(int(number)) for number in numbers[:count]]

    async def scan(self, *words: str, **options: Any) -> ScanReport:
        """A scan of this venue."""
        generator = np.random.default_rng(1)
        return await scan_wallets(self.settings, words, clock=self.clock, generator=generator, **options)


@contextlib.asynccontextmanager
async def demo_venue(
    clock: Clock, *, seed: int = 7, limited: bool = False, settings: Settings | None = None, wallets: int = WALLETS
) -> AsyncIterator[DemoVenue]:
    """A venue on loopback that begins at `clock`'s wall time. Leaderboards of fewer `wallets` are made in less time."""
    start_s = clock.wall_ns() // 1_000_000_000
    venue = PredictionVenue(seed=seed, start_s=start_s, clock=clock, limited=limited, wallets=wallets)
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    for each in listening:
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data_url, gamma_url = (f"http://127.0.0.1:{each.getsockname()[1]}" for each in listening)
    settings = settings or Settings()
    polymarket = msgspec.structs.replace(settings.polymarket, data_url=data_url, gamma_url=gamma_url)
    async with serve(venue, listening[0], listening[1]):
        yield DemoVenue(venue, msgspec.structs.replace(settings, polymarket=polymarket), clock)
