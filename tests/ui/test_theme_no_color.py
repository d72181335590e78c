"""Under NO_COLOR no colour reaches the terminal, whatever is looked at or chosen."""

import os
import re

import pytest
from test_deck_terminal import LEAVE_ALTERNATE_SCREEN, deck_in_terminal, read_until

CTRL_P, ESCAPE = b"\x10", b"\x1b"
_MAXIMUM_BYTES = 10_000_000


def colours(output: bytes) -> set[int]:
    """Codes in the output that set a colour other than the terminal's default ones."""
    given = {int(code) for codes in re.findall(rb"\x1b\[([0-9;]*)m", output) for code in codes.split(b";") if code}
    return {code for code in given if 30 <= code <= 38 or 40 <= code <= 48 or 90 <= code <= 107}


def answer(terminal: int, words: bytes) -> bytes:
    """What the deck writes up to `words`; it never rests, so not to say them is to write too much."""
    read = b""
    while words not in read:
        assert len(read) < _MAXIMUM_BYTES, f"{words!r} never came"
        read += read_until(terminal, b"\x1b")
    return read


def looked_around() -> bytes:
    """All that a deck writes while the palette is opened, a theme is previewed and left, and the next one asked for."""
    with deck_in_terminal("live") as (process, terminal):
        output = answer(terminal, b"BTC")
        for keys, words in (
            (CTRL_P, b"earch for commands"),
            (b"theme:", b"Weight instead of colour"),
            (ESCAPE, b"ETH"),
            (b"t", b"heme"),
            (b"q", LEAVE_ALTERNATE_SCREEN),
        ):
            os.write(terminal, keys)
            output += answer(terminal, words)
        process.wait()
    return output


def test_no_colour_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    output = looked_around()
    assert colours(output) == set()
    assert b"NO_COLOR is set" in output
    assert re.search(rb"\x1b\[[0-9;]*\b7\b[0-9;]*m", output)


def test_without_it_colours_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    assert 38 in colours(looked_around())
