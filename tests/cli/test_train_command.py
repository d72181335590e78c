"""`tapedeck train regime`, as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hourly_samples import market, model_by_hand, write_csv
from processes import command, environment

from app.cli.main import main
from app.cli.train_text import plot
from app.config.locations import Locations
from app.markets.regime_model import REGIMES, decode_model
from app.measures.blocks import Estimate


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("bars") / "ETHUSDT_1h.csv", market(3_000, 11))


def test_training_on_a_file_gives_one_object_and_a_private_model(
    bars: Path, locations: Locations, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "regime", "--bars", str(bars), "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    told = json.loads(printed.out)
    assert told["schema_version"] == 1
    path = locations.regime_model("live")
    assert told["model"]["file"] == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    model = decode_model(path.read_bytes())
    assert (model.sha256, model.source, model.data) == (told["model"]["sha256"], "FILES", ("ETHUSDT_1h.csv",))
    assert [regime["name"] for regime in told["regimes"]] == list(REGIMES)
    assert [len(row) for row in told["transitions"]] == [6] * 6
    assert set(told["stability"]) == {"halves_rand", "halves_agreement", "starts_rand", "free_halves_rand"}
    assert [horizon["horizon_h"] for horizon in told["importance"]] == [1, 4, 24]
    assert {"base_rate", "auc", "beats_chance", "features", "held_out"} <= set(told["importance"][0])
    assert isinstance(told["warnings"], list)


def test_training_again_gives_the_same_model(
    bars: Path, locations: Locations, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "regime", "--bars", str(bars), "--quiet"]
    assert main(words) == 0
    first = locations.regime_model("live").read_bytes()
    assert main(words) == 0
    assert locations.regime_model("live").read_bytes() == first
    assert capsys.readouterr().err == ""


def test_what_is_printed_for_people_names_all_regimes(
    bars: Path, locations: Locations, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "regime", "--bars", str(bars), "--no-save"]) == 0
    printed = capsys.readouterr()
    assert all(f"\n{name}\t" in printed.out for name in REGIMES)
    assert "1 h ahead: AUC" in printed.out
    assert "held-out hours" in printed.out
    assert "not saved" in printed.out
    assert "●" in printed.out
    assert not locations.regime_model("live").exists()
    assert "Training again" in printed.err


def test_a_short_file_is_trained_on_and_what_is_not_known_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = write_csv(tmp_path / "ETH.csv", market(900, 11))
    assert main(["train", "regime", "--bars", str(short), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["importance"] == []
    assert any("What features are worth is not known" in warning for warning in told["warnings"])


def test_the_simulated_venue_has_a_model_of_its_own(tmp_path: Path) -> None:
    words = ("train", "regime", "--source", "demo", "--seed", "7", "--coin", "BTC", "ETH", "NOSUCH", "--json")
    ended = subprocess.run(
        command(*words), env=environment(tmp_path), capture_output=True, text=True, timeout=180, check=False
    )
    assert ended.returncode == 6, ended.stderr
    assert "1 of 3 coins are missing (NOSUCH" in ended.stderr
    told = json.loads(ended.stdout)
    assert told["model"]["source"] == "DEMO"
    assert told["model"]["file"].endswith("regime-demo.json")
    assert any("Simulated hours" in warning for warning in told["warnings"])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--bars", "x.csv", "--source", "demo"), 2, "--bars cannot go with --source"),
        (("--bars", "a.csv", "--funding", "b.csv", "c.csv"), 2, "a file for each"),
        (("--bars", "none.csv"), 5, "none.csv is no file"),
        (("--set", "hyperliquid.rest_url=http://127.0.0.1:9"), 4, "no candles came (BTC: "),
    ],
)
def test_mistakes_end_in_a_sentence_and_the_right_code(
    words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "regime", *words]) == code
    assert said in capsys.readouterr().err


def test_without_the_library_the_next_step_is_told(
    bars: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert main(["train", "regime", "--bars", str(bars)]) == 1
    assert "pip install 'tapedeck[train]'" in capsys.readouterr().err


def test_too_few_hours_leave_the_old_model_alone(
    tmp_path: Path, locations: Locations, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.config.private_file import write_private
    from app.markets.regime_model import encode_model

    path = locations.regime_model("live")
    write_private(path, encode_model(model_by_hand()))
    assert main(["train", "regime", "--bars", str(write_csv(tmp_path / "ETH.csv", market(300, 1)))]) == 5
    assert "500 are needed" in capsys.readouterr().err
    assert decode_model(path.read_bytes()) == model_by_hand()


@pytest.mark.parametrize(
    ("estimate", "line"),
    [
        (Estimate(0.0, -1.0, 1.0, 20), "├───●───┤"),
        (Estimate(0.5, 0.25, 1.0, 20), "    │├●─┤"),
        (Estimate(-0.5, -1.0, 0.25, 20), "├─●─┼┤   "),
        (Estimate(0.5, blocks=4), "    │ ●  "),
        (Estimate(), "    │    "),
    ],
)
def test_an_interval_is_drawn_around_0(estimate: Estimate, line: str) -> None:
    assert plot(estimate, 1.0, 9) == line


def test_help_needs_no_numpy() -> None:
    script = (
        "import sys; from app.cli.main import main; main(['train', 'regime', '--help']); "
        "print(sorted({'numpy', 'aiohttp', 'sklearn', 'textual'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.endswith("[]\n")
