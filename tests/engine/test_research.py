"""Sweeps beside a run: in processes of their own, told on their way, ended with the engine, and gone on with later."""

import asyncio
import os
import shlex
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import msgspec
import psutil
import pytest
from bar_samples import market, write_csv

from app.config.locations import Locations, find_locations
from app.config.screener_settings import FusionSettings
from app.config.settings import Settings
from app.core.clock import ManualClock
from app.core.errors import DataError
from app.engine.engine import Engine
from app.engine.last_backtest import keep_backtest, read_backtest
from app.engine.protocol_screen import BacktestRecord, StartSweep, StopSweep, SweepView
from app.engine.research import Research, sweep_words
from app.engine.sweep_child import SweepChild

_WAIT_S = 60
RESULT = {
    "schema_version": 1, "runs": 4, "known_before": 1, "markets": ["ETH"], "folds": 1, "days": 30, "tried": 4,
    "trials": [{"number": 1, "values": {"fusion.mode": "confirm"}, "sharpe": 1.0, "total_return": 0.1,
                "maximum_drawdown": 0.2, "trades": 3, "won": 1}],
    "doubts": ["the best is \x1b[31mlucky"], "walk_forward": None,
}  # fmt: skip
SAYS_PROGRESS = """
import json, sys
for done in (0, 2, 4):
    line = {"kind": "progress", "label": "4 runs", "done": done, "total": 4, "elapsed_s": 1.0, "left_s": None}
    print(json.dumps(line), file=sys.stderr)
print(json.dumps({**line, "done": 1e300}), file=sys.stderr)
print(RESULT)
"""
FAILS = "import sys; print('a word', file=sys.stderr); print('error: no \\x1b[31mbars', file=sys.stderr); sys.exit(5)"
ENDS_WITH_INPUT = """
import sys
print("ready", file=sys.stderr, flush=True)
sys.stdin.read()
print("Interrupted: 3 of 4 runs are done and kept", file=sys.stderr)
sys.exit(130)
"""
HEARS_NOTHING = "import sys, time\nprint('ready', file=sys.stderr, flush=True)\nwhile True: time.sleep(60)"


def found(home: Path) -> Locations:
    return find_locations({"TAPEDECK_HOME": str(home)})


def research(home: Path, settings: Settings | None = None, clock: ManualClock | None = None) -> Research:
    return Research(settings or Settings(), found(home), clock or ManualClock(), "--source store", 2)


async def child_of(script: str) -> tuple[SweepChild, list[SweepView]]:
    """A process that stands in for a sweep, and all that is told of it."""
    told: list[SweepView] = []
    child = SweepChild("--bars x", lambda: told.append(child.view))
    await child.start((sys.executable, "-c", script.replace("RESULT", repr(msgspec.json.encode(RESULT).decode()))))
    return child, told


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_WAIT_S):
        while not holds():  # noqa: ASYNC110 - what another process says
            await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_progress_and_the_result_are_told_and_cleaned() -> None:
    child, told = await child_of(SAYS_PROGRESS)
    await until(lambda: not child.runs)
    assert [(view.done, view.total) for view in told[:3]] == [(0, 4), (2, 4), (4, 4)]
    assert all(msgspec.msgpack.encode(view) for view in told), "no number is too large for a snapshot"
    assert (child.view.state, child.view.message) == ("done", "")
    result = child.view.result
    assert result is not None
    assert (result.known_before, result.trials[0].values) == (1, {"fusion.mode": "confirm"})
    assert "\x1b" not in result.doubts[0]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (FAILS, "no [31mbars"),
        ("import sys; sys.exit(3)", "it ended with exit code 3 and said nothing"),
        ("print('{}')", "its results cannot be read here"),
        ("print('[' * 5000)", "its results cannot be read here"),
        ("import sys; sys.stdout.write('x' * 2_000_000)", "its results cannot be read here"),
        ("import sys; sys.stderr.write('y' * 300_000 + '\\n'); sys.exit(1)", "y"),
    ],
)
@pytest.mark.asyncio
async def test_a_failure_shows_the_last_sentence(script: str, said: str) -> None:
    child, _ = await child_of(script)
    await until(lambda: not child.runs)
    assert child.view.state == "failed"
    assert said in child.view.message
    assert "\x1b" not in child.view.message
    assert len(child.view.message) <= 400


@pytest.mark.asyncio
async def test_a_sweep_is_stopped_by_the_end_of_its_input_and_says_what_is_kept() -> None:
    child, told = await child_of(ENDS_WITH_INPUT)
    await until(lambda: bool(told))
    await child.stop()
    assert (child.view.state, child.view.message) == ("stopped", "Interrupted: 3 of 4 runs are done and kept")


@pytest.mark.asyncio
async def test_one_that_hears_nothing_is_ended_by_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.engine.sweep_child._STOP_TIMEOUT_S", 0.05)
    child, told = await child_of(HEARS_NOTHING)
    await until(lambda: bool(told))
    assert child._process is not None
    await child.stop()
    assert child.view.state == "stopped"
    assert not psutil.pid_exists(child._process.pid)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--asset ETH --grid a=1,2", ["--asset", "ETH", "--grid", "a=1,2"]),
        ("tapedeck sweep --bars 'a b.csv'", ["--bars", "a b.csv"]),
    ],
)
def test_a_line_becomes_arguments(line: str, words: list[str]) -> None:
    assert sweep_words(line) == words


@pytest.mark.parametrize(
    "line", ["", "ETH", "--bars 'open", "--bars x --help", "--bars x --json", "--progress=jsonl", "rm -rf /"]
)
def test_a_line_that_is_no_sweep_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        sweep_words(line)


def given_after(words: list[str], flag: str) -> list[str]:
    return [after for before, after in pairwise(words) if before == flag]


def test_a_sweep_varies_the_settings_in_force_and_leaves_a_processor_to_the_deck(tmp_path: Path) -> None:
    settings = Settings(fusion=FusionSettings(entry_threshold_confidence=0.37, mode="prefilter"))
    given = research(tmp_path, settings)._given(["--bars", "x.csv"])
    assert {"fusion.entry_threshold_confidence=0.37", "fusion.mode=prefilter", "strategy.structure_stop=true"} <= set(
        given_after(given, "--set")
    )
    assert given_after(given, "--workers") == ["1"]
    assert "--keep" not in given
    assert "--workers" not in research(tmp_path)._given(["--bars", "x", "--workers", "7"])


def test_bars_of_a_market_are_kept_for_the_day_so_that_the_same_words_go_on(tmp_path: Path) -> None:
    clock = ManualClock()
    first = research(tmp_path, clock=clock)
    words = shlex.split("--asset A:B/x --source demo --set demo.seed=7 --grid k=1")
    (path,) = given_after(first._given(words), "--keep")
    assert given_after(first._given([*words, "--grid", "other=1"]), "--keep") == [path]
    assert given_after(first._given(shlex.split("--asset A:B/x --source demo --set demo.seed=8")), "--keep") != [path]
    assert Path(path).name.startswith("A_B_x-simulated-")
    Path(path).write_text("bars", encoding="utf-8")
    clock.advance(86_400)
    (next_day,) = given_after(first._given(words), "--keep")
    assert next_day != path
    assert not Path(path).exists()


@pytest.mark.asyncio
async def test_a_real_sweep_is_stopped_without_an_orphan_and_goes_on_where_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAPEDECK_HOME", str(tmp_path))
    bars = write_csv(tmp_path / "ETH_1h.csv", market(1_500, 4))
    words = f"--bars {bars} --random strategy.stop_atr=1..4 --runs 600 --set batch_mode.minimum_score=0.5"
    one = research(tmp_path)
    assert await one.command(StopSweep()) == (False, "No sweep is running")
    assert (await one.command(StartSweep(words)))[0]
    assert await one.command(StartSweep(words)) == (False, "A sweep is running already")
    await until(lambda: one.sweep is not None and (one.sweep.state != "running" or (one.sweep.done or 0) > 0))
    assert one.sweep is not None
    assert one.sweep.state == "running", one.sweep.message
    children = psutil.Process(os.getpid()).children(recursive=True)
    await one.stop()
    assert psutil.wait_procs(children, timeout=_WAIT_S)[1] == []
    assert [one.sweep.state] == ["stopped"]
    assert one.sweep.message.startswith("Interrupted: ")
    kept = int(one.sweep.message.split()[1])
    assert one.sweep.total is not None
    assert 0 < kept < one.sweep.total
    other = research(tmp_path)
    await other.command(StartSweep(one.sweep.arguments))
    await until(lambda: other.sweep is not None and other.sweep.state != "running")
    assert other.sweep is not None
    assert other.sweep.result is not None, other.sweep.message
    assert (other.sweep.result.known_before, other.sweep.result.runs) == (kept, one.sweep.total)
    assert len(other.sweep.result.trials) == 5
    assert other.sweep.result.doubts


@pytest.mark.asyncio
async def test_words_that_the_command_refuses_end_in_its_own_sentence(tmp_path: Path) -> None:
    one = research(tmp_path)
    ok, said = await one.command(StartSweep("--bars 'open"))
    assert (ok, said) == (False, "No sweep was begun: No closing quotation")
    assert one.sweep is None


RECORD = BacktestRecord(
    made_ms=1_699_999_000_000, title="ETH, 1h", compared=(("return", "+1.00%", "+2.00%"),), lines=("3 trades \x1b[1m",),
    assumptions=("fees",), settings="mode confirm",
)  # fmt: skip


def test_the_last_backtest_is_told_with_its_age_and_read_again_when_it_changes(tmp_path: Path) -> None:
    one, path = research(tmp_path), found(tmp_path).last_backtest
    assert one.view().backtest is None
    keep_backtest(path, RECORD)
    view = one.view()
    assert view.backtest is not None
    assert view.backtest.lines == ("3 trades [1m",)
    assert (view.backtest_age_s, view.backtest_trouble, view.source_words) == (1_000, "", "--source store")
    assert one.view().backtest is view.backtest
    keep_backtest(path, msgspec.structs.replace(RECORD, title="BTC, four hours"))
    again = one.view().backtest
    assert again is not None
    assert again.title == "BTC, four hours"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"[" * 5_000, b'{"made_ms": "x"}', b"\xff\xfe", b" " * 70_000])
def test_a_record_that_is_none_is_told_and_harms_nothing(tmp_path: Path, content: bytes) -> None:
    path = found(tmp_path).last_backtest
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(DataError, match="run `tapedeck backtest` again"):
        read_backtest(path)
    view = research(tmp_path).view()
    assert view.backtest is None
    assert "no record of a backtest" in view.backtest_trouble


class BrokenRun:
    """A run whose end fails, such as one whose disk is full."""

    async def stop(self) -> None:
        raise DataError("the tape cannot be ended")


@pytest.mark.asyncio
async def test_a_sweep_ends_with_its_engine_whatever_else_fails(tmp_path: Path) -> None:
    one = research(tmp_path)
    child, told = await child_of(ENDS_WITH_INPUT)
    one._child = child
    engine = Engine(BrokenRun(), ManualClock(), snapshot_hz=10, research=one)  # type: ignore[arg-type]
    await until(lambda: bool(told))
    with pytest.raises(DataError):
        await engine.stop()
    assert one.sweep is not None
    assert one.sweep.state == "stopped"
