"""A prediction venue on loopback with a clock that only moves when told to, and a client for it."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from app.core.clock import ManualClock
from app.demo.prediction.server import PredictionVenue, serve
from app.demo.prediction.world import World
from app.demo.sockets import listen

START_S = 1_790_232_236
WALLETS = 300
NOBODY = "0x" + "0" * 40


class Client:
    """Asks both APIs and decodes what they say."""

    def __init__(self, http: aiohttp.ClientSession, world: World, clock: ManualClock, urls: tuple[str, str]) -> None:
        self._http = http
        self._urls = urls
        self.world = world
        self.clock = clock

    async def ask(self, path: str, **parameters: Any) -> tuple[int, Any, Any]:
        """Status, decoded body and headers of the data API."""
        return await self._get(self._urls[0] + path, parameters)

    async def gamma(self, path: str, **parameters: Any) -> tuple[int, Any, Any]:
        """Status, decoded body and headers of gamma."""
        return await self._get(self._urls[1] + path, parameters)

    async def data(self, path: str, **parameters: Any) -> Any:
        """What is in the envelope of an answer that must be good."""
        status, body, _ = await self.ask(path, **parameters)
        assert status == 200, body
        return body["data"]

    async def pages(self, path: str, **parameters: Any) -> list[Any]:
        """All rows of all pages."""
        rows: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            status, body, _ = await self.ask(path, **parameters, **cursor)
            assert status == 200, body
            rows += body["data"]
            assert body["pagination"]["has_more"] == bool(body["pagination"]["next_cursor"])
            if not body["pagination"]["has_more"]:
                return rows
            assert body["data"]
            cursor = {"cursor": body["pagination"]["next_cursor"]}

    async def post(self, path: str) -> tuple[int, Any]:
        """A request with the wrong method."""
        async with self._http.post(self._urls[0] + path) as response:
            return response.status, json.loads(await response.read())

    async def _get(self, url: str, parameters: dict[str, Any]) -> tuple[int, Any, Any]:
        async with self._http.get(url, params=parameters) as response:
            return response.status, json.loads(await response.read()), response.headers


@contextlib.asynccontextmanager
async def running(*, limited: bool = False, wallets: int = WALLETS) -> AsyncIterator[Client]:
    """A venue of few wallets; limits are off unless asked for."""
    clock, sockets = ManualClock(), listen()
    venue = PredictionVenue(seed=7, start_s=START_S, clock=clock, limited=limited, wallets=wallets)
    try:
        async with serve(venue, sockets.prediction, sockets.gamma), aiohttp.ClientSession() as http:
            yield Client(http, await venue.world(), clock, (sockets.prediction_url, sockets.gamma_url))
    finally:
        sockets.close()


def busy(world: World, number: int = 0) -> str:
    """The address of a wallet with a long past."""
    histories = world.histories.several(list(range(100)))
    ranked = sorted(histories, key=lambda history: -int((history.legs.time_s < START_S).sum()))
    return world.people.address(ranked[number].wallet)
