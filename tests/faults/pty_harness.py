"""A program in a real pseudo-terminal: what it writes, what it is sent, and how it leaves the terminal."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Sequence

from processes import PATIENCE_S

_MODE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
_SEQUENCE = re.compile(
    rb"\x1b\[[0-9;?<>=!]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP.*?\x1b\\|\x1b[()][A-Z0-9]|\x1b[=>78]"
)
_SLICE_S = 0.05
USUALLY_ON = frozenset({7, 25})
"""Private modes that a shell expects to be on: lines wrap, and the cursor shows. All others are off."""


class Terminal:
    """One program and its terminal. `output` is every byte it wrote so far."""

    def __init__(
        self, words: Sequence[str], environment: dict[str, str], *, rows: int = 24, columns: int = 100
    ) -> None:
        self._ours, self._theirs = pty.openpty()
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._before = self.modes()
        self.output = b""
        self.process = subprocess.Popen(
            words,
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env=environment,
            start_new_session=True,
        )

    def modes(self) -> list[object]:
        """The terminal's modes, as `stty` shows them."""
        return list(termios.tcgetattr(self._theirs))

    def is_restored(self) -> bool:
        """Whether the modes are what they were before the program ran."""
        return self.modes() == self._before

    def read_until(self, words: bytes) -> None:
        """Read until the program has written `words`. Raises `AssertionError` when it does not."""
        start = len(self.output)
        for _ in range(round(PATIENCE_S / _SLICE_S)):
            if words in self.output[max(0, start - len(words)) :]:
                return
            if select.select([self._ours], [], [], _SLICE_S)[0]:
                self.output += os.read(self._ours, 65_536)
            elif self.process.poll() is not None:
                break
        raise AssertionError(f"{words!r} was never written; the last of it was {self.output[-2_000:]!r}")

    def read_while_waiting(self, condition: Callable[[], bool], what: str) -> None:
        """Read until something becomes true: a program whose terminal nobody reads stands still. Raises
        `AssertionError` when it does not."""
        for _ in range(round(PATIENCE_S / _SLICE_S)):
            if condition():
                return
            if select.select([self._ours], [], [], _SLICE_S)[0]:
                self.output += os.read(self._ours, 65_536)
                time.sleep(_SLICE_S)
        raise AssertionError(f"{what}: not within {PATIENCE_S:g} s")

    def send(self, keys: bytes) -> None:
        """Type."""
        os.write(self._ours, keys)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Read until the program ends; its exit code."""
        while self.process.poll() is None:
            if select.select([self._ours], [], [], _SLICE_S)[0]:
                self.output += os.read(self._ours, 65_536)
        while select.select([self._ours], [], [], 0)[0]:
            self.output += os.read(self._ours, 65_536)
        return self.process.returncode

    def run_another(self, words: Sequence[str], environment: dict[str, str]) -> int:
        """Run a second program in this terminal to its end; its exit code."""
        self.process = subprocess.Popen(
            words, stdin=self._theirs, stdout=self._theirs, stderr=self._theirs, env=environment
        )
        return self.wait()

    def takes_lines(self) -> bool:
        """Whether what is typed is echoed and handed on line by line."""
        local = termios.tcgetattr(self._theirs)[3]
        return bool(local & termios.ECHO) and bool(local & termios.ICANON)

    def close(self) -> None:
        """End the program, if it has not ended, and the terminal."""
        self.process.kill()
        self.process.wait()
        os.close(self._theirs)
        os.close(self._ours)


@contextlib.contextmanager
def terminal(words: Sequence[str], environment: dict[str, str]) -> Iterator[Terminal]:
    """A program in a terminal while the context lasts."""
    opened = Terminal(words, environment)
    try:
        yield opened
    finally:
        opened.close()


def modes_left(output: bytes) -> set[int]:
    """Private modes that differ at the end of `output` from what a shell expects: alternate screen, mouse, cursor…

    A full reset (`ESC c`) sets all of them but the screen, which tmux does not leave for it.
    """
    before, full_reset, output = output.rpartition(b"\x1bc")
    on = set(USUALLY_ON) | (modes_left(before) & {1049} if full_reset else set())
    for numbers, switch in _MODE.findall(output):
        changed = {int(number) for number in numbers.split(b";") if number}
        on = on | changed if switch == b"h" else on - changed
    return on ^ USUALLY_ON


def printed_after(output: bytes, words: bytes) -> str:
    """The plain text that follows the last `words` in `output`."""
    return _SEQUENCE.sub(b"", output.rpartition(words)[2]).decode(errors="replace").strip()
