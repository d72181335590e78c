"""`tapedeck sweep`, as a user runs it."""

import json
from pathlib import Path

import pytest
from bar_samples import market, write_csv

from app.cli.main import main

BUSY = ("--set", "fusion.mode=fusion_only", "--set", "batch_mode.minimum_score=0.6")
GRID = ("--grid", "fusion.entry_threshold_confidence=0.40,0.45,0.50,0.55")
ALONE = ("--workers", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bars")
    for name, seed in (("ETH", 4), ("BTC", 9)):
        write_csv(folder / f"{name}_1h.csv", market(2_500, seed))
    return folder


def test_one_file_of_candidates_serves_a_sweep(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bars, named, out = str(folder / "ETH_1h.csv"), str(tmp_path / "c.jsonl"), tmp_path / "s.sqlite"
    assert main(["screen", "--bars", bars, "--start", "2025-02-01", "--out", named, "--quiet", *BUSY]) == 0
    words = ["sweep", "--bars", bars, "--start", "2025-02-01", *GRID, "--out", str(out), *BUSY, *ALONE, "--json"]
    capsys.readouterr()
    assert main([*words, "--candidates", named]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["points"], told["runs"]) == (4, 4)
    for each in told["ranked"]:
        key, value = next(iter(each["settings"].items()))
        alone = ["backtest", "--bars", bars, "--start", "2025-02-01", *BUSY, "--set", f"{key}={value}", "--json"]
        assert main(alone) == 0
        summary = json.loads(capsys.readouterr().out)["summary"]
        assert (summary["trades"], pytest.approx(summary["strategy"]["total_return"])) == (
            each["trades"], each["total_return"],
        )  # fmt: skip
    trades = {each["settings"]["fusion.entry_threshold_confidence"]: each["trades"] for each in told["ranked"]}
    assert trades["0.40"] > trades["0.55"] > 0


def test_markets_are_swept_by_processes_and_gone_on_with(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(folder / name) for name in ("ETH_1h.csv", "BTC_1h.csv")]
    out, sheet = tmp_path / "s.sqlite", tmp_path / "s.csv"
    words = ["sweep", "--bars", *files, "--random", "6", "--seed", "3", "--range", "strategy.stop_atr=1:4", *BUSY]
    assert main([*words, "--out", str(out), "--workers", "2", "--csv", str(sheet)]) == 0
    printed = capsys.readouterr()
    assert "6 points over 2 markets: 12 runs, after costs" in printed.out
    assert "6 points were tried" in printed.out
    assert "Walk forward: what was best before" in printed.out
    assert "Deflated Sharpe ratio" in printed.out
    assert "Probability of backtest overfitting" in printed.out
    assert len(sheet.read_text(encoding="utf-8").splitlines()) == 13
    assert main([*words, "--out", str(out), *ALONE]) == 0
    again = capsys.readouterr()
    assert again.out == printed.out
    assert "12 of 12 runs are there already" in again.err
    # Alone, and anew, the same comes out.
    assert main([*words, "--out", str(tmp_path / "t.sqlite"), *ALONE, "--quiet"]) == 0
    assert capsys.readouterr() == (printed.out, "")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "nothing to sweep"),
        (("--grid", "fusion.mode"), 2, "is no axis"),
        (("--grid", "markets.top=1,2"), 2, "markets.top changes nothing in a backtest"),
        (("--grid", "fusion.entry_threshold_confidence=0.4,2"), 3, "must be a number, at least 0, at most 1"),
        (("--grid", "fusion.threshold=0.4"), 3, "fusion.threshold is not a setting"),
        (("--range", "strategy.stop_atr=1:4"), 2, "--range needs --random N"),
        ((*GRID, "--random", "0"), 2, "outside 1 to 100,000"),
        ((*GRID, *GRID), 2, "named twice"),
        ((*GRID, "--workers", "-1"), 2, "outside 1 to 256"),
        ((*GRID, "--folds", "-1"), 2, "outside 0 to 100"),
        ((*GRID, "--start", "2031-01-01"), 5, "holds no bar from"),
        ((*GRID, "--candidates", "none.jsonl"), 5, "none.jsonl is no file"),
        (("--grid", "batch_mode.minimum_score=0.5,0.6", "--candidates", "x"), 2, "sweep neither bars nor [batch_mode]"),
    ],
)
def test_mistakes_end_in_a_sentence_the_right_code_and_nothing_written(
    folder: Path, tmp_path: Path, words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "s.sqlite"
    assert main(["sweep", "--bars", str(folder / "ETH_1h.csv"), "--out", str(out), *ALONE, *words]) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
    assert not out.exists()
