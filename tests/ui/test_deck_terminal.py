"""The deck in a real pseudo-terminal: however it is left, the terminal is as before and nothing is printed."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PLAYGROUND = Path(__file__).parent / "playground.py"
PATIENCE_S = 60
LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l"
COOKED = termios.ICANON | termios.ECHO


@contextmanager
def deck_in_terminal(kind: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """A deck on the playground's engine and the terminal's own end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    command = [sys.executable, str(PLAYGROUND), kind]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        os.close(theirs)
        os.close(ours)


def read_until(terminal: int, words: bytes) -> bytes:
    read = b""
    deadline = time.monotonic() + 2 * PATIENCE_S
    while words not in read:
        # A deck that lives writes on for ever: what is waited for may still never come.
        assert time.monotonic() < deadline, read[-2000:]
        assert select.select([terminal], [], [], PATIENCE_S)[0], read[-2000:]
        read += os.read(terminal, 65536)
    return read


def local_modes(terminal: int) -> int:
    modes: int = termios.tcgetattr(terminal)[3]
    return modes & COOKED


def printed(output: bytes) -> str:
    """What is left of terminal output without its control sequences."""
    return re.sub(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[=>78]", b"", output).decode().strip()


@pytest.mark.parametrize(
    ("kind", "way", "code"),
    [
        ("live", b"q", 0),
        ("live", b"\x03", 0),
        ("live", signal.SIGTERM, 0),
        ("live", signal.SIGHUP, 0),
        ("refused", b"q", 4),
    ],
    ids=["q", "ctrl-c", "SIGTERM", "SIGHUP", "refused"],
)
def test_the_terminal_is_as_before(kind: str, way: bytes | signal.Signals, code: int) -> None:
    with deck_in_terminal(kind) as (process, terminal):
        assert local_modes(terminal) == COOKED
        read_until(terminal, b"FAILED" if kind == "refused" else b"BTC")
        assert local_modes(terminal) == 0
        if isinstance(way, bytes):
            os.write(terminal, way)
        else:
            process.send_signal(way)
        output = read_until(terminal, LEAVE_ALTERNATE_SCREEN)
        assert process.wait(PATIENCE_S) == code
        while select.select([terminal], [], [], 0)[0]:
            output += os.read(terminal, 65536)
        assert local_modes(terminal) == COOKED
        assert printed(output.rpartition(LEAVE_ALTERNATE_SCREEN)[2]) == ""
