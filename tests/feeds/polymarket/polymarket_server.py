"""A scripted Polymarket on loopback: each call gets the next answer of the script, and is written down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Call(NamedTuple):
    """One call the server saw, at the loop's time."""

    path: str
    query: list[tuple[str, str]]
    at_s: float


def says(body: bytes, status: int = 200, content_type: str = "application/json", **headers: str) -> Reply:
    """Answer with this."""

    async def reply(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, content_type=content_type, headers=named)

    return reply


def refuses(status: int, code: str = "", retryable: bool | None = None, **headers: str) -> Reply:
    """Answer with the venue's own words for an error."""
    flag = "null" if retryable is None else str(retryable).lower()
    return says(f'{{"error":"no","code":"{code}","retryable":{flag}}}'.encode(), status, **headers)


async def hangs_mid_body(request: web.Request) -> web.StreamResponse:
    """Send half an answer, then nothing for an hour."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"data":[')
    await asyncio.sleep(3_600)
    return response


async def breaks_mid_body(request: web.Request) -> web.StreamResponse:
    """Send half an answer, then hang up."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"data":[')
    assert request.transport is not None
    request.transport.abort()
    return response


async def sends_too_much(request: web.Request) -> web.StreamResponse:
    """Send more than any cap."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for _ in range(40):
        await response.write(b" " * (1 << 20))
    return response


class ScriptedVenue:
    """Gives one reply of the script a call, the last one for ever; of its path's own script, where there is one."""

    def __init__(self, script: Iterable[Reply], by_path: Mapping[str, Iterable[Reply]]) -> None:
        self.calls: list[Call] = []
        self._script = list(script)
        self._by_path = {path: list(replies) for path, replies in by_path.items()}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        at_s = asyncio.get_running_loop().time()
        self.calls.append(Call(request.path, list(request.query.items()), at_s))
        script = self._by_path.get(request.path, self._script)
        reply = script.pop(0) if len(script) > 1 else script[0]
        return await reply(request)


@asynccontextmanager
async def serving(venue: ScriptedVenue) -> AsyncIterator[str]:
    """Serve on a free port of loopback; gives the base URL."""
    application = web.Application()
    application.router.add_get("/{path:.*}", venue.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
