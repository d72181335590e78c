"""A sweep in a process of its own: what it is told, what it says on its way, and how it ends with whoever began it."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from app.core.text import clean
from app.engine.protocol_screen import SweepResult, SweepState, SweepView

INTERRUPTED = 130
_STOP_TIMEOUT_S = 2.0
_LONGEST_LINE = 1 << 16
_MOST_ANSWER = 1 << 20
_LONGEST_SAID = 400
_MOST = 2**53
_Told = Annotated[float, Meta(ge=0, lt=_MOST)]


class _Progress(msgspec.Struct, frozen=True, tag="progress", tag_field="kind"):
    """As `app.cli.output.ProgressLine` tells it."""

    done: _Told
    total: _Told
    elapsed_s: _Told
    left_s: _Told | None


_progress = msgspec.json.Decoder(_Progress).decode
_result = msgspec.json.Decoder(SweepResult).decode
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def command(words: Sequence[str]) -> tuple[str, ...]:
    """The command line of a sweep with these arguments, told so that it can be followed and ends with its input."""
    told = ("--json", "--best", "5", "--progress", "jsonl", "--end-with-input")
    # -P keeps a folder named `app` in the current directory from being run instead of this one.
    return sys.executable, "-P", "-m", "app", "sweep", *words, *told


class SweepChild:
    """One sweep. `view` tells how it stands, `changed` is called whenever that is news.

    The process is interrupted when its standard input ends, as it does with this process: nothing is left behind.
    """

    def __init__(self, arguments: str, changed: Callable[[], None]) -> None:
        self.view = SweepView(arguments=arguments, state="running", message="it begins: bars are read or asked for")
        self._changed = changed
        self._said = ""
        self._process: Process | None = None
        self._following: asyncio.Task[None] | None = None
        self._is_given_up = False

    async def start(self, line: Sequence[str]) -> None:
        """Start the process, and end it again where it was given up meanwhile. Raises `OSError` when there is no room
        for another."""
        self._process = await asyncio.create_subprocess_exec(
            *line, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_LONGEST_LINE, start_new_session=True
        )
        self._following = asyncio.create_task(self._follow(self._process), name="sweep")
        if self._is_given_up:
            await self.stop()

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.view.state == "running"

    async def stop(self) -> None:
        """Have it end and keep what is done; by force where it takes its time. Returns when it is gone."""
        process, following = self._process, self._following
        self._is_given_up = True
        if process is None or following is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await asyncio.shield(following)
        except TimeoutError:
            # Its workers, too: one that lives holds the pipes that are read to their end.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await following

    async def _follow(self, process: Process) -> None:
        if process.stdout is None or process.stderr is None:
            raise AssertionError("both were asked for")
        answer, _ = await asyncio.gather(_read_answer(process.stdout), self._hear(process.stderr))
        code = await process.wait()
        self._end(code, answer)

    async def _hear(self, stderr: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stderr.readline()
            except ValueError:  # longer than any line of a sweep
                continue
            if not line:
                return
            self._take(line)
            # Lines that are here already are read without a wait, however many they are.
            await asyncio.sleep(0)

    def _take(self, line: bytes) -> None:
        try:
            told = _progress(line)
        except _UNREADABLE:
            said = clean(line.decode(errors="replace"), _LONGEST_SAID).strip()
            if said:
                self._said = said.removeprefix("error: ")
                self._tell(message=self._said)
            return
        self._tell(done=int(told.done), total=int(told.total), elapsed_s=told.elapsed_s, left_s=told.left_s, message="")

    def _end(self, code: int, answer: bytes | None) -> None:
        if code == INTERRUPTED or (code != 0 and self._is_given_up):
            self._tell(state="stopped", left_s=None, message=self._said or "what was done is kept")
            return
        if code < 0:
            said = f"signal {-code} ended it (killed, or out of memory?); what was done is kept"
            self._tell(state="failed", left_s=None, message=said)
            return
        if code != 0:
            why = self._said or f"it ended with exit code {code} and said nothing"
            self._tell(state="failed", left_s=None, message=why)
            return
        try:
            result = None if answer is None else _cleaned(_result(answer))
        except _UNREADABLE:
            result = None
        if result is None:
            said = "its results cannot be read here; `tapedeck sweep` with the same arguments prints them"
            self._tell(state="failed", left_s=None, message=said)
        else:
            self._tell(state="done", left_s=None, message="", result=result, done=result.runs, total=result.runs)

    def _tell(self, state: SweepState | None = None, **changes: object) -> None:
        self.view = msgspec.structs.replace(self.view, state=state or self.view.state, **changes)
        self._changed()


async def _read_answer(stdout: asyncio.StreamReader) -> bytes | None:
    """All that is printed; None where it is too much, which is read and thrown away."""
    pieces, size = [], 0
    while piece := await stdout.read(1 << 16):
        size += len(piece)
        if size <= _MOST_ANSWER:
            pieces.append(piece)
    return b"".join(pieces) if size <= _MOST_ANSWER else None


def _cleaned(result: SweepResult) -> SweepResult:
    """With every text cleaned: names of files are anybody's."""
    trials = tuple(
        msgspec.structs.replace(
            trial, values={clean(key, 80): _value(value) for key, value in list(trial.values.items())[:16]}
        )
        for trial in result.trials[:10]
    )
    return msgspec.structs.replace(
        result,
        markets=tuple(str(clean(name, 80)) for name in result.markets[:40]),
        doubts=tuple(str(clean(line, _LONGEST_SAID)) for line in result.doubts[:10]),
        trials=trials,
    )


def _value(value: object) -> str | float | bool:
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < _MOST):
        return value
    return str(clean(",".join(map(str, value)) if isinstance(value, list) else str(value), 80))
