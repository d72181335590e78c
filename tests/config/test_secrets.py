"""A key is told to the venue it is for and to nobody else."""

import copy
import pickle

import pytest

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


def test_no_key_is_none() -> None:
    assert birdeye_key({}) is birdeye_key({"BIRDEYE_API_KEY": " "}) is None


@pytest.mark.parametrize("text", ["two words", "a\r\nHost: evil", "ключ", "k" * 201])
def test_what_can_be_no_key_is_refused_without_telling_it(text: str) -> None:
    with pytest.raises(ConfigError, match="is no key") as refused:
        birdeye_key({"BIRDEYE_API_KEY": text})
    assert text not in str(refused.value)
    assert isinstance(Secret(text), Secret)
