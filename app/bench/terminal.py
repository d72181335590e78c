"""A program in a pseudo-terminal, with the time at which something first shows. POSIX only."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
from collections.abc import Mapping, Sequence

from app.core.clock import Clock
from app.core.errors import TapedeckError

_ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")
_POLL_S = 0.2
_END_TIMEOUT_S = 5.0


class Terminal:
    """Runs `command` in a terminal of `columns` x `rows`."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], clock: Clock, *, columns: int = 120, rows: int = 40
    ) -> None:
        self._clock = clock
        self._seen = b""
        self.started_ns = clock.monotonic_ns()
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            size = struct.pack("HHHH", rows, columns, 0, 0)
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            environ = {**environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execvpe(command[0], list(command), environ)  # noqa: S606 - our own command, no shell

    def wait_for(self, pattern: bytes, timeout_s: float) -> float:
        """Milliseconds from the start until `pattern` was on the screen's stream. Raises `TapedeckError` when never."""
        expression = re.compile(pattern)
        deadline_ns = self._clock.monotonic_ns() + round(timeout_s * 1e9)
        while not expression.search(_ESCAPES.sub(b" ", self._seen)):
            if self._clock.monotonic_ns() > deadline_ns or not self._read():
                raise TapedeckError(f"the deck did not show {pattern.decode()} within {timeout_s:g} s")
        return (self._clock.monotonic_ns() - self.started_ns) / 1e6

    def watch(self, seconds: float) -> None:
        """Let the program run, taking what it writes."""
        deadline_ns = self._clock.monotonic_ns() + round(seconds * 1e9)
        while self._clock.monotonic_ns() < deadline_ns and self._read():
            self._seen = self._seen[-65_536:]

    def end(self) -> None:
        """Ask the program to leave, then make it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            deadline_ns = self._clock.monotonic_ns() + round(_END_TIMEOUT_S * 1e9)
            while self._clock.monotonic_ns() < deadline_ns:
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self._descriptor)
                    return
                self._read()

    def _read(self) -> bool:
        """Take what there is, waiting a little; False when the program is gone."""
        if not select.select([self._descriptor], [], [], _POLL_S)[0]:
            return True
        try:
            data = os.read(self._descriptor, 65_536)
        except OSError:
            return False
        self._seen += data
        return bool(data)
