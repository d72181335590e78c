"""Nothing that counts is lost on the way in; pictures give way to newer ones."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import ManualClock
from app.core.record import FRAMES_BYTES, Kind, unpack_frames
from app.feeds.inbox import Arrival, Inbox

MOST_TOGETHER = 128


def frames_of(arrivals: list[Arrival]) -> list[tuple[int, bytes]]:
    """Every frame with its stream, in the order in which they will be dispatched."""
    return [
        (arrival.stream, frame)
        for arrival in arrivals
        for frame in (unpack_frames(arrival.payload) if arrival.kind == Kind.FRAMES else [arrival.payload])
    ]


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=60))
def test_hazard_9_received_is_fetched_plus_superseded(arrivals: list[tuple[int, bool]]) -> None:
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


@given(st.lists(st.sampled_from(("trades 1", "trades 2", "picture", "answer")), min_size=1, max_size=60))
def test_what_comes_together_keeps_its_order_and_overtakes_nothing_but_pictures(arrivals: list[str]) -> None:
    async def scenario() -> None:
        clock = ManualClock()
        inbox = Inbox(clock)
        puts = {"trades 1": inbox.put_together, "trades 2": inbox.put_together, "picture": inbox.put_newest}
        streams = {"trades 1": 1, "trades 2": 2, "picture": 3, "answer": 0}
        came_ns = []
        for number, what in enumerate(arrivals):
            puts.get(what, inbox.put)(streams[what], Kind.FRAME, b"%d" % number)
            came_ns.append(clock.monotonic_ns())
            clock.advance(0.001)
        fetched = await inbox.fetch()
        order = [int(frame) for _, frame in frames_of(fetched)]
        kept = [number for number, what in enumerate(arrivals) if what != "picture"]
        assert sorted(set(order) & set(kept)) == kept
        for stream in (1, 2):
            numbers = [number for number in order if streams[arrivals[number]] in (0, stream)]
            assert numbers == sorted(numbers)
        stamps = [arrival.monotonic_ns for arrival in fetched]
        assert stamps == sorted(stamps)
        assert stamps == [came_ns[int(frames_of([arrival])[0][1])] for arrival in fetched]

    asyncio.run(scenario())


@pytest.mark.asyncio
async def test_frames_that_come_together_are_one_input_until_something_else_must_come_between() -> None:
    inbox = Inbox(ManualClock())
    for frame in (b"a", b"b"):
        inbox.put_together(5, Kind.FRAME, frame)
    inbox.put(0, Kind.DROP, b"")
    inbox.put_together(5, Kind.FRAME, b"c")
    assert inbox.waiting == 3
    together, drop, alone = await inbox.fetch()
    assert (together.kind, together.stream, unpack_frames(together.payload)) == (Kind.FRAMES, 5, [b"a", b"b"])
    assert (drop.kind, alone.kind, alone.payload) == (Kind.DROP, Kind.FRAME, b"c")
    inbox.put_together(5, Kind.FRAME, b"d")
    assert inbox.waiting == 1
    assert [arrival.payload for arrival in await inbox.fetch()] == [b"d"]


@pytest.mark.asyncio
@pytest.mark.parametrize(("count", "size", "inputs"), [(MOST_TOGETHER + 2, 9, 2), (3, FRAMES_BYTES // 2, 3)])
async def test_many_frames_and_large_ones_are_several_inputs(count: int, size: int, inputs: int) -> None:
    inbox = Inbox(ManualClock())
    sent = [b"%09d" % number + bytes(size - 9) for number in range(count)]
    for frame in sent:
        inbox.put_together(5, Kind.FRAME, frame)
    fetched = await inbox.fetch()
    assert frames_of(fetched) == [(5, frame) for frame in sent]
    assert len(fetched) == inputs
