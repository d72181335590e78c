"""Readers of outside bytes let out the project's own errors only, whatever they are given."""

import contextlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import FrameType

import pytest
from decoders import NOT_FUZZED, ROOT, decoders
from hypothesis import given, settings
from hypothesis import strategies as st
from targets import TARGETS

from app.core.errors import TapedeckError

HERE = Path(__file__).parent
NIGHTLY_S = min(120, 3_600 // len(TARGETS))
"""For each target: all of them together take an hour at most."""
_COUNTS = b"0123456789.-+eE"
EACH = [pytest.param(name, marks=pytest.mark.nightly if TARGETS[name].is_slow else ()) for name in TARGETS]


@pytest.mark.parametrize("name", EACH)
def test_what_is_sound_is_read(name: str) -> None:
    # The fuzzer starts from these: were they refused, it would only ever see the gate.
    inputs = list(TARGETS[name].sound())
    assert inputs
    for data in inputs:
        # Of many parsers at least one has to take it; of one alone, nothing may be raised.
        assert TARGETS[name].read(data) != 0


def functions_run() -> set[tuple[str, int]]:
    """File and first line of every function that reading sound inputs calls."""
    called: set[tuple[str, int]] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    for target in TARGETS.values():
        for data in () if target.is_slow else target.sound():
            sys.setprofile(note)
            try:
                target.read(data)
            finally:
                sys.setprofile(None)
    return called


def test_every_decoder_of_the_program_is_fuzzed() -> None:
    called = functions_run()
    # What benchmarks read they have written, and the simulated venue hears nobody but this program.
    found = decoders("bench", "demo")
    missing = {each[:2] for each in found if (str(ROOT / each.file), each.line) not in called}
    assert missing == set(NOT_FUZZED)


DEEP = (b"[" * 50_000, b'{"x":' * 20_000, b"\x91" * 50_000, b"\x81\xa1x" * 20_000)


@pytest.mark.parametrize("name", EACH)
def test_what_is_nested_deep_is_refused_with_our_own_errors(name: str) -> None:
    for data in DEEP:
        with contextlib.suppress(TapedeckError):
            TARGETS[name].read(data)


@cache
def sound_inputs(name: str) -> list[bytes]:
    return sorted(TARGETS[name].sound())


@pytest.mark.parametrize("name", EACH)
@settings(deadline=None)
@given(data=st.data())
def test_damage_is_refused_with_our_own_errors(name: str, data: st.DataObject) -> None:
    sound = data.draw(st.sampled_from(sound_inputs(name)))
    damaged = bytearray(sound)
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=8)):
        # Digits for digits: most other bytes in a number are refused before anybody sees its value.
        of_number = damaged[place] in _COUNTS
        damaged[place] = data.draw(st.sampled_from(_COUNTS) if of_number else st.integers(0, 255))
    cut = data.draw(st.just(len(damaged)) | st.integers(0, len(damaged)))
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
    longest = max(8_192, *(2 * len(data) for data in TARGETS[name].sound()))
    limits = [f"-max_total_time={NIGHTLY_S}", f"-max_len={longest}", "-timeout=20", "-rss_limit_mb=2048", "-seed=7"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), *sys.path])}
    ended = subprocess.run([*command, *limits], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-2_000:] + ended.stderr[-4_000:]
