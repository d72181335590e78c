"""What a sweep costs: runs a second, and how much sooner two processes are done than one.

A run is a replay of one point over three years of hours (made up, the same ones); features are computed once, outside
the time, as a sweep does it. One process and two take turns, each pool begun anew, and the starts of their processes
are in the times: wall seconds, the least of the rounds, because whatever else runs can only add to them. On a machine
that has other things to do two processes cannot be done sooner: `machine_scaling_2_cores` is the same for loops that
do nothing but count, and the most that can be had.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from app.bench.bars_data import made_bars
from app.bench.report import Bench, Target
from app.config.settings import Settings
from app.core.errors import TapedeckError
from app.screener.sweep import Market, carry_out, prepared_jobs
from app.screener.sweep_runs import Run
from app.screener.sweep_space import Point, Span, drawn

HOURS, RUNS, ROUNDS = 26_304, 1_000, 2
_COUNTS = 20_000_000
_SPANS = (Span("fusion.entry_threshold_confidence", 0.1, 0.5), Span("strategy.stop_atr", 1, 4))


def measure() -> dict[str, float]:
    """The figures of 1,000 runs. Raises `TapedeckError` where two processes find something else than one."""
    return measure_of(RUNS, HOURS, ROUNDS)


def measure_of(runs: int, hours: int, rounds: int) -> dict[str, float]:
    """The figures of so many runs over so many hours, the best of so many rounds."""
    points = drawn((), _SPANS, runs, 1)
    taken: dict[int, list[float]] = {1: [], 2: []}
    found: list[list[Run]] = []
    counted: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for workers, seconds in counted.items():
            seconds.append(_counting(workers))
        for workers, seconds in taken.items():
            told, took = _sweep(points, hours, workers)
            seconds.append(took)
            found.append(told)
    if any(each != found[0] for each in found):
        raise TapedeckError("one process and two found different results, so no time counts")
    return {
        "runs_per_s": round(runs / min(taken[2]), 1),
        "runs_per_s_one_process": round(runs / min(taken[1]), 1),
        "scaling_2_cores": round(min(taken[1]) / min(taken[2]), 2),
        "machine_scaling_2_cores": round(min(counted[1]) / min(counted[2]), 2),
        "bars_a_run": hours,
        "trades_a_run": round(sum(run.trades for run in found[0]) / runs, 1),
    }


def _sweep(points: list[Point], hours: int, workers: int) -> tuple[list[Run], float]:
    """All runs by so many processes, in order, and the seconds it took."""
    told: list[Run] = []
    markets = [Market("made up", made_bars(hours, 1), 0)]
    with prepared_jobs(markets, Settings(), points, set(), 2) as jobs:
        started_ns = time.perf_counter_ns()
        carry_out(jobs, Settings(), lambda: ProcessPoolExecutor(workers, get_context("spawn")), told.extend)
        seconds = (time.perf_counter_ns() - started_ns) / 1e9
    return sorted(told, key=lambda run: run.point), seconds


def _counting(workers: int) -> float:
    """The seconds in which so many processes count to one number, each to its part of it."""
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        list(pool.map(_count, [1] * workers))
        started_ns = time.perf_counter_ns()
        list(pool.map(_count, [_COUNTS // workers] * workers))
        return (time.perf_counter_ns() - started_ns) / 1e9


def _count(number: int) -> int:
    return sum(1 for _ in range(number))


SWEEP = Bench(
    "sweep",
    "sweeps: replays of three years of hours a second, and two processes against one",
    measure,
    {"scaling_2_cores": Target(">=", 1.7)},
)
