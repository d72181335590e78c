"""The engine's requests come back as inputs: answered, failed or withdrawn, and told when the venue comes and goes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import numpy as np
import pytest
from polymarket_samples import WALLET, page, trade_row
from polymarket_server import Reply, ScriptedVenue, hangs_mid_body, refuses, says, serving
from virtual_loop import VirtualClock, VirtualLoop, run_virtual

from app.core.record import WITHDRAWN, Answer, Connected, Dropped, Kind, Request
from app.feeds.inbox import Inbox
from app.feeds.polymarket import questions
from app.feeds.polymarket.carrier import Carrier, CarrierSettings
from app.feeds.polymarket.limits import VENUE
from app.feeds.polymarket.parse import parse_activity
from app.feeds.polymarket.questions import Question
from app.feeds.request_client import Carried, RequestClient

TYPES = {Kind.REQUEST: Request, Kind.ANSWER: Answer, Kind.CONNECT: Connected, Kind.DROP: Dropped}
TRADES = says(page([trade_row()]))


def inputs(script: Sequence[Reply], use: Callable[[RequestClient], Awaitable[None]]) -> list[msgspec.Struct]:
    """What reached the inbox while `use` used a client of a venue that follows the script."""

    async def main(loop: VirtualLoop) -> list[msgspec.Struct]:
        clock = VirtualClock(loop)
        inbox = Inbox(clock)
        async with serving(ScriptedVenue(script, {})) as url:
            carrier = Carrier(CarrierSettings(url, url, 20.0, 4), clock, np.random.default_rng(1))
            client = RequestClient(VENUE, carrier, inbox)
            running = asyncio.create_task(client.run())
            await use(client)
            await asyncio.sleep(300)
            assert client.outstanding() == []
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            return [msgspec.msgpack.decode(each.payload, type=TYPES[Kind(each.kind)]) for each in await inbox.fetch()]

    return run_virtual(main)


def ask(request_id: int) -> Request:
    question = questions.trades(WALLET)
    return Request(request_id, VENUE, question.name, questions.request_body(question), question.subject)


async def two_one_after_the_other(client: RequestClient) -> None:
    for request_id in (1, 2):
        client.request(ask(request_id))
        await asyncio.sleep(100)


def test_an_answer_carries_the_id_of_its_request() -> None:
    asked, connected, answer = inputs([TRADES], lambda client: _once(client, ask(7)))
    assert (asked, connected) == (ask(7), Connected("polymarket", "requests"))
    assert isinstance(answer, Answer)
    assert (answer.request_id, answer.status, len(parse_activity(answer.body).rows)) == (7, 200, 1)


async def _once(client: RequestClient, request: Request) -> None:
    client.request(request)


def test_a_venue_that_stops_answering_is_told_once_with_its_reason() -> None:
    came = inputs([TRADES, refuses(503)], two_one_after_the_other)
    assert [type(each) for each in came] == [Request, Connected, Answer, Request, Dropped, Answer]
    dropped, answer = came[4], came[5]
    assert isinstance(dropped, Dropped)
    assert isinstance(answer, Answer)
    assert (dropped.reason, answer.error, answer.status) == (answer.error, "the venue answered 503: no", 503)


def test_a_question_that_is_refused_is_no_lost_connection() -> None:
    came = inputs([TRADES, refuses(400, "invalid_request")], two_one_after_the_other)
    assert [type(each) for each in came] == [Request, Connected, Answer, Request, Answer]


def test_a_question_that_is_withdrawn_is_answered_at_once() -> None:
    async def give_up(client: RequestClient) -> None:
        client.request(ask(1))
        await asyncio.sleep(1)
        assert list(client._under_way) == [1]
        client.withdraw(1)
        client.withdraw(1)
        await asyncio.sleep(0.1)
        assert client._under_way == {}
        client.request(ask(2))
        client.withdraw(2)
        client.request(ask(3))

    came = inputs([hangs_mid_body, TRADES], give_up)
    answers = {each.request_id: each for each in came if isinstance(each, Answer)}
    assert [(answers[number].status, answers[number].error) for number in (1, 2, 3)] == [
        (0, WITHDRAWN),
        (0, WITHDRAWN),
        (200, ""),
    ]


@pytest.mark.parametrize(("failures", "status"), [(0, 200), (1, 200), (2, 0)])
def test_a_worker_that_is_begun_again_asks_what_had_no_answer(failures: int, status: int) -> None:
    left = iter([True] * failures)

    class Failing(Carrier):
        async def carry(self, question: Question) -> Carried:
            if next(left, False):
                raise OSError("out of files")
            return await super().carry(question)

    async def main(loop: VirtualLoop) -> list[Answer]:
        clock = VirtualClock(loop)
        inbox = Inbox(clock)
        async with serving(ScriptedVenue([TRADES], {})) as url:
            carrier = Failing(CarrierSettings(url, url, 20.0, 4), clock, np.random.default_rng(1))
            client = RequestClient(VENUE, carrier, inbox)
            client.request(ask(1))
            for _ in range(failures):
                with pytest.raises(ExceptionGroup):
                    await client.run()
            running = asyncio.create_task(client.run())
            await asyncio.sleep(300)
            assert (client.outstanding(), running.done()) == ([], False)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            came = await inbox.fetch()
        return [msgspec.msgpack.decode(each.payload, type=Answer) for each in came if each.kind == Kind.ANSWER]

    (answer,) = run_virtual(main)
    assert answer.status == status


def test_a_request_that_asks_nothing_of_the_venue_fails_and_the_rest_goes_on() -> None:
    async def both(client: RequestClient) -> None:
        client.request(Request(1, "polymarket", "nonsense", b"[]"))
        client.request(ask(2))

    answers = [each for each in inputs([TRADES], both) if isinstance(each, Answer)]
    assert [(each.request_id, each.status) for each in answers] == [(1, 0), (2, 200)]
    assert "asks nothing that polymarket answers" in answers[0].error
