"""Where the deck leans on Textual's private names, but for the crash handler in `deck_base`.

Its test fails when an update takes one of them away.
"""

import asyncio
import contextlib
import errno
import sys
from typing import Any, TextIO

from textual.app import App
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.driver import Driver
from textual.keys import _character_to_key

if sys.platform != "win32":
    import termios

    from textual.drivers.linux_driver import LinuxDriver

_LOOK_EVERY_S = 0.25


def character_name(character: str) -> str:
    """Textual's name of the key that types `character`: `question_mark` for `?`, `g` for `g`."""
    return _character_to_key(character)


class DeckPalette(CommandPalette):
    """The command palette, which leaves once: Textual's own breaks when enter is pressed twice in a hurry."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_current else AwaitComplete()


def release_mouse(app: App[None]) -> bool:
    """Leave the mouse to the terminal; False where the driver has none to give."""
    driver = app._driver  # noqa: SLF001
    disable = getattr(driver, "_disable_mouse_support", None)
    if driver is None or disable is None:
        return False
    disable()
    # A driver that is suspended and goes on takes the mouse again unless it believes that there is none.
    driver._mouse = False  # noqa: SLF001
    return True


def take_mouse(app: App[None]) -> bool:
    """Have the terminal report the mouse again; False where the driver has none to take."""
    driver = app._driver  # noqa: SLF001
    enable = getattr(driver, "_enable_mouse_support", None)
    if driver is None or enable is None:
        return False
    driver._mouse = True  # noqa: SLF001
    enable()
    # Reports in pixels were agreed on at the start, and taking the mouse has just asked for cells.
    if getattr(driver, "_mouse_pixels", False):
        driver._enable_mouse_pixels()  # type: ignore[attr-defined]  # noqa: SLF001
    return True


def leaving_driver(found: type[Driver]) -> type[Driver]:
    """The driver that Textual found, made to leave the app when its terminal is gone.

    Drivers of no POSIX terminal are given as they are: Windows ends the processes of a console that is closed.
    """
    if sys.platform != "win32" and found is LinuxDriver:
        return LeavingDriver
    return found


class LenientOutput:
    """Forgets what its file does not take."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write it if that can be done."""
        with contextlib.suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with contextlib.suppress(OSError):
            self._file.flush()

    def fileno(self) -> int:
        """The file's own."""
        return self._file.fileno()


if sys.platform != "win32":

    class LeavingDriver(LinuxDriver):
        """Looks a few times a second whether the terminal is still there, and leaves the app when it is not.

        SIGHUP would tell, but it reaches only the session that the terminal controls. Without it Textual's input
        thread reads the end of the input over and over, as fast as it can; and the first write that fails ends the
        output thread, after which the loop soon waits for ever for room in that thread's queue, deaf to signals.
        """

        def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - the driver's own, unchanged
            super().__init__(*arguments, **named)
            # The last frames, and what restores the terminal, are written to one that is gone.
            self._file = LenientOutput(self._file)  # type: ignore[arg-type, assignment]
            self._next_look: asyncio.TimerHandle | None = None

        def start_application_mode(self) -> None:
            super().start_application_mode()  # type: ignore[no-untyped-call]
            self._look()

        def stop_application_mode(self) -> None:
            self._look_no_more()
            super().stop_application_mode()

        def _look(self) -> None:
            self._look_no_more()
            if self._is_gone():
                # Between two messages: an app that has exited refuses the widgets of a screen half mounted.
                self._app.call_later(self._app.exit)
            else:
                self._next_look = self._loop.call_later(_LOOK_EVERY_S, self._look)

        def _look_no_more(self) -> None:
            if self._next_look is not None:
                self._next_look.cancel()

        def _is_gone(self) -> bool:
            try:
                termios.tcgetattr(self.fileno)
            except termios.error as error:
                # A pipe or a file was no terminal from the start. EIO is one that hung up before there was a driver.
                return self.input_tty or error.args[0] == errno.EIO
            return False
