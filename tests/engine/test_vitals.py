"""The engine knows how it does itself."""

import asyncio
import gc
from pathlib import Path

from app.core.clock import ManualClock
from app.engine.vitals import VitalsProbe, open_files, resident_bytes, settle_memory


def probe_of(late_s: list[float]) -> VitalsProbe:
    """A probe whose naps last as much longer than asked for as the list says."""
    clock = ManualClock()
    lateness = iter(late_s)

    async def nap(seconds: float) -> None:
        late = next(lateness, None)
        if late is None:
            raise asyncio.CancelledError
        clock.advance(seconds + late)

    probe = VitalsProbe(clock, nap)
    try:
        asyncio.run(probe.run())
    except asyncio.CancelledError:
        return probe
    raise AssertionError("the probe ended by itself")


def test_a_loop_that_is_held_once_shows_in_the_maximum() -> None:
    view = probe_of([0.0] * 199 + [0.3]).view(waiting=7)
    assert (view.loop_lag_ms_max, view.loop_lag_ms_p99) == (300.0, 0.0)
    assert (view.waiting_inputs, view.uptime_s) == (7, 20.3)


def test_hazard_10_a_loop_that_is_often_held_shows_in_the_tail() -> None:
    assert probe_of([0.0, 0.05] * 50).view(0).loop_lag_ms_p99 == 50.0


def test_only_the_last_minute_counts() -> None:
    assert probe_of([0.5] * 10 + [0.0] * 600).view(0).loop_lag_ms_max == 0.0


def test_memory_and_files_are_those_of_this_process() -> None:
    before_files = open_files()
    with Path(__file__).open() as _:
        assert before_files is None or open_files() == before_files + 1
    before_bytes = resident_bytes()
    block = bytearray(64_000_000)
    block[::4096] = b"x" * len(block[::4096])
    assert resident_bytes() > before_bytes + 50_000_000


def test_what_lives_as_long_as_the_program_is_no_longer_walked_by_the_collector() -> None:
    gc.unfreeze()
    before, usual = gc.get_threshold(), (700, 10, 10)
    gc.set_threshold(*usual)
    kept = [[number] for number in range(10_000)]
    settle_memory()
    try:
        assert gc.get_freeze_count() >= len(kept)
        assert all(now >= then for now, then in zip(gc.get_threshold(), usual, strict=True))
        assert gc.get_threshold() != usual
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
