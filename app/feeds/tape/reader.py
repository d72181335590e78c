"""Reads a tape block by block. A tape is hostile input: nothing it claims is believed before it is checked."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from app.core.errors import DataError
from app.core.record import Record
from app.core.text import clean
from app.feeds.tape.files import open_regular
from app.feeds.tape.format import (
    BLOCK_HEADER,
    END_MAGIC,
    FORMAT_VERSION,
    MAGIC,
    PREFIX,
    RECORD_HEADER,
    SESSION_LIMIT,
    TRAILER,
    Block,
    BlockHeader,
    Session,
    decompress,
    unpack_block_header,
    unpack_index,
    unpack_session,
)
from app.feeds.tape.scan import scan_blocks


class TapeReader:
    """One tape. Opening reads session and index; the records stream from disk, one block in memory at a time.

    Records of kinds this version does not know are handed out like any other: who uses them skips them.
    """

    def __init__(self, path: Path) -> None:
        """Open `path`. Raises `DataError` when it is not a tape, or its session is damaged or of a newer format."""
        self._path = path
        self._name = clean(path.name)
        self._bad_blocks: set[int] = set()
        self._scan_damage = ""
        with open_regular(path) as file:
            self._session, data_start = _read_session(file, self._name)
            blocks = _read_index(file, data_start)
            self._recovered = blocks is None
            if blocks is None:
                blocks, self._scan_damage = scan_blocks(file, data_start)
        self._index = tuple(blocks)

    @property
    def session(self) -> Session:
        return self._session

    @property
    def form(self) -> str:
        return "tape"

    @property
    def index(self) -> tuple[Block, ...]:
        """All blocks, in order of the file."""
        return self._index

    @property
    def start_ns(self) -> int:
        if self._session.begins_ns or not self._index:
            return self._session.begins_ns or self._session.created_wall_ns
        return self._index[0].first_wall_ns

    @property
    def end_ns(self) -> int:
        return max((block.last_wall_ns for block in self._index), default=self.start_ns)

    @property
    def recovered(self) -> bool:
        """Whether the index had to be rebuilt, because the recording was not closed or its end is damaged."""
        return self._recovered

    @property
    def damage(self) -> str:
        sentences = [self._scan_damage] if self._scan_damage else []
        if self._bad_blocks:
            sentences.append(f"{len(self._bad_blocks)} damaged block(s) were skipped.")
        return " ".join(sentences)

    def records(self) -> Iterator[Record]:
        """The records in order. Damaged blocks are skipped and noted.

        Raises `DataError` when the file cannot be opened any more.
        """
        with open_regular(self._path) as file:
            for block in self._index:
                try:
                    yield from _read_block(file, block)
                except DataError:
                    self._bad_blocks.add(block.offset)


def _read_session(file: BinaryIO, name: str) -> tuple[Session, int]:
    prefix = file.read(PREFIX.size)
    if not prefix.startswith(MAGIC):
        raise DataError(f"{name} is not a tape: it does not begin like one")
    if len(prefix) < PREFIX.size:
        raise DataError(f"tape {name} ends inside its first bytes: nothing was recorded")
    _, version, _, packed_length, raw_length, checksum = PREFIX.unpack(prefix)
    if version != FORMAT_VERSION:
        raise DataError(f"tape {name} has format {version}, this version reads {FORMAT_VERSION}: update tapedeck")
    packed = file.read(packed_length) if packed_length <= SESSION_LIMIT and raw_length <= SESSION_LIMIT else b""
    if len(packed) != packed_length or zlib.crc32(packed) != checksum:
        raise DataError(f"tape {name} has a damaged session record and cannot be read")
    try:
        return unpack_session(packed, raw_length), PREFIX.size + packed_length
    except DataError as error:
        raise DataError(f"tape {name} cannot be read: {error}") from error


def _read_index(file: BinaryIO, data_start: int) -> list[Block] | None:
    """The index at the end of the file, or None where it is absent, damaged or does not fit the file."""
    end = file.seek(0, 2) - TRAILER.size
    if end < data_start:
        return None
    file.seek(end)
    length, magic = TRAILER.unpack(file.read(TRAILER.size))
    if magic != END_MAGIC or length > end - data_start:
        return None
    file.seek(end - length)
    blocks = unpack_index(file.read(length))
    if not blocks:
        return blocks
    fits = data_start <= blocks[0].offset and blocks[-1].offset + BLOCK_HEADER.size < end - length
    return blocks if fits else None


def _read_block(file: BinaryIO, block: Block) -> Iterator[Record]:
    """The records of one block. Raises `DataError` where the block is not what the index or its header says."""
    file.seek(block.offset)
    header = unpack_block_header(file.read(BLOCK_HEADER.size))
    if header is None or header.at(block.offset) != block:
        raise DataError("a block is not where the index says")
    packed = file.read(header.packed_length)
    if len(packed) != header.packed_length or zlib.crc32(packed) != header.checksum:
        raise DataError("a block's bytes are damaged")
    return _unpack_records(decompress(packed, header.raw_length), header)


def _unpack_records(raw: bytes, header: BlockHeader) -> Iterator[Record]:
    begin = header.records * RECORD_HEADER.size
    size = len(raw)
    rows = RECORD_HEADER.iter_unpack(memoryview(raw)[:begin])
    for sequence, wall_ns, monotonic_ns, stream, length, kind in rows:
        end = begin + length
        # One comparison finds a sign in any of the three; lengths are checked as they are used.
        if end > size or sequence | wall_ns | monotonic_ns < 0:
            raise DataError("a record's header holds impossible numbers")
        yield Record(sequence, wall_ns, monotonic_ns, stream, kind, raw[begin:end])
        begin = end
    if begin != size:
        raise DataError("a block holds more bytes than its records")
