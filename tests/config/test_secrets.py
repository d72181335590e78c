"""A key is told to the venue it is for and to nobody else."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.secrets import Secret, birdeye_key
from app.core.errors import ConfigError

KEY = "0123canary4567"


def test_hazard_23_a_key_is_read_and_never_shown() -> None:
    key = birdeye_key({"BIRDEYE_API_KEY": f" {KEY}\n"})
    assert key is not None
    assert key.reveal() == KEY
    assert KEY not in f"{key} {key!r} {[key]}"
    for write in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="not to be written"):
            write(key)


@given(st.text("0aA+/=.~", min_size=8, max_size=12), st.binary(max_size=30), st.binary(max_size=30))
def test_hazard_23_a_key_in_what_is_told_becomes_stars_and_nothing_else_does(
    key: str, before: bytes, after: bytes
) -> None:
    told = before + key.encode() + after
    concealed = Secret(key).conceal(told)
    assert key.lower().encode() not in concealed.lower()
    assert b"***" in concealed
    elsewhere = before.replace(KEY.encode(), b"")
    assert Secret(KEY).conceal(elsewhere) == elsewhere


def test_no_key_is_none() -> None:
    assert birdeye_key({}) is birdeye_key({"BIRDEYE_API_KEY": " "}) is None


@pytest.mark.parametrize("text", ["two words", "a\r\nHost: evil", "ключ", "k" * 7, "k" * 201])
def test_what_can_be_no_key_is_refused_without_telling_it(text: str) -> None:
    with pytest.raises(ConfigError, match="is no key") as refused:
        birdeye_key({"BIRDEYE_API_KEY": text})
    assert text not in str(refused.value)
    assert isinstance(Secret(text), Secret)
