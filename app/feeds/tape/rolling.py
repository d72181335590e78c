"""A recording that goes on in another tape when one is large or old enough, and stops before the disk is full.

The parts of one recording lie beside each other: `night.tape`, `night.2.tape`, `night.3.tape`. Each part begins with
the streams that were open, so it can be played alone; played from the first one, they are one recording.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from app.core.clock import Clock
from app.core.errors import DataError
from app.core.record import Kind, Record
from app.feeds.tape.format import Session
from app.feeds.tape.writer import TapeWriter

_CHECK_NS = 5_000_000_000


class TapeLimits(msgspec.Struct, frozen=True):
    """When a tape is full, and how much of the disk is not ours."""

    part_bytes: int
    part_s: float
    keep_free_bytes: int


def free_bytes(folder: Path) -> int:
    """Bytes free for this user on the disk of `folder`."""
    return shutil.disk_usage(folder).free


def part_path(first: Path, part: int) -> Path:
    """Where part `part` (1, 2, …) of the recording that begins in `first` lies."""
    return first if part == 1 else first.with_name(f"{first.stem}.{part}{first.suffix}")


class RollingTape:
    """Takes records as a `TapeWriter` does."""

    def __init__(
        self,
        first: Path,
        session: Session,
        clock: Clock,
        limits: TapeLimits,
        free: Callable[[Path], int] = free_bytes,
        finish: Callable[[TapeWriter], None] = TapeWriter.close,
    ) -> None:
        """Create `first`. Raises `DataError` when it exists already, cannot be created, or the disk is too full.

        `finish` takes each part that gets no more records, to close it now or later.
        """
        self._first = first
        self._session = session
        self._clock = clock
        self._limits = limits
        self._free = free
        self._finish = finish
        self._streams: dict[int, Record] = {}
        self._full_parts_bytes = 0
        self._began_ns: int | None = None
        self._started_ns = self._checked_ns = clock.monotonic_ns()
        self._check_disk()
        self.part = 1
        self._writer = self._open()

    @property
    def name(self) -> str:
        """Name of the file that is being written."""
        return part_path(self._first, self.part).name

    @property
    def size_bytes(self) -> int:
        """Bytes written to all parts."""
        return self._full_parts_bytes + self._writer.size_bytes

    @property
    def seconds(self) -> float:
        """How long the recording runs."""
        return (self._clock.monotonic_ns() - self._started_ns) / 1e9

    def write(self, record: Record) -> None:
        """Add a record. Raises `DataError` when it cannot be written or the disk is too full; nothing is added then."""
        if record.monotonic_ns - self._checked_ns > _CHECK_NS:
            self._checked_ns = record.monotonic_ns
            self._check_disk()
        if self._began_ns is None:
            self._began_ns = record.monotonic_ns
        seconds = (record.monotonic_ns - self._began_ns) / 1e9
        if self._writer.size_bytes >= self._limits.part_bytes or seconds >= self._limits.part_s:
            self._roll()
            self._began_ns = record.monotonic_ns
        if record.kind == Kind.STREAM:
            self._streams[record.stream] = record
        self._writer.write(record)

    def close(self) -> None:
        """Finish the last part."""
        self._finish(self._writer)

    def _roll(self) -> None:
        self._finish(self._writer)
        self._full_parts_bytes += self._writer.size_bytes
        self.part += 1
        self._writer = self._open()
        for opened in self._streams.values():
            self._writer.write(opened)

    def _open(self) -> TapeWriter:
        session = msgspec.structs.replace(self._session, part=self.part)
        return TapeWriter(part_path(self._first, self.part), session, self._clock)

    def _check_disk(self) -> None:
        folder = self._first.absolute().parent
        try:
            free = self._free(folder)
        except OSError as error:
            raise DataError(f"{self._first.name}: the folder it is written to is gone ({error.strerror})") from error
        if free < self._limits.keep_free_bytes:
            room = f"only {free / 1e9:.1f} GB are free on its disk, and {self._limits.keep_free_bytes / 1e9:g} are kept"
            raise DataError(f"{self._first.name}: {room}; make room, or lower tape.keep_free_mb")
