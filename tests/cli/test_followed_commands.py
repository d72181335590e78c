"""`tapedeck whales` and `tapedeck signal`: of an engine that runs here, of one of their own, and of a recording."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from processes import PATIENCE_S, command, environment, wait_until
from whale_driver import WhaleDriver, address, settings

from app.bench.demo_tape import record_demo
from app.cli import lean, whales
from app.cli.followed_text import signal_lines, whales_lines
from app.cli.main import main
from app.core.errors import PartialResultError
from app.core.whale_events import AlertRecord
from app.engine.followed_view import followed_view
from app.engine.followed_watch import signal_report, whales_report
from app.engine.freeze import Outside, freeze
from app.engine.protocol import Snapshot, SourceView

TRACKED = 6


class Seen(NamedTuple):
    """What the commands said while an engine ran, and the tape of it."""

    home: Path
    tape: Path
    said: dict[str, subprocess.CompletedProcess[str]]


def tapedeck(home: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), env=environment(home), capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """One demo for all: its engine is asked while it runs, and its recording afterwards."""
    home = tmp_path_factory.mktemp("home")
    tape = home / "traders.tape"
    words = ("run", "--source", "demo", "--set", f"whales.tracked={TRACKED}", "--record", tape, "--quiet")
    asked = {
        "whales json": ("whales", "--source", "demo", "--json"),
        "whales": ("whales", "--source", "demo", "--tracked", "3"),
        "signal json": ("signal", "BTC", "--source", "demo", "--json"),
        "signal": ("signal", "btc", "--source", "demo"),
        "nobody holds": ("signal", "NOPE", "--source", "demo"),
    }
    with subprocess.Popen(command(*words), env=environment(home), stdout=subprocess.DEVNULL) as engine:
        try:
            wait_until(lambda: bool(list(home.rglob("*.sock"))), "an engine to ask")
            said = {name: tapedeck(home, *words) for name, words in asked.items()}
            engine.terminate()
            assert engine.wait(PATIENCE_S) == 0
        finally:
            engine.kill()
    return Seen(home, tape, said)


def test_the_engine_that_runs_here_tells_who_is_followed(seen: Seen) -> None:
    ended = seen.said["whales json"]
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert list(told)[:2] == ["schema_version", "source"]
    assert told["source"]["detail"] == "simulated, seed 7"
    assert len(told["traders"]) == told["tracker"]["tracked"] == TRACKED
    assert [row["rank"] for row in told["traders"]] == list(range(1, TRACKED + 1))
    assert {"trader", "score", "windows", "flags", "doubts", "weight", "coverage", "age_s"} <= set(told["traders"][0])
    board = told["leaderboard"]
    assert sum(board["refused_by"].values()) == board["refused"] > 0
    assert board["kept"] == min(500, board["rows"] - board["refused"])
    assert told["partial"] == ""
    assert (isinstance(told["alerts"], list), ended.stderr) == (True, "")


def test_for_people_there_is_a_table_and_a_line_for_each_thing(seen: Seen) -> None:
    ended = seen.said["whales"]
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[0].split("\t")[:4] == ["rank", "trader", "name", "score"]
    assert [line.split("\t")[0] for line in lines[1 : TRACKED + 1]] == [str(rank) for rank in range(1, TRACKED + 1)]
    assert "source         DEMO simulated, seed 7" in lines
    assert any(line.startswith("leaderboard    5,000 rows") and "refused: " in line for line in lines)
    assert "Asking the engine that runs here." in ended.stderr
    assert f"It follows {TRACKED} traders: --tracked is for an engine of its own." in ended.stderr


def test_a_signal_has_its_baseline_and_who_is_behind_it(seen: Seen) -> None:
    told = json.loads(seen.said["signal json"].stdout)
    assert list(told)[:3] == ["schema_version", "coin", "source"]
    assert (told["coin"], told["tracked"], told["partial"]) == ("BTC", TRACKED, "")
    assert set(told) >= {
        "lean", "bias", "breadth", "concentration", "confidence", "change_1h", "plain_lean", "plain_bias",
        "stale_traders", "fresh", "price",
    }  # fmt: skip
    sides = told["contributors"]
    shares = [sum(row["share"] for row in sides[side]) for side in ("long", "short")]
    assert len(sides["long"]) == told["long_traders"]
    assert shares[0] - shares[1] == pytest.approx(told["bias"])
    shown = seen.said["signal"].stdout
    assert "market         BTC · DEMO simulated, seed 7 · " in shown
    assert "\nbaseline       " in shown
    nobody = seen.said["nobody holds"]
    assert (nobody.returncode, nobody.stdout) == (2, "")
    assert "NOPE is not among the markets here" in nobody.stderr


def test_an_engine_of_its_own_goes_on_with_who_was_stored(seen: Seen) -> None:
    ended = tapedeck(seen.home, "signal", "ETH", "--source", "demo", "--tracked", str(TRACKED), "--json")
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert (told["coin"], told["tracked"], told["stale_traders"]) == ("ETH", TRACKED, 0)
    assert list(seen.home.rglob("*.sock")) == []


def test_a_recording_tells_the_same_of_its_end(seen: Seen, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["whales", "--tape", str(seen.tape), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    before = json.loads(seen.said["whales json"].stdout)
    assert told["source"]["mode"] == "tape"
    assert [row["trader"] for row in told["traders"]] == [row["trader"] for row in before["traders"]]
    assert told["leaderboard"]["refused_by"] == before["leaderboard"]["refused_by"]
    assert main(["signal", "BTC", "--tape", str(seen.tape), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["coin"] == "BTC"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["whales", "--source", "tape"], 2, "add --tape FILE"),
        (["whales", "--tape", "missing.tape"], 5, "missing.tape"),
        (["whales", "--tape", "missing.tape", "--for", "5s"], 2, "leave --for and --tracked out"),
        (["signal", "BTC", "--tape", "missing.tape", "--tracked", "5"], 2, "leave --for and --tracked out"),
        (["whales", "--source", "demo", "--tracked", "501"], 3, "flag --tracked: whales.tracked is 501"),
        (["signal", "BTC", "--source", "demo", "--set", "whales.enabled=false"], 3, "whales.enabled is off"),
        (["signal"], 2, "COIN"),
    ],
)
def test_words_that_do_not_fit(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == code
    captured = capsys.readouterr()
    assert (said in captured.err, captured.out) == (True, ""), captured.err


def test_a_recording_without_traders_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tape = tmp_path / "alone.tape"
    asyncio.run(record_demo(tape, coins=1, seconds=1))
    assert main(["whales", "--tape", str(tape)]) == 5
    assert "alone.tape has no followed traders" in capsys.readouterr().err


# Snapshots made by hand.


def snapshot(driver: WhaleDriver, coin: str = "") -> Snapshot:
    told = freeze(driver.core, SourceView("live", "LIVE", "venue.example"), Outside())
    return msgspec.structs.replace(told, followed=followed_view(driver.whales, coin, driver.now_ms))


@pytest.mark.parametrize("words", [["whales"], ["signal", "BTC"]])
def test_too_few_fresh_positions_are_printed_and_the_exit_code_is_6(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    driver = WhaleDriver(settings())
    driver.refused = {"clearinghouseState"}
    driver.follow()
    for module in (whales, lean):
        monkeypatch.setattr(module, "followed_snapshot", lambda *_: snapshot(driver, "BTC"))
    assert main([*words, "--json"]) == PartialResultError.exit_code == 6
    captured = capsys.readouterr()
    why = "positions of 0 of 8 traders are known and fresh"
    assert json.loads(captured.out)["partial"] == why
    flag = "--for" if words == ["whales"] else "--wait"
    assert captured.err == f"error: {why} after 180 s; wait longer ({flag} 360s), or follow fewer (--tracked)\n"


def test_alerts_that_stand_say_what_their_kind_was_followed_by(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    driver = WhaleDriver(settings())
    driver.held[address(0)] = {"BTC": 50_000.0}
    driver.follow()
    driver.trades(address(0), "BTC", 100_000.0)
    driver.run(5)
    told = snapshot(driver)
    assert told.whales is not None
    (alert,) = told.whales.alerts
    known = msgspec.structs.replace(alert, record=AlertRecord(n=12, hits=7, median_move_bps=3.25))
    view = msgspec.structs.replace(told.whales, alerts=(alert, known))
    monkeypatch.setattr(whales, "followed_snapshot", lambda *_: msgspec.structs.replace(told, whales=view))
    assert main(["whales"]) == 0
    lines = capsys.readouterr().out.splitlines()
    shown = [line.split("\t") for line in lines if "\twhale move\t" in line]
    assert [cells[-1] for cells in shown] == ["no record", "7 of 12 moved on, median +3.2 bp"]
    assert shown[0][2:4] == ["BTC", str(alert.text)]
    assert "alerts         2 stand" in lines


def test_what_is_not_known_is_not_shown_as_a_number() -> None:
    driver = WhaleDriver(settings())
    driver.refused = {"clearinghouseState", "portfolio"}
    driver.follow()
    lines = list(signal_lines(signal_report(snapshot(driver, "BTC"), "BTC")))
    assert "signal         NEUTRAL, bias +0.00, its change is not known yet" in lines
    assert dict(whales_lines(whales_report(snapshot(driver))))["regime"].startswith("BTC unknown")
