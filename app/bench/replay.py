"""How fast a recording runs through the whole engine, as a multiple of the time it took to record."""

import asyncio
import tempfile
from pathlib import Path
from statistics import median

from app.bench.demo_tape import record_demo
from app.bench.report import Bench, Target
from app.config.settings import Settings
from app.core.clock import Clock, SystemClock
from app.core.errors import DataError
from app.engine.tape_run import TapeRun
from app.feeds.tape.importers import open_recording

_COINS, _SECONDS, _ROUNDS = 30, 3_600, 3


def measure() -> dict[str, float]:
    """Median of three replays of one demo hour of 30 coins.

    The demo is made in virtual time for this run, which takes some minutes.
    """
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as folder:
        return asyncio.run(replay_times(Path(folder) / "demo.tape", _COINS, _SECONDS, _ROUNDS, SystemClock()))


async def replay_times(tape: Path, coins: int, seconds: float, rounds: int, clock: Clock) -> dict[str, float]:
    """Record a demo to `tape` and replay it. Raises `DataError` when a replay derives other events."""
    recorded_sha256 = await record_demo(tape, coins=coins, seconds=seconds)
    replays = [await _replay(tape, recorded_sha256, clock) for _ in range(rounds)]
    taken_s = median(taken for taken, _ in replays)
    inputs = replays[0][1]
    return {
        "speed_vs_real_time": round(seconds / taken_s, 1),
        "inputs_per_s": round(inputs / taken_s),
        "seconds_of_tape": seconds,
        "coins": coins,
        "inputs": inputs,
    }


async def _replay(tape: Path, recorded_sha256: str, clock: Clock) -> tuple[float, int]:
    """Seconds for one replay at full speed, opening the tape included, and how many inputs it had."""
    started_ns = clock.monotonic_ns()
    run = TapeRun(open_recording(tape), Settings(), clock, speed=None, hold=False)
    await run.start(lambda: None)
    await run.finished()
    taken_s = (clock.monotonic_ns() - started_ns) / 1e9
    await run.stop()
    if run.core.journal.log_sha256 != recorded_sha256:
        raise DataError("the replay derived other events than the recorded run; run the tests in tests/engine")
    return taken_s, run.core.sequence


REPLAY = Bench(
    "replay",
    "a recorded demo of 30 coins through the whole engine",
    measure,
    {"speed_vs_real_time": Target(">=", 60)},
)
