"""Kills a recording program at a moment it cannot foresee, and looks at what it left."""

import sqlite3
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from processes import all_gone, children, command, environment, wait_until

from app.feeds.tape.reader import TapeReader

SLACK_NS = 2_500_000_000
"""A block lasts at most a second of the program's time; the rest is what a busy machine may add."""
_SMALLEST, _LARGEST = 4_000, 30_000


class Round(NamedTuple):
    """One program that will be killed: once its tape has `size` bytes."""

    number: int
    folder: Path
    size: int


def rounds(seed: int, count: int, folder: Path) -> list[Round]:
    """Moments to kill at, made from a seed."""
    generator = np.random.default_rng([seed, 9])
    sizes = generator.integers(_SMALLEST, _LARGEST, count)
    return [Round(number, folder / f"round_{number}", int(size)) for number, size in enumerate(sizes)]


def kill_together(several: list[Round]) -> list[str]:
    """Run some rounds side by side; what is wrong with what they left, empty when nothing is."""
    running = [(each, _start(each)) for each in several]
    return [
        f"round {each.number}, killed at {each.size} bytes: {text}"
        for each, program in running
        for text in _end(each, program)
    ]


def _tape(each: Round) -> Path:
    return each.folder / "killed.tape"


def _start(each: Round) -> "subprocess.Popen[bytes]":
    each.folder.mkdir(parents=True)
    words = command(
        "record", _tape(each), "--source", "demo", "--quiet", "--seed", str(each.number), "--set", "demo.coins=3"
    )
    return subprocess.Popen(
        words, env=environment(each.folder / "home"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _end(each: Round, program: "subprocess.Popen[bytes]") -> list[str]:
    tape = _tape(each)
    try:
        wait_until(lambda: tape.exists() and tape.stat().st_size > each.size, f"{each.size} bytes on {tape.name}")
        started = children(program.pid)
    finally:
        killed_ns = time.time_ns()
        program.kill()
        program.wait()
    all_gone(started)
    return [*_complaints_of_tape(tape, killed_ns), *_complaints_of_databases(each.folder)]


def _complaints_of_tape(tape: Path, killed_ns: int) -> list[str]:
    reader = TapeReader(tape)
    records = list(reader.records())
    complaints = []
    if [record.sequence for record in records] != list(range(1, len(records) + 1)):
        complaints.append("the tape has a gap")
    if not records or killed_ns - records[-1].wall_ns > SLACK_NS:
        complaints.append(
            f"the tape lost {(killed_ns - records[-1].wall_ns) / 1e9:.2f} s" if records else "the tape is empty"
        )
    return complaints


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
