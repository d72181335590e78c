"""A sweep: bars and points → runs, by any executor, in any order, and the same results however it is carried out."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.config.settings import Settings
from app.core.errors import TapedeckError
from app.screener.bars import Bars
from app.screener.columns import Thresholds
from app.screener.sweep_runs import Run, run_points, save_shared, shared_of, thresholds_by_point
from app.screener.sweep_space import Point

_MOST_TOGETHER = 50
_PIECES = 8
"""So many pieces of work a worker: one that is slow does not keep the others waiting for long."""
_MOST_FAILURES = 3


class Market(NamedTuple):
    """Bars of one market that were checked, the place of the first that was asked for, and the bars that are named."""

    name: str
    bars: Bars
    first: int
    named: NDArray[np.bool_] | None = None


class Job(NamedTuple):
    """Points of one market that share features."""

    folder: str
    market: str
    points: tuple[tuple[int, Point], ...]


@contextmanager
def prepared_jobs(
    markets: Sequence[Market], base: Settings, points: Sequence[Point], done: set[tuple[int, str]], workers: int
) -> Iterator[list[Job]]:
    """What is left to do, for as long as the block runs; features are computed here, once for all that share them."""
    with tempfile.TemporaryDirectory(prefix="tapedeck-sweep-") as folder:
        jobs: list[Job] = []
        for place, market in enumerate(markets):
            groups: dict[Thresholds, list[tuple[int, Point]]] = {}
            thresholds = thresholds_by_point(base, points, market.bars.interval_ms)
            for number, (point, of_point) in enumerate(zip(points, thresholds, strict=True)):
                if (number, market.name) not in done:
                    groups.setdefault(of_point, []).append((number, point))
            for group, (of_group, left) in enumerate(groups.items()):
                path = Path(folder) / f"{place}-{group}"
                save_shared(path, shared_of(market.bars, of_group, market.first, market.named))
                jobs += [Job(str(path), market.name, piece) for piece in _pieces(left, workers)]
        yield jobs


def _pieces(points: Sequence[tuple[int, Point]], workers: int) -> list[tuple[tuple[int, Point], ...]]:
    size = max(1, min(_MOST_TOGETHER, len(points) // (workers * _PIECES)))
    return [tuple(points[start : start + size]) for start in range(0, len(points), size)]


def carry_out(
    jobs: Sequence[Job], base: Settings, make_executor: Callable[[], Executor], put: Callable[[list[Run]], None]
) -> None:
    """Do all jobs; `put` is told of runs as they come.

    Where a worker dies, what it had not told is done again by a new executor, at most `_MOST_FAILURES` times.
    """
    left, failures, settings = list(jobs), 0, msgspec.json.encode(base)
    while left:
        with make_executor() as executor:
            waiting = {executor.submit(run_points, job.folder, job.market, settings, job.points): job for job in left}
            try:
                for ended in as_completed(waiting):
                    put(msgspec.convert(ended.result(), list[Run]))
                    left.remove(waiting[ended])
            except BrokenProcessPool as error:
                failures += 1
                if failures > _MOST_FAILURES:
                    raise TapedeckError(
                        f"workers of the sweep died {failures} times; take fewer (--workers) and go on with the file"
                    ) from error
            except BaseException:
                for future in waiting:
                    future.cancel()
                raise


class Alone(Executor):
    """An executor that does each job at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 - as its base
        """The future of a job that is done already."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future
