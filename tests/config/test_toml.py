import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.load import parse_settings
from app.config.settings import DeckSettings, DemoSettings, LogSettings, MarketsSettings, Settings
from app.config.toml import settings_sha256, to_toml, toml_value
from app.core.errors import ConfigError

COIN = st.from_regex(r"[A-Za-z0-9:@#/_.-]{1,32}", fullmatch=True)
SETTINGS = st.builds(
    Settings,
    markets=st.builds(
        MarketsSettings,
        favourites=st.lists(COIN, max_size=4).map(tuple),
        top=st.integers(1, 200),
        stale_after_s=st.floats(1e-9, 86_400),
    ),
    demo=st.builds(DemoSettings, seed=st.integers(0, 2**63 - 1)),
    deck=st.builds(
        DeckSettings,
        watchlists=st.dictionaries(
            st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9 _-]{0,23}", fullmatch=True),
            st.from_regex(r"[\x20-\x7e]{1,200}", fullmatch=True),
            max_size=3,
        ),
    ),
    log=st.builds(LogSettings, level=st.sampled_from(["debug", "info", "warning", "error"])),
)


@given(SETTINGS)
def test_settings_survive_as_toml(settings: Settings) -> None:
    assert parse_settings(to_toml(settings), "tape") == settings


@given(SETTINGS, SETTINGS)
def test_the_hash_tells_settings_apart(one: Settings, other: Settings) -> None:
    assert (settings_sha256(one) == settings_sha256(other)) == (one == other)


@given(
    st.text()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.lists(st.text(), max_size=3)
    | st.dictionaries(st.text(), st.text(), max_size=3)
)
def test_every_value_reads_back(value: object) -> None:
    assert tomllib.loads(f"x = {toml_value(value)}")["x"] == value


def test_what_toml_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        toml_value(None)


def test_settings_of_another_version_are_named_with_their_origin() -> None:
    with pytest.raises(ConfigError, match=r"old\.tape: markets\.gone is not a setting"):
        parse_settings("[markets]\ngone = 1", "old.tape")


def test_missing_settings_have_their_defaults() -> None:
    assert parse_settings("", "tape") == Settings()
