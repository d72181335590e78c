"""`tapedeck demo` in a real terminal, ended in every way: nothing is left behind, on the screen or among processes."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from processes import all_gone, children, command, environment, wait_until
from pty_harness import Terminal, modes_left, printed_after, terminal

LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l"


@contextmanager
def demo(home: Path) -> Iterator[tuple[Terminal, list[psutil.Process]]]:
    """The deck, once it shows a market, and the processes it has started."""
    words = command("demo", "--seed", "7", "--set", "demo.coins=3")
    with terminal(words, environment(home)) as deck:
        deck.read_until(b"BTC")
        started = children(deck.process.pid)
        assert started
        yield deck, started


@pytest.mark.parametrize(
    "way",
    [b"q", b"\x03", signal.SIGTERM, signal.SIGHUP, signal.SIGINT],
    ids=["q", "ctrl-c", "SIGTERM", "SIGHUP", "SIGINT"],
)
def test_hazard_26_the_terminal_is_as_it_was_and_no_process_is_left(
    tmp_path: Path, way: bytes | signal.Signals
) -> None:
    with demo(tmp_path) as (deck, started):
        assert not deck.is_restored()
        if isinstance(way, bytes):
            deck.send(way)
        else:
            deck.signal(way)
        assert deck.wait() == 0
        assert deck.is_restored()
        assert modes_left(deck.output) == set()
        assert printed_after(deck.output, LEAVE_ALTERNATE_SCREEN) == ""
        all_gone(started)


def test_hazard_25_no_process_outlives_a_deck_that_was_killed(tmp_path: Path) -> None:
    with demo(tmp_path) as (deck, started):
        deck.signal(signal.SIGKILL)
        assert deck.wait() == -signal.SIGKILL
        all_gone(started)


def test_the_deck_lives_on_when_its_venue_is_killed(tmp_path: Path) -> None:
    with demo(tmp_path) as (deck, started):
        for process in started:
            process.kill()
        wait_until(lambda: not any(process.is_running() for process in started), "the venue's end")
        assert deck.process.poll() is None
        deck.send(b"q")
        assert deck.wait() == 0
        assert deck.is_restored()
        assert modes_left(deck.output) == set()


def test_modes_that_are_left_on_are_told() -> None:
    assert modes_left(b"\x1b[?1049h\x1b[?1000;1006h\x1b[?25l text \x1b[?1049l\x1b[?1000l") == {1006, 25}
    assert modes_left(b"\x1b[?25l\x1b[?25h") == set()


def test_control_sequences_are_no_text() -> None:
    assert printed_after(b"x\x1b[?1049l\x1b[0m\x1b]0;title\x07\x1b[>4;0m\r\n", LEAVE_ALTERNATE_SCREEN) == ""
    assert printed_after(b"x\x1b[?1049l\x1b[31mTraceback\r\n", LEAVE_ALTERNATE_SCREEN) == "Traceback"
