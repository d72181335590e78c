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
_NUMBERS_A_SERVER = 10_000
_SEED = 6
_START_TIMEOUT_S = 20.0


class UnderFaults(NamedTuple):
    """Milliseconds from each key to its paint by the state of the server, and seconds from its return to a new read."""

    keys_ms: Mapping[str, list[float]]
    recoveries_s: Mapping[str, list[float]]


class ModelProcess:
    """The scripted model in a process of its own, which can hang, be killed, and come back at the same address.

    Each server numbers its answers from another ten thousand on, so that a read tells which of them gave it.
    """

    def __init__(self) -> None:
        self.url, self._servers, self._answers_from = "", 0, 0
        self._process = self._started()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def first_number(self) -> int:
        """The number of the first answer of the newest server."""
        return self._answers_from

    def hang(self) -> None:
        """Take connections and say nothing."""
        self._tell(HANG)

    def go_on(self) -> None:
        """Hang no more."""
        self._tell(GO_ON)

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
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def _started(self) -> "subprocess.Popen[str]":
        self._servers += 1
        self._answers_from = self._servers * _NUMBERS_A_SERVER
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
        self._newest = 0
        self.keys_ms: dict[str, list[float]] = {"good": [], "hung": [], "killed": []}
        self.recoveries_s: dict[str, list[float]] = {"hung": [], "killed": []}

    def round(self, pairs: int) -> None:
        """Good, hung, back, killed, back."""
        self._press("good", pairs)
        self._model.hang()
        self._press("hung", pairs)
        # What is repainted meanwhile was answered before: the next read is a later one than any seen.
        self._watch()
        back_ns = self._clock.monotonic_ns()
        self._model.go_on()
        self._recover("hung", self._newest + 1, back_ns)
        self._model.kill()
        self._press("killed", pairs)
        self._model.restart()
        self._recover("killed", self._model.first_number, self._clock.monotonic_ns())

    def wait_for_read(self, number: int, timeout_s: float) -> int:
        """When a read made of an answer of this number or a later one is on the screen, in monotonic nanoseconds.

        Raises `TapedeckError` when there is none in time.
        """
        deadline_ns = self._clock.monotonic_ns() + round(timeout_s * 1e9)
        while self._clock.monotonic_ns() < deadline_ns:
            new_ns = [at_ns for found, at_ns in self._watch().items() if found >= number]
            if new_ns:
                return min(new_ns)
        raise TapedeckError(f"the deck showed no new read within {timeout_s:g} s of a model server that answers")

    def _watch(self) -> dict[int, int]:
        """The numbers of answers on the screen in the next quarter of a second, and when each first showed."""
        shown = self._keyboard.first_shown(_MARK, _STEP_S)
        numbers = {int(mark[1:-1]): at_ns for mark, at_ns in shown.items()}
        self._newest = max([self._newest, *numbers])
        return numbers

    def _recover(self, state: str, number: int, back_ns: int) -> None:
        self.recoveries_s[state].append((self.wait_for_read(number, _BACK_S) - back_ns) / 1e9)

    def _press(self, state: str, pairs: int) -> None:
        """Press at random times, each time when the press before has shown."""
        for pauses_s in self._generator.uniform(*_PAUSES_S, (pairs, len(_SHOWS))).tolist():
            for pause_s, words in zip(pauses_s, _SHOWS, strict=True):
                self._keyboard.watch(pause_s)
                self.keys_ms[state].append(self._keyboard.press_until(_KEY, words))
