"""The prediction markets' world: markets, wallets and what is kept of them, made when it is first asked for."""

import asyncio
import threading
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, ParamSpec, TypeVar

from app.core.allocation import trim_heap
from app.demo.prediction import draws
from app.demo.prediction.categories import DAY_S
from app.demo.prediction.history import Histories
from app.demo.prediction.index import Boards, Feed, Traders, boards, feed, traders
from app.demo.prediction.markets import Markets
from app.demo.prediction.names import Names, wallet_name
from app.demo.prediction.population import WALLETS, Population

BOARD_AGE_S = 600
_PROFILES = 2_048
_TURNOVER_USDC = 60_000.0
_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


class Profile(NamedTuple):
    """What everybody can see of a wallet besides its trades."""

    address: str
    name: str
    pseudonym: str
    x_username: str
    verified: bool


class World:
    """Everything behind the APIs. Histories are laid around the midnight before `start_s` (epoch seconds).

    So a venue that is started again on the same day goes on with the same markets and trades. `turnover_usdc` is what
    gamma calls a market's volume by its end: a number of its own, not the sum of the simulated trades.
    """

    def __init__(self, seed: int, start_s: int, wallets: int = WALLETS) -> None:
        self.seed = seed
        self.markets = Markets(seed, start_s // DAY_S * DAY_S)
        self.people = Population(seed, wallets)
        self.names = Names(self.markets)
        self.histories = Histories(self.markets, self.people)
        self.turnover_usdc = draws.log_normal(self.markets.keys, 80, _TURNOVER_USDC, 1.5)
        self.profile = lru_cache(maxsize=_PROFILES)(self._profile)

    def _profile(self, wallet: int) -> Profile:
        """Names of a wallet; a few are well known and have their sign."""
        address = self.people.address(wallet)
        name, pseudonym = wallet_name(int(self.people.keys[wallet]))
        known = bool(self.people.known[wallet])
        return Profile(address, name, pseudonym, f"x_{name}" if known and name else "", known)

    def transaction(self, key: int) -> str:
        """Hash of a transaction; its two sides have the same."""
        return "0x" + blake2b(key.to_bytes(8), digest_size=32, person=b"transaction").hexdigest()


class Worlds:
    """Makes the world, its leaderboards, its feed and who trades what in threads when they are first asked for.

    Boards that have become too old are given once more while new ones are made.
    """

    def __init__(self, seed: int, start_s: int, wallets: int) -> None:
        self._seed, self._start_s, self._wallets = seed, start_s, wallets
        self._world: asyncio.Task[World] | None = None
        self._boards: asyncio.Task[Boards] | None = None
        self._renewal: asyncio.Task[Boards] | None = None
        self._feed: asyncio.Task[Feed] | None = None
        self._traders: asyncio.Task[Traders] | None = None
        self._stop = threading.Event()

    async def world(self) -> World:
        """The world: a third of a second the first time."""
        if self._world is None:
            self._world = asyncio.create_task(asyncio.to_thread(_made, World, self._seed, self._start_s, self._wallets))
        return await asyncio.shield(self._world)

    async def boards(self, now_s: int) -> Boards:
        """Leaderboards of `now_s` or a little earlier: some seconds the first time."""
        world = await self.world()
        if self._boards is None:
            self._boards = self._make_boards(world, now_s)
        if self._renewal is not None and self._renewal.done():
            renewal, self._renewal = self._renewal, None
            # One that failed is told to who asks now; the boards there are stay.
            renewal.result()
            self._boards = renewal
        found = await asyncio.shield(self._boards)
        if self._renewal is None and now_s - found.as_of_s >= BOARD_AGE_S:
            self._renewal = self._make_boards(world, now_s)
        return found

    async def feed(self) -> Feed:
        """Everybody's trades by time: some seconds the first time."""
        world = await self.world()
        if self._feed is None:
            self._feed = asyncio.create_task(asyncio.to_thread(_made, feed, world.markets, world.people, self._stop))
        return await asyncio.shield(self._feed)

    async def traders(self) -> Traders:
        """Who trades what: two seconds the first time."""
        world = await self.world()
        if self._traders is None:
            self._traders = asyncio.create_task(
                asyncio.to_thread(_made, traders, world.markets, world.people, self._stop)
            )
        return await asyncio.shield(self._traders)

    async def close(self) -> None:
        """Let what is still being made end early, and wait for it."""
        self._stop.set()
        begun = [
            task for task in (self._world, self._boards, self._renewal, self._feed, self._traders) if task is not None
        ]
        await asyncio.gather(*begun, return_exceptions=True)

    def _make_boards(self, world: World, now_s: int) -> asyncio.Task[Boards]:
        return asyncio.create_task(asyncio.to_thread(_made, boards, world.markets, world.people, now_s, self._stop))


def _made(make: Callable[_Given, _Made], *given: _Given.args, **more: _Given.kwargs) -> _Made:
    """What `make` makes; what it worked with is given back to the system: it is more than what is kept."""
    made = make(*given, **more)
    trim_heap()
    return made
