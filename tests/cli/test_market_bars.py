"""Bars of a market by its name, for commands that read bars: asked of the simulated venue, stored, kept in a file."""

from pathlib import Path

import pytest

from app.cli.main import main

WIDE = ("--set", "batch_mode.minimum_score=0.4")


def test_hours_of_the_simulated_venue_are_screened_and_kept_and_give_the_same_from_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "ETH_1h.csv"
    words = ("--asset", "ETH", "--source", "demo", "--seed", "3", "--keep", str(kept))
    assert main(["screen", *words, *WIDE]) == 0
    asked = capsys.readouterr()
    assert "Starting the simulated venue, seed 3: what it tells is made up." in asked.err
    assert "ETH, DEMO, simulated, seed 3: 720 hours, 720 told by the venue now" in asked.err
    assert len(asked.out.splitlines()) > 5
    assert main(["screen", "--bars", str(kept), *WIDE, "--quiet"]) == 0
    assert capsys.readouterr().out == asked.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--asset", "ETH USD"), 2, "--asset is no name of a market"),
        (("--asset", "ETH", "--seed", "3"), 2, "add --source demo"),
        (("--bars", "x.csv", "--source", "demo"), 2, "go with --asset"),
        (("--asset", "ETH", "--bars", "x.csv"), 2, "not allowed with"),
        (("--asset", "ETH", "--keep", "MINE"), 2, "exists already"),
        (("--asset", "ETH", "--source", "store"), 5, "live.sqlite does not exist yet"),
        (("--asset", "ETH", "--set", "hyperliquid.rest_url=http://127.0.0.1:9"), 4, "http://127.0.0.1:9"),
    ],
)
def test_mistakes_end_in_a_sentence_and_the_right_code(
    tmp_path: Path, words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("mine", encoding="utf-8")
    assert main(["screen", *(str(mine) if word == "MINE" else word for word in words)]) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
    assert mine.read_text(encoding="utf-8") == "mine"
