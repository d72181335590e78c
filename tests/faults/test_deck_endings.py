"""`tapedeck demo` in a real terminal, ended in every way: nothing is left behind, on the screen or among processes."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from processes import all_gone, children, children_running, command, environment, wait_until
from pty_harness import Terminal, modes_left, printed_after, terminal

from app.feeds.tape.reader import TapeReader

DEMO = ("demo", "--seed", "7", "--set", "demo.coins=3")
START = b"What should the deck show?"
LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l"


@contextmanager
def shown(home: Path, *words: str, shows: bytes = b"BTC") -> Iterator[tuple[Terminal, list[psutil.Process]]]:
    """`tapedeck` with these words, once its terminal shows `shows`, and the processes it has started.

    The program begins with SIGHUP ignored, as after a shell's `trap '' HUP`.
    """
    ignoring = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"]
    with terminal([*ignoring, *command(*words)], environment(home)) as deck:
        deck.read_until(shows)
        yield deck, children(deck.process.pid)


@contextmanager
def demo(home: Path) -> Iterator[tuple[Terminal, list[psutil.Process]]]:
    """The deck on its embedded venue."""
    with shown(home, *DEMO) as (deck, started):
        assert started
        yield deck, started


@contextmanager
def busy_demo(home: Path) -> Iterator[tuple[Terminal, list[psutil.Process]]]:
    """The deck with a market opened, while it records."""
    with demo(home) as (deck, started):
        deck.send(b"\r")
        deck.read_until(b"Time & sales")
        deck.send(b"r")
        deck.read_until(b"Recording to")
        yield deck, started


@contextmanager
def running_engine(home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`tapedeck run`, once a deck can be attached to it."""
    words = command("run", "--source", "demo", "--seed", "7", "--set", "demo.coins=3", "--quiet")
    engine = subprocess.Popen(words, env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started: list[psutil.Process] = []
    try:
        wait_until((home / "state" / "engine.sock").exists, "the engine's socket")
        started = children(engine.pid)
        yield engine
    finally:
        engine.terminate()
        engine.wait()
        all_gone(started)


def hang_up(deck: Terminal) -> None:
    """Close the terminal's own end. No SIGHUP comes of it: the terminal controls no session."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, deck._ours)
    os.close(nothing)


def end_of(deck: Terminal) -> int:
    """Wait until the program ends without a terminal; its exit code."""
    wait_until(lambda: deck.process.poll() is not None, "the deck's end")
    return deck.process.returncode


def assert_ended_well(deck: Terminal, started: list[psutil.Process]) -> None:
    """The deck ends by itself, its terminal is as before, and nothing it started is left."""
    assert not deck.is_restored()
    assert deck.wait() == 0
    assert deck.is_restored()
    assert modes_left(deck.output) == set()
    assert printed_after(deck.output, LEAVE_ALTERNATE_SCREEN) == ""
    all_gone(started)


def assert_whole(home: Path) -> None:
    """There is one tape, it was closed, and no record is missing."""
    (path,) = (home / "tapes").glob("*.tape")
    tape = TapeReader(path)
    sequences = [record.sequence for record in tape.records()]
    assert not tape.recovered
    assert tape.damage == ""
    assert len(sequences) == sum(block.records for block in tape.index) > 0
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))


@pytest.mark.parametrize("key", [b"q", b"\x03"], ids=["q", "ctrl-c"])
def test_hazard_26_the_terminal_is_as_it_was_and_no_process_is_left(tmp_path: Path, key: bytes) -> None:
    with demo(tmp_path) as (deck, started):
        deck.send(key)
        assert_ended_well(deck, started)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_hazard_26_a_deck_that_is_told_to_end_leaves_a_whole_tape_besides(
    tmp_path: Path, number: signal.Signals
) -> None:
    with busy_demo(tmp_path) as (deck, started):
        deck.signal(number)
        assert_ended_well(deck, started)
    assert_whole(tmp_path)


def test_hazard_25_no_process_outlives_a_deck_that_was_killed(tmp_path: Path) -> None:
    # What was killed cannot restore its terminal: the page says so, and the README what helps.
    # The first token is ready sooner where its candles and holders are asked for without a pause.
    hurried = ("--set", "tokens.enabled=true", "--set", "tokens.geckoterminal_per_minute=500")
    with shown(tmp_path, *DEMO, *hurried) as (deck, _):
        deck.read_while_waiting(
            lambda: bool(children_running(deck.process.pid, "app.tokens.worker")), "a worker of the token model"
        )
        started = children(deck.process.pid)
        deck.signal(signal.SIGKILL)
        assert deck.wait() == -signal.SIGKILL
        all_gone(started)
        assert not deck.takes_lines()
        assert 1049 in modes_left(deck.output)
        assert deck.run_another(["sh", "-c", "reset; tput rmcup"], environment(tmp_path)) == 0
        assert deck.takes_lines()
        assert modes_left(deck.output) == set()


def test_the_deck_lives_on_when_its_venue_is_killed(tmp_path: Path) -> None:
    with demo(tmp_path) as (deck, started):
        for process in started:
            # A reader of the leaderboard may have ended by itself.
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        wait_until(lambda: not any(process.is_running() for process in started), "the venue's end")
        assert deck.process.poll() is None
        deck.send(b"q")
        assert deck.wait() == 0
        assert deck.is_restored()
        assert modes_left(deck.output) == set()


def test_a_deck_ends_with_its_terminal_and_its_tape_is_whole(tmp_path: Path) -> None:
    with busy_demo(tmp_path) as (deck, started):
        hang_up(deck)
        assert end_of(deck) == 0
        all_gone(started)
    assert_whole(tmp_path)
    assert not list((tmp_path / "log").glob("crash-*"))


def test_an_attached_deck_ends_with_its_terminal_and_its_engine_lives_on(tmp_path: Path) -> None:
    with running_engine(tmp_path) as engine, shown(tmp_path, "attach") as (deck, _):
        hang_up(deck)
        assert end_of(deck) == 0
        assert engine.poll() is None


def test_the_start_screen_ends_with_its_terminal(tmp_path: Path) -> None:
    with shown(tmp_path, shows=START) as (deck, _):
        hang_up(deck)
        assert end_of(deck) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_the_start_screen_restores_the_terminal_when_it_is_told_to_end(tmp_path: Path, number: signal.Signals) -> None:
    with shown(tmp_path, shows=START) as (deck, _):
        assert not deck.is_restored()
        deck.signal(number)
        assert deck.wait() == 0
        assert deck.is_restored()
        assert modes_left(deck.output) == set()
        assert printed_after(deck.output, LEAVE_ALTERNATE_SCREEN) == ""


def test_modes_that_are_left_on_are_told() -> None:
    assert modes_left(b"\x1b[?1049h\x1b[?1000;1006h\x1b[?25l text \x1b[?1049l\x1b[?1000l") == {1006, 25}
    assert modes_left(b"\x1b[?25l\x1b[?25h") == set()
    assert modes_left(b"\x1b[?1049h\x1b[?25l\x1bc") == {1049}


def test_control_sequences_are_no_text() -> None:
    assert printed_after(b"x\x1b[?1049l\x1b[0m\x1b]0;title\x07\x1b[>4;0m\r\n", LEAVE_ALTERNATE_SCREEN) == ""
    assert printed_after(b"x\x1b[?1049l\x1b[31mTraceback\r\n", LEAVE_ALTERNATE_SCREEN) == "Traceback"
