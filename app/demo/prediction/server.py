"""The prediction APIs on their sockets: routing, limits, envelopes of errors."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from hashlib import blake2b
from typing import TypeVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware

from app.core.clock import Clock
from app.demo.prediction import crowd_api, data_api, gamma_api, wire
from app.demo.prediction.allowance import DATA_RULES, GAMMA_RULES, Allowance
from app.demo.prediction.index import Traders
from app.demo.prediction.population import WALLETS
from app.demo.prediction.questions import Question, Refusal
from app.demo.prediction.world import World, Worlds

LONGEST_LINE = 32_768
LONGEST_WAIT_S = 8.0
CLOSING_S = 0.2

Simple = Callable[[World, Question, int], bytes]
OfMarket = Callable[[World, Traders, Question, int], bytes]
Made = TypeVar("Made")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PredictionVenue:
    """Both APIs over one world that begins at `start_s` (epoch seconds) and moves with the clock.

    Nothing is made before the first question. `limited=False` switches the rate limits off; fewer `wallets` (an even
    number) make a smaller world.
    """

    def __init__(self, *, seed: int, start_s: int, clock: Clock, limited: bool = True, wallets: int = WALLETS) -> None:
        self._seed, self._start_s, self._clock = seed, start_s, clock
        self._began_ms = self._now_ms()
        self._worlds = Worlds(seed, start_s, wallets)
        self._data_limits = Allowance(DATA_RULES if limited else ())
        self._gamma_limits = Allowance(GAMMA_RULES if limited else ())
        self._asked = 0

    async def world(self) -> World:
        """The world, for tests that know the truth."""
        return await self._worlds.world()

    def now_s(self) -> int:
        """The venue's time in epoch seconds."""
        return self._start_s + (self._now_ms() - self._began_ms) // 1_000

    async def close(self) -> None:
        """Wait for what is still being made."""
        await self._worlds.close()

    def data_application(self) -> web.Application:
        """The data API v2."""
        handlers = {
            "/v2/user-stats": self._simple(data_api.user_stats),
            "/v2/user-pnl": self._simple(data_api.user_pnl),
            "/v2/user-volume": self._simple(data_api.user_volume),
            "/v2/value": self._simple(data_api.value),
            "/v2/activity": self._simple(data_api.activity),
            "/v2/leaderboard": self._leaderboard,
            "/v2/holders": self._holders,
            "/v2/trades": self._trades,
            "/v2/positions": self._positions,
            "/v2/status": self._status,
        }
        return self._application(self._data_limits, handlers)

    def gamma_application(self) -> web.Application:
        """Gamma."""
        handlers = {
            "/markets/keyset": self._simple(gamma_api.markets_keyset),
            "/events/keyset": self._simple(gamma_api.events_keyset),
            "/events": self._simple(gamma_api.events),
            "/tags": self._simple(gamma_api.tags),
            "/markets": self._markets,
            "/markets/{id}": self._one(gamma_api.one_market, whole=True),
            "/markets/{id}/tags": self._one(gamma_api.one_market, whole=False),
            "/events/{id}": self._one(gamma_api.one_event, whole=True),
            "/events/{id}/tags": self._one(gamma_api.one_event, whole=False),
        }
        return self._application(self._gamma_limits, handlers)

    def _application(self, limits: Allowance, handlers: Mapping[str, Handler]) -> web.Application:
        """An API of these handlers by route, all within its limits."""
        application = web.Application(middlewares=[self._middleware(limits)])
        for path, handler in handlers.items():
            application.router.add_get(path, handler)
        return application

    def _middleware(self, limits: Allowance) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            """An answer within the limits, or the refusal in the venue's words; each with a trace id of its own."""
            self._asked += 1
            trace_id = blake2b(b"%d %d" % (self._seed, self._asked), digest_size=16).hexdigest()
            try:
                limits.take(request.path, self._now_ms())
                response = await handler(request)
            except Refusal as refusal:
                response = _refused(refusal, trace_id)
            except web.HTTPMethodNotAllowed:
                response = _refused(Refusal(405, "method_not_allowed", "only GET is known here"), trace_id)
            except web.HTTPNotFound:
                response = _refused(Refusal(404, "not_found", "no such route"), trace_id)
            response.headers["x-trace-id"] = trace_id
            return response

        return guard

    def _simple(self, answer: Simple) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            question, now_s = self._question(request), self.now_s()
            return _json(answer(await self._worlds.world(), question, now_s))

        return handle

    async def _leaderboard(self, request: web.Request) -> web.Response:
        question, now_s, world = self._question(request), self.now_s(), await self._worlds.world()
        boards = await _in_time(self._worlds.boards(now_s))
        return _json(await asyncio.to_thread(crowd_api.leaderboard, world, boards, question, now_s))

    async def _holders(self, request: web.Request) -> web.Response:
        return await self._of_market(crowd_api.holders, self._question(request))

    async def _of_market(self, answer: OfMarket, question: Question) -> web.Response:
        now_s, world = self.now_s(), await self._worlds.world()
        traders = await _in_time(self._worlds.traders())
        return _json(await asyncio.to_thread(answer, world, traders, question, now_s))

    async def _feed(self, question: Question) -> web.Response:
        now_s, world = self.now_s(), await self._worlds.world()
        feed = await _in_time(self._worlds.feed())
        return _json(await asyncio.to_thread(crowd_api.feed, world, feed, question, now_s))

    async def _trades(self, request: web.Request) -> web.Response:
        question = self._question(request)
        if question.text("user"):
            return _json(data_api.wallet_trades(await self._worlds.world(), question, self.now_s()))
        if question.several("condition", "condition_id"):
            return await self._of_market(crowd_api.market_trades, question)
        return await self._feed(question)

    async def _positions(self, request: web.Request) -> web.Response:
        question = self._question(request)
        if question.text("user") or not question.several("condition", "condition_id"):
            return _json(data_api.wallet_positions(await self._worlds.world(), question, self.now_s()))
        return await self._of_market(crowd_api.market_positions, question)

    async def _status(self, _request: web.Request) -> web.Response:
        return _json(data_api.data({"status": "ok", "timestamp": self.now_s()}))

    async def _markets(self, request: web.Request) -> web.Response:
        answer = gamma_api.markets(await self._worlds.world(), self._question(request), self.now_s())
        response = _json(answer)
        response.headers["deprecation"] = "true"
        response.headers["sunset"] = "Fri, 01 May 2026"
        response.headers["warning"] = '299 - "use /markets/keyset"'
        return response

    def _one(self, find: Callable[[World, str, int], gamma_api.Object | None], *, whole: bool) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            found = find(await self._worlds.world(), request.match_info["id"], self.now_s())
            if found is None:
                raise Refusal(404, "not_found", "id not found")
            return _json(msgspec.json.encode(found if whole else gamma_api.tags_of(found)))

        return handle

    def _question(self, request: web.Request) -> Question:
        values: dict[str, list[str]] = {}
        for name, text in request.query.items():
            values.setdefault(name, []).append(text)
        return Question(values, self._seed)

    def _now_ms(self) -> int:
        return self._clock.monotonic_ns() // 1_000_000


@contextlib.asynccontextmanager
async def serve(venue: PredictionVenue, data: socket.socket, gamma: socket.socket) -> AsyncIterator[None]:
    """Serve both APIs on listening sockets while the context lasts."""
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(venue.close)
        for application, listening in ((venue.data_application(), data), (venue.gamma_application(), gamma)):
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=CLOSING_S, max_line_size=LONGEST_LINE)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, listening).start()
        yield


async def _in_time(made: Awaitable[Made]) -> Made:
    """What is being made; while that takes long the venue says so instead of letting everybody wait."""
    try:
        async with asyncio.timeout(LONGEST_WAIT_S):
            return await made
    except TimeoutError as error:
        raise Refusal(503, "dependency_unavailable", "still being made", wait_s=2) from error


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


def _refused(refusal: Refusal, trace_id: str) -> web.Response:
    body = wire.Error(refusal.text, refusal.code, refusal.status in (429, 500, 503), trace_id, refusal.parameter)
    response = web.Response(status=refusal.status, body=msgspec.json.encode(body), content_type="application/json")
    if refusal.wait_s:
        response.headers["Retry-After"] = str(refusal.wait_s)
    return response
