"""`tapedeck backtest`, as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bar_samples import market, write_csv

from app.cli.main import main
from app.config.locations import find_locations
from app.engine.last_backtest import read_backtest

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "ohlcv"
BUSY = ("--set", "fusion.mode=advisory", "--set", "batch_mode.minimum_score=0.6")
NARROW = ("--set", "batch_mode.candidate_window_bars=4")
SPAN = ("--start", "2025-02-01", "--end", "2025-04-15")


@pytest.fixture(scope="module")
def candidates(bars: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("candidates") / "c.jsonl"
    assert main(["screen", "--bars", str(bars), *SPAN, "--out", str(out), *BUSY, "--quiet"]) == 0
    return out


def records(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_report_has_figures_costs_doubts_and_assumptions(bars: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--bars", str(bars), *SPAN, *BUSY]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    for words in (
        "ETHUSDT_1h.csv, 1h, 2025-02-01T00:00:00Z to 2025-04-15T23:00:00Z: 1,776 bars",
        "Every bar was looked at",
        "after costs\tstrategy\tbuy and hold",
        "of fees and",
        "bp of its notional (95 %",
        "What is decided at a close fills at the next open",
        '"always up" was right in',
        "█",
        "▲",
    ):
        assert words in printed.out, words


def test_full_and_on_candidates_write_the_same_files(
    bars: Path, candidates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for number, more in enumerate((SPAN, ("--candidates", str(candidates), *NARROW))):
        written = [tmp_path / f"{name}{number}" for name in ("trades", "equity", "svg")]
        flags = [word for path in written for word in (f"--{path.name[:-1]}", str(path))]
        assert main(["backtest", "--bars", str(bars), *more, *BUSY, *flags, "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    for name in ("trades", "equity", "svg"):
        assert (tmp_path / f"{name}0").read_bytes() == (tmp_path / f"{name}1").read_bytes()
    full, focused = told
    assert full["summary"] == focused["summary"]
    assert full["visited_bars"] == 1_776 > 2 * focused["visited_bars"]
    assert "around candidates were looked at" in focused["looked_at"]
    rows, equity = records(tmp_path / "trades0"), records(tmp_path / "equity0")
    assert len(rows) == full["summary"]["trades"] > 20
    assert len(equity) == 1_776
    assert not list(tmp_path.glob("*.new"))
    assert (tmp_path / "trades0").stat().st_mode & 0o777 == 0o600


def test_the_report_is_kept_in_its_own_words_for_the_deck(bars: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = find_locations().last_backtest
    assert main(["backtest", "--bars", str(bars), *SPAN, *BUSY]) == 0
    printed = capsys.readouterr().out
    record = read_backtest(path)
    assert record is not None
    assert record.title in printed
    assert all(f"{name}\t{one}\t{other}" in printed for name, one, other in record.compared)
    assert all(line in printed for line in (*record.lines, *record.assumptions))
    assert record.settings == "mode advisory, threshold 0.4, minimum score 0.6"
    path.unlink()
    path.mkdir()
    assert main(["backtest", "--bars", str(bars), *SPAN, *BUSY]) == 0
    assert "The deck will not show this backtest" in capsys.readouterr().err


def test_check_compares_with_every_bar(bars: Path, candidates: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["backtest", "--bars", str(bars), "--candidates", str(candidates), *BUSY, *NARROW, "--check"]
    assert main(words) == 0
    assert "the same trades and the same account came out" in capsys.readouterr().err


def test_a_file_that_was_changed_is_told_and_found_out(
    bars: Path, candidates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = tmp_path / "part.jsonl"
    lines = candidates.read_text(encoding="utf-8").splitlines(keepends=True)
    part.write_text("".join(lines[: len(lines) // 2]), encoding="utf-8")
    words = ["backtest", "--bars", str(bars), "--candidates", str(part), *SPAN, *BUSY]
    assert main(words) == 0
    said = capsys.readouterr().err
    assert "has no sidecar: nothing tells of which bars it is" in said
    assert f"0 of its bars are no candidates and are not entered, {len(lines) - len(lines) // 2} candidates" in said
    assert main([*words, "--check"]) == 5
    said = capsys.readouterr().err
    assert "trade" in said
    assert "was the file of candidates changed?" in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "--bars"),
        (("--bars", "none.csv"), 5, "none.csv is no file"),
        (("--bars", "BARS", "--start", "2031-01-01"), 5, "holds no bar from"),
        (("--bars", "BARS", "--start", "2025-03-02", "--end", "2025-03-01"), 2, "is after --end"),
        (("--bars", "BARS", "--check"), 2, "add --candidates FILE"),
        (("--bars", "BARS", "--candidates", "none.jsonl"), 5, "none.jsonl is no file"),
        (("--bars", "OTHER", "--candidates", "CANDIDATES", *BUSY), 5, "was screened from other bars"),
        (("--bars", "BARS", "--candidates", "CANDIDATES"), 5, "was screened by other settings"),
        (("--bars", "BARS", "--candidates", "CANDIDATES", *BUSY, "--start", "2025-01-05"), 5, "name a span inside"),
        (("--bars", "BARS", "--funding", "BARS"), 5, "write fractions of an hour"),
        (("--bars", "BARS", "--set", "fusion.entry_treshold=1"), 3, "did you mean fusion.entry_threshold_confidence?"),
        (("--bars", "BARS", "--set", "strategy.partial_share=1"), 3, "must be a number, at least 0, at most 0.99"),
        (("--bars", "BARS", "--config", "BAD"), 3, "strategy.stop_at is not a setting"),
        (("--bars", "BARS", "--trades", "MINE"), 2, "exists already; name a new file"),
        (("--bars", "BARS", "--svg", "OUT"), 2, "name the same file"),
        (("--bars", "BARS", "--equity", "no/such/folder"), 2, "is no folder"),
    ],
)
def test_mistakes_end_in_a_sentence_the_right_code_and_nothing_written(
    bars: Path, candidates: Path, tmp_path: Path, words: tuple[str, ...], code: int, said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    names = {"BARS": bars, "CANDIDATES": candidates}
    names |= {name: tmp_path / name.lower() for name in ("OTHER", "BAD", "MINE", "OUT")}
    write_csv(names["OTHER"], market(3_000, 5))
    names["BAD"].write_text("[strategy]\nstop_at = 1\n", encoding="utf-8")
    names["MINE"].write_text("mine", encoding="utf-8")
    given = [str(names.get(word, word)) for word in words]
    out = () if "--trades" in words else ("--trades", str(names["OUT"]))
    assert main(["backtest", *given, *out]) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
    assert not names["OUT"].exists()
    assert names["MINE"].read_text(encoding="utf-8") == "mine"


def test_neither_a_screen_nor_a_backtest_of_a_csv_needs_pyarrow_or_a_compiler(bars: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from app.cli.main import main;"
        f"main(['screen', '--bars', {str(bars)!r}, '--quiet', '--out', {str(tmp_path / 'out')!r}]);"
        f"main(['backtest', '--bars', {str(bars)!r}, '--quiet', '--json']);"
        "print(sorted({'pyarrow', 'numba', 'aiohttp', 'textual', 'torch', 'pandas'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60,
        env={**os.environ, "TAPEDECK_HOME": str(tmp_path)},
    )  # fmt: skip
    assert ended.stdout.endswith("[]\n")
    assert (tmp_path / "out").exists()


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared beside the checkout")
def test_the_reference_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = REAL / "binance_um_ETHUSDT_1h_2023-2025.parquet"
    span = ("--bars", str(path), "--start", "2025-06-15", "--end", "2025-09-30")
    out = tmp_path / "c.jsonl"
    assert main(["screen", *span, "--out", str(out), "--quiet"]) == 0
    capsys.readouterr()
    assert main(["backtest", *span, "--trades", str(tmp_path / "full"), "--json"]) == 0
    full = json.loads(capsys.readouterr().out)
    on_candidates = ("--candidates", str(out), "--trades", str(tmp_path / "focused"), "--json", "--check")
    assert main(["backtest", *span, *on_candidates]) == 0
    focused = json.loads(capsys.readouterr().out)
    assert (tmp_path / "full").read_bytes() == (tmp_path / "focused").read_bytes()
    assert full["summary"] == focused["summary"]
    assert full["summary"]["next_bar"]["higher"] == pytest.approx(0.510, abs=5e-4)
    assert focused["visited_bars"] < full["visited_bars"] == 2_592
