"""`tapedeck screen`, as a user runs it."""

import json
from pathlib import Path

import pytest
from bar_samples import market, write_csv

from app.cli.main import main
from app.screener.candidates_file import read_sidecar

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "ohlcv"
WIDE = ("--set", "batch_mode.minimum_score=0.4")


def test_candidates_go_to_a_file_and_a_summary_is_printed(
    bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "candidates.jsonl"
    words = ["screen", "--bars", str(bars), "--start", "2025-03-01", "--end", "2025-03-31", "--out", str(out), *WIDE]
    assert main(words) == 0
    printed = capsys.readouterr()
    count = len(out.read_text(encoding="utf-8").splitlines())
    assert count > 10
    assert printed.out.startswith(f"{count} candidates of 744 bars (")
    assert "1h, 2025-03-01T00:00:00Z to 2025-03-31T23:00:00Z" in printed.out
    assert printed.err == ""
    first = out.read_bytes()
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    sidecar = read_sidecar(out)
    assert sidecar is not None
    assert (told["candidates"], told["screened"], told["share"]) == (count, 744, pytest.approx(count / 744))
    assert told["bars"]["sha256"] == sidecar.bars.sha256
    assert out.read_bytes() == first
    assert out.stat().st_mode & 0o777 == 0o600


def test_without_a_file_candidates_are_what_is_printed(bars: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["screen", "--bars", str(bars), *WIDE]) == 0
    printed = capsys.readouterr()
    rows = [json.loads(line) for line in printed.out.splitlines()]
    assert {row["side"] for row in rows} == {"long", "short"}
    assert f"{len(rows)} candidates of 3,000 bars" in printed.err
    assert "bars have no score yet" in printed.err
    assert main(["screen", "--bars", str(bars), "--quiet", *WIDE]) == 0
    assert capsys.readouterr() == (printed.out, "")


def test_holes_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_csv(tmp_path / "ETH.csv", market(2_000, 4, gaps=0.02))
    assert main(["screen", "--bars", str(path)]) == 0
    assert "bars are missing in between" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--bars", "none.csv"), 5, "none.csv is no file"),
        (("--bars", "BARS", "--start", "2031-01-01"), 5, "holds no bar from 2031-01-01T00:00:00Z on"),
        (("--bars", "BARS", "--end", "2024-01-01"), 5, "name a later end"),
        (("--bars", "BARS", "--start", "soon"), 2, "soon is no day"),
        (("--bars", "BARS", "--end", "9999-12-31"), 2, "9999-12-31 is no day"),
        (("--bars", "BARS", "--start", "2025-03-02", "--end", "2025-03-01"), 2, "is after --end"),
        (("--bars", "BARS", "--set", "batch_mode.minimum_scor=1"), 3, "did you mean batch_mode.minimum_score?"),
        (("--bars", "BARS", "--set", "batch_mode.sentinels="), 3, "batch_mode.sentinels is empty"),
        (("--bars", "BARS", "--set", "batch_mode.minimum_score=2"), 3, "must be a number, at least 0, at most 1"),
        (("--bars", "BARS", "--config", "BAD"), 3, "batch_mode.treshold is not a setting"),
        ((), 2, "--bars"),
    ],
)
def test_mistakes_end_in_a_sentence_the_right_code_and_nothing_written(
    bars: Path, tmp_path: Path, words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("[batch_mode]\ntreshold = 1\n", encoding="utf-8")
    out = tmp_path / "out.jsonl"
    given = [{"BARS": str(bars), "BAD": str(bad)}.get(word, word) for word in words]
    assert main(["screen", *given, "--out", str(out)]) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
    assert not out.exists()


def test_a_file_of_somebody_else_is_left_alone(bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine.jsonl"
    out.write_text("mine", encoding="utf-8")
    assert main(["screen", "--bars", str(bars), "--out", str(out)]) == 2
    assert "was not written by a screen; name another file" in capsys.readouterr().err
    assert out.read_text(encoding="utf-8") == "mine"


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared beside the checkout")
def test_the_reference_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = REAL / "binance_um_ETHUSDT_1h_2023-2025.parquet"
    words = ["--bars", str(path), "--start", "2025-06-15", "--end", "2025-09-30", "--out", str(tmp_path / "c.jsonl")]
    assert main(["screen", *words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["screened"], told["unknown"], told["bars"]["missing"]) == (2_592, 0, 0)
    assert 0.05 <= told["share"] <= 0.10
