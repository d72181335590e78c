"""Writes a tape, block by block; what is on disk is readable whenever the program ends."""

import os
import struct
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

from app.core.clock import Clock
from app.core.errors import DataError
from app.core.record import Record
from app.core.text import clean
from app.feeds.tape.format import (
    BLOCK_SIZE,
    BLOCK_SPAN_NS,
    INDEX_LIMIT,
    RECORD_HEADER,
    RECORD_LIMIT,
    Block,
    BlockHeader,
    Session,
    compressor,
    index_size,
    pack_block_header,
    pack_index,
    pack_session,
)


class TapeWriter:
    """Appends records to a new tape.

    A block goes to the operating system when it holds 256 KiB or spans a second of monotonic time, so a killed program
    loses at most that. `close` adds the index and waits for the disk; once `seal` was called it may run in a thread of
    its own. After a failed write the tape takes no more; what was written before stays readable.
    """

    def __init__(self, path: Path, session: Session, clock: Clock) -> None:
        """Create `path` (mode 0600). Raises `DataError` when it exists already or cannot be created."""
        prefix = pack_session(session)
        self._name = clean(path.name)
        self._clock = clock
        self._started_ns = clock.monotonic_ns()
        self._blocks: list[Block] = []
        self._compressor = compressor()
        self._headers: list[bytes] = []
        self._payloads: list[bytes] = []
        self._pending_bytes = self._first_sequence = self._first_monotonic_ns = 0
        self._first_wall_ns = self._last_wall_ns = 0
        self._size = self._records = self._index_bytes = 0
        self._sealed = self._closed = self._failed = False
        self._descriptor = _create(path)
        try:
            self._append(prefix)
        except DataError:
            os.close(self._descriptor)
            path.unlink(missing_ok=True)
            raise

    @property
    def name(self) -> str:
        """Name of the file, cleaned."""
        return self._name

    @property
    def size_bytes(self) -> int:
        """Bytes written so far, of a sealed tape with its index; what is pending comes on top."""
        return self._size + self._index_bytes

    @property
    def records(self) -> int:
        """Records taken so far, pending ones included."""
        return self._records

    @property
    def seconds(self) -> float:
        """How long this tape has been open."""
        return (self._clock.monotonic_ns() - self._started_ns) / 1e9

    def write(self, record: Record) -> None:
        """Add a record.

        Raises `DataError` when it is too large or out of range, when the tape is full, or when the disk refuses.
        """
        if self._sealed or self._failed:
            raise DataError(f"tape {self._name} takes no more records: it is closed or a write failed")
        header, payload, wall_ns = _pack_record_header(record), record.payload, record.wall_ns
        if not self._payloads:
            self._begin_block(record)
        self._headers.append(header)
        self._payloads.append(payload)
        self._pending_bytes += RECORD_HEADER.size + len(payload)
        self._records += 1
        if wall_ns > self._last_wall_ns:
            self._last_wall_ns = wall_ns
        elif wall_ns < self._first_wall_ns:
            self._first_wall_ns = wall_ns
        if self._pending_bytes >= BLOCK_SIZE or record.monotonic_ns - self._first_monotonic_ns >= BLOCK_SPAN_NS:
            self.flush()

    def flush(self) -> None:
        """Close the pending block and hand it to the operating system."""
        if not self._payloads:
            return
        raw = b"".join((*self._headers, *self._payloads))
        packed = self._compressor.compress(raw)
        header = BlockHeader(
            len(packed),
            len(raw),
            len(self._payloads),
            zlib.crc32(packed),
            self._first_sequence,
            self._first_wall_ns,
            self._last_wall_ns,
        )
        block = header.at(self._size)
        self._append(pack_block_header(header) + packed)
        self._blocks.append(block)
        self._headers.clear()
        self._payloads.clear()
        self._pending_bytes = 0

    def seal(self) -> None:
        """Write what is pending and take no more. Raises `DataError` when the disk refuses; harmless when repeated."""
        if self._sealed:
            return
        self._sealed = True
        if not self._failed:
            self.flush()
            self._index_bytes = index_size(len(self._blocks))

    def close(self) -> None:
        """Seal the tape, add the index and wait until the disk has it. Closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        try:
            self.seal()
            if not self._failed:
                self._index_bytes = 0
                self._append(pack_index(self._blocks))
                self._synchronise()
        finally:
            os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin_block(self, record: Record) -> None:
        if len(self._blocks) >= INDEX_LIMIT:
            raise DataError(f"tape {self._name} is full ({INDEX_LIMIT} blocks): go on in a new one")
        self._first_sequence = record.sequence
        self._first_monotonic_ns = record.monotonic_ns
        self._first_wall_ns = self._last_wall_ns = record.wall_ns

    def _append(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            self._failed = True
            raise DataError(f"tape {self._name} could not be written: {error.strerror}; free some space") from error
        self._size += len(data)

    def _synchronise(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise DataError(f"tape {self._name} may be incomplete on disk: {error.strerror}") from error


def _pack_record_header(record: Record) -> bytes:
    size = len(record.payload)
    if size > RECORD_LIMIT:
        raise DataError(f"a record of {size} bytes is too large for a tape: the limit is {RECORD_LIMIT}")
    sequence, wall_ns, monotonic_ns = record.sequence, record.wall_ns, record.monotonic_ns
    try:
        if sequence | wall_ns | monotonic_ns < 0:
            raise DataError(f"record {sequence} has a negative number, which a tape cannot hold")
        return RECORD_HEADER.pack(sequence, wall_ns, monotonic_ns, record.stream, size, record.kind)
    except struct.error as error:
        raise DataError(f"record {sequence} has a number too large for a tape: {error}") from error


def _create(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, flags, 0o600)
    except FileExistsError as error:
        raise DataError(f"{clean(path.name)} exists already: choose another name for the tape") from error
    except OSError as error:
        raise DataError(f"tape {clean(path.name)} could not be created: {error.strerror}") from error
