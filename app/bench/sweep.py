"""What a sweep costs: runs a second, and how much sooner two processes are done than one.

A run is a trial over three years of hours (made up, the same ones). The time is that of the whole work of `tapedeck
sweep`: columns that are made and shared, processes that are begun and ended, runs, rows of results that are kept. One
process (this one, as with --workers 1) and two take turns; wall seconds, the least of the rounds, because whatever
else runs can only add to them. Both come to the same, or no time counts.

On a machine that has other things to do two processes cannot be done sooner: `machine_scaling_2_cores` is the same
for two processes that only count, and the most that could be had. `scaling_by_processor_time` does not depend on the
others: processor time of one process over that of the busier of the two workers and all that this process did
beside them, as if each had a core of its own.
"""

import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from app.bench.bars_data import made_bars
from app.bench.report import Bench, Target
from app.config.settings import Settings
from app.core.errors import TapedeckError
from app.screener.sweep_run import RunFigures
from app.screener.trials import Trial, grid_values, plan_trials, random_ranges
from app.sweep.crew import local_crew
from app.sweep.markets import SweptBars, cells_of, folds_over
from app.sweep.results import open_results
from app.sweep.sweeping import carry_on, private_folder, sweep_of

HOURS, DRAWS, ROUNDS = 26_304, 250, 3
_COUNTS = 20_000_000


class _Taken(NamedTuple):
    """Wall seconds of a sweep, and processor seconds of this process and of its workers together."""

    wall_s: float
    own_s: float
    workers_s: float


def measure() -> dict[str, float]:
    """The figures of 1,000 runs. Raises `TapedeckError` where two processes find something else than one."""
    return measure_of(DRAWS, HOURS, ROUNDS)


def measure_of(draws: int, hours: int, rounds: int) -> dict[str, float]:
    """The figures of four runs for each of so many draws, over so many hours, the best of so many rounds."""
    grid = grid_values(["fusion.entry_threshold_confidence=.10,.20,.30,.40"])
    trials = plan_trials(Settings(), grid, random_ranges(["strategy.stop_atr=1..4"]), draws, 1)
    taken: dict[int, list[_Taken]] = {1: [], 2: []}
    counted: dict[int, list[float]] = {1: [], 2: []}
    found: list[dict[str, RunFigures]] = []
    for _ in range(rounds):
        for workers in (1, 2):
            counted[workers].append(_counting(workers))
            made, told = _sweep(trials, hours, workers)
            taken[workers].append(told)
            found.append(made)
    if any(each != found[0] for each in found):
        raise TapedeckError("one process and two found different results, so no time counts")
    return _figures(taken, counted, found[0], hours)


def _figures(
    taken: dict[int, list[_Taken]], counted: dict[int, list[float]], found: dict[str, RunFigures], hours: int
) -> dict[str, float]:
    one, two = (min(told.wall_s for told in taken[workers]) for workers in (1, 2))
    alone = min(told.own_s for told in taken[1])
    shared = min(told.own_s + told.workers_s / 2 for told in taken[2])
    return {
        "runs_per_s": round(len(found) / two, 1),
        "runs_per_s_one_process": round(len(found) / one, 1),
        "scaling_2_cores": round(one / two, 2),
        "machine_scaling_2_cores": round(min(counted[1]) / min(counted[2]), 2),
        "scaling_by_processor_time": round(alone / shared, 2),
        "bars_a_run": hours,
        "trades_a_run": round(sum(figures.trades for figures in found.values()) / len(found), 1),
    }


def _sweep(trials: list[Trial], hours: int, workers: int) -> tuple[dict[str, RunFigures], _Taken]:
    """What all runs come to, and what that took."""
    swept = [SweptBars(made_bars(hours, 1), 0, None)]
    sweep = sweep_of(trials, swept, cells_of(swept, folds_over(swept, 1)))
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as name:
        started_ns, before = time.perf_counter_ns(), _processor_s()
        with open_results(Path(name) / "r.sqlite") as results, private_folder(Path(name) / "shared") as folder:
            made = carry_on(sweep, sweep.runs, results, local_crew(workers), folder, lambda _: None)
        wall_s, after = (time.perf_counter_ns() - started_ns) / 1e9, _processor_s()
    return made, _Taken(wall_s, after[0] - before[0], after[1] - before[1])


def _processor_s() -> tuple[float, float]:
    """Processor seconds of this process, and of its children that have ended."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime, children.ru_utime + children.ru_stime


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
    "sweeps: trials over three years of hours a second, and two processes against one",
    measure,
    {"scaling_2_cores": Target(">=", 1.7)},
)
