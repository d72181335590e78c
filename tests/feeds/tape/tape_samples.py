"""Small tapes with several blocks."""

from collections.abc import Iterable
from pathlib import Path

from app.core.clock import ManualClock
from app.core.record import Kind, Record
from app.feeds.tape.format import Session
from app.feeds.tape.writer import TapeWriter

START_NS = 1_700_000_000 * 10**9
STEP_NS = 300_000_000


def numbered_records(count: int, step_ns: int = STEP_NS) -> list[Record]:
    """`count` frames, `step_ns` apart, each with its number in its payload."""
    return [
        Record(number, START_NS + number * step_ns, number * step_ns, 1 + number % 3, Kind.FRAME, b"frame %d" % number)
        for number in range(count)
    ]


def write_tape(path: Path, records: Iterable[Record], **facts: object) -> Path:
    """A closed demo tape with `records`."""
    session = Session(created_wall_ns=START_NS, mode="demo", label="test", **facts)  # type: ignore[arg-type]
    with TapeWriter(path, session, ManualClock()) as writer:
        for record in records:
            writer.write(record)
    return path
