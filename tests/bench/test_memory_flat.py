"""An engine that runs on does not grow on: a demo in virtual time, faster than twenty times real time."""

import gc
from pathlib import Path

import pytest

from app.bench.demo_tape import VirtualDemo
from app.engine.vitals import resident_bytes

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("usual_collector")]


async def growth_mb(tape: Path, *, minutes: int, settled: int) -> float:
    """MB gained after the first `settled` of `minutes`: buffers fill at first."""
    demo = VirtualDemo(10, tape)
    await demo.advance(60 * settled)
    gc.collect()
    before = resident_bytes()
    await demo.advance(60 * (minutes - settled))
    gc.collect()
    assert demo.core.events > 3_000 * minutes
    return (resident_bytes() - before) / 1e6


async def test_five_minutes_stay_flat(tmp_path: Path) -> None:
    assert await growth_mb(tmp_path / "run.tape", minutes=5, settled=2) < 8


@pytest.mark.nightly
async def test_an_hour_stays_flat(tmp_path: Path) -> None:
    assert await growth_mb(tmp_path / "run.tape", minutes=60, settled=30) < 6
