"""A sweep: every trial over every fold of every market, but for what is known already."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import msgspec

from app import __version__
from app.config.locations import ensure
from app.core.errors import DataError, UsageError
from app.measures.days import DAY_MS
from app.screener.columns import Thresholds
from app.screener.screen import thresholds_of
from app.screener.shared_columns import save_bars
from app.screener.sweep_run import RunFigures
from app.screener.trials import Trial
from app.store.lock import acquire, lock_file
from app.sweep.crew import Crew, carry_out
from app.sweep.markets import Cell, SweptBars
from app.sweep.results import Results, StoredRun
from app.sweep.tasks import Job, Prepare, Runs, Screening, Shared, answered, asked

MOST_RUNS = 1_000_000
"""What each came to is held until the end: more would fill the memory."""
_MOST_AT_ONCE = 32
_PIPE_BYTES, _ANSWER_BYTES = 48 * 1024, 512
"""A pipe takes so much at once: a worker that is killed leaves no half of an answer, for which others would wait."""
_TASKS_EACH = 8
"""So many tasks for each worker at least, where there are enough runs: none waits long for the last one."""


class Run(NamedTuple):
    """A trial, by its number from 0, over a cell."""

    key: str
    trial: int
    cell: Cell


class Sweep(NamedTuple):
    """What is tried over what, each run once, and the columns' thresholds of each trial and market."""

    trials: Sequence[Trial]
    markets: Sequence[SweptBars]
    cells: Sequence[Cell]
    runs: Sequence[Run]

    def thresholds(self, run: Run) -> Thresholds:
        """What the screen of a run is told."""
        bars = self.markets[run.cell.market].bars
        return thresholds_of(self.trials[run.trial].settings.screen, bars.interval_ms)


def sweep_of(trials: Sequence[Trial], markets: Sequence[SweptBars], cells: Sequence[Cell]) -> Sweep:
    """All runs of these trials, trial by trial. Raises `UsageError` for more than `MOST_RUNS`."""
    if len(trials) * len(cells) > MOST_RUNS:
        told = f"{len(trials):,} trials over {len(cells):,} folds of markets"
        raise UsageError(f"{told} are more than {MOST_RUNS:,} runs; take fewer values, --runs, --folds or markets")
    hashes = [trial.settings.sha256 for trial in trials]
    runs = [Run(run_key(cell, hashes[number]), number, cell) for number in range(len(trials)) for cell in cells]
    return Sweep(trials, markets, cells, runs)


def run_key(cell: Cell, settings_sha256: str) -> str:
    """A hash of all that a run depends on: bars, candidates, ends of the fold, settings, the program's version."""
    parts = ("run 1", __version__, *map(str, cell.where), settings_sha256)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def carry_on(
    sweep: Sweep, missing: Sequence[Run], results: Results, crew: Crew, folder: Path, advance: Callable[[int], None]
) -> dict[str, RunFigures]:
    """Do the runs that are missing (at least one), and keep each among the results; what they came to, by their keys.

    `folder` is empty and seen by every worker; `advance` is told how many runs are done. Figures do not depend on who
    does them or in which order.
    """
    made: dict[str, RunFigures] = {}
    _name(sweep, results)
    by_key = {run.key: run for run in missing}
    prepare, runs = _tasks(sweep, missing, folder, crew.slots)

    def take(message: bytes) -> None:
        figures = answered(message).figures
        results.put(_stored(sweep, by_key[key], each) for key, each in figures.items())
        made.update(figures)
        advance(len(made))

    carry_out(crew, ([*map(asked, prepare)], [*map(asked, runs)]), take)
    return made


def _stored(sweep: Sweep, run: Run, figures: RunFigures) -> StoredRun:
    return StoredRun(run.key, __version__, run.cell.where, sweep.trials[run.trial].settings.sha256, figures)


def _name(sweep: Sweep, results: Results) -> None:
    bars = {}
    for cell in sweep.cells:
        market = sweep.markets[cell.market].bars
        bars[cell.where.bars] = (market.name, market.interval_ms)
    settings = {trial.settings.sha256: msgspec.json.encode(trial.settings) for trial in sweep.trials}
    results.name(bars, settings)


def _tasks(sweep: Sweep, missing: Sequence[Run], folder: Path, slots: int) -> tuple[list[Prepare], list[Runs]]:
    """What to ask: first the columns of each market, then runs, those of one market and screen together.

    A screen that several tasks need is in a file; one that a single task needs is made there and nowhere else.
    """
    most = max(1, min(_MOST_AT_ONCE, len(missing) // (slots * _TASKS_EACH), _fit(missing)))
    prepare, runs = [], []
    for market, of_market in groupby(sorted(missing, key=lambda run: run.cell.market), lambda run: run.cell.market):
        shared = _share(sweep, market, folder)
        by_screen: dict[Thresholds, list[Run]] = {}
        for run in of_market:
            by_screen.setdefault(sweep.thresholds(run), []).append(run)
        screens = [
            Screening(thresholds, f"screen-{number}.npy" if len(some) > most else "")
            for number, (thresholds, some) in enumerate(by_screen.items())
        ]
        prepare.append(Prepare(shared, screens[0].thresholds, tuple(each for each in screens if each.file)))
        for screen, some in zip(screens, by_screen.values(), strict=True):
            runs += [
                Runs(shared, screen, tuple(_job(sweep, run) for run in some[start : start + most]))
                for start in range(0, len(some), most)
            ]
    return prepare, runs


def _fit(missing: Sequence[Run]) -> int:
    """How many of the longest runs' answers a pipe takes."""
    days = max((run.cell.where.last_ms - run.cell.where.first_ms) // DAY_MS + 2 for run in missing)
    return _PIPE_BYTES // (_ANSWER_BYTES + 8 * days)


def _share(sweep: Sweep, number: int, folder: Path) -> Shared:
    market, own = sweep.markets[number], folder / f"market-{number}"
    try:
        own.mkdir(mode=0o700)
        save_bars(own, market.bars, market.marks, market.macro)
    except OSError as error:
        raise DataError(f"{own} cannot be written ({error.strerror}); free some space, or name --shared") from error
    return Shared(str(own), market.bars.name, market.bars.interval_ms)


def _job(sweep: Sweep, run: Run) -> Job:
    return Job(run.key, sweep.trials[run.trial].settings, run.cell.place)


@contextmanager
def private_folder(parent: Path) -> Iterator[Path]:
    """A new folder below `parent`, for this user alone, gone at the end.

    Those of sweeps that were killed are removed at the beginning: nobody holds their locks any more.
    """
    ensure(parent)
    for old in parent.glob("sweep-*"):
        _remove_if_left(old)
    folder = Path(tempfile.mkdtemp(prefix="sweep-", dir=parent))
    lock = acquire(folder / "sweep")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _remove_if_left(folder: Path) -> None:
    if not lock_file(folder / "sweep").exists():
        return
    try:
        lock = acquire(folder / "sweep")
    except DataError:
        return
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
