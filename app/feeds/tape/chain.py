"""The parts of one recording, played as one."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from app.core.record import Record
from app.feeds.tape.format import Session
from app.feeds.tape.reader import TapeReader
from app.feeds.tape.rolling import part_path


def open_parts(first: TapeReader, path: Path) -> "TapeReader | Chain":
    """`first`, with the parts that follow it in the same folder. A later part opened by itself is played alone."""
    recording_id = first.session.recording_id
    if first.session.part != 1 or not recording_id:
        return first
    parts = [first]
    while (next_path := part_path(path, len(parts) + 1)).is_file():
        part = TapeReader(next_path)
        if (part.session.recording_id, part.session.part) != (recording_id, len(parts) + 1):
            break
        parts.append(part)
    return Chain(parts) if len(parts) > 1 else first


class Chain:
    """A `Recording` of several tapes."""

    form = "tape in parts"

    def __init__(self, parts: Sequence[TapeReader]) -> None:
        self._parts = parts

    @property
    def session(self) -> Session:
        """Where the recording comes from."""
        return self._parts[0].session

    @property
    def start_ns(self) -> int:
        """Wall time at which playing begins."""
        return self._parts[0].start_ns

    @property
    def end_ns(self) -> int:
        """Wall time of the latest record."""
        return max(part.end_ns for part in self._parts)

    @property
    def damage(self) -> str:
        """What could not be read, of all parts."""
        return " ".join(part.damage for part in self._parts if part.damage)

    def records(self) -> Iterator[Record]:
        """The records in order; what a part repeats of the ones before it comes once."""
        newest = -1
        for part in self._parts:
            for record in part.records():
                if record.sequence > newest:
                    newest = record.sequence
                    yield record
