import stat
from pathlib import Path

import pytest

from app.config.locations import Locations, ensure, find_locations, shipped
from app.core.errors import ConfigError, DataError


@pytest.fixture
def locations(tmp_path: Path) -> Locations:
    """Directories of a user who has no files yet."""
    return find_locations({"TAPEDECK_HOME": str(tmp_path / "home")})


def test_home_holds_all_directories(tmp_path: Path) -> None:
    locations = find_locations({"TAPEDECK_HOME": str(tmp_path)})
    assert locations.directories() == {
        "config": tmp_path / "config",
        "state": tmp_path / "state",
        "log": tmp_path / "log",
        "tapes": tmp_path / "tapes",
        "cache": tmp_path / "cache",
    }
    assert list(tmp_path.iterdir()) == []


def test_without_home_the_platform_decides() -> None:
    locations = find_locations({})
    assert all(path.is_absolute() and "tapedeck" in path.parts for path in locations.directories().values())
    assert len(set(locations.directories().values())) == 5


def test_a_relative_home_is_refused() -> None:
    with pytest.raises(ConfigError, match="TAPEDECK_HOME is here"):
        find_locations({"TAPEDECK_HOME": "here"})


def test_directories_are_made_for_their_owner_only(locations: Locations) -> None:
    made = ensure(locations.tape_dir)
    assert made == locations.tape_dir
    assert [stat.S_IMODE(path.stat().st_mode) for path in (made, made.parent)] == [0o700, 0o700]
    assert ensure(made) == made


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(DataError, match="state"):
        ensure(tmp_path / "state" / "deeper")


def test_shipped_folders_are_found() -> None:
    assert (shipped("configs") / "default.toml").is_file()


def test_own_themes_come_before_shipped_ones(locations: Locations) -> None:
    assert locations.theme_folders() == (locations.config_dir / "themes", shipped("themes"))


def test_own_keymaps_come_before_shipped_ones(locations: Locations) -> None:
    assert locations.keymap_folders() == (locations.config_dir / "keymaps", shipped("configs") / "keymaps")


def test_new_tapes_are_named_by_source_and_start(locations: Locations) -> None:
    path = locations.new_tape("demo", 1_700_000_000_123_000_000)
    assert path == locations.tape_dir / "demo-20231114-221320.tape"


def test_sources_do_not_share_a_database(locations: Locations) -> None:
    assert locations.database("live") != locations.database("demo")
    assert locations.engine_socket.parent == locations.state_dir
