"""A sweep on dask.distributed: the same figures, and sentences for what is missing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sweep_samples import backwards_crew, carried_on, figures_of, small_sweep

from app.core.errors import ConfigError, TapedeckError, UsageError, VenueError
from app.sweep.crew import check_cluster, cluster_crew
from app.sweep.results import open_results


@contextmanager
def cluster(**given: Any) -> Iterator[Any]:
    """A scheduler on loopback with workers of one thread each."""
    make_cluster: Any = import_module("distributed").LocalCluster
    with make_cluster(
        threads_per_worker=1, dashboard_address=None, host="127.0.0.1", silence_logs=50, **given
    ) as running:
        yield running


def swept(tmp_path: Path, running: Any, advance: Callable[[int], None]) -> bool:
    """Whether the cluster comes to what this process does."""
    sweep = small_sweep(bars=700, markets=1)
    with cluster_crew(running.scheduler_address) as crew, open_results(tmp_path / "r.sqlite") as results:
        made = carried_on(sweep, results, crew, tmp_path, advance)
    return made == figures_of(sweep, backwards_crew(), tmp_path, "other.sqlite")


def test_a_scheduler_and_a_worker_in_this_process_come_to_the_same(tmp_path: Path) -> None:
    told: list[int] = []
    with cluster(n_workers=1, processes=False, protocol="tcp") as running:
        assert swept(tmp_path, running, told.append)
    assert told[-1] == 32
    assert len(told) > 3


@pytest.mark.nightly
def test_two_processes_of_which_one_is_killed_come_to_the_same(tmp_path: Path) -> None:
    import psutil

    killed: list[psutil.Process] = []

    def kill(done: int) -> None:
        if done and not killed:
            pids = [int(nanny.pid) for nanny in running.workers.values()]
            assert len(pids) == 2
            killed.append(psutil.Process(pids[0]))
            killed[0].kill()

    with cluster(n_workers=2, processes=True) as running:
        assert swept(tmp_path, running, kill)
    assert killed


def test_without_an_answer_the_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import app.sweep.crew as crew

    monkeypatch.setattr(crew, "_ANSWER_S", 0.2)
    with (
        pytest.raises(VenueError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"),
        cluster_crew("tcp://127.0.0.1:9"),
    ):
        pass


@pytest.mark.parametrize(
    "address",
    [
        "tcp://10.0.0.5:8786", "10.0.0.5:8786", "127.0.0.1:8786", "tcp://127.0.0.1.example.com:8786", "nowhere at all",
        "tcp://user@127.0.0.1:8786", "ucx://127.0.0.1:8786", "tcp://0:8786", "TCP://10.0.0.5:8786", "tls://10.0.0.5:0",
    ],
)  # fmt: skip
def test_a_scheduler_that_others_could_stand_in_for_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"run theirs here: .*tls://HOST:PORT"), cluster_crew(address):
        pass


@pytest.mark.parametrize("address", ["tls://10.0.0.5:8786", "tcp://localhost:8786", "tcp://[::1]:8786"])
def test_one_on_this_machine_or_behind_tls_is_taken(address: str) -> None:
    check_cluster(address)


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(TapedeckError, match=r"tapedeck\[cluster\]"), cluster_crew("tcp://127.0.0.1:9"):
        pass


def test_tls_without_certificates_says_where_to_name_them() -> None:
    with pytest.raises(ConfigError, match=r"distributed\.comm\.tls"), cluster_crew("tls://127.0.0.1:9"):
        pass
