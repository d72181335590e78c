"""Real processes of this machine: the same figures, workers that are killed, and an end with whoever began them."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from processes import children_running
from sweep_samples import backwards_crew, carried_on, figures_of, small_sweep

from app.sweep.crew import local_crew
from app.sweep.results import open_results

_WAIT_S = 60
_WAITS_WITH_WORKERS = """
import os, sys
from app.sweep.crew import local_crew
pool = local_crew(2).begin()
print(*{pool.submit(os.getpid).result() for _ in range(2)}, flush=True)
sys.stdin.read()
"""


def workers() -> list[psutil.Process]:
    """The worker processes of this one."""
    return children_running(os.getpid(), "spawn_main")


def test_processes_come_to_the_same_even_when_one_is_killed(tmp_path: Path) -> None:
    sweep = small_sweep(bars=700, markets=1)
    killed: list[psutil.Process] = []

    def kill(done: int) -> None:
        if done and not killed:
            killed.append(workers()[0])
            # Nobody but its pool may wait for it: that would look for its end forever.
            killed[0].kill()

    with open_results(tmp_path / "r.sqlite") as results:
        made = carried_on(sweep, results, local_crew(2), tmp_path, kill)
    assert made == figures_of(sweep, backwards_crew(), tmp_path, "other.sqlite")
    assert killed
    assert workers() == []


@pytest.mark.nightly
def test_workers_end_with_a_parent_that_is_killed() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _WAITS_WITH_WORKERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    begun = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
    process.kill()
    process.communicate(timeout=_WAIT_S)
    _, alive = psutil.wait_procs(begun, timeout=_WAIT_S)
    assert begun
    assert alive == []
