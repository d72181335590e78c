"""One worker process of the pool and its two pipes.

The pipes are read and written by the loop directly: of a call that takes a tenth of a millisecond, streams would take
a tenth.
"""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from app.tokens.worker_protocol import FromWorker, Messages, Numbers, WorkerMessageError, read_from_worker

_PIECE = 1 << 16
"""What a pipe holds. A larger buffer would be fetched from the system, and given back, at each read."""
_STOP_TIMEOUT_S = 1.0

Hear = Callable[[FromWorker, Numbers], None]
"""Told what a worker says."""
Ended = Callable[[str], None]
"""Told, once, that a worker is gone, and why."""


class WorkerLink(Protocol):
    """A worker as the pool sees it."""

    @property
    def is_open(self) -> bool:
        """Whether it may still hear a question."""

    def send(self, message: bytes) -> None:
        """Send a question. To a worker that is gone it is not told: `ended` will be."""

    def kill(self, reason: str) -> None:
        """End it at once, whatever it does. `ended` is told `reason`."""

    async def close(self) -> None:
        """Let it end by itself, by force if it does not, and wait until it is gone."""


StartWorker = Callable[[Path, Hear, Ended], Awaitable[WorkerLink]]
"""Starts a worker on the bundle in a folder. Raises `OSError` when that cannot be."""

MODULES = {"onnx": "app.tokens.worker", "torch": "app.training.token_worker"}
"""The program of each runtime."""


def worker_command(runtime: str, memory_mb: int, folder: Path) -> tuple[str, ...]:
    """The command line of a worker on the bundle in `folder`."""
    # -P keeps a folder named `app` in the current directory from being run instead of this one.
    return sys.executable, "-P", "-m", MODULES[runtime], str(folder), str(memory_mb)


class WorkerProcess:
    """A child process. It ends when its questions do, so it cannot outlive this one."""

    def __init__(self, process: Process, questions: int, answers: int, hear: Hear, ended: Ended) -> None:
        """`questions` and `answers` are our ends of its pipes; they are closed here."""
        self._loop = asyncio.get_running_loop()
        self._process = process
        self._questions, self._answers = questions, answers
        self._hear, self._ended = hear, ended
        self._messages = Messages()
        self._unsent = b""
        self._reason = ""
        self._is_open = True
        self._gone = asyncio.Event()
        self._reaping: asyncio.Task[None] | None = None
        self._loop.add_reader(answers, self._read)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def is_open(self) -> bool:
        """See `WorkerLink`."""
        return self._is_open and not self._reason

    def send(self, message: bytes) -> None:
        """See `WorkerLink`."""
        if not self._is_open:
            return
        waits = bool(self._unsent)
        self._unsent += message
        if not waits:
            self._write()
        if self._unsent and not waits:
            self._loop.add_writer(self._questions, self._write_rest)

    def kill(self, reason: str) -> None:
        """See `WorkerLink`."""
        self._reason = self._reason or reason
        self._kill()

    def _kill(self) -> None:
        # Not the process's own `kill`: it would take the exit code of one that is just ending from under its waiter.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def close(self) -> None:
        """See `WorkerLink`."""
        self._stop_writing()
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await self._gone.wait()
        except TimeoutError:
            self.kill("it did not end when asked to")
            await self._gone.wait()

    def _read(self) -> None:
        try:
            data = os.read(self._answers, _PIECE)
        except BlockingIOError:
            return
        if not data:
            self._lose()
            return
        try:
            for header, payload in self._messages.cut(data):
                self._hear(*read_from_worker(header, payload))
        except WorkerMessageError as error:
            self.kill(str(error))

    def _write(self) -> None:
        try:
            self._unsent = self._unsent[os.write(self._questions, self._unsent) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._unsent = b""  # it is gone, as the other pipe will say

    def _write_rest(self) -> None:
        self._write()
        if not self._unsent:
            self._loop.remove_writer(self._questions)

    def _stop_writing(self) -> None:
        if self._is_open:
            self._is_open = False
            self._loop.remove_writer(self._questions)
            os.close(self._questions)

    def _lose(self) -> None:
        self._loop.remove_reader(self._answers)
        os.close(self._answers)
        self._stop_writing()
        self._reaping = self._loop.create_task(self._reap())

    async def _reap(self) -> None:
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                code = await self._process.wait()
        except TimeoutError:  # it has closed its pipe and lives
            self._kill()
            code = await self._process.wait()
        self._gone.set()
        self._ended(self._reason or _ending(code))


async def start_process(command: Sequence[str], hear: Hear, ended: Ended) -> WorkerProcess:
    """Start a worker. Raises `OSError` when there is no room for another process or pipe."""
    theirs_in, questions = os.pipe()
    answers, theirs_out = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=theirs_in, stdout=theirs_out, stderr=DEVNULL)
    except BaseException:
        os.close(questions)
        os.close(answers)
        raise
    finally:
        os.close(theirs_in)
        os.close(theirs_out)
    for descriptor in (questions, answers):
        os.set_blocking(descriptor, False)
    return WorkerProcess(process, questions, answers, hear, ended)


def _ending(code: int) -> str:
    return f"it was ended by signal {-code}" if code < 0 else f"it ended with exit code {code}"
