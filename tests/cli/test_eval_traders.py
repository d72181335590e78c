"""`tapedeck eval traders`: what it prints of lists of vaults, and what it refuses."""

import gzip
import json
from pathlib import Path

import pytest

from app.cli.main import main

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "wallets"


def write_list(folder: Path, day: str, better: int) -> None:
    """A list of thirty vaults; `better` is +1 when the later ones in it made more, −1 when the earlier ones did."""
    rows = [
        {
            "address": f"0x{number:040x}", "tvl": 100_000, "pnl_30d": 100 * number, "score": -number,
            "month_pnl": [10 * number * step + (300 if step % 2 else 0) for step in range(11)],
            "pnl_alltime": better * 1_000 * number,
        }
        for number in range(1, 31)
    ]  # fmt: skip
    path = folder / f"some_vaults_{day}.json.gz"
    path.write_bytes(gzip.compress(json.dumps(rows).encode(), mtime=0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three months: scores told the second one, and the third one turned them round."""
    (tmp_path / "notes.txt").write_text("not a list")
    write_list(tmp_path, "2026-02-01", -1)
    write_list(tmp_path, "2026-01-01", 0)
    write_list(tmp_path, "2026-03-01", 2)
    return tmp_path


def test_each_month_is_set_against_the_next_in_order_of_dates(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "traders", "--data", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema_version"] == 1
    assert told["data"] == [f"some_vaults_2026-0{month}-01.json.gz" for month in (1, 2, 3)]
    assert [(month["from"], month["until"]) for month in told["months"]] == [
        ("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01"),
    ]  # fmt: skip
    first, second = ({each["score"]: each for each in month["agreements"]} for month in told["months"])
    assert first["result of the month"]["correlation"] == pytest.approx(-1)
    assert second["result of the month"]["correlation"] == pytest.approx(1)
    assert first["their score"]["correlation"] == pytest.approx(1)
    assert first["our performance"]["n"] == 30


def test_people_get_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "traders", "--data", str(folder), "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("\t")[:4] == ["month from", "score", "n", "correlation"]
    assert lines[1].startswith("2026-01-01\tour performance\t30\t-")
    assert lines[-1] == "2026-02-01 to 2026-03-01: 30 of 30 vaults are still listed"


def test_what_is_no_folder_of_lists_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "traders", "--data", str(folder / "none")]) == 5
    assert "is no folder" in capsys.readouterr().err
    for path in list(folder.glob("*.gz"))[1:]:
        path.unlink()
    assert main(["eval", "traders", "--data", str(folder)]) == 5
    assert ": 1 list of vaults" in capsys.readouterr().err
    (folder / "other_vaults_2026-04-01.json.gz").write_bytes(b"no gzip")
    assert main(["eval", "traders", "--data", str(folder)]) == 5
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.real
@pytest.mark.skipif(not FOLDER.exists(), reason="needs ../shared")
def test_published_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "traders", "--data", str(FOLDER), "--json"]) == 0
    months = json.loads(capsys.readouterr().out)["months"]
    own = [month["agreements"][0] for month in months]
    assert [(each["n"], round(each["correlation"], 2)) for each in own] == [(149, 0.26), (170, 0.0), (168, 0.04)]
