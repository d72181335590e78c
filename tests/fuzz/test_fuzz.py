"""Readers of outside bytes let out the project's own errors only, whatever they are given."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from targets import TARGETS

from app.core.errors import TapedeckError

HERE = Path(__file__).parent
NIGHTLY_S = 120


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_sound_is_read(name: str) -> None:
    # The fuzzer starts from these: were they refused, it would only ever see the gate.
    inputs = list(TARGETS[name].sound())
    assert inputs
    for data in inputs:
        # Of many parsers at least one has to take it; of one alone, nothing may be raised.
        assert TARGETS[name].read(data) != 0


@cache
def sound_inputs(name: str) -> list[bytes]:
    return sorted(TARGETS[name].sound())


@pytest.mark.parametrize("name", TARGETS)
@settings(deadline=None)
@given(data=st.data())
def test_damage_is_refused_with_our_own_errors(name: str, data: st.DataObject) -> None:
    sound = data.draw(st.sampled_from(sound_inputs(name)))
    damaged = bytearray(sound)
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    try:
        TARGETS[name].read(bytes(damaged[:cut]))
    except TapedeckError:
        return


@pytest.mark.nightly
@pytest.mark.parametrize("name", TARGETS)
def test_fuzzing_led_by_coverage_finds_nothing(name: str, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, data in enumerate(TARGETS[name].sound()):
        (corpus / str(number)).write_bytes(data)
    command = [sys.executable, str(HERE / "fuzz_child.py"), name, str(corpus)]
    limits = [f"-max_total_time={NIGHTLY_S}", "-max_len=8192", "-timeout=20", "-rss_limit_mb=2048", "-seed=7"]
    environ = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    ended = subprocess.run([*command, *limits], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-2_000:] + ended.stderr[-4_000:]
