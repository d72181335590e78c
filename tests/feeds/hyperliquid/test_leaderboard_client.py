"""The leaderboard goes through a process of its own; whatever the venue does, one answer comes and no process stays."""

import asyncio
import gc
import gzip
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import numpy as np
import psutil
import pytest
import pytest_asyncio
from aiohttp import web
from leaderboard_samples import document, row
from processes import children_running

from app.core.clock import SystemClock
from app.core.record import Answer, Kind, Request
from app.feeds.hyperliquid import leaderboard_client
from app.feeds.hyperliquid.client import ClientSettings, HyperliquidClient
from app.feeds.hyperliquid.leaderboard import (
    CHANNEL,
    LeaderboardRules,
    digest_of,
    encode_rules,
    parse_leaderboard_digest,
)
from app.feeds.hyperliquid.leaderboard_client import LeaderboardClient
from app.feeds.hyperliquid.limits import VENUE
from app.feeds.inbox import Inbox

pytestmark = pytest.mark.asyncio
CAP = 400_000
RULES = LeaderboardRules(keep=10)
BOARD = document(*(row(number) for number in range(400)))
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_answer = msgspec.msgpack.Decoder(Answer).decode


class House:
    """A client, its inbox, and a venue that does what `handlers` say, one after another; the last one stays."""

    def __init__(self) -> None:
        self.handlers: list[Handler] = [serve_board]
        self.asked: list[web.Request] = []
        self.reached = asyncio.Event()
        self.inbox = Inbox(SystemClock())
        self.url = ""
        self.client = LeaderboardClient("", CAP, self.inbox, SystemClock(), np.random.default_rng(1))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.reached.set()
        handler = self.handlers.pop(0) if len(self.handlers) > 1 else self.handlers[0]
        return await handler(request)

    def ask(self, number: int = 1, rules: bytes = encode_rules(RULES)) -> None:
        self.client.request(Request(number, VENUE, CHANNEL, rules))

    async def answer(self) -> Answer:
        return await answer_in(self.inbox)


async def answer_in(inbox: Inbox) -> Answer:
    """The next answer that arrives."""
    async with asyncio.timeout(60):
        while True:
            for arrival in await inbox.fetch():
                if arrival.kind == Kind.ANSWER:
                    return _answer(arrival.payload)


async def serve_board(_: web.Request) -> web.Response:
    return web.Response(body=BOARD)


async def small_board(_: web.Request) -> web.Response:
    return web.Response(body=document(row(1)))


async def refuse(_: web.Request) -> web.Response:
    return web.Response(status=403, headers={"Retry-After": "0"})


async def too_many(_: web.Request) -> web.Response:
    return web.Response(status=429, headers={"Retry-After": "0"})


async def cut_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(BOARD))})
    await response.prepare(request)
    await response.write(BOARD[:100_000])
    assert request.transport is not None
    request.transport.abort()
    return response


async def truncated(_: web.Request) -> web.Response:
    return web.Response(body=BOARD[:-1_000])


async def bomb(_: web.Request) -> web.Response:
    return web.Response(body=gzip.compress(b"[" * 5_000_000), headers={"Content-Encoding": "gzip"})


async def hang(_: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


@pytest_asyncio.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(leaderboard_client, "_WAITS_S", (0.01, 0.02))
    made = House()
    application = web.Application()
    application.router.add_get("/Mainnet/leaderboard", made.serve)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/Mainnet/leaderboard"
    made.client = LeaderboardClient(made.url, CAP, made.inbox, SystemClock(), np.random.default_rng(1))
    worker = asyncio.create_task(made.client.run())
    yield made
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    await runner.cleanup()
    assert readers_of(os.getpid()) == []


def readers_of(parent: int) -> list[psutil.Process]:
    """The processes that read leaderboards for `parent`."""
    return children_running(parent, "leaderboard_child")


async def test_the_answer_is_the_digest_of_the_document(house: House) -> None:
    house.ask()
    answer = await house.answer()
    assert (answer.request_id, answer.status, answer.error) == (1, 200, "")
    assert parse_leaderboard_digest(answer.body) == digest_of(BOARD, RULES)
    assert len(answer.body) < len(BOARD) / 20
    assert house.client.outstanding() == []
    assert house.asked[0].headers["User-Agent"].startswith("Mozilla/5.0")


@pytest.mark.parametrize("trouble", [refuse, too_many, cut_off, truncated])
async def test_after_a_try_that_failed_another_is_made(house: House, trouble: Handler) -> None:
    house.handlers = [trouble, trouble, serve_board]
    house.ask()
    assert (await house.answer()).status == 200
    assert len(house.asked) == 3


@pytest.mark.parametrize(
    ("trouble", "words", "tries"),
    [
        (refuse, "the venue answered 403", 3),
        (too_many, "the venue answered 429", 3),
        (cut_off, "cannot be used", 3),
        (truncated, "truncated", 3),
        (bomb, "more than 400000 bytes", 1),
    ],
)
async def test_a_venue_that_never_brings_it_is_given_up_with_a_reason(
    house: House, trouble: Handler, words: str, tries: int
) -> None:
    house.handlers = [trouble]
    house.ask(7)
    answer = await house.answer()
    assert (answer.request_id, answer.status, answer.body) == (7, 0, b"")
    assert answer.error.startswith("the leaderboard did not come: ")
    assert words in answer.error
    assert len(house.asked) == tries
    house.handlers = [serve_board]
    house.ask(8)
    assert (await house.answer()).status == 200


async def test_odd_rules_and_a_reader_that_ends_early_are_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaderboard_client, "_TRIES", 1)
    house.ask(1, b'{"keep":0}')
    assert "choice of a leaderboard's rows" in (await house.answer()).error
    monkeypatch.setattr(sys, "executable", "/bin/false")
    house.ask(2)
    assert "its reader" in (await house.answer()).error


async def test_a_reader_that_hangs_is_ended(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hanging = tmp_path / "hanging"
    hanging.write_text("#!/bin/sh\nexec sleep 1000\n")
    hanging.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(hanging))
    monkeypatch.setattr(leaderboard_client, "_TRIES", 1)
    monkeypatch.setattr(leaderboard_client, "_CHILD_TIMEOUT_S", 0.1)
    house.handlers = [small_board]
    house.ask()
    async with asyncio.timeout(20):
        assert "its reader took longer than" in (await house.answer()).error
    assert [child for child in psutil.Process().children() if child.name() == "sleep"] == []


async def test_a_question_is_withdrawn_under_way_and_another_may_follow(house: House) -> None:
    house.handlers = [hang, serve_board]
    house.ask(1)
    house.ask(2)
    assert [request.request_id for request in house.client.outstanding()] == [1]
    await house.reached.wait()
    house.client.withdraw(1)
    house.client.withdraw(1)
    answer = await house.answer()
    assert (answer.request_id, answer.error) == (1, "no longer wanted")
    house.ask(3)
    assert (await house.answer()).request_id == 3


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_a_run_that_ends_while_its_reader_starts_leaves_nothing_open(withdrawn: bool) -> None:
    async def end_after(turns: int) -> None:
        client = LeaderboardClient(
            "http://127.0.0.1:9", CAP, Inbox(SystemClock()), SystemClock(), np.random.default_rng(1)
        )
        worker = asyncio.create_task(client.run())
        client.request(Request(1, VENUE, CHANNEL, encode_rules(RULES)))
        for _ in range(turns):
            await asyncio.sleep(0)
        if withdrawn:
            client.withdraw(1)
            await asyncio.sleep(0)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)

    for turns in range(12):
        await asyncio.to_thread(asyncio.run, end_after(turns))
    # What nobody closed tells so when it is collected, which is an error here.
    gc.collect()
    assert readers_of(os.getpid()) == []


async def test_a_venue_without_a_leaderboard_says_so() -> None:
    inbox = Inbox(SystemClock())
    settings = ClientSettings("ws://127.0.0.1:9/ws", "http://127.0.0.1:9", 1_200, 10.0, 20.0, 30.0, 3_600.0, 2.0)
    client = HyperliquidClient(settings, inbox, SystemClock(), np.random.default_rng(1))
    worker = asyncio.create_task(client.leaderboard.run())
    client.request(Request(1, VENUE, CHANNEL, encode_rules(RULES)))
    assert client.requests.outstanding() == []
    assert (await answer_in(inbox)).error == "the leaderboard did not come: this venue has none"
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


_PARENT = """
import asyncio, sys
import numpy as np
from app.core.clock import SystemClock
from app.core.record import Request
from app.feeds.hyperliquid.leaderboard_client import LeaderboardClient
from app.feeds.inbox import Inbox

async def main():
    client = LeaderboardClient(sys.argv[1], 10**8, Inbox(SystemClock()), SystemClock(), np.random.default_rng(1))
    client.request(Request(1, "hyperliquid", "leaderboard", b"{}"))
    await client.run()

asyncio.run(main())
"""


async def test_hazard_25_the_reader_ends_with_its_parent_whatever_kills_it(house: House, tmp_path: Path) -> None:
    house.handlers = [hang]
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", _PARENT, house.url, cwd=tmp_path)
    await house.reached.wait()
    (reader,) = readers_of(parent.pid)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await asyncio.to_thread(psutil.wait_procs, [reader], timeout=20)
    assert not reader.is_running() or reader.status() == psutil.STATUS_ZOMBIE
