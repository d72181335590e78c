"""`tapedeck scan` and `tapedeck explain`, as a user runs them: in a process of their own."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from processes import PATIENCE_S, command, environment, wait_until

from app.demo.prediction.population import Population

SEED = 7
ONE = ("--source", "demo", "--json", "--from")


def tapedeck(home: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), env=environment(home), capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def addresses() -> list[str]:
    people = Population(SEED)
    return [people.address(number) for number in range(40)]


@pytest.fixture
def listed(tmp_path: Path, addresses: list[str]) -> Path:
    path = tmp_path / "wallets.txt"
    path.write_text("# mine\n" + "\n".join(addresses) + "\n", encoding="utf-8")
    return path


def test_a_scan_of_the_simulated_venue_is_one_object(tmp_path: Path, listed: Path) -> None:
    ended = tapedeck(tmp_path, "scan", "--source", "demo", "--seed", "7", "--from", listed, "--json")
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert report["schema_version"] == 1
    assert report["source"] == {"mode": "demo", "label": "DEMO", "detail": "simulated, seed 7"}
    assert report["wallets"] == len(report["verdicts"]) == 40
    assert report["not_scored"] == []
    assert set(report["verdicts"][0]) >= {"wallet", "verdict", "stage", "reason", "score", "pillars", "doubts"}
    assert [set(stage) for stage in report["stages"]] == [{"stage", "seen", "rejected", "not_scored", "ms"}] * 3
    assert report["stages"][0]["seen"] == 40
    assert report["calls"] > 40
    assert 0 < report["calls_allowed_pct"] <= 100
    assert report["wallets_per_minute"] > 0
    assert report["caches"]["answers"]["bytes"] > 0
    assert "\x1b" not in ended.stderr
    again = json.loads(tapedeck(tmp_path, "scan", "--source", "demo", "--from", listed, "--json").stdout)
    # Of a list, wallets that fell by their totals are asked for them again.
    assert again["unchanged"] >= 0.8 * report["stages"][1]["seen"] > 10
    assert again["calls"] < report["calls"]


def test_an_engine_that_runs_here_does_the_scan_and_keeps_the_verdicts(
    tmp_path: Path, listed: Path, addresses: list[str]
) -> None:
    words = ("run", "--source", "demo", "--seed", "7", "--set", "scalper.enabled=false", "--quiet")
    with subprocess.Popen(command(*words), env=environment(tmp_path), stdout=subprocess.DEVNULL) as engine:
        try:
            wait_until(lambda: bool(list(tmp_path.rglob("*.sock"))), "an engine to ask")
            wait_until(lambda: tapedeck(tmp_path, "scan", *ONE, addresses[0]).returncode == 0, "an engine that scans")
            listed.write_text(listed.read_text(encoding="utf-8") + "=1+1\n", encoding="utf-8")
            ended = tapedeck(tmp_path, "scan", "--source", "demo", "--from", listed, "--json")
            again = tapedeck(tmp_path, "scan", "--source", "demo", "--from", listed, "--json")
            table = tapedeck(tmp_path, "scan", "--source", "demo", "--from", addresses[3], "0x12")
            beside = tapedeck(tmp_path, "scan", "--source", "demo", "--from", listed, "--limit", "3")
            engine.terminate()
            assert engine.wait(PATIENCE_S) == 0
        finally:
            engine.kill()
    assert ended.returncode == 6, ended.stderr
    assert "'=1+1' is not a wallet's address; left out" in ended.stderr
    report = json.loads(ended.stdout)
    assert (report["wallets"], len(report["verdicts"]), report["unsaved"]) == (40, 40, "")
    assert {row["wallet"] for row in report["verdicts"]} == set(addresses)
    rescan = json.loads(again.stdout)
    assert rescan["unchanged"] > 10
    assert len(rescan["verdicts"]) == 40
    assert rescan["calls"] < report["calls"]
    assert report["stages"][0]["seen"] == 40
    assert "The engine that runs here scans." in table.stderr
    assert "a scan of its own, NOT SAVED and with half of the venue's limits" in beside.stderr
    assert "1 of 2 wallets not scored (0x12: not a wallet's address" in table.stderr
    assert "DEMO simulated, seed 7" in table.stdout


def test_bad_addresses_are_named_and_the_exit_code_is_6(tmp_path: Path, addresses: list[str]) -> None:
    ended = tapedeck(tmp_path, "scan", "--source", "demo", "--from", addresses[0], "0x12", "--csv")
    assert ended.returncode == 6
    rows = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert [row["wallet"] for row in rows] == [addresses[0], "0x12"]
    assert [row["verdict"] for row in rows][1] == "NOT SCORED"
    assert {row["source"] for row in rows} == {"DEMO simulated, seed 7"}
    assert "1 of 2 wallets not scored (0x12: not a wallet's address" in ended.stderr


def test_a_list_of_another_systems_editor_and_a_formula_in_it_do_no_harm(tmp_path: Path, addresses: list[str]) -> None:
    path = tmp_path / "wallets.txt"
    path.write_text(f"{addresses[0]}\n=1+1\n", encoding="utf-8-sig")
    ended = tapedeck(tmp_path, "scan", "--source", "demo", "--from", path, "--csv")
    rows = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert [row["wallet"] for row in rows] == [addresses[0], "'=1+1"]
    assert [row["verdict"] == "NOT SCORED" for row in rows] == [False, True]


def test_what_could_not_be_saved_is_told_also_when_quiet(tmp_path: Path, addresses: list[str]) -> None:
    (tmp_path / "state" / "demo.sqlite").mkdir(parents=True)
    (tmp_path / "state").chmod(0o700)
    ended = tapedeck(tmp_path, "scan", "--source", "demo", "--from", addresses[0], "--json", "--quiet")
    assert ended.returncode == 6
    report = json.loads(ended.stdout)
    assert report["wallets"] == 1
    assert "rows in memory only: " in report["unsaved"]
    assert f"NOT SAVED: {report['unsaved']}" in ended.stderr


def test_a_scan_for_people_says_that_it_is_simulated(tmp_path: Path, addresses: list[str]) -> None:
    ended = tapedeck(tmp_path, "scan", "--source", "demo", "--from", addresses[3])
    assert ended.returncode == 0
    assert "DEMO simulated, seed 7" in ended.stdout
    assert "1 seen" in ended.stdout
    assert "what it tells is made up" in ended.stderr


def test_a_wallet_is_opened_up(tmp_path: Path, addresses: list[str]) -> None:
    shown = tapedeck(tmp_path, "explain", addresses[1], "--source", "demo")
    assert shown.returncode == 0, shown.stderr
    assert "DEMO simulated, seed 7" in shown.stdout
    for title in ("Pillars", "Categories (recent trades)", "Newest closed positions"):
        assert title in shown.stdout
    ended = tapedeck(tmp_path, "explain", addresses[1], "--source", "demo", "--json")
    explained = json.loads(ended.stdout)
    assert explained["wallet"] == addresses[1]
    assert {pillar["name"] for pillar in explained["opened"]["pillars"]} == {"specialisation", "behaviour", "structure"}
    assert explained["positions"]
    assert explained["history"] == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("scan", "--from", "nonsense"), 2, "no source, address or file"),
        (("scan", "--seed", "3"), 2, "add --source demo"),
        (("scan", "--json", "--csv"), 2, "leave one of them out"),
        (("scan", "--limit", "0"), 2, "not a number of wallets"),
        (("scan", "--limit", "0000000019999999"), 2, "not a number of wallets"),
        (("scan", "--limit", "9" * 100_000), 2, "not a number of wallets"),
        (("scan", "--profile", "reckless"), 3, "there is no such profile"),
        (("explain", "0x12"), 2, "not a wallet's address"),
        (
            ("scan", "--set", "polymarket.data_url=http://127.0.0.1:9", "--from", "0x" + "1" * 40),
            4,
            "http://127.0.0.1:9/v2/user-stats cannot be reached",
        ),
    ],
)
def test_mistakes_end_in_a_sentence_and_the_right_code(
    tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    ended = tapedeck(tmp_path, *words)
    assert (ended.returncode, said in ended.stderr) == (code, True), ended.stderr


def test_an_unknown_wallet_is_not_judged_and_the_exit_code_is_6(tmp_path: Path) -> None:
    ended = tapedeck(tmp_path, "explain", "0x" + "1" * 40, "--source", "demo", "--json")
    assert ended.returncode == 6
    assert json.loads(ended.stdout)["verdict"]["verdict"] == "NOT SCORED"


def test_help_needs_neither_numpy_nor_aiohttp() -> None:
    script = (
        "import sys; from app.cli.main import main; main(['scan', '--help']); main(['explain', '--help']); "
        "print(sorted({'numpy', 'aiohttp', 'torch', 'textual'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.endswith("[]\n")


def test_a_venue_that_is_not_there_is_the_reason_and_the_next_step_is_named(
    tmp_path: Path, addresses: list[str]
) -> None:
    nowhere = ("--set", "polymarket.data_url=http://127.0.0.1:9", "--set", "polymarket.gamma_url=http://127.0.0.1:9")
    ended = tapedeck(tmp_path, "explain", addresses[0], *nowhere)
    assert ended.returncode == 4
    assert f"error: {addresses[0]} was not looked at: http://127.0.0.1:9" in ended.stderr
    assert "cannot be reached: Connection refused; check the network and the settings polymarket" in ended.stderr
