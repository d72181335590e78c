"""A model server that hangs, dies and comes back under a running deck: how long keys wait, how soon it reads again.

The deck is `tapedeck demo` with its default settings in a pseudo-terminal; the scripted model is a process of its own.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from app.bench.keys import Keyboard
from app.bench.model_server import GO_ON, HANG, MODEL
from app.bench.scalper_paint import deck_command, deck_environ
from app.core.clock import Clock
from app.core.errors import TapedeckError

_MARK = re.compile(rb"S(\d{6})\.")
_KEY, _SHOWS = b"f", (b"Held; the engine goes on.", b"The display goes on.")
"""The key that holds the display and lets it go on, and what the deck says at each press, in turn."""
_PAUSES_S = (0.02, 0.16)
_FIRST_READ_S, _BACK_S = 90.0, 60.0
_STEP_S = 0.25
_LONGER_S = 8.0
"""A hang that lasts so much longer spans a deadline, the look for its reason, and the next question."""
_NUMBERS_A_TIME = 10_000
_SEED = 6
_START_TIMEOUT_S = 20.0


class UnderFaults(NamedTuple):
    """Milliseconds from each key to its paint by the state of the server, and seconds from its return to a new read."""

    keys_ms: Mapping[str, list[float]]
    recoveries_s: Mapping[str, list[float]]


class ModelProcess:
    """The scripted model in a process of its own, which can hang, be killed, and come back at the same address.

    It numbers its answers anew each time it comes back, so that a read tells since when it is from.
    """

    def __init__(self) -> None:
        self.url, self._answers_from = "", 0
        self._process = self._started()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def first_number(self) -> int:
        """The number of its first answer since it came, or came back."""
        return self._answers_from

    def hang(self) -> None:
        """Take connections and say nothing."""
        self._tell(HANG)

    def go_on(self) -> None:
        """Hang no more."""
        self._answers_from += _NUMBERS_A_TIME
        self._tell(f"{GO_ON} {self._answers_from}")

    def kill(self) -> None:
        """End at once."""
        self._process.kill()
        self._process.wait()
        for pipe in filter(None, (self._process.stdin, self._process.stdout)):
            pipe.close()

    def restart(self) -> None:
        """A new server at the same address. Raises `TapedeckError` when it does not come."""
        self._process = self._started()

    def _tell(self, line: str) -> None:
        """Have it do something, and wait until it says that it does."""
        if self._process.stdin is not None and self._process.stdout is not None:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            self._process.stdout.readline()

    def _started(self) -> "subprocess.Popen[str]":
        self._answers_from += _NUMBERS_A_TIME
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-P", "-m", "app.bench.model_server", "--port", port]
        process = subprocess.Popen(  # noqa: S603 - our own module
            [*command, "--first", f"{self._answers_from}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        said = process.stdout.readline().strip() if process.stdout else ""
        if not said:
            process.kill()
            raise TapedeckError("the scripted model did not start; run `python -m app.bench.model_server` to see why")
        self.url = said
        return process


def keys_under_faults(rounds: int, pairs: int, clock: Clock) -> UnderFaults:
    """Press a key while the server is good, hangs, and is dead, in turn, in so many rounds of `pairs` of presses each.

    Raises `TapedeckError` when a key is not answered, or reads do not come back within a minute.
    """
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="tapedeck-bench-"))
        model = stack.enter_context(ModelProcess())
        command = deck_command(f"url={model.url}", f"model={MODEL}")
        keyboard = stack.enter_context(Keyboard(command, deck_environ(Path(home)), clock))
        trial = _Trial(keyboard, model, clock)
        trial.wait_for_read(model.first_number, _FIRST_READ_S)
        for _ in range(rounds):
            trial.round(pairs)
        return UnderFaults(trial.keys_ms, trial.recoveries_s)


class _Trial:
    """One deck with its server, and what was measured so far."""

    def __init__(self, keyboard: Keyboard, model: ModelProcess, clock: Clock) -> None:
        self._keyboard = keyboard
        self._model = model
        self._clock = clock
        self._generator = np.random.default_rng(_SEED)
        self.keys_ms: dict[str, list[float]] = {"good": [], "hung": [], "killed": []}
        self.recoveries_s: dict[str, list[float]] = {"hung": [], "killed": []}

    def round(self, pairs: int) -> None:
        """Good, hung, back, killed, back."""
        self._press("good", pairs)
        self._model.hang()
        self._press("hung", pairs)
        # It comes back at any moment of a question: while one waits, after one was given up, between two.
        self._keyboard.watch(float(self._generator.uniform(0, _LONGER_S)))
        self._model.go_on()
        self._recover("hung")
        self._model.kill()
        self._press("killed", pairs)
        self._model.restart()
        self._recover("killed")

    def wait_for_read(self, number: int, timeout_s: float) -> int:
        """When a read made of an answer of this number or a later one is on the screen, in monotonic nanoseconds.

        Raises `TapedeckError` when there is none in time.
        """
        deadline_ns = self._clock.monotonic_ns() + round(timeout_s * 1e9)
        while self._clock.monotonic_ns() < deadline_ns:
            shown = self._keyboard.first_shown(_MARK, _STEP_S)
            new_ns = [at_ns for mark, at_ns in shown.items() if int(mark[1:-1]) >= number]
            if new_ns:
                return min(new_ns)
        raise TapedeckError(f"the deck showed no new read within {timeout_s:g} s of a model server that answers")

    def _recover(self, state: str) -> None:
        """Wait for a read that the server gave after it came back, a moment ago."""
        back_ns = self._clock.monotonic_ns()
        self.recoveries_s[state].append((self.wait_for_read(self._model.first_number, _BACK_S) - back_ns) / 1e9)

    def _press(self, state: str, pairs: int) -> None:
        """Press at random times, each time when the press before has shown."""
        for pauses_s in self._generator.uniform(*_PAUSES_S, (pairs, len(_SHOWS))).tolist():
            for pause_s, words in zip(pauses_s, _SHOWS, strict=True):
                self._keyboard.watch(pause_s)
                self.keys_ms[state].append(self._keyboard.press_until(_KEY, words))
