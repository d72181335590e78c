"""What workers are asked and answer, as bytes: whatever carries them sees nothing but bytes."""

from pathlib import Path
from typing import TypeVar

import msgspec

from app.core.errors import DataError
from app.core.text import clean
from app.screener.columns import Thresholds
from app.screener.folds import Place
from app.screener.shared_columns import (
    Market,
    market_of,
    open_bars,
    open_market,
    open_screen,
    save_market,
    save_screen,
    screen_of,
)
from app.screener.sweep_run import RunFigures, part_of, run_trial
from app.screener.trials import TrialSettings


class Shared(msgspec.Struct, frozen=True):
    """Where the columns of a market lie, by the name of its bars and their interval."""

    folder: str
    name: str
    interval_ms: int

    def open(self) -> Market:
        """The market, mapped."""
        return open_market(Path(self.folder), self.name, self.interval_ms)


class Screening(msgspec.Struct, frozen=True):
    """A screen of a market: its thresholds, and the file of its columns; without one they are made where needed."""

    thresholds: Thresholds
    file: str = ""


class Job(msgspec.Struct, frozen=True):
    """One run: its key, the settings, and where the fold lies."""

    key: str
    trial: TrialSettings
    place: Place


class Prepare(msgspec.Struct, frozen=True, tag=True):
    """Make the columns of a market, and of those of its screens that have a file."""

    market: Shared
    thresholds: Thresholds
    screens: tuple[Screening, ...]


class Runs(msgspec.Struct, frozen=True, tag=True):
    """Runs on one market by one screen."""

    market: Shared
    screen: Screening
    jobs: tuple[Job, ...]


class Done(msgspec.Struct, frozen=True):
    """What runs came to, by their keys; nothing where columns were made."""

    figures: dict[str, RunFigures]


Task = Prepare | Runs
_Message = TypeVar("_Message")
_TASKS: "msgspec.msgpack.Decoder[Task]" = msgspec.msgpack.Decoder(Task)
_DONE: "msgspec.msgpack.Decoder[Done]" = msgspec.msgpack.Decoder(Done)


def asked(task: Task) -> bytes:
    """A task as it is carried."""
    return msgspec.msgpack.encode(task)


def answered(message: bytes) -> Done:
    """The answer of `work`. Raises `DataError` for anything else."""
    return _decoded(_DONE, message)


def task_in(message: bytes) -> Task:
    """What is asked. Raises `DataError` for what is no task."""
    return _decoded(_TASKS, message)


def work(message: bytes) -> bytes:
    """Do what is asked. Raises `DataError` for what is no task, and where a worker does not see the sweep's folder."""
    task = task_in(message)
    figures = _prepared(task) if isinstance(task, Prepare) else _run(task)
    return msgspec.msgpack.encode(Done(figures))


def _decoded(decoder: "msgspec.msgpack.Decoder[_Message]", message: bytes) -> _Message:
    try:
        return decoder.decode(message)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            f"a message between a sweep and its workers cannot be read ({clean(str(error), 120)}); have all of them "
            "run the same version of tapedeck"
        ) from error


def _prepared(task: Prepare) -> dict[str, RunFigures]:
    folder = Path(task.market.folder)
    market = market_of(open_bars(folder, task.market.name, task.market.interval_ms), task.thresholds)
    save_market(folder, market)
    for screen in task.screens:
        save_screen(folder / screen.file, screen_of(market, screen.thresholds))
    return {}


def _run(task: Runs) -> dict[str, RunFigures]:
    market, screening = task.market.open(), task.screen
    file = Path(task.market.folder) / screening.file
    screen = open_screen(file) if screening.file else screen_of(market, screening.thresholds)
    parts = {place: part_of(market, screen, place) for place in {job.place for job in task.jobs}}
    return {job.key: run_trial(parts[job.place], job.trial)[1] for job in task.jobs}
