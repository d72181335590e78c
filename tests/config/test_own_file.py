"""Beginning a settings file: private, loaded as it was meant, and never over one that is there."""

import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.load import check_file, parse_settings
from app.config.own_file import begin_own_file, own_text
from app.core.errors import DataError

VALUES = {"markets.favourites": ("BTC", "xyz:TSLA"), "markets.top": 12, "deck.opens": "demo"}


def test_what_is_written_is_loaded_and_private(tmp_path: Path) -> None:
    path = tmp_path / "config" / "config.toml"
    begin_own_file(path, VALUES)
    settings = check_file(path)
    assert (settings.markets.favourites, settings.markets.top) == (("BTC", "xyz:TSLA"), 12)
    assert settings.deck.opens == "demo"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("# mine\n")
    with pytest.raises(DataError, match=r'is there already and stays as it is; write .*deck.opens = "demo" into it'):
        begin_own_file(path, VALUES)
    assert path.read_text() == "# mine\n"


def test_nothing_is_written_through_a_symbolic_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "config.toml").symlink_to(target)
    with pytest.raises(DataError, match="stays as it is"):
        begin_own_file(tmp_path / "config.toml", VALUES)
    assert not target.exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("")
    with pytest.raises(DataError, match="config cannot be made"):
        begin_own_file(tmp_path / "config" / "config.toml", VALUES)


def test_half_a_file_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.config.own_file.os.fsync", full)
    with pytest.raises(DataError, match=r"cannot be written .No space left on device.; free the path"):
        begin_own_file(tmp_path / "config.toml", VALUES)
    assert list(tmp_path.iterdir()) == []


COIN = st.from_regex(r"[A-Za-z0-9:@#/_.-]{1,32}", fullmatch=True)


@given(st.lists(COIN, max_size=9).map(tuple), st.sampled_from(["live", "demo"]))
def test_any_choice_is_loaded_as_it_was_made(coins: tuple[str, ...], opens: str) -> None:
    settings = parse_settings(own_text({"markets.favourites": coins, "deck.opens": opens}), "own")
    assert (settings.markets.favourites, settings.deck.opens) == (coins, opens)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        begin_own_file(path, {"markets.favourites": coins})
        assert check_file(path).markets.favourites == coins
