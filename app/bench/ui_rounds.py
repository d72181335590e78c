"""One round of the bench: a fresh app in a terminal of 200 x 50, under the load of its arm."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from app.bench.blaster import HOST
from app.bench.keys import BEGIN, BEGUN, END, READY, Keyboard
from app.bench.ui_meter import Measured
from app.core.clock import SystemClock
from app.core.errors import TapedeckError

_START_TIMEOUT_S = 20.0
_SETTLE_S = 0.6
_WARMING_PRESSES = 3
_SEED = 7
_UNUSED_START_MS = 1_790_000_000_000


class Arm(NamedTuple):
    """What is shown and under which load: frames from `venue`, in the deck's own process or in an engine of its own."""

    kind: Literal["live", "static", "datatable"] = "live"
    hz: float = 10.0
    venue: str = ""
    attached: bool = False


class Round(NamedTuple):
    """One round's figures: what the app says of itself, the milliseconds of each key, bytes written to the terminal."""

    measured: Measured
    keys_ms: list[float]
    written_bytes: int


def watch_round(arm: Arm, seconds: float) -> Round:
    """Let the app show changes for `seconds`; nothing is pressed."""
    with _app(arm) as (keyboard, report):
        written_bytes = -keyboard.written_bytes
        keyboard.watch(seconds)
        written_bytes += keyboard.written_bytes
        return Round(_end(keyboard, report), [], written_bytes)


def press_round(arm: Arm, presses: int, generator: np.random.Generator) -> Round:
    """Press a key `presses` times at random times. Raises `TapedeckError` when one of them is not answered."""
    with _app(arm, probe=True) as (keyboard, report):
        written_bytes = -keyboard.written_bytes
        keys_ms = keyboard.press_marks(presses, generator)
        written_bytes += keyboard.written_bytes
        return Round(_end(keyboard, report), keys_ms, written_bytes)


@contextmanager
def sender(frames: int, rate: float) -> Iterator[str]:
    """Address of a process that sends `frames` different frames again and again, `rate` a second (0: never waiting)."""
    words = {"--frames": frames, "--seed": _SEED, "--start-ms": _UNUSED_START_MS, "--gap-ms": 1, "--rate": rate}
    flags = [str(word) for pair in words.items() for word in pair]
    with _process("app.bench.blaster", "--endless", *flags) as port:
        yield f"ws://{HOST}:{port}/ws"


@contextmanager
def _app(arm: Arm, *, probe: bool = False) -> Iterator[tuple[Keyboard, Path]]:
    """The app of an arm, settled and warmed up, from the moment on at which it measures; and where it will report."""
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as folder, ExitStack() as stack:
        report, socket = Path(folder) / "report", f"{folder}/engine.socket"
        words = ["--kind", arm.kind, "--hz", f"{arm.hz}", "--report", f"{report}", *(["--probe"] if probe else [])]
        if arm.attached:
            stack.enter_context(_process("app.bench.ui_load", "--venue", arm.venue, "--socket", socket))
            words += ["--engine", socket]
        elif arm.venue:
            words += ["--venue", arm.venue]
        keyboard = stack.enter_context(Keyboard([*_module("app.bench.ui_child"), *words], os.environ, SystemClock()))
        _warm_up(keyboard)
        yield keyboard, report


def _warm_up(keyboard: Keyboard) -> None:
    keyboard.wait_for(READY, _START_TIMEOUT_S)
    keyboard.watch(_SETTLE_S)
    # The first keys import what later ones find.
    for _ in range(_WARMING_PRESSES):
        keyboard.press_mark()
    keyboard.press(BEGIN)
    keyboard.wait_for(BEGUN)


def _end(keyboard: Keyboard, report: Path) -> Measured:
    """Let the app end and tell. Raises `TapedeckError` when it does not, or could not use a frame."""
    keyboard.press(END)
    keyboard.wait_for_end()
    if not report.exists():
        raise TapedeckError("the app under test did not report; run the benchmark again on a quieter machine")
    measured = msgspec.json.decode(report.read_bytes(), type=Measured)
    if measured.refused:
        raise TapedeckError(f"{measured.refused} frames were refused under load; run the tests in tests/bench")
    if not measured.steps:
        raise TapedeckError("the app under test changed nothing; run the benchmark again on a quieter machine")
    return measured


@contextmanager
def _process(module: str, *words: str) -> Iterator[str]:
    """A process of ours that says one line when it is ready, which is given; it ends with the context."""
    command = [*_module(module), *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
        try:
            said = process.stdout.readline().strip() if process.stdout else ""
            if not said:
                raise TapedeckError(f"a process of the benchmark did not start; run `python -m {module} -h`")
            yield said
        finally:
            process.kill()


def _module(name: str) -> Sequence[str]:
    return [sys.executable, "-P", "-m", name]
