"""`tapedeck sweep`, as a user runs it."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from bar_samples import market, write_csv

from app.cli.main import main

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "ohlcv"
SPAN = ("--start", "2025-02-01", "--end", "2025-04-15")
BUSY = ("--set", "fusion.mode=fusion_only", "--set", "batch_mode.minimum_score=0.6")
THRESHOLDS = ("--grid", "fusion.entry_threshold_confidence=.10,.20,.30,.40")
STOPS = ("--random", "strategy.stop_atr=1..4", "--runs", "6")


_WAIT_S = 60
_TELLS_WHAT_IS_KEPT = """
import signal, sys
from app.cli.main import main
from app.sweep.results import Results
# Programs of a shell's background begin with ctrl-c ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
put = Results.put
def told(self, runs):
    runs = list(runs)
    put(self, runs)
    if runs:
        print("kept", flush=True)
        sys.stdin.readline()
Results.put = told
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def candidates(bars: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("candidates") / "c.jsonl"
    assert main(["screen", "--bars", str(bars), *SPAN, "--out", str(out), *BUSY, "--quiet"]) == 0
    return out


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_thresholds_on_one_file_of_candidates_are_as_backtests_of_each(
    bars: Path, candidates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    words = ("--bars", str(bars), "--candidates", str(candidates), *BUSY)
    out = tmp_path / "runs.csv"
    results = ("--results", str(tmp_path / "r.sqlite"), "--workers", "1")
    assert main(["sweep", *words, *THRESHOLDS, *results, "--csv", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    rows = rows_of(out)
    assert [row["fusion.entry_threshold_confidence"] for row in rows] == ["0.1", "0.2", "0.3", "0.4"]
    assert told["runs"] == 4 == len(told["trials"])
    for row in rows:
        threshold = f"fusion.entry_threshold_confidence={row['fusion.entry_threshold_confidence']}"
        assert main(["backtest", *words, "--set", threshold, "--json"]) == 0
        summary = json.loads(capsys.readouterr().out)["summary"]
        trades, account = summary["trades"], summary["strategy"]
        assert [int(row[name]) for name in ("trades", "won", "candidates")] == [
            trades,
            summary["won"],
            summary["candidates"],
        ]
        assert float(row["total_return"]) == account["total_return"]
        assert row["sharpe"] == str(account["sharpe"])
        assert float(row["maximum_drawdown"]) == account["maximum_drawdown"]
        assert (row["first_bar"], row["last_bar"]) == (summary["start"], summary["end"])
    assert len({row["trades"] for row in rows}) == 4


def test_the_report_ranks_walks_forward_and_doubts(
    bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sweep", "--bars", str(bars), str(write_csv(tmp_path / "BTC_1h.csv", market(2_500, 9))), *BUSY, *STOPS]
    words += ["--results", str(tmp_path / "r.sqlite"), "--folds", "3", "--workers", "1"]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    ratios = [trial["sharpe"] for trial in told["trials"]]
    assert ratios == sorted(ratios, reverse=True)
    assert sorted(trial["number"] for trial in told["trials"]) == [1, 2, 3, 4, 5, 6]
    assert told["tried"] == 6
    assert told["luck"] > 0
    assert 0 <= told["deflated"] <= 1
    assert 0 <= told["overfitting"]["probability"] <= 1
    assert [step["fold"] for step in told["walk_forward"]["steps"]] == [2, 3]
    # The same, and more of it: all of what was ever tried counts.
    assert (
        main([*words[:-6], "--results", str(tmp_path / "r.sqlite"), "--folds", "3", "--workers", "1", "--seed", "2"])
        == 0
    )
    printed = capsys.readouterr()
    assert printed.err == ""
    for words_of in (
        "ETHUSDT_1h.csv, BTC_1h.csv: 6 trials over 125 days in 3 folds, after costs",
        "trial\tstrategy.stop_atr\tSharpe of a year, by days\treturn\tmaximum drawdown\ttrades\twon",
        "12 different accounts came of what was tried over these bars, here and in earlier sweeps of this file",
        "luck alone would give the best of so many",
        "Probability of backtest overfitting",
        "Walked forward: in each fold the trial that was best in all folds before it",
        "here nothing was chosen by hindsight",
        "What is decided at a close fills at the next open",
    ):
        assert words_of in printed.out, words_of


def test_the_walk_forward_takes_what_was_best_before(
    bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        "--bars",
        str(bars),
        *BUSY,
        *STOPS,
        "--results",
        str(tmp_path / "r.sqlite"),
        "--folds",
        "2",
        "--workers",
        "1",
    )
    assert main(["sweep", *words, "--json", "--csv", str(tmp_path / "runs.csv")]) == 0
    (step,) = json.loads(capsys.readouterr().out)["walk_forward"]["steps"]
    rows = rows_of(tmp_path / "runs.csv")
    (then,) = [row for row in rows if row["fold"] == "2" and int(row["trial"]) == step["number"]]
    assert step["total_return"] == pytest.approx(float(then["total_return"]), abs=1e-9)
    start = then["first_bar"][:10]
    before = ("--bars", str(bars), *BUSY, *STOPS, "--results", str(tmp_path / "b.sqlite"), "--workers", "1", "--end")
    end = rows[0]["last_bar"]
    assert end < start
    assert main(["sweep", *before, end, "--json"]) == 0
    best = json.loads(capsys.readouterr().out)["trials"][0]
    assert best["number"] == step["number"]
    assert best["sharpe"] == pytest.approx(step["sharpe_before"])


def test_lists_and_switches_are_written_as_they_are_given(
    bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grid = ("--grid", "batch_mode.sentinels=volume_spike,sma_20_cross", "--grid", "strategy.structure_stop=true,false")
    out = ("--csv", str(tmp_path / "runs.csv"), "--results", str(tmp_path / "r.sqlite"), "--workers", "1")
    assert main(["sweep", "--bars", str(bars), *BUSY, *grid, *out]) == 0
    assert "volume_spike\ttrue" in capsys.readouterr().out
    told = [(row["batch_mode.sentinels"], row["strategy.structure_stop"]) for row in rows_of(tmp_path / "runs.csv")]
    assert told == [(one, other) for one in ("volume_spike", "sma_20_cross") for other in ("true", "false")]


def test_series_beside_the_bars_count_as_in_a_backtest(
    bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = [line.split(",")[0] for line in bars.read_text(encoding="utf-8").splitlines()[1::24]]
    index, rates = tmp_path / "index.csv", tmp_path / "rates.csv"
    index.write_text(
        "timestamp,volatility\n" + "".join(f"{each},{20 + number % 9}\n" for number, each in enumerate(times))
    )
    rates.write_text("timestamp,funding\n" + "".join(f"{each},{0.0004 * (-1) ** n}\n" for n, each in enumerate(times)))
    series = ("--volatility", str(index), "--funding", str(rates))
    limits = ("--set", "fusion.entry_threshold_confidence=0.1", "--set", "strategy.most_funding_bps_8h=50")
    words = ("--bars", str(bars), *BUSY, *limits)
    sweep = (*words, "--grid", "strategy.most_volatility=23,25,0", "--workers", "1", "--json")
    out = tmp_path / "runs.csv"
    own = ("--results", str(tmp_path / "r.sqlite"))
    assert main(["sweep", *sweep, *series, *own, "--csv", str(out)]) == 0
    assert json.loads(capsys.readouterr().out)["known_before"] == 0
    rows = rows_of(out)
    for row in rows:
        limit = f"strategy.most_volatility={row['strategy.most_volatility']}"
        assert main(["backtest", *words, *series, "--set", limit, "--json"]) == 0
        summary = json.loads(capsys.readouterr().out)["summary"]
        assert (int(row["trades"]), float(row["total_return"]), float(row["funding"])) == (
            summary["trades"], summary["strategy"]["total_return"], summary["funding"],
        )  # fmt: skip
    assert len({row["trades"] for row in rows}) == 3
    # Without the series, or with one of them, other runs are meant.
    for some in ((), series[:2], series):
        assert main(["sweep", *sweep, *some, *own]) == 0
        assert json.loads(capsys.readouterr().out)["known_before"] == (3 if some == series else 0)


def test_kept_bars_of_a_market_are_taken_in_place_of_asking_and_know_what_is_done(
    bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (*BUSY, *THRESHOLDS, "--results", str(tmp_path / "r.sqlite"), "--workers", "1", "--json")
    assert main(["sweep", "--bars", str(bars), *words]) == 0
    first = json.loads(capsys.readouterr().out)
    assert main(["sweep", "--asset", "ETH", "--keep", str(bars), *words, "--best", "2"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (first["known_before"], again["known_before"]) == (0, 4)
    assert again["trials"] == first["trials"][:2]
    assert again["doubts"] == first["doubts"] != []


def test_progress_can_be_read_by_programs(bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--results", str(tmp_path / "r.sqlite"), "--workers", "1", "--quiet", "--best", "1")
    assert main(["sweep", "--bars", str(bars), *BUSY, *THRESHOLDS, *words, "--progress", "jsonl"]) == 0
    printed = capsys.readouterr()
    told = [json.loads(line) for line in printed.err.splitlines()]
    assert {each["kind"] for each in told} == {"progress"}
    assert [(told[0]["done"], told[0]["left_s"]), told[-1]["done"]] == [(0, None), 4]
    assert all(each["total"] == 4 for each in told)
    assert told[-1]["left_s"] == 0
    assert "and 3 more" in printed.out


def test_ctrl_c_ends_all_and_keeps_what_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bars = write_csv(tmp_path / "ETH_1h.csv", market(1_500, 4))
    words = [
        "sweep", "--bars", str(bars), "--grid", "fusion.mode=advisory,prefilter", "--random", "strategy.stop_atr=1..4",
        "--runs", "150", "--results", str(tmp_path / "r.sqlite"), "--shared", str(tmp_path / "s"),
    ]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", _TELLS_WHAT_IS_KEPT, *words, "--workers", "2"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "kept\n"
    begun = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=_WAIT_S)
    assert process.returncode == 130
    assert said.startswith("Interrupted: ")
    assert said.count("\n") == 1
    assert list((tmp_path / "s").iterdir()) == []
    assert len(begun) >= 2
    assert psutil.wait_procs(begun, timeout=_WAIT_S)[1] == []
    kept = int(said.split()[1])
    assert 0 < kept < 300
    assert main([*words, "--workers", "1"]) == 0
    assert f"{kept} runs of 300 are known already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--bars", "BARS"), 2, "nothing is swept; add --grid"),
        (("--bars", "BARS", *STOPS, "--keep", "MINE"), 2, "--source and --keep go with --asset"),
        (("--asset", "A", "B", *STOPS, "--keep", "MINE"), 2, "--keep is for one --asset"),
        (("--asset", "a b", *STOPS), 2, "is no name of a market"),
        (("--asset", "A", "--source", "store", *STOPS), 5, "live.sqlite"),
        (("--bars", "BARS", *STOPS, "--best", "0"), 2, "--best is 0; give at least 1"),
        (("--bars", "BARS", *STOPS, "--funding", "a", "b"), 2, "--funding names 2 files for 1 market;"),
        (("--bars", "BARS", *STOPS, "--funding", "BARS"), 5, "write fractions of an hour"),
        (("--grid", "fusion.mode=confirm"), 2, "--bars"),
        (("--bars", "BARS", *THRESHOLDS, "--runs", "5"), 2, "--runs and --seed are for --random"),
        (("--bars", "BARS", *STOPS, "--workers", "0"), 2, "--workers is 0; give at least 1"),
        (("--bars", "BARS", *STOPS, "--folds", "900"), 2, "--folds 900 is more than the 125 days"),
        (("--bars", "BARS", *STOPS, "--cluster", "tcp://127.0.0.1:1", "--workers", "2"), 2, "leave one of them out"),
        (("--bars", "BARS", *STOPS, "--seed", "-1"), 2, "give at least 0"),
        (("--bars", "BARS", *STOPS, "--start", "2025-03-02", "--end", "2025-03-01"), 2, "is after --end"),
        (("--bars", "BARS", *STOPS, "--start", "2031-01-01"), 5, "holds no two bars from"),
        (("--bars", "BARS", *STOPS, "--csv", "MINE"), 2, "exists already; name a new file"),
        (("--bars", "BARS", *STOPS, "--results", "MINE"), 5, "--results"),
        (("--bars", "BARS", "--grid", "fusion.entry_treshold=1"), 3, "did you mean fusion.entry_threshold_confidence?"),
        (("--bars", "BARS", "BARS", *STOPS), 5, "holds the same bars as another file"),
        (("--bars", "none.csv", *STOPS), 5, "none.csv is no file"),
        (("--bars", "BARS", *STOPS, "--candidates", "C", "C"), 2, "a file for each file of --bars"),
        (("--bars", "OTHER", *BUSY, *STOPS, "--candidates", "C"), 5, "was screened from other bars"),
        (("--bars", "BARS", *STOPS, "--candidates", "C"), 5, "was screened by other settings"),
        (("--bars", "BARS", *BUSY, "--grid", "batch_mode.volume_sigma=2,3", "--candidates", "C"), 5, "other settings"),
        (("--bars", "BARS", *BUSY, *STOPS, "--candidates", "C", "--start", "2025-01-05"), 5, "name a span inside"),
    ],
)  # fmt: skip
def test_mistakes_end_in_a_sentence_the_right_code_and_nothing_written(
    bars: Path, candidates: Path, tmp_path: Path, words: tuple[str, ...], code: int, said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    names = {"BARS": bars, "C": candidates, "OTHER": tmp_path / "other.csv", "MINE": tmp_path / "mine"}
    if "OTHER" in words:
        write_csv(names["OTHER"], market(3_000, 5))
    names["MINE"].write_text("mine", encoding="utf-8")
    given = [str(names.get(word, word)) for word in words]
    own = () if "--results" in words else ("--results", str(tmp_path / "r.sqlite"))
    capsys.readouterr()
    assert main(["sweep", *given, *own]) == code
    printed = capsys.readouterr()
    assert re.search(re.escape(said), printed.err)
    assert printed.out == ""
    assert names["MINE"].read_text(encoding="utf-8") == "mine"


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared beside the checkout")
def test_the_reference_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = REAL / "binance_um_ETHUSDT_1h_2023-2025.parquet"
    span = ("--bars", str(path), "--start", "2025-06-15", "--end", "2025-09-30")
    out = tmp_path / "c.jsonl"
    assert main(["screen", *span, "--out", str(out), "--quiet"]) == 0
    capsys.readouterr()
    grid = ("--grid", "fusion.entry_threshold_confidence=.40,.45,.50,.55", "--workers", "1")
    told = []
    for number, more in enumerate((("--candidates", str(out)), ())):
        assert main(["sweep", *span, *more, *grid, "--results", str(tmp_path / f"{number}.sqlite"), "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1]
    assert main(["backtest", *span, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    (usual,) = [trial for trial in told[0]["trials"] if trial["number"] == 1]
    assert usual["trades"] == summary["trades"]
    assert usual["total_return"] == pytest.approx(summary["strategy"]["total_return"], abs=1e-12)
