"""The venue on its sockets: WebSocket and POST /info on loopback, paced by a clock."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus

from aiohttp import web
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from app.core.clock import Clock, SystemClock
from app.demo.leaderboard import FULL_ROWS, MOST_ROWS, USUAL_ROWS
from app.demo.session import Session
from app.demo.sockets import Sockets, listen
from app.demo.venue import Venue

BEAT_S = 0.05
MOST_AT_ONCE_MS = 2_000
LARGEST_FRAME = 65_536
LARGEST_BODY = 65_536
CLOSING_S = 0.2


class Server:
    """A venue that moves with a clock: what the socket handlers share."""

    def __init__(
        self, venue: Venue, clock: Clock, sockets: Sockets, leaderboard_rows: int, refuse_leaderboard: int
    ) -> None:
        self._venue = venue
        self._clock = clock
        self._leaderboard_rows, self._refusals = leaderboard_rows, refuse_leaderboard
        self._began_ms = self._now_ms()
        self._clients: dict[Session, tuple[ServerConnection, asyncio.Event]] = {}
        self.websocket_url = sockets.websocket_url
        self.rest_url = sockets.rest_url

    def tick(self) -> None:
        """Bring the market to the clock's time, at most two seconds at once, and wake whoever has something to send."""
        market, now_ms = self._venue.market, self._now_ms()
        due_ms = market.start_ms + now_ms - self._began_ms
        self._venue.advance(min(due_ms, market.now_ms + MOST_AT_ONCE_MS))
        for session, (connection, wake) in list(self._clients.items()):
            session.check_idle(now_ms)
            if session.cut:
                connection.transport.abort()
            elif session.pending():
                wake.set()

    async def pace(self, stop: asyncio.Event) -> None:
        """Tick 20 times a second until `stop` is set."""
        while not stop.is_set():
            self.tick()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), BEAT_S)

    def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse a handshake on another path, or when the venue takes no more connections."""
        if request.path.partition("?")[0] != "/ws":
            return connection.respond(HTTPStatus.NOT_FOUND, "streams are at /ws\n")
        if not self._venue.accepts(self._now_ms()):
            return connection.respond(HTTPStatus.TOO_MANY_REQUESTS, "too many connections\n")
        return None

    async def handle(self, connection: ServerConnection) -> None:
        """Serve one WebSocket client until it leaves or is cut."""
        session = self._venue.connect(self._now_ms())
        if session is None:
            connection.transport.abort()
            return
        wake = asyncio.Event()
        self._clients[session] = connection, wake
        sender = asyncio.create_task(self._send(connection, session, wake))
        try:
            await self._receive(connection, session, wake)
        finally:
            del self._clients[session]
            self._venue.disconnect(session)
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sender

    async def _receive(self, connection: ServerConnection, session: Session, wake: asyncio.Event) -> None:
        # An unclean end is an end like any other to a venue.
        with contextlib.suppress(ConnectionClosed):
            async for message in connection:
                session.receive(message.encode() if isinstance(message, str) else message, self._now_ms())
                if session.cut:
                    connection.transport.abort()
                wake.set()

    async def _send(self, connection: ServerConnection, session: Session, wake: asyncio.Event) -> None:
        """Send the outbox as it fills. Who stops reading holds only this task up, until `tick` cuts the session."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await wake.wait()
                wake.clear()
                while session.pending():
                    await connection.send(session.take(self._now_ms()), text=True)

    async def info(self, request: web.Request) -> web.Response:
        """Answer POST /info."""
        reply = self._venue.request(await request.read(), self._now_ms())
        kind = "application/json" if reply.status == HTTPStatus.OK else "text/plain"
        return web.Response(status=reply.status, body=reply.body, content_type=kind)

    async def leaderboard(self, request: web.Request) -> web.StreamResponse:
        """Answer GET /Mainnet/leaderboard, a piece at a time; `?rows=N` or `?rows=full` for another size.

        The first of them are refused with HTTP 403 where that is wanted, as the real one does at times.
        """
        if self._refusals > 0:
            self._refusals -= 1
            return web.Response(status=HTTPStatus.FORBIDDEN, text="Forbidden\n")
        asked = request.query.get("rows", str(self._leaderboard_rows))
        rows = FULL_ROWS if asked == "full" else int(asked) if asked.isascii() and asked.isdecimal() else -1
        if not 0 <= rows <= MOST_ROWS:
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=f"rows must be 0 to {MOST_ROWS} or full\n")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for piece in self._venue.leaderboard(rows):
            await response.write(piece)
            # A fast client never makes `write` wait: the market and everybody else get their turn here.
            await asyncio.sleep(0)
        await response.write_eof()
        return response

    def _now_ms(self) -> int:
        return self._clock.monotonic_ns() // 1_000_000


@contextlib.asynccontextmanager
async def serve(
    venue: Venue,
    *,
    clock: Clock | None = None,
    sockets: Sockets | None = None,
    paced: bool = True,
    leaderboard_rows: int = USUAL_ROWS,
    refuse_leaderboard: int = 0,
) -> AsyncIterator[Server]:
    """Serve `venue` while the context lasts. Without `paced` the market moves only when `tick` is called."""
    own = sockets or listen()
    server = Server(venue, clock or SystemClock(), own, leaderboard_rows, refuse_leaderboard)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(own.close)
        await stack.enter_async_context(_streams(server, own))
        await stack.enter_async_context(_requests(server, own))
        if paced:
            stop = asyncio.Event()
            pace = asyncio.create_task(server.pace(stop))
            stack.push_async_callback(_finish, pace)
            stack.callback(stop.set)
        yield server


def _streams(server: Server, sockets: Sockets) -> contextlib.AbstractAsyncContextManager[object]:
    # The venue itself never pings and never compresses; clients do the pinging.
    return serve_websocket(
        server.handle,
        sock=sockets.websocket,
        process_request=server.admit,
        compression=None,
        ping_interval=None,
        close_timeout=CLOSING_S,
        max_size=LARGEST_FRAME,
        server_header=None,
    )


@contextlib.asynccontextmanager
async def _requests(server: Server, sockets: Sockets) -> AsyncIterator[None]:
    application = web.Application(client_max_size=LARGEST_BODY)
    application.router.add_post("/info", server.info)
    application.router.add_get("/Mainnet/leaderboard", server.leaderboard)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=CLOSING_S)
    await runner.setup()
    try:
        await web.SockSite(runner, sockets.rest).start()
        yield
    finally:
        await runner.cleanup()


async def _finish(task: asyncio.Task[None]) -> None:
    await task
