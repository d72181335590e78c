"""The three token APIs on their sockets: routing, throttles, refusals in each venue's own form."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import numpy as np
from aiohttp import web

from app.core.clock import Clock
from app.demo.tokens import birdeye_api, gecko_api, screener_api
from app.demo.tokens.allowance import BurstAllowance, Cached, birdeye_budget, screener_budgets
from app.demo.tokens.answers import Told
from app.demo.tokens.launch import LaunchSource
from app.demo.tokens.world import TokenWorld

LONGEST_LINE = 32_768
CLOSING_S = 0.2
_GECKO = "/api/v2/networks/solana"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Asked = Callable[[web.Request, TokenWorld, int], Told]


class TokenVenue:
    """Three APIs over one world of launches, which moves with the clock.

    Nothing is made before the first question. `limited=False` switches the throttles off.
    """

    def __init__(self, source: LaunchSource, *, seed: int, clock: Clock, limited: bool = True) -> None:
        self._clock = clock
        self._limited = limited
        self._world = TokenWorld(source, self._now_s())
        self._making = asyncio.Lock()
        self._burst, self._cached = BurstAllowance(np.random.default_rng(seed)), Cached()
        self._screener, self._birdeye = screener_budgets(), birdeye_budget()

    def gecko_application(self) -> web.Application:
        """GeckoTerminal."""
        answers = {
            f"{_GECKO}/new_pools": _of_query(gecko_api.new_pools),
            f"{_GECKO}/pools/{{pool}}/ohlcv/{{frame}}": _gecko_candles,
            f"{_GECKO}/tokens/{{mint}}/info": _of_part("mint", gecko_api.token_info),
        }
        return _application({path: self._gecko(answer) for path, answer in answers.items()})

    def screener_application(self) -> web.Application:
        """DexScreener."""
        answers = {
            "/tokens/v1/{chain}/{mints}": _screener_tokens,
            "/token-pairs/v1/{chain}/{mints}": _screener_tokens,
            "/latest/dex/tokens/{mints}": _of_part("mints", screener_api.wrapped),
            "/latest/dex/pairs/{chain}/{pools}": _screener_pairs,
        }
        handlers = {path: self._screened("pairs", answer) for path, answer in answers.items()}
        return _application({**handlers, "/token-profiles/latest/v1": self._screened("profiles", _screener_profiles)})

    def birdeye_application(self) -> web.Application:
        """Birdeye."""
        answers = {
            "/defi/token_overview": birdeye_api.overview,
            "/defi/v3/ohlcv": birdeye_api.candles,
            "/defi/v2/tokens/new_listing": birdeye_api.new_listing,
            "/defi/v3/token/holder": birdeye_api.holders,
        }
        return _application({path: self._keyed(_of_query(answer)) for path, answer in answers.items()})

    def _gecko(self, answer: Asked) -> Handler:
        """Answers of a minute are given again, others count against a burst; a refusal says to try again at once."""

        async def handle(request: web.Request) -> web.Response:
            """The kept answer, a refusal, or a new answer, which is kept."""
            address, now_ms = request.path_qs, self._now_ms()
            kept = self._cached.get(address, now_ms)
            if kept is not None:
                return _response(Told(200, kept))
            if self._limited and not self._burst.take(now_ms):
                response = _response(gecko_api.too_many())
                response.headers["retry-after"] = "0"
                return response
            told = await self._answer(answer, request)
            if told.status == 200:
                self._cached.put(address, told.body, now_ms)
            return _response(told)

        return handle

    def _screened(self, budget: str, answer: Asked) -> Handler:
        """Each answer is taken off one of two budgets."""

        async def handle(request: web.Request) -> web.Response:
            if self._limited and not self._screener[budget].spend(1, self._now_ms()):
                return _response(screener_api.too_many())
            return _response(await self._answer(answer, request))

        return handle

    def _keyed(self, answer: Asked) -> Handler:
        """Answers those who show a key and ask about Solana, within a budget."""

        async def handle(request: web.Request) -> web.Response:
            if not request.headers.get("X-API-KEY", "").strip():
                return _response(birdeye_api.refusal(401, "Unauthorized"))
            if request.headers.get("x-chain", "solana") != "solana":
                return _response(birdeye_api.refusal(400, "chain is not supported"))
            if self._limited and not self._birdeye.spend(1, self._now_ms()):
                return _response(birdeye_api.refusal(429, "Too many requests"))
            return _response(await self._answer(answer, request))

        return handle

    async def _answer(self, answer: Asked, request: web.Request) -> Told:
        """Made in a thread, one at a time: lives of launches take a while, and the markets go on beside them."""
        async with self._making:
            return await asyncio.to_thread(answer, request, self._world, self._now_s())

    def _now_s(self) -> int:
        return self._clock.wall_ns() // 1_000_000_000

    def _now_ms(self) -> int:
        return self._clock.monotonic_ns() // 1_000_000


@contextlib.asynccontextmanager
async def serve(
    venue: TokenVenue, gecko: socket.socket, screener: socket.socket, birdeye: socket.socket
) -> AsyncIterator[None]:
    """Serve the three APIs on listening sockets while the context lasts."""
    served = (
        (venue.gecko_application(), gecko),
        (venue.screener_application(), screener),
        (venue.birdeye_application(), birdeye),
    )
    async with contextlib.AsyncExitStack() as stack:
        for application, listening in served:
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=CLOSING_S, max_line_size=LONGEST_LINE)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, listening).start()
        yield


def _application(handlers: dict[str, Handler]) -> web.Application:
    application = web.Application()
    for path, handler in handlers.items():
        application.router.add_get(path, handler)
    return application


def _of_query(answer: Callable[[TokenWorld, Mapping[str, str], int], Told]) -> Asked:
    return lambda request, world, now_s: answer(world, request.query, now_s)


def _of_part(name: str, answer: Callable[[TokenWorld, str, int], Told]) -> Asked:
    return lambda request, world, now_s: answer(world, request.match_info[name], now_s)


def _gecko_candles(request: web.Request, world: TokenWorld, now_s: int) -> Told:
    asked = request.match_info
    return gecko_api.candles(world, asked["pool"], asked["frame"], request.query, now_s)


def _screener_tokens(request: web.Request, world: TokenWorld, now_s: int) -> Told:
    return screener_api.tokens(world, request.match_info["chain"], request.match_info["mints"], now_s)


def _screener_pairs(request: web.Request, world: TokenWorld, now_s: int) -> Told:
    return screener_api.pairs(world, request.match_info["chain"], request.match_info["pools"], now_s)


def _screener_profiles(_request: web.Request, world: TokenWorld, now_s: int) -> Told:
    return screener_api.profiles(world, now_s)


def _response(told: Told) -> web.Response:
    return web.Response(status=told.status, body=told.body, content_type="application/json")
