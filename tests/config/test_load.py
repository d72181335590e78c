import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.fields import setting_fields, values_of
from app.config.load import Loaded, build, check_file, load, nearest_key
from app.config.locations import Locations, ensure, find_locations, shipped
from app.config.settings import Settings
from app.config.sources import LARGEST_FILE, Given, from_environment
from app.core.errors import ConfigError


@pytest.fixture
def locations(tmp_path: Path) -> Locations:
    """Directories of a user who has no files yet."""
    return find_locations({"TAPEDECK_HOME": str(tmp_path / "home")})


def write(path: Path, text: str) -> Path:
    ensure(path.parent)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def flag(key: str, text: str) -> Given:
    return Given(key, text, "flag --set", is_text=True)


SOURCES = ("flag", "environment", "config", "user")
BALANCED = ("wallets.minimum_specialisation", "wallets.chase_limit", "wallets.target_score")


def load_from(present: set[str], locations: Locations) -> Loaded:
    """Load with `markets.top` set to another value by each source in `present`."""
    folder = locations.config_dir.parent
    if "user" in present:
        write(locations.config_file, "[markets]\ntop = 14\n")
    return load(
        locations,
        config=write(folder / "other.toml", "[markets]\ntop = 13\n") if "config" in present else None,
        flags=[flag("markets.top", "11")] if "flag" in present else [],
        environ={"TAPEDECK_MARKETS__TOP": "12"} if "environment" in present else {},
    )


@pytest.mark.parametrize("weakest", range(len(SOURCES)))
def test_the_stronger_source_wins(weakest: int, locations: Locations) -> None:
    present = set(SOURCES[weakest:])
    loaded = load_from(present, locations)
    assert loaded.settings.markets.top == 11 + weakest
    origin = ("flag --set", "environment variable TAPEDECK_MARKETS__TOP", "other.toml", "config.toml")[weakest]
    assert loaded.origins["markets.top"].endswith(origin)


def test_without_any_source_the_shipped_defaults_hold(locations: Locations) -> None:
    loaded = load(locations, environ={})
    default, scalper = (shipped("configs") / name for name in ("default.toml", "scalper.toml"))
    balanced = shipped("configs") / "wallets" / "balanced.toml"
    assert loaded.settings == Settings()
    assert loaded.files == (balanced, default, scalper)
    assert loaded.origins == {
        key: str(scalper if key.startswith("scalper.") else balanced if key in BALANCED else default)
        for key in setting_fields()
    }


def test_files_are_named_strongest_first(locations: Locations) -> None:
    loaded = load_from({"config", "user"}, locations)
    assert [path.name for path in loaded.files] == [
        "other.toml", "config.toml", "balanced.toml", "default.toml", "scalper.toml",
    ]  # fmt: skip


def test_a_named_file_must_be_there(locations: Locations, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read"):
        load(locations, config=tmp_path / "none.toml", environ={})


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_others_may_write_is_refused(mode: int, locations: Locations) -> None:
    write(locations.config_file, "").chmod(mode)
    with pytest.raises(ConfigError, match="chmod go-w"):
        load(locations, environ={})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("BTC,ETH", ("BTC", "ETH")), (" BTC , kPEPE ", ("BTC", "kPEPE")), ("", ())],
)
def test_lists_are_comma_separated(text: str, expected: tuple[str, ...], locations: Locations) -> None:
    loaded = load(locations, environ={"TAPEDECK_MARKETS__FAVOURITES": text})
    assert loaded.settings.markets.favourites == expected


@pytest.mark.parametrize("text", ["", "abc", "1_000", "１５", "nan", "inf", "1e400", "-1", "0"])
def test_text_that_is_no_such_number_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"markets\.stale_after_s is"):
        build([flag("markets.stale_after_s", text)])


def test_a_variable_that_names_no_setting_is_an_error(locations: Locations) -> None:
    environ = {"TAPEDECK_MARKETS__TPO": "3", "TAPEDECK_HOME": "/tmp/x", "PATH": "/bin"}
    with pytest.raises(ConfigError) as caught:
        load(locations, environ=environ)
    message = str(caught.value)
    assert message == (
        "environment variable TAPEDECK_MARKETS__TPO: markets.tpo is not a setting; did you mean markets.top?"
    )


def test_every_mistake_of_every_source_is_told(locations: Locations) -> None:
    write(locations.config_file, "[markets]\ntpo = 1\n[log]\nlevel = 'loud'\n")
    with pytest.raises(ConfigError) as caught:
        load(locations, flags=[flag("demo.seed", "-1")], environ={"TAPEDECK_X": "1"})
    lines = str(caught.value).splitlines()
    expected = ("markets.tpo", "log.level", "TAPEDECK_X", "demo.seed")
    assert all(words in line for words, line in zip(expected, lines, strict=True))


def test_files_that_are_no_settings_are_refused(tmp_path: Path) -> None:
    large = write(tmp_path / "large.toml", "#" * (LARGEST_FILE + 1))
    deep = write(tmp_path / "deep.toml", "a = " + "[" * 50_000)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# caf\xe9")
    latin.chmod(0o600)
    for path, words in ((large, "too large"), (deep, "too deep"), (latin, "not UTF-8"), (tmp_path, "regular")):
        with pytest.raises(ConfigError, match=words):
            check_file(path)


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ConfigError, match="not a regular file"):
        check_file(tmp_path / "pipe")


def test_hostile_names_are_shown_clean() -> None:
    with pytest.raises(ConfigError) as caught:
        build([Given("\x1b]52;c;AAAA\x07", "\x1b[2J", "flag --set", is_text=True)])
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("markets.tp", "markets.top"), ("seed", "demo.seed"), ("engine.tickms", "engine.tick_ms"), ("qqqq", None)],
)
def test_the_nearest_key_is_found(key: str, nearest: str | None) -> None:
    assert nearest_key(key) == nearest


def outcome(values: list[Given]) -> Settings | str:
    """The settings, or the message of the `ConfigError`; any other error fails the test."""
    try:
        return build(values)
    except ConfigError as error:
        return str(error)


@given(st.dictionaries(st.text(max_size=40), st.text(max_size=40), min_size=1, max_size=5))
def test_any_environment_is_answered_with_a_clean_message(environ: dict[str, str]) -> None:
    message = outcome(from_environment({f"TAPEDECK_{name}": text for name, text in environ.items()}))
    assert isinstance(message, str)
    assert len(message.splitlines()) == len(environ)


@given(st.sampled_from(sorted(setting_fields())), st.text(max_size=40))
def test_any_text_for_a_setting_changes_that_setting_or_names_it(key: str, text: str) -> None:
    result = outcome([flag(key, text)])
    if isinstance(result, str):
        assert key in result
    else:
        others = {name: value for name, value in values_of(result).items() if name != key}
        assert others.items() <= values_of(Settings()).items()


def test_watchlists_are_a_table_and_keep_their_order(locations: Locations) -> None:
    write(locations.config_file, '[deck.watchlists]\nmovers = "change_1h > 2"\nmajors = "BTC, ETH"\n')
    loaded = load(locations, environ={})
    assert list(loaded.settings.deck.watchlists.items()) == [("movers", "change_1h > 2"), ("majors", "BTC, ETH")]
    assert loaded.origins["deck.watchlists"] == str(locations.config_file)


def test_watchlists_as_text_have_semicolons_between_them(locations: Locations) -> None:
    text = "movers: change_1h > 2; majors: BTC, ETH;"
    loaded = load(locations, environ={"TAPEDECK_DECK__WATCHLISTS": text})
    assert loaded.settings.deck.watchlists == {"movers": "change_1h > 2", "majors": "BTC, ETH"}
    assert build([flag("deck.watchlists", "")]).deck.watchlists == {}
    with pytest.raises(ConfigError, match="must be a table of at most 50"):
        build([flag("deck.watchlists", "movers")])
