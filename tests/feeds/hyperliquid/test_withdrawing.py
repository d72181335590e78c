"""A question that is no longer wanted is answered at once, wherever it stands, and the next one has its turn."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import numpy as np
import pytest
import pytest_asyncio
from aiohttp import web

from app.core.clock import SystemClock
from app.core.record import Answer, Kind, Request
from app.feeds.hyperliquid.client import ClientSettings, HyperliquidClient
from app.feeds.hyperliquid.limits import VENUE
from app.feeds.inbox import Inbox

pytestmark = pytest.mark.asyncio

_answer = msgspec.msgpack.Decoder(Answer).decode


class Venue:
    """Answers every question but those for a list, which it holds for ever."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def info(self, request: web.Request) -> web.Response:
        if b"metaAndAssetCtxs" in await request.read():
            self.asked.set()
            await asyncio.Event().wait()
        return web.Response(body=b"[]")


@pytest_asyncio.fixture
async def house() -> AsyncIterator[tuple[HyperliquidClient, Inbox, Venue]]:
    venue, application = Venue(), web.Application()
    application.router.add_post("/info", venue.info)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    clock = SystemClock()
    inbox = Inbox(clock)
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    settings = ClientSettings("ws://127.0.0.1:9/ws", url, 1_200, 30.0, 20.0, 30.0, 3_600.0, 2.0)
    client = HyperliquidClient(settings, inbox, clock, np.random.default_rng(1))
    worker = asyncio.create_task(client.requests.run())
    yield client, inbox, venue
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    await runner.cleanup()


def question(number: int, channel: str, subject: str = "") -> Request:
    return Request(number, VENUE, channel, f'{{"type":"{channel}"}}'.encode(), subject, "")


async def answers(inbox: Inbox, count: int) -> list[Answer]:
    found: list[Answer] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found += [_answer(arrival.payload) for arrival in await inbox.fetch() if arrival.kind == Kind.ANSWER]
    return found


async def test_a_question_under_way_is_given_up(house: tuple[HyperliquidClient, Inbox, Venue]) -> None:
    client, inbox, venue = house
    client.request(question(1, "metaAndAssetCtxs"))
    client.request(question(2, "recentTrades", "BTC"))
    await venue.asked.wait()
    client.withdraw(1)
    client.withdraw(1)
    withdrawn, after = await answers(inbox, 2)
    assert (withdrawn.request_id, withdrawn.status, withdrawn.error) == (1, 0, "no longer wanted")
    assert (after.request_id, after.status) == (2, 200)
    assert client.requests.outstanding() == []


async def test_a_waiting_question_is_left_out_and_may_be_asked_again(
    house: tuple[HyperliquidClient, Inbox, Venue],
) -> None:
    client, inbox, venue = house
    client.request(question(1, "metaAndAssetCtxs"))
    await venue.asked.wait()
    client.request(question(2, "recentTrades", "BTC"))
    client.withdraw(2)
    client.request(question(3, "recentTrades", "BTC"))
    client.withdraw(1)
    assert [(answer.request_id, answer.status) for answer in await answers(inbox, 3)] == [(2, 0), (1, 0), (3, 200)]


async def test_an_answered_question_cannot_be_withdrawn(house: tuple[HyperliquidClient, Inbox, Venue]) -> None:
    client, inbox, _ = house
    client.request(question(1, "recentTrades", "BTC"))
    assert [answer.status for answer in await answers(inbox, 1)] == [200]
    client.withdraw(1)
    client.request(question(2, "recentTrades", "BTC"))
    assert [answer.request_id for answer in await answers(inbox, 1)] == [2]
