import json
import tomllib
from pathlib import Path

import pytest

from app.cli.main import main
from app.config.fields import section_names, setting_fields
from app.config.load import parse_settings
from app.config.locations import Locations
from app.config.settings import Settings
from app.config.toml import settings_sha256


def test_show_prints_a_file_that_can_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--set", "markets.top=9"]) == 0
    assert parse_settings(capsys.readouterr().out, "stdout").markets.top == 9


def test_show_names_origins(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPEDECK_MARKETS__TOP", "9")
    assert main(["config", "show", "--origin"]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert ["markets.top", "9", "environment variable TAPEDECK_MARKETS__TOP"] in rows
    assert [row[0] for row in rows[1:]] == list(setting_fields())


def test_show_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["schema_version"] == 1
    assert shown["sha256"] == settings_sha256(Settings())
    assert shown["settings"]["markets.top"]["value"] == 30
    assert shown["settings"]["markets.top"]["origin"].endswith("default.toml")


def test_path_prints_the_directories(capsys: pytest.CaptureFixture[str], locations: Locations) -> None:
    assert main(["config", "path", "--json"]) == 0
    paths = json.loads(capsys.readouterr().out)["paths"]
    assert paths["config_file"] == str(locations.config_file)
    assert main(["config", "path"]) == 0
    assert f"tapes\t{locations.tape_dir}\n" in capsys.readouterr().out


def test_validate_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("[markets]\ntop = 9\n")
    assert main(["config", "validate", str(path)]) == 0
    assert "is valid" in capsys.readouterr().err
    path.write_text("[markets]\ntpo = 9\ntop = 0\n")
    assert main(["config", "validate", str(path)]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_validate_all_that_applies(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["config", "validate"]) == 0
    assert "default.toml" in capsys.readouterr().err
    monkeypatch.setenv("TAPEDECK_NOPE", "1")
    assert main(["config", "validate", "--quiet"]) == 3
    assert "TAPEDECK_NOPE" in capsys.readouterr().err


def test_the_shown_text_is_toml(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show"]) == 0
    assert list(tomllib.loads(capsys.readouterr().out)) == list(section_names())
