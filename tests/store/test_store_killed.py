import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from store_samples import NOW_MS, integrity

CHILD = Path(__file__).with_name("crash_child.py")
ROOT = Path(__file__).parents[2]


def killed_child(path: Path, first: int, acknowledged: int, spin: int) -> list[int]:
    """Rows a child acknowledged before it was killed, `spin` turns of a loop after it acknowledged so many."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(CHILD), str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "saved\n"
        lines = [child.stdout.readline() for _ in range(acknowledged)]
        for _ in range(spin):
            pass
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL
    return [int(line) for line in lines if line.endswith("\n")]


def stored(path: Path) -> set[int]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT open_ms FROM candles WHERE coin = 'BTC'").fetchall()
    return {(open_ms - NOW_MS) // 60_000 for (open_ms,) in rows}


def crash(path: Path, rounds: int, seed: int) -> None:
    generator = random.Random(seed)
    promised: set[int] = set()
    for number in range(rounds):
        first = max(promised, default=-1) + 10
        acknowledged = killed_child(path, first, generator.randint(1, 60), generator.randint(0, 100_000))
        assert acknowledged[0] == first
        promised.update(acknowledged)
        lost = promised - stored(path)
        assert not lost, f"seed {seed}, round {number}: lost {sorted(lost)[:5]}"
        assert integrity(path) == "ok", f"seed {seed}, round {number}"


@pytest.mark.parametrize("seed", range(4))
def test_hazard_13_no_acknowledged_row_is_lost_to_a_kill(tmp_path: Path, seed: int) -> None:
    crash(tmp_path / "live.sqlite", rounds=5, seed=seed)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 110))
def test_hazard_13_no_acknowledged_row_is_lost_to_200_kills(tmp_path: Path, seed: int) -> None:
    crash(tmp_path / "live.sqlite", rounds=20, seed=seed)
