"""Nothing that counts is lost on the way in; pictures give way to newer ones."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import ManualClock
from app.core.record import Kind
from app.feeds.inbox import Inbox


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=60))
def test_received_is_fetched_plus_superseded(arrivals: list[tuple[int, bool]]) -> None:
    async def scenario() -> None:
        inbox = Inbox(ManualClock())
        for number, (stream, picture) in enumerate(arrivals):
            put = inbox.put_newest if picture else inbox.put
            put(stream + 10 * picture, Kind.FRAME, b"%d" % number)
        fetched = await inbox.fetch()
        numbers = [int(arrival.payload) for arrival in fetched]
        assert len(fetched) + inbox.superseded == len(arrivals)
        assert numbers == sorted(numbers)
        kept = {number for number, (_, picture) in enumerate(arrivals) if not picture}
        newest = {stream: number for number, (stream, picture) in enumerate(arrivals) if picture}
        assert set(numbers) == kept | set(newest.values())

    asyncio.run(scenario())


def test_a_picture_that_was_fetched_is_not_superseded() -> None:
    async def scenario() -> None:
        inbox = Inbox(ManualClock())
        inbox.put_newest(1, Kind.FRAME, b"a")
        await inbox.fetch()
        inbox.put_newest(1, Kind.FRAME, b"b")
        assert [arrival.payload for arrival in await inbox.fetch()] == [b"b"]
        assert inbox.superseded == 0

    asyncio.run(scenario())


@pytest.mark.asyncio
async def test_it_is_drained_when_whoever_fetched_asks_for_more() -> None:
    inbox = Inbox(ManualClock())
    inbox.put(1, 3, b"a")
    drained = asyncio.ensure_future(inbox.drained())
    await inbox.fetch()
    await asyncio.sleep(0)
    assert not drained.done()
    fetching = asyncio.ensure_future(inbox.fetch())
    await drained
    inbox.put(1, 3, b"b")
    assert [arrival.payload for arrival in await fetching] == [b"b"]
    assert not inbox._drained.is_set()
