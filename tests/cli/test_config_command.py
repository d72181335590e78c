import json
import tomllib
from pathlib import Path

import pytest

from app.cli.main import main
from app.config.fields import section_names, setting_fields
from app.config.load import parse_settings
from app.config.locations import Locations, ensure, shipped
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
    assert "valid: " in capsys.readouterr().err
    path.write_text("[markets]\ntpo = 9\ntop = 0\n")
    assert main(["config", "validate", str(path)]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_validate_all_that_applies(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["config", "validate"]) == 0
    assert "default.toml" in capsys.readouterr().err
    monkeypatch.setenv("TAPEDECK_NOPE", "1")
    assert main(["config", "validate", "--quiet"]) == 3
    assert "TAPEDECK_NOPE" in capsys.readouterr().err


MINE = (shipped("themes") / "tape.toml").read_text(encoding="utf-8").replace('name = "tape"', 'name = "mine"')


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("deck.theme=tapee", 'deck.theme is "tapee", but there is no such theme; nearest: tape'),
        ("deck.theme=zzz", 'deck.theme is "zzz", but there is no such theme; known: '),
        ("deck.keymap=vmi", 'deck.keymap is "vmi", but there is no such keymap; did you mean "vim"?'),
        ("deck.keymap=zzz", 'deck.keymap is "zzz", but there is no such keymap; there are: default, vim'),
        ("deck.watchlists=thin books: spread > 5", 'deck.watchlists."thin books" is "spread > 5", but '),
        ("deck.watchlists=a: change_1x > 5", "the nearest is change_1m"),
    ],
)
def test_what_the_deck_could_not_use_is_told(words: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "validate", "--set", words]) == 3
    captured = capsys.readouterr()
    assert captured.err.startswith("error: flag --set: deck.")
    assert told in captured.err
    assert captured.err.count("\n") == 1


def test_broken_files_are_told_with_their_name_and_key(
    locations: Locations, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in (ensure(locations.config_dir / "themes"), ensure(locations.config_dir / "keymaps")):
        (folder / "mine.toml").write_text(MINE.replace("bold", "blod"), encoding="utf-8")
    path = tmp_path / "own.toml"
    path.write_text('[deck]\ntheme = "mine"\nkeymap = "mine"\n')
    assert main(["config", "validate", str(path)]) == 3
    theme, keymap = capsys.readouterr().err.splitlines()
    assert theme.startswith(f'error: {path}: deck.theme is "mine", but theme mine.toml: role ')
    assert theme.endswith("; nearest: bold")
    assert keymap.startswith(f'error: {path}: deck.keymap is "mine", but keymap mine.toml: ')


def test_a_broken_file_that_no_setting_names_is_a_note(
    locations: Locations, capsys: pytest.CaptureFixture[str]
) -> None:
    (ensure(locations.config_dir / "keymaps") / "other.toml").write_text("name = 1", encoding="utf-8")
    assert main(["config", "validate"]) == 0
    assert capsys.readouterr().err.startswith("not used, and broken: keymap other.toml: ")


def test_good_watchlists_themes_and_keymaps_are_valid(
    locations: Locations, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (ensure(locations.config_dir / "themes") / "mine.toml").write_text(MINE, encoding="utf-8")
    path = tmp_path / "own.toml"
    watchlists = '[deck.watchlists]\nmovers = "change_1h > 2 or change_1h < -2"\nmajors = "BTC, ETH"\n'
    path.write_text(f'[deck]\ntheme = "mine"\nkeymap = "vim"\n{watchlists}')
    assert main(["config", "validate", str(path)]) == 0
    assert capsys.readouterr().err == f"valid: {path}\n"
    assert main(["config", "validate", "--config", str(path), "--quiet"]) == 0
    assert main(["config", "validate", str(path), "--config", str(path)]) == 2


def test_the_shown_text_is_toml(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show"]) == 0
    assert list(tomllib.loads(capsys.readouterr().out)) == list(section_names())
