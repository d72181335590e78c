"""A run notices that this machine's local time is further from UTC, or nearer, than it was."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from virtual_loop import VirtualLoop, run_virtual

from app.config.settings import Settings
from app.core.clock import ManualClock
from app.core.record import Kind
from app.engine.venue_run import VenueRun, live_source
from app.engine.whale_shelf import minutes_ahead
from app.engine.whale_state import RestoreWhales

SUMMER_ENDS = datetime(2026, 10, 25, 1, tzinfo=UTC)


@pytest.fixture
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_berlin")
def test_summer_time_that_ends_during_a_run_moves_its_quiet_hours_once() -> None:
    clock = ManualClock(round(SUMMER_ENDS.timestamp() - 60) * 10**9)
    run = VenueRun(live_source(Settings()), Settings(), clock)
    restored = RestoreWhales(b"", ahead_minutes=minutes_ahead(clock.wall_ns()))
    book_minutes = []

    async def main(loop: VirtualLoop) -> None:
        ticking = asyncio.create_task(run._tick())
        await asyncio.sleep(1)
        assert run.core.inputs == 0
        run._sequencer.put_now(0, Kind.COMMAND, msgspec.msgpack.encode(restored))
        for _ in range(3):
            await asyncio.sleep(1)
            book_minutes.append((run.core.whales.alerting.desk.book.ahead_minutes, run.core.inputs))
            clock.advance(59)
        ticking.cancel()

    run_virtual(main)
    assert book_minutes == [(120, 1), (120, 1), (60, 2)]
