"""Kills a recording program at a moment it cannot foresee, and looks at what it left."""

import contextlib
import sqlite3
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from processes import all_gone, children, command, environment, wait_until

from app.core.record import Record
from app.feeds.tape.format import BLOCK_SIZE, BLOCK_SPAN_NS, RECORD_HEADER
from app.feeds.tape.reader import TapeReader

SLACK_NS = 2_500_000_000
"""How old the newest record may be when the program is killed: a second of its own time waits for its block, the rest
is what a busy machine may add. That no more than a block waits is told by the blocks themselves, on any machine."""
LONGEST_S = 4.0
_BEGINNING_BYTES = 4_000
"""More than a tape's head: records have been written."""


class Round(NamedTuple):
    """One program that will be killed `after_s` after the first records reached its tape."""

    number: int
    folder: Path
    after_s: float

    @property
    def tape(self) -> Path:
        """What it records to."""
        return self.folder / "killed.tape"


def rounds(seed: int, count: int, folder: Path) -> list[Round]:
    """Moments to kill at, made from a seed: they depend on nothing that is written."""
    moments_s = np.random.default_rng([seed, 9]).uniform(0.0, LONGEST_S, count)
    return [Round(number, folder / f"round_{number}", float(after_s)) for number, after_s in enumerate(moments_s)]


def kill_all(planned: list[Round], side_by_side: int) -> list[str]:
    """Run all rounds, so many at a time; what is wrong with what they left, empty when nothing is."""
    found: list[str] = []
    with contextlib.ExitStack() as stack:
        waiting = deque(planned)
        running: list[_Recording] = []
        while waiting or running:
            while waiting and len(running) < side_by_side:
                running.append(_Recording(waiting.popleft(), stack))
            wait_until(lambda: any(recording.is_due() for recording in running), "a tape that grows")
            for recording in [recording for recording in running if recording.is_due()]:
                running.remove(recording)
                found += recording.kill()
    return found


class _Recording:
    """A program at work on its tape."""

    def __init__(self, planned: Round, stack: contextlib.ExitStack) -> None:
        """Start it; it is killed when `stack` closes, if not before."""
        self._round = planned
        self._due_s: float | None = None
        planned.folder.mkdir(parents=True)
        words = command(
            "record", planned.tape, "--source", "demo", "--quiet", "--seed", str(planned.number),
            "--set", "demo.coins=3",
        )  # fmt: skip
        self._program = subprocess.Popen(
            words, env=environment(planned.folder / "home"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        stack.callback(self._program.wait)
        stack.callback(self._program.kill)

    def is_due(self) -> bool:
        """Whether the moment to kill it has come."""
        tape = self._round.tape
        if self._due_s is None and tape.exists() and tape.stat().st_size > _BEGINNING_BYTES:
            self._due_s = time.monotonic() + self._round.after_s
        return self._due_s is not None and time.monotonic() >= self._due_s

    def kill(self) -> list[str]:
        """Kill it; what is wrong with what it left."""
        started = children(self._program.pid)
        killed_ns = time.time_ns()
        self._program.kill()
        self._program.wait()
        all_gone(started)
        complaints = (*_complaints_of_tape(self._round.tape, killed_ns), *_complaints_of_databases(self._round.folder))
        return [f"round {self._round.number}, killed after {self._round.after_s:.2f} s: {text}" for text in complaints]


def _complaints_of_tape(tape: Path, killed_ns: int) -> list[str]:
    reader = TapeReader(tape)
    records = list(reader.records())
    complaints = []
    if [record.sequence for record in records] != list(range(1, len(records) + 1)):
        complaints.append("the tape has a gap")
    if any(_is_overfull(block) for block in _by_block(reader, records)):
        complaints.append("a block was held back for more than a second or 256 KiB")
    if not records or killed_ns - records[-1].wall_ns > SLACK_NS:
        complaints.append(
            f"the tape lost {(killed_ns - records[-1].wall_ns) / 1e9:.2f} s" if records else "the tape is empty"
        )
    return complaints


def _by_block(reader: TapeReader, records: list[Record]) -> Iterator[list[Record]]:
    left = iter(records)
    for block in reader.index:
        yield list(islice(left, block.records))


def _is_overfull(block: list[Record]) -> bool:
    """Whether a block was full before its last record: it should have been handed to the system then."""
    before = block[:-1]
    size = sum(RECORD_HEADER.size + len(record.payload) for record in before)
    return size >= BLOCK_SIZE or (bool(before) and before[-1].monotonic_ns - before[0].monotonic_ns >= BLOCK_SPAN_NS)


def _complaints_of_databases(folder: Path) -> list[str]:
    found = []
    for path in folder.rglob("*.sqlite"):
        connection = sqlite3.connect(path)
        try:
            (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
        finally:
            connection.close()
        if answer != "ok":
            found.append(f"{path.name}: {answer}")
    return found
