"""What of a call is its own time is told apart from its waits for a processor."""

import asyncio
import os

import numpy as np
import pytest

from app.bench.scheduling import Waited, own_figures, timed_with_waits, waiting_meter


def test_waits_are_taken_off_and_told_as_a_share() -> None:
    calls = [Waited(100.0, 0.0)] * 18 + [Waited(1_100.0, 900.0)] * 2
    assert own_figures(calls) == {"call_own_us_p50": 100.0, "call_own_us_p95": 200.0, "call_waiting_pct": 45.0}


def test_a_wait_beside_a_call_is_not_taken_off_it() -> None:
    figures = own_figures([Waited(100.0, 0.0), Waited(120.0, 400.0)])
    assert figures["call_own_us_p95"] == 100.0
    assert figures["call_waiting_pct"] == pytest.approx(54.5, abs=0.1)


def test_each_row_is_one_call_and_waits_never_shrink() -> None:
    asked: list[float] = []

    async def predict(row: np.ndarray) -> None:
        asked.append(float(row[0]))

    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    calls = asyncio.run(timed_with_waits(rows, predict, [os.getpid()]))
    assert asked == [0.0, 2.0, 4.0]
    assert all(call.taken_us > 0 and call.waited_us >= 0 for call in calls)


def test_a_process_that_is_not_there_waits_for_nothing() -> None:
    with waiting_meter([2**22 + 1]) as waited_us:
        assert waited_us() == 0
