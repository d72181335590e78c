"""How fast a tape is written and read, and how small it is."""

import asyncio
import tempfile
from pathlib import Path
from statistics import median

from app.bench.demo_tape import record_demo
from app.bench.report import Bench
from app.core.clock import Clock, SystemClock
from app.core.errors import DataError
from app.core.record import Kind, Record, unpack_frames
from app.feeds.tape.format import Session
from app.feeds.tape.reader import TapeReader
from app.feeds.tape.writer import TapeWriter

_COINS, _SECONDS, _ROUNDS = 30, 120, 7


def measure() -> dict[str, float]:
    """Medians of seven rounds of writing and reading what a demo of 30 coins records in two minutes."""
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as folder:
        tape = Path(folder) / "demo.tape"
        asyncio.run(record_demo(tape, coins=_COINS, seconds=_SECONDS))
        return tape_figures(list(TapeReader(tape).records()), Path(folder), _ROUNDS, SystemClock())


def tape_figures(records: list[Record], folder: Path, rounds: int, clock: Clock) -> dict[str, float]:
    """Write `records` to tapes in `folder` and read them back. Raises `DataError` when they are not the same.

    `write_mb_s` counts 10⁶ bytes of payload, waiting for the disk included; `frames` are the venue's, of which a record
    may hold many, each taken out by itself in `read_frames_s`; `bytes_per_frame` is the file's size for each of them,
    all else that is recorded included; `ratio_vs_raw` is how many times larger the payloads are than the file.
    """
    writes: list[float] = []
    reads: list[float] = []
    for number in range(rounds):
        tape = folder / f"{number}.tape"
        writes.append(_write(records, tape, clock))
        reads.append(_read(records, tape, clock))
    frames = sum(len(_frames_in(record)) for record in records)
    raw_bytes, file_bytes = sum(len(record.payload) for record in records), tape.stat().st_size
    return {
        "write_mb_s": round(raw_bytes / median(writes) / 1e6, 1),
        "read_frames_s": round(frames / median(reads)),
        "bytes_per_frame": round(file_bytes / frames, 1),
        "ratio_vs_raw": round(raw_bytes / file_bytes, 2),
        "frames": frames,
    }


def _write(records: list[Record], tape: Path, clock: Clock) -> float:
    started_ns = clock.monotonic_ns()
    with TapeWriter(tape, Session(created_wall_ns=0, mode="demo", label="bench"), clock) as writer:
        for record in records:
            writer.write(record)
    return (clock.monotonic_ns() - started_ns) / 1e9


def _read(records: list[Record], tape: Path, clock: Clock) -> float:
    started_ns = clock.monotonic_ns()
    read = list(TapeReader(tape).records())
    for record in read:
        _frames_in(record)
    taken_s = (clock.monotonic_ns() - started_ns) / 1e9
    if read != records:
        raise DataError("what was read from the tape is not what was written; run the tests in tests/feeds/tape")
    return taken_s


def _frames_in(record: Record) -> list[bytes]:
    """The venue's frames in a record; none in one of another kind."""
    if record.kind == Kind.FRAMES:
        return unpack_frames(record.payload)
    return [record.payload] if record.kind == Kind.FRAME else []


TAPE = Bench("tape", "writing and reading a tape", measure, {})
