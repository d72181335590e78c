"""The token APIs on loopback over launches whose life is known, with a clock that only moves when told to."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import aiohttp
import numpy as np

from app.core.clock import ManualClock
from app.demo.sockets import listen
from app.demo.tokens.launch import Launch, LaunchSource, Path
from app.demo.tokens.server import TokenVenue, serve

NOW_S = 1_790_232_236
HOLDERS = 40


class Known(NamedTuple):
    """A launch whose price climbs by a millionth of a dollar a minute, with one trade of ten dollars each way in each
    minute that is no multiple of seven; nothing is traded in one that is `dead`."""

    mint: str
    pool: str
    symbol: str
    dex: str
    created_s: int
    minutes: int = 600
    dead: bool = False

    def path(self) -> Path:
        """Its whole life."""
        minute = np.arange(self.minutes, dtype=np.float64)
        traded = np.where((minute % 7 > 0) & (not self.dead), 1.0, 0.0)
        close = 1e-6 * (1 + np.cumsum(traded))
        opened = np.concatenate([[1e-6], close[:-1]])
        return Path(
            opened, close, opened, close, 20 * traded, traded, traded, 5_000 + minute, np.minimum(1 + minute, HOLDERS)
        )


class KnownLaunches:
    """Given launches as a world."""

    def __init__(self, launches: list[Known]) -> None:
        self._launches = launches

    def launches(self, from_s: int, to_s: int) -> list[Launch]:
        """Those of this time."""
        return [launch for launch in self._launches if from_s <= launch.created_s < to_s]


def known(number: int, age_s: int, dex: str = "raydium", *, dead: bool = False) -> Known:
    """A launch of this age at `NOW_S`; addresses and symbol go with the number."""
    letters = "123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    tail = letters[number // len(letters)] + letters[number % len(letters)]
    return Known("M" * 40 + tail, "P" * 40 + tail, f"T{number}", dex, NOW_S - age_s, dead=dead)


class Client:
    """Asks the three APIs and decodes what they say."""

    def __init__(self, http: aiohttp.ClientSession, urls: tuple[str, str, str], clock: ManualClock) -> None:
        self._http, self._urls = http, urls
        self.clock = clock

    async def gecko(self, path: str, **query: Any) -> tuple[int, Any, Any]:
        """Status, decoded body and headers of GeckoTerminal."""
        return await self._get(self._urls[0] + "/networks/solana" + path, query, {})

    async def screener(self, path: str) -> tuple[int, Any, Any]:
        """The same of DexScreener."""
        return await self._get(self._urls[1] + path, {}, {})

    async def birdeye(self, path: str, key: str = "k", **query: Any) -> tuple[int, Any, Any]:
        """The same of Birdeye."""
        return await self._get(self._urls[2] + path, query, {"X-API-KEY": key, "x-chain": "solana"})

    async def raw(self, path: str, **query: Any) -> bytes:
        """A good answer of GeckoTerminal as it came."""
        async with self._http.get(self._urls[0] + "/networks/solana" + path, params=query) as response:
            assert response.status == 200
            return await response.read()

    async def _get(self, url: str, query: dict[str, Any], headers: dict[str, str]) -> tuple[int, Any, Any]:
        async with self._http.get(url, params=query, headers=headers) as response:
            return response.status, await response.json(), response.headers


@contextlib.asynccontextmanager
async def running(source: LaunchSource, *, limited: bool = False) -> AsyncIterator[Client]:
    """The three APIs; throttles are off unless asked for."""
    clock, sockets = ManualClock(wall_ns=NOW_S * 1_000_000_000), listen()
    venue = TokenVenue(source, seed=7, clock=clock, limited=limited)
    try:
        async with (
            serve(venue, sockets.gecko, sockets.screener, sockets.birdeye),
            aiohttp.ClientSession() as http,
        ):
            yield Client(http, (sockets.gecko_url, sockets.screener_url, sockets.birdeye_url), clock)
    finally:
        sockets.close()
