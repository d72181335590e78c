"""A program in a pseudo-terminal, with a hand on its keyboard. POSIX only."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import numpy as np

from app.core.clock import Clock
from app.core.errors import TapedeckError

MARK, BEGIN, END = b"#", b"(", b")"
"""Keys the deck does not use."""
READY, BEGUN = b"APP-IS-READY", b"MEASURING-NOW"
_PAUSES_S = (0.02, 0.12)
_READ_BYTES = 1 << 16
_KEPT_BYTES = 4_096
_MARK_BYTES = 64
_PATIENCE_S = 5.0


def marker(presses: int) -> bytes:
    """What the app shows once it was pressed `presses` times, and never before."""
    return b"KEY%06d." % presses


class Keyboard:
    """Runs `command` in a terminal of `columns` x `rows` and presses its keys."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], clock: Clock, *, columns: int = 200, rows: int = 50
    ) -> None:
        self._clock = clock
        self._seen = bytearray()
        self._presses = 0
        self.written_bytes = 0
        self._terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environ = {**environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True
        )
        # Without our copy of its end we notice when the program is gone.
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def press(self, key: bytes) -> None:
        """Press a key."""
        os.write(self._terminal, key)

    def wait_for(self, words: bytes, timeout_s: float = _PATIENCE_S) -> None:
        """Wait until `words` are in what the program writes from now on.

        Raises `TapedeckError` when they are not within the time, or the program ends.
        """
        deadline_ns = self._clock.monotonic_ns() + round(timeout_s * 1e9)
        while words not in self._seen:
            left_s = (deadline_ns - self._clock.monotonic_ns()) / 1e9
            if left_s <= 0 or not self._read(left_s):
                raise TapedeckError(f"the app under test did not show {words!r}; it wrote {bytes(self._seen[-400:])!r}")

    def press_mark(self) -> float:
        """Press the key whose effect is visible; milliseconds until it is. Raises `TapedeckError` when it never is."""
        self._presses += 1
        return self.press_until(MARK, marker(self._presses))

    def press_until(self, key: bytes, words: bytes) -> float:
        """Press a key that has `words` shown; milliseconds until they are. Raises `TapedeckError` when they are not."""
        self._seen.clear()
        pressed_ns = self._clock.monotonic_ns()
        self.press(key)
        self.wait_for(words)
        return (self._clock.monotonic_ns() - pressed_ns) / 1e6

    def press_marks(self, count: int, generator: np.random.Generator) -> list[float]:
        """Press it `count` times, at random times, each when the one before has shown; the milliseconds each took."""
        times_ms: list[float] = []
        for pause_s in generator.uniform(*_PAUSES_S, count).tolist():
            self.watch(pause_s)
            times_ms.append(self.press_mark())
        return times_ms

    def watch(self, seconds: float) -> None:
        """Let the program run, taking what it writes. Raises `TapedeckError` when it ends."""
        deadline_ns = self._clock.monotonic_ns() + round(seconds * 1e9)
        while (left_s := (deadline_ns - self._clock.monotonic_ns()) / 1e9) > 0:
            if not self._read(left_s):
                raise TapedeckError(f"the app under test ended early; it wrote {bytes(self._seen[-400:])!r}")
            del self._seen[:-_KEPT_BYTES]

    def first_shown(self, mark: re.Pattern[bytes], seconds: float) -> dict[bytes, int]:
        """When each text that matches `mark` first shows within so long, in the clock's monotonic nanoseconds.

        Raises `TapedeckError` when the program ends.
        """
        shown: dict[bytes, int] = {}
        deadline_ns = self._clock.monotonic_ns() + round(seconds * 1e9)
        while (left_s := (deadline_ns - self._clock.monotonic_ns()) / 1e9) > 0:
            if not self._read(left_s):
                raise TapedeckError(f"the app under test ended early; it wrote {bytes(self._seen[-400:])!r}")
            now_ns = self._clock.monotonic_ns()
            for found in mark.finditer(self._seen):
                shown.setdefault(found[0], now_ns)
            # A mark may come in two pieces.
            del self._seen[:-_MARK_BYTES]
        return shown

    def wait_for_end(self, timeout_s: float = _PATIENCE_S) -> None:
        """Take what the program still writes until it has ended, or the time is over."""
        deadline_ns = self._clock.monotonic_ns() + round(timeout_s * 1e9)
        while (left_s := (deadline_ns - self._clock.monotonic_ns()) / 1e9) > 0 and self._read(left_s):
            continue

    def _read(self, timeout_s: float) -> bool:
        """Take what there is, waiting at most so long for it; False when the program is gone."""
        if not select.select([self._terminal], [], [], timeout_s)[0]:
            return True
        try:
            data = os.read(self._terminal, _READ_BYTES)
        except OSError:
            return False
        self._seen += data
        self.written_bytes += len(data)
        return bool(data)
