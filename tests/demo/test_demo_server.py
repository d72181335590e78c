"""The venue on real sockets and as a process of its own."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from app.core.clock import ManualClock
from app.demo.server import Server, serve
from app.demo.venue import Venue

START_MS = 1_790_232_236_546
PATIENCE_S = 20.0


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[tuple[Server, ManualClock]]:
    clock = ManualClock()
    async with serve(Venue(seed=7, coins=3, start_ms=START_MS), clock=clock, paced=False) as server:
        yield server, clock


async def send(client: ClientConnection, **frame: Any) -> None:
    await client.send(json.dumps(frame))


async def receive(client: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(client.recv(), PATIENCE_S))


@pytest.mark.asyncio
async def test_a_stream_moves_with_the_clock() -> None:
    async with running() as (server, clock), connect(server.websocket_url, max_queue=None) as client:
        await send(client, method="subscribe", subscription={"type": "trades", "coin": "BTC"})
        assert (await receive(client))["channel"] == "subscriptionResponse"
        assert max(trade["time"] for trade in (await receive(client))["data"]) < START_MS
        for _ in range(5):
            clock.advance(2.0)
            server.tick()
        assert START_MS <= (await receive(client))["data"][0]["time"] < START_MS + 10_000


@pytest.mark.asyncio
async def test_two_clients_get_the_same_frames() -> None:
    async with running() as (server, clock), connect(server.websocket_url) as one, connect(server.websocket_url) as two:
        for client in (one, two):
            await send(client, method="subscribe", subscription={"type": "l2Book", "coin": "ETH"})
            await receive(client)
            await receive(client)
        for _ in range(3):
            clock.advance(2.0)
            server.tick()
        assert await receive(one) == await receive(two)


@pytest.mark.asyncio
async def test_an_unknown_coin_ends_the_connection_without_a_closing_frame() -> None:
    async with running() as (server, _), connect(server.websocket_url) as client:
        await send(client, method="subscribe", subscription={"type": "trades", "coin": "btc"})
        with pytest.raises(ConnectionClosedError) as closed:
            await receive(client)
        assert closed.value.rcvd is None


@pytest.mark.asyncio
async def test_an_idle_connection_is_cut() -> None:
    async with running() as (server, clock), connect(server.websocket_url) as client:
        await send(client, method="ping")
        assert await receive(client) == {"channel": "pong"}
        clock.advance(60.0)
        server.tick()
        with pytest.raises(ConnectionClosedError) as closed:
            await receive(client)
        assert closed.value.rcvd is None


async def flood(server: Server, client: ClientConnection) -> None:
    """Junk that is echoed back: 60 MB if nothing stops it."""
    for _ in range(1_000):
        await client.send("x" * 60_000)
        server.tick()


@pytest.mark.asyncio
async def test_a_client_that_never_reads_is_cut() -> None:
    async with running() as (server, _), connect(server.websocket_url, max_queue=1) as client:
        with pytest.raises(ConnectionClosedError):
            await flood(server, client)


@pytest.mark.asyncio
async def test_the_eleventh_connection_and_other_paths_are_refused() -> None:
    async with running() as (server, _), contextlib.AsyncExitStack() as stack:
        for _ in range(10):
            client = await stack.enter_async_context(connect(server.websocket_url))
            await send(client, method="ping")
            await receive(client)
        with pytest.raises(InvalidStatus, match="429"):
            await connect(server.websocket_url)
        with pytest.raises(InvalidStatus, match="404"):
            await connect(server.websocket_url + "/elsewhere")


@pytest.mark.asyncio
async def test_requests_are_answered_over_http() -> None:
    async with running() as (server, _), aiohttp.ClientSession() as http:
        async with http.post(server.rest_url + "/info", json={"type": "meta"}) as answer:
            assert answer.status == 200
            assert len((await answer.json())["universe"]) == 4
        async with http.post(server.rest_url + "/info", data=b"{") as answer:
            assert answer.status == 422
        async with http.post(server.rest_url + "/info", data=b"x" * 100_000) as answer:
            assert answer.status == 413


@pytest.mark.asyncio
async def test_a_leaderboard_is_streamed_in_any_size() -> None:
    async with running() as (server, _), aiohttp.ClientSession() as http:
        url = server.rest_url + "/Mainnet/leaderboard"
        for query, rows in (("", 5_000), ("?rows=700", 700), ("?rows=0", 640)):
            async with http.get(url + query) as answer:
                assert (answer.status, answer.content_type) == (200, "application/json")
                assert len((await answer.json())["leaderboardRows"]) == rows
        for query in ("?rows=-1", "?rows=100001", "?rows=many"):
            async with http.get(url + query) as answer:
                assert answer.status == 400


async def started() -> tuple[asyncio.subprocess.Process, dict[str, str]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.demo", "--seed", "5", "--coins", "2", "--leaderboard-rows", "650", "--users", "1",
        "--refuse-leaderboard", "2",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
    return process, json.loads(line)


@pytest.mark.asyncio
async def test_a_signal_right_after_the_start_ends_it_as_quietly() -> None:
    process, _ = await started()
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert (process.returncode, err) == (0, b"")


@pytest.mark.asyncio
@pytest.mark.parametrize("ending", ["stdin", "SIGTERM", "SIGINT"])
async def test_the_process_serves_until_its_parent_or_a_signal_ends_it(ending: str) -> None:
    process, urls = await started()
    assert process.stdin is not None
    async with connect(urls["websocket_url"]) as client:
        await send(client, method="subscribe", subscription={"type": "bbo", "coin": "ETH"})
        assert (await receive(client))["data"]["method"] == "subscribe"
        if ending == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.Signals[ending])
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert (process.returncode, out, err) == (0, b"", b"")


@pytest.mark.asyncio
async def test_the_process_takes_the_sizes_of_its_limits_and_leaderboard() -> None:
    process, urls = await started()
    assert process.stdin is not None
    async with aiohttp.ClientSession() as http, connect(urls["websocket_url"]) as client:
        for _ in range(2):
            async with http.get(urls["rest_url"] + "/Mainnet/leaderboard") as answer:
                assert answer.status == 403
        async with http.get(urls["rest_url"] + "/Mainnet/leaderboard") as answer:
            assert len((await answer.json())["leaderboardRows"]) == 650
        for number in range(2):
            await send(client, method="subscribe", subscription={"type": "userFills", "user": f"0x{number:040x}"})
        channels = [(await receive(client))["channel"] for _ in range(3)]
        assert channels == ["subscriptionResponse", "userFills", "error"]
        process.stdin.close()
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert (process.returncode, out, err) == (0, b"", b"")


@pytest.mark.asyncio
async def test_the_process_serves_prediction_markets_from_their_first_client_on() -> None:
    process, urls = await started()
    assert process.stdin is not None
    async with aiohttp.ClientSession() as http:
        async with http.get(urls["prediction_url"] + "/v2/user-stats", params={"user": "0x" + "0" * 40}) as answer:
            assert (answer.status, await answer.json()) == (200, {"data": None})
        async with http.get(urls["gamma_url"] + "/markets", params={"limit": "2"}) as answer:
            assert len(await answer.json()) == 2
        process.stdin.close()
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert (process.returncode, out, err) == (0, b"", b"")


@pytest.mark.asyncio
async def test_the_process_serves_token_apis_from_their_first_client_on() -> None:
    process, urls = await started()
    assert process.stdin is not None
    async with aiohttp.ClientSession() as http:
        async with http.get(urls["gecko_url"] + "/networks/solana/new_pools") as answer:
            pools = (await answer.json())["data"]
            assert len(pools) == 20
        mint = pools[0]["relationships"]["base_token"]["data"]["id"].removeprefix("solana_")
        async with http.get(urls["screener_url"] + f"/tokens/v1/solana/{mint}") as answer:
            assert [pair["baseToken"]["address"] for pair in await answer.json()] == [mint]
        process.stdin.close()
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert (process.returncode, out, err) == (0, b"", b"")
