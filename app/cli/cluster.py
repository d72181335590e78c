"""Workers of a cluster, by dask.distributed: the optional extra `cluster`."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import NamedTuple

from app.core.errors import TapedeckError, VenueError
from app.core.text import clean

_PATIENCE_S = 10


class Cluster(NamedTuple):
    """How many workers there are, and what makes an executor of theirs."""

    workers: int
    make_executor: Callable[[], Executor]


@contextmanager
def cluster_at(address: str) -> Iterator[Cluster]:
    """The workers of the scheduler at an address (`tcp://host:port`), for as long as the block runs.

    Raises `TapedeckError` where distributed is not installed or workers die over a job again and again, `VenueError`
    where no scheduler answers or it has no workers.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise TapedeckError(
            "distributed is not installed, and --cluster needs it; run: python -m pip install 'tapedeck[cluster]'"
        ) from error
    shown = clean(address, 100)
    try:
        client = Client(address, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise VenueError(f"no scheduler answers at {shown}; start one, or leave --cluster out") from error
    with client:
        workers = len(client.scheduler_info(n_workers=-1)["workers"])
        if not workers:
            raise VenueError(f"the scheduler at {shown} has no workers; start some")
        try:
            yield Cluster(workers, client.get_executor)
        except KilledWorker as error:
            raise TapedeckError(f"workers of {shown} died over the same job again and again; see their logs") from error
