"""The private names of Textual that the deck leans on: an update that takes one away fails here."""

import io
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import textual
from deck_fakes import ScriptedLink, deck_on
from test_deck_terminal import PATIENCE_S, PLAYGROUND, deck_in_terminal, read_until
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.drivers.web_driver import WebDriver

from app.ui.textual_seams import LeavingDriver, LenientOutput, character_name, leaving_driver

PRIVATE = ("_enable_mouse_support", "_disable_mouse_support")


class Driver:
    """A driver that keeps what it is asked."""

    def __init__(self, *, pixels: bool) -> None:
        self._mouse = True
        self._mouse_pixels = pixels
        self.asked: list[str] = []

    def _enable_mouse_support(self) -> None:
        self.asked.append("enable")

    def _disable_mouse_support(self) -> None:
        self.asked.append("disable")

    def _enable_mouse_pixels(self) -> None:
        self.asked.append("pixels")


@pytest.mark.parametrize("driver", [LinuxDriver, WebDriver])
def test_drivers_still_have_the_private_names(driver: type) -> None:
    assert all(callable(getattr(driver, name, None)) for name in PRIVATE)


def test_the_drivers_sources_still_have_the_private_names() -> None:
    drivers = Path(textual.__file__).parent / "drivers"
    windows = (drivers / "windows_driver.py").read_text(encoding="utf-8")
    assert all(f"def {name}(self)" in windows for name in PRIVATE)
    assert "self._mouse = mouse" in (drivers.parent / "driver.py").read_text(encoding="utf-8")
    linux = (drivers / "linux_driver.py").read_text(encoding="utf-8")
    assert "self._mouse_pixels = " in linux
    assert "def _enable_mouse_pixels(self)" in linux
    assert "WriterThread(self._file)" in linux
    assert "self.input_tty = " in linux
    assert "self.fileno = " in linux
    assert "self._loop = " in (drivers.parent / "driver.py").read_text(encoding="utf-8")


def test_the_app_still_has_its_driver() -> None:
    assert App[None]()._driver is None


def test_characters_still_have_their_names() -> None:
    assert [character_name(sign) for sign in "?[:,g"] == [
        "question_mark",
        "left_square_bracket",
        "colon",
        "comma",
        "g",
    ]


@pytest.mark.asyncio
async def test_the_mouse_is_released_and_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with deck_on(ScriptedLink()) as (deck, pilot):
        driver = Driver(pixels=True)
        with monkeypatch.context() as patch:
            patch.setattr(deck, "_driver", driver)
            await deck.run_action("toggle_mouse")
            assert (driver.asked, driver._mouse) == (["disable"], False)
            flash = deck._deck_screen.flash
            assert flash.message == "Mouse released: select with the terminal; M takes it back."
            await deck.run_action("toggle_mouse")
            assert (driver.asked, driver._mouse) == (["disable", "enable", "pixels"], True)
            assert flash.message == "The deck has the mouse again; M releases it."
        await pilot.press("M")
        assert flash.message == "This terminal has no mouse to release."


def test_the_terminal_is_told() -> None:
    with deck_in_terminal("live") as (process, terminal):
        read_until(terminal, b"BTC")
        os.write(terminal, b"M")
        read_until(terminal, b"\x1b[?1000l")
        os.write(terminal, b"M")
        read_until(terminal, b"\x1b[?1000h")
        os.write(terminal, b"q")
        assert process.wait(60) == 0


def deck_on_files(stdin: int, terminal: int) -> "subprocess.Popen[bytes]":
    """A deck on the playground's engine that reads one file and writes to another."""
    return subprocess.Popen(
        [sys.executable, str(PLAYGROUND), "live"],
        stdin=stdin,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm-256color"},
        start_new_session=True,
    )


def test_only_the_driver_of_a_terminal_leaves_with_it() -> None:
    assert leaving_driver(LinuxDriver) is LeavingDriver
    assert leaving_driver(WebDriver) is WebDriver


def test_output_that_nobody_takes_is_forgotten() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    # Without a buffer of its own, closing the file has nothing left to write.
    with os.fdopen(writer, "wb", buffering=0) as raw:
        output = LenientOutput(io.TextIOWrapper(raw, write_through=True))
        output.write("nobody reads this")
        output.flush()
        assert output.fileno() == writer


def test_a_deck_whose_terminal_was_gone_before_it_began_ends() -> None:
    ours, theirs = pty.openpty()
    os.close(ours)
    process = deck_on_files(theirs, theirs)
    try:
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
        os.close(theirs)


def test_a_deck_that_reads_a_pipe_has_not_lost_its_terminal() -> None:
    ours, theirs = pty.openpty()
    process = deck_on_files(subprocess.PIPE, theirs)
    try:
        read_until(ours, b"BTC")
        process.send_signal(signal.SIGTERM)
        read_until(ours, b"\x1b[?1049l")
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.communicate()
        os.close(theirs)
        os.close(ours)
