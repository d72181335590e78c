"""A small sweep over made-up bars, and a crew that works in this process in an order of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from queue import LifoQueue
from typing import Any

from bar_samples import market

from app.config.settings import Settings
from app.screener.sweep_run import RunFigures
from app.screener.trials import grid_values, plan_trials
from app.sweep.crew import Crew
from app.sweep.markets import SweptBars, cells_of, folds_over
from app.sweep.results import Results, open_results
from app.sweep.sweeping import Sweep, carry_on, private_folder, sweep_of

GRID = (
    "fusion.mode=advisory,prefilter",
    "strategy.stop_atr=1,1.5,2,3",
    "batch_mode.minimum_score=.5",
    "batch_mode.atr_percentile=.6,.8",
)


def small_sweep(grid: tuple[str, ...] = GRID, bars: int = 1_000, folds: int = 2, markets: int = 2) -> Sweep:
    """All of the grid over markets of so many hours."""
    swept = [SweptBars(market(bars, seed)._replace(name=f"M{seed}"), 0, None) for seed in range(1, 1 + markets)]
    trials = plan_trials(Settings(), grid_values(grid), {}, 0, 0)
    return sweep_of(trials, swept, cells_of(swept, folds_over(swept, folds)))


class NewestFirst(Executor):
    """Does the newest task first, in a thread; after `lasts` of them it is broken."""

    def __init__(self, lasts: int) -> None:
        self._waiting: LifoQueue[tuple[Future[Any], Callable[[], Any]] | None] = LifoQueue()
        self._left = lasts
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self._waiting.put((future, lambda: fn(*args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (task := self._waiting.get()) is not None:
            future, do = task
            if self._left:
                future.set_result(do())
                self._left -= 1
            else:
                future.set_exception(BrokenExecutor("a worker died"))


def backwards_crew(lasts: int = 1 << 30) -> Crew:
    """A crew that does the newest task first; its executors are broken after so many."""
    return Crew(3, lambda: NewestFirst(lasts), lambda executor: executor.shutdown())


def carried_on(
    sweep: Sweep, results: Results, crew: Crew, folder: Path, advance: Callable[[int], None] = lambda _: None
) -> dict[str, RunFigures]:
    """What was known, and what was missing."""
    known = results.known(run.key for run in sweep.runs)
    missing = [run for run in sweep.runs if run.key not in known]
    with private_folder(folder / "shared") as shared:
        return {**known, **(carry_on(sweep, missing, results, crew, shared, advance) if missing else {})}


def figures_of(sweep: Sweep, crew: Crew, folder: Path, name: str = "r.sqlite") -> dict[str, RunFigures]:
    """What a whole sweep comes to, kept in a file of this name."""
    with open_results(folder / name) as results:
        return carried_on(sweep, results, crew, folder)
