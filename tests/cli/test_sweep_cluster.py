"""A sweep on a cluster of real processes: the same results, also where a worker is killed in the middle."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from bar_samples import market, write_csv

from app.cli.main import main

WORDS = ("--random", "60", "--range", "strategy.stop_atr=1:4", "--set", "fusion.mode=advisory", "--quiet")


def sweep(bars: Path, out: Path, *words: str) -> int:
    return main(["sweep", "--bars", str(bars), "--out", str(out), *WORDS, *words])


def test_without_a_scheduler_the_next_step_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bars = write_csv(tmp_path / "ETH_1h.csv", market(1_000, 4))
    code = sweep(bars, tmp_path / "s.sqlite", "--cluster", "nonsense://127.0.0.1:9")
    said = capsys.readouterr().err
    assert (code, "no scheduler answers" in said) == (4, True) or (code, "tapedeck[cluster]" in said) == (1, True)
    assert sweep(bars, tmp_path / "s.sqlite", "--cluster", "tcp://127.0.0.1:9", "--workers", "2") == 2
    assert "leave them out, or --cluster" in capsys.readouterr().err


@pytest.mark.nightly
@pytest.mark.filterwarnings("default")
def test_a_cluster_gives_the_same_even_where_a_worker_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    distributed = pytest.importorskip("distributed")
    bars = write_csv(tmp_path / "ETH_1h.csv", market(12_000, 4))
    assert sweep(bars, tmp_path / "alone.sqlite", "--workers", "1") == 0
    alone = capsys.readouterr().out
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        killed: list[int] = []

        def kill() -> None:
            while not any(worker.processing for worker in cluster.scheduler.workers.values()):
                time.sleep(0.01)
            victim = next(iter(cluster.workers.values()))
            killed.append(victim.pid)
            os.kill(victim.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        assert sweep(bars, tmp_path / "cluster.sqlite", "--cluster", cluster.scheduler_address) == 0
        killer.join(timeout=30)
    assert len(killed) == 1
    assert capsys.readouterr().out == alone
