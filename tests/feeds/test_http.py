"""Requests end in an answer within the caps or in one clear error."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web

from app.core.errors import VenueError
from app.feeds.http import HttpClient, TooLargeError

pytestmark = pytest.mark.asyncio
RELEASE = web.AppKey("release", asyncio.Event)


async def ok(request: web.Request) -> web.Response:
    return web.Response(body=await request.read(), headers={"Retry-After": "3"})


async def echo(request: web.Request) -> web.Response:
    return web.Response(
        text=f"{request.method} {request.rel_url.raw_query_string} {request.headers.get('Content-Type', '')}"
    )


async def bomb(_: web.Request) -> web.Response:
    return web.Response(body=gzip.compress(b"0" * 5_000_000), headers={"Content-Encoding": "gzip"})


async def elsewhere(_: web.Request) -> web.Response:
    raise web.HTTPFound("http://127.0.0.1:9/")


async def hang(request: web.Request) -> web.Response:
    await request.app[RELEASE].wait()
    return web.Response()


async def cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"half")
    assert request.transport is not None
    request.transport.abort()
    return response


@pytest_asyncio.fixture
async def base_url() -> AsyncIterator[str]:
    application = web.Application()
    application[RELEASE] = asyncio.Event()
    for path, handler in (("/ok", ok), ("/bomb", bomb), ("/elsewhere", elsewhere), ("/hang", hang), ("/cut", cut)):
        application.router.add_post(path, handler)
        application.router.add_get(path, handler)
    application.router.add_get("/echo", echo)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    application[RELEASE].set()
    await runner.cleanup()


@pytest_asyncio.fixture
async def client(base_url: str) -> AsyncIterator[HttpClient]:
    client = HttpClient(base_url, timeout_s=0.5, body_cap=1_000_000)
    yield client
    await client.close()


async def test_an_answer_comes_back_whole(client: HttpClient) -> None:
    answer = await client.post_json("/ok", b'{"type":"meta"}')
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (200, b'{"type":"meta"}', "3")


async def test_a_query_keeps_its_order_its_repeated_keys_and_its_signs(client: HttpClient) -> None:
    answer = await client.get("/echo", (("b", "1"), ("a", "x&=+ é"), ("b", "2")))
    assert answer.body.decode() == "GET b=1&a=x%26%3D%2B+%C3%A9&b=2 "


async def test_a_get_is_under_the_same_caps(client: HttpClient) -> None:
    with pytest.raises(TooLargeError, match=r"/bomb sent more than 1000000 bytes"):
        await client.get("/bomb", (("user", "secret"),))
    assert (await client.get("/elsewhere")).status == 302
    with pytest.raises(VenueError, match=r"did not answer within 0\.5 s"):
        await client.get("/hang")
    with pytest.raises(VenueError, match="cannot be used"):
        await client.get("/cut")


async def test_a_compressed_bomb_is_refused_while_it_unpacks(client: HttpClient) -> None:
    with pytest.raises(VenueError, match="more than 1000000 bytes"):
        await client.post_json("/bomb", b"")


async def test_redirects_are_not_followed(client: HttpClient) -> None:
    assert (await client.post_json("/elsewhere", b"")).status == 302


async def test_silence_ends_at_the_time_out(client: HttpClient) -> None:
    with pytest.raises(VenueError, match=r"did not answer within 0\.5 s"):
        await client.post_json("/hang", b"")


async def test_a_cut_answer_is_an_error(client: HttpClient) -> None:
    with pytest.raises(VenueError, match="cannot be used"):
        await client.post_json("/cut", b"")


async def test_nobody_there_is_said_in_plain_words() -> None:
    client = HttpClient("http://127.0.0.1:9", timeout_s=2, body_cap=10)
    with pytest.raises(VenueError, match=r"http://127\.0\.0\.1:9/info cannot be reached: .*refused"):
        await client.post_json("/info", b"")
    await client.close()
