"""Sweeps that are begun twice at once, killed, or leave processes; and what their lines and files may not do."""

import asyncio
import sys
from pathlib import Path

import msgspec
import psutil
import pytest
from test_research import RECORD, RESULT, child_of, found, given_after, research, until

from app.core.errors import DataError
from app.engine.last_backtest import keep_backtest, read_backtest
from app.engine.protocol_screen import StartSweep
from app.engine.sweep_child import SweepChild

LEAVES_A_WORKER = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
held = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdin=subprocess.DEVNULL)
print("worker", held.pid, file=sys.stderr, flush=True)
time.sleep(600)
"""
KILLS_ITSELF = """
import os, signal, sys
print("4 runs of 9 are known already.", file=sys.stderr, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
WAITS = (sys.executable, "-c", "import sys; sys.stdin.read(); sys.exit(130)")


@pytest.mark.asyncio
async def test_of_two_that_are_begun_at_once_one_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.engine.research.command", lambda _: WAITS)
    one = research(tmp_path)
    told = await asyncio.gather(*(one.command(StartSweep("--bars x --grid a=1")) for _ in range(3)))
    assert sorted(done for done, _ in told) == [False, False, True]
    await one.stop()
    assert one.sweep is not None
    assert one.sweep.state == "stopped"
    assert psutil.Process().children() == []


@pytest.mark.asyncio
async def test_arguments_that_no_process_can_have_begin_nothing_and_hold_up_nothing(tmp_path: Path) -> None:
    one = research(tmp_path)
    for _ in range(2):
        begun, told = await one.command(StartSweep("--bars a\0b --grid a=1"))
        assert (begun, told) == (False, "No sweep was begun: no process can be started (embedded null byte)")
    assert one.sweep is None


@pytest.mark.asyncio
async def test_one_that_is_given_up_while_it_starts_is_ended() -> None:
    child = SweepChild("--bars x", lambda: None)
    starting = asyncio.create_task(child.start(WAITS))
    await asyncio.sleep(0)
    await child.stop()
    await starting
    assert child.view.state == "stopped"


@pytest.mark.asyncio
async def test_workers_that_hold_its_pipes_are_ended_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.engine.sweep_child._STOP_TIMEOUT_S", 0.05)
    child, told = await child_of(LEAVES_A_WORKER)
    await until(lambda: bool(told))
    worker = psutil.Process(int(child.view.message.split()[1]))
    async with asyncio.timeout(20):
        await child.stop()
    await until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    assert child.view.state == "stopped"


@pytest.mark.asyncio
async def test_one_that_is_killed_says_so_and_not_what_it_said_before() -> None:
    child, _ = await child_of(KILLS_ITSELF)
    await until(lambda: not child.runs)
    assert (child.view.state, child.view.left_s) == ("failed", None)
    assert child.view.message.startswith("signal 9 ended it")


@pytest.mark.parametrize(
    "line",
    [
        {"done": 10**30, "total": 4, "elapsed_s": 1.0, "left_s": None},
        {"done": -1, "total": 4, "elapsed_s": 1.0, "left_s": None},
        {"done": 1, "total": 4, "elapsed_s": 1e300, "left_s": 1.0},
    ],
)
@pytest.mark.asyncio
async def test_progress_that_no_message_can_hold_is_none(line: dict[str, object]) -> None:
    script = f"import sys\nprint({(msgspec.json.encode({'kind': 'progress', **line}).decode())!r}, file=sys.stderr)"
    child, _ = await child_of(script)
    await until(lambda: not child.runs)
    assert (child.view.done, child.view.total) == (None, None)
    assert msgspec.msgpack.encode(child.view)


@pytest.mark.parametrize("wrong", [{"runs": 10**30}, {"days": -1}, {"folds": 2**64}, {"known_before": 2**53}])
@pytest.mark.asyncio
async def test_results_that_no_message_can_hold_are_none(wrong: dict[str, object]) -> None:
    child, _ = await child_of(f"print({msgspec.json.encode(RESULT | wrong).decode()!r})")
    await until(lambda: not child.runs)
    assert child.view.state == "failed"
    assert msgspec.msgpack.encode(child.view)


def test_a_flag_counts_however_it_is_written(tmp_path: Path) -> None:
    given = research(tmp_path)._given(["--asset=ETH", "--cluster=tcp://10.0.0.5:8786", "--keep=eth.csv"])
    assert given_after(given, "--workers") == []
    assert given_after(given, "--keep") == []


def test_kept_bars_that_cannot_be_removed_are_left(tmp_path: Path) -> None:
    kept = found(tmp_path).sweep_bars / "ETH-live-1-1.csv"
    (kept / "inside").mkdir(parents=True)
    assert given_after(research(tmp_path)._given(["--asset", "ETH"]), "--keep")
    assert kept.exists()


@pytest.mark.parametrize("made_ms", [0, -(2**63), 2**63, 10**30])
def test_a_backtest_of_no_time_is_no_record(tmp_path: Path, made_ms: int) -> None:
    path = found(tmp_path).last_backtest
    keep_backtest(path, RECORD)
    path.write_bytes(path.read_bytes().replace(str(RECORD.made_ms).encode(), str(made_ms).encode()))
    with pytest.raises(DataError, match="no record of a backtest"):
        read_backtest(path)
    view = research(tmp_path).view()
    assert (view.backtest, bool(view.backtest_trouble)) == (None, True)
    assert msgspec.msgpack.encode(view)
