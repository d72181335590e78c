"""What of a call is its own time, and what is waiting for a processor: the scheduler of Linux tells both."""

import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import NamedTuple

from app.bench.ui import percentile
from app.tokens.features import Singles


class Waited(NamedTuple):
    """A call: microseconds that it took, and for how many of them one of its processes was ready and did not run."""

    taken_us: float
    waited_us: float


@contextlib.contextmanager
def waiting_meter(pids: Sequence[int]) -> Iterator[Callable[[], float]]:
    """Tells for how many microseconds processes have waited for a processor so far, all together; 0 where the system
    does not say."""
    files: list[int] = []
    with contextlib.suppress(OSError):
        files += [os.open(f"/proc/{pid}/schedstat", os.O_RDONLY) for pid in pids]
    try:
        yield lambda: sum(int(os.pread(file, 100, 0).split()[1]) for file in files) / 1e3
    finally:
        for file in files:
            os.close(file)


async def timed_with_waits(
    rows: Singles, predict: Callable[[Singles], Awaitable[object]], pids: Sequence[int]
) -> list[Waited]:
    """Call `predict` with each row, one after the other; `pids` are the processes that a call keeps busy."""
    calls = []
    with waiting_meter(pids) as waited_us:
        for row in rows:
            before_us, began = waited_us(), time.perf_counter()
            await predict(row)
            calls.append(Waited((time.perf_counter() - began) * 1e6, waited_us() - before_us))
    return calls


def own_figures(calls: Sequence[Waited]) -> dict[str, float]:
    """`call_own_us_p50` and `call_own_us_p95`: of calls without their waits; `call_waiting_pct`: waits of all time.

    A wait that is longer than its call fell beside it, while the clock was read: such a call is left out.
    """
    own = [call.taken_us - call.waited_us for call in calls if call.waited_us <= call.taken_us]
    waited = sum(min(call) for call in calls)
    return {
        "call_own_us_p50": round(percentile(own, 50), 1),
        "call_own_us_p95": round(percentile(own, 95), 1),
        "call_waiting_pct": round(100 * waited / sum(call.taken_us for call in calls), 1),
    }
