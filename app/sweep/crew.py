"""Workers of a sweep: processes of this machine, or those of a dask cluster; the same tasks for both."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from importlib import import_module
from typing import Any, NamedTuple

from app.config.urls import check_cluster_url
from app.core.errors import ConfigError, TapedeckError, UsageError, VenueError
from app.core.text import clean
from app.sweep.tasks import work

_MOST_RENEWALS = 3
_ANSWER_S = 10.0
_WAITING_EACH = 2
"""Tasks under way for each worker: one that is done finds the next one there."""


class Crew(NamedTuple):
    """How tasks are carried out: what makes an executor and what ends it, and how many tasks it does at once."""

    slots: int
    begin: Callable[[], Executor]
    end: Callable[[Executor], None]


class _Here(Executor):
    """Does each task in this process when it is asked."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class _Processes(ProcessPoolExecutor):
    """Its processes never see ctrl-c, which a terminal sends to all: this one tells them."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401
        # A pool starts its processes with the tasks it is given; they take over what is blocked then.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def local_crew(workers: int) -> Crew:
    """So many processes of this machine, or for one this process itself.

    They are started afresh (`spawn`) and end with this one, whatever ends it.
    """
    if workers == 1:
        return Crew(1, _Here, lambda _: None)
    return Crew(workers, lambda: _pool(workers), lambda pool: pool.shutdown(wait=True, cancel_futures=True))


def _pool(workers: int) -> Executor:
    from multiprocessing import get_context

    return _Processes(workers, mp_context=get_context("spawn"), initializer=begin_worker)


def begin_worker() -> None:
    """Make this process end with the one that started it, even where that is killed."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    from multiprocessing.connection import wait as wait_for

    wait_for([sentinel])
    os._exit(1)


def check_cluster(address: str) -> None:
    """Raises `UsageError` for the address of a scheduler that is neither on this machine nor reached by TLS."""
    try:
        check_cluster_url(address)
    except ValueError as error:
        raise UsageError(
            f"--cluster {clean(address, 200)}: {error}; dask runs whatever code a message brings, so anybody on the "
            "way could run theirs here: set up TLS for dask and give tls://HOST:PORT, or bring its port here with "
            "ssh -L and give tcp://127.0.0.1:PORT"
        ) from error


@contextlib.contextmanager
def cluster_crew(address: str) -> Iterator[Crew]:
    """The workers of a dask scheduler.

    Raises `TapedeckError` without dask, `VenueError` where none answers, `ConfigError` without certificates for TLS,
    `UsageError` as `check_cluster` does.
    """
    check_cluster(address)
    try:
        make_client: Any = import_module("distributed").Client
    except ImportError as error:
        raise TapedeckError(
            "dask.distributed is not installed, and --cluster needs it; run: python -m pip install 'tapedeck[cluster]'"
        ) from error
    if address.lower().startswith("tls:"):
        _check_certificates()
    try:
        client: Any = make_client(address, timeout=_ANSWER_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise VenueError(
            f"no dask scheduler answers at {clean(address, 200)}; start one with `dask scheduler`"
        ) from error
    try:
        slots = sum(client.ncores().values())
        if not slots:
            raise VenueError(
                f"the dask scheduler at {clean(address, 200)} has no workers; start some with `dask worker`"
            )
        # Not pure: a task that failed is carried out again when it is asked again.
        yield Crew(slots, lambda: client.get_executor(pure=False), lambda executor: executor.shutdown(wait=False))
    finally:
        client.close()


def _check_certificates() -> None:
    """Raises `ConfigError` where dask has none to show: its client would hang in that for a while."""
    security: Any = import_module("distributed.security").Security
    try:
        given = security().get_connection_args("client")["ssl_context"]
    except OSError as error:
        raise ConfigError(f"dask's certificates cannot be read ({error}); correct distributed.comm.tls") from error
    if given is None:
        raise ConfigError("dask has no certificates to show; name them in its settings below distributed.comm.tls")


def carry_out(crew: Crew, stages: Sequence[Sequence[bytes]], take: Callable[[bytes], None]) -> None:
    """Have all tasks of a stage done, in any order, then those of the next, and give each answer to `take`.

    Where workers die, what they had is given to new ones; raises `TapedeckError` when that comes to nothing three
    times in a row. What was taken before an error or an interruption stays taken.
    """
    left, broken = [dict(enumerate(stage)) for stage in stages], 0
    while any(left):
        executor = crew.begin()
        try:
            for tasks in left:
                for number, answer in _answers(executor, tasks, crew.slots * _WAITING_EACH):
                    take(answer)
                    del tasks[number]
                    broken = 0
        except BrokenExecutor as error:
            broken += 1
            if broken > _MOST_RENEWALS:
                raise TapedeckError(
                    "workers end before they answer (killed, or out of memory?); what is done is kept: start again "
                    "with fewer --workers"
                ) from error
        finally:
            crew.end(executor)


def _answers(executor: Executor, tasks: Mapping[int, bytes], most: int) -> Iterator[tuple[int, bytes]]:
    """The answers as they come, with so many tasks under way."""
    waiting: dict[Future[bytes], int] = {}
    coming = iter(list(tasks.items()))

    def ask() -> None:
        for number, task in coming:
            waiting[executor.submit(work, task)] = number
            if len(waiting) >= most:
                return

    ask()
    while waiting:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            yield waiting.pop(future), _result(future)
        ask()


def _result(future: "Future[bytes]") -> bytes:
    try:
        return future.result()
    except (TapedeckError, BrokenExecutor):
        raise
    except Exception as error:
        raise TapedeckError(
            f"a worker failed ({type(error).__name__}: {clean(str(error), 200)}); what is done is kept: "
            "start again when that is mended"
        ) from error
