"""A recording that goes on in another tape when one is large or old enough, and stops before the disk is full or the
tapes of its folder take more than they may.

The parts of one recording lie beside each other: `night.tape`, `night.2.tape`, `night.3.tape`. Each part begins with
the streams that were open, so it can be played alone; played from the first one, they are one recording.
"""

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from app.core.clock import Clock
from app.core.errors import DataError
from app.core.record import Kind, Record
from app.core.text import clean
from app.feeds.tape.format import Session
from app.feeds.tape.writer import TapeWriter

SUFFIX = ".tape"
_CHECK_NS = 5_000_000_000


class TapeLimits(msgspec.Struct, frozen=True):
    """When a tape is full, how much of the disk is not ours, and how much all tapes of a folder may take."""

    part_bytes: int
    part_s: float
    keep_free_bytes: int
    keep_bytes: int


def free_bytes(folder: Path) -> int:
    """Bytes free for this user on the disk of `folder`."""
    return shutil.disk_usage(folder).free


def tapes_bytes(folder: Path) -> int:
    """Bytes that the tapes in `folder` take, whoever made them. Raises `OSError`."""
    total = 0
    with os.scandir(folder) as entries:
        for each in entries:
            # One that somebody takes away meanwhile takes no room.
            with contextlib.suppress(FileNotFoundError):
                if each.name.endswith(SUFFIX) and each.is_file(follow_symlinks=False):
                    total += each.stat(follow_symlinks=False).st_size
    return total


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
        used: Callable[[Path], int] = tapes_bytes,
        finish: Callable[[TapeWriter], None] = TapeWriter.close,
    ) -> None:
        """Create `first`. Raises `DataError` when it, or a later part, exists already, when it cannot be created, when
        the disk is too full or the tapes of its folder take too much.

        `finish` takes each part that gets no more records, to close it now or later.
        """
        self._first = first
        self._session = session
        self._clock = clock
        self._limits = limits
        self._free = free
        self._used = used
        self._finish = finish
        self._streams: dict[int, Record] = {}
        self._full_parts_bytes = 0
        self._began_ns: int | None = None
        self._started_ns = self._checked_ns = clock.monotonic_ns()
        self.part = 1
        self._check_disk(own_bytes=0)
        self._check_names()
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
            self._check_disk(self.size_bytes)
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

    def _check_names(self) -> None:
        """A recording that has to end at its first change of parts had better not begin."""
        taken = clean(_taken_part(self._first))
        if taken:
            told = f"{taken} exists already, where a later part would go"
            raise DataError(f"{told}: choose another name for the tape, or move {taken} away")

    def _check_disk(self, own_bytes: int) -> None:
        folder = self._first.absolute().parent
        try:
            free, used = self._free(folder), max(self._used(folder), own_bytes)
        except OSError as error:
            raise DataError(f"{self._first.name}: the folder it is written to is gone ({error.strerror})") from error
        if free < self._limits.keep_free_bytes:
            room = f"only {free / 1e9:.1f} GB are free on its disk, and {self._limits.keep_free_bytes / 1e9:g} are kept"
            raise DataError(f"{self._first.name}: {room}; make room, or lower tape.keep_free_mb")
        if used > self._limits.keep_bytes:
            room = f"the tapes in its folder take {used / 1e9:.1f} GB, and may take {self._limits.keep_bytes / 1e9:g}"
            raise DataError(f"{self._first.name}: {room}; move some away, or raise tape.keep_gb")


def _taken_part(first: Path) -> str:
    """The name of a file that lies where a later part of the recording that begins in `first` would go; else empty."""
    head, tail = f"{first.stem}.", first.suffix
    try:
        names = {each.name for each in first.absolute().parent.iterdir()}
    except OSError:
        return ""  # the first part cannot be made there either, and says why
    middles = (name[len(head) : len(name) - len(tail)] for name in names if name.startswith(head))
    parts = (int(middle) for middle in middles if middle.isascii() and middle.isdigit())
    later = (part_path(first, part).name for part in sorted(parts) if part > 1)
    return next((name for name in later if name in names), "")
