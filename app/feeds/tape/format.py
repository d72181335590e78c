"""The layout of a tape on disk. docs/tape-format.md is the specification; reader and writer share what is here.

    prefix   magic, version, lengths and checksum of the session, then the session (zstd over msgpack)
    blocks   header with its own checksum, then one zstd frame: all record headers, then all payloads
    index    one entry a block, then a trailer that says how long the index is

All numbers are little-endian. Times are nanoseconds.
"""

import struct
import zlib
from typing import Annotated, Literal

import msgspec
import zstandard
from msgspec import Meta

from app.core.errors import DataError
from app.core.text import clean

MAGIC = b"\x89TAPE\r\n\x1a"
"""First bytes of a tape: not text, and damaged visibly by a transfer that rewrites line ends."""
END_MAGIC = b"\x89ENDTAPE"
BLOCK_MARKER = b"\x89BLK"
INDEX_MARKER = b"\x89IDX"
FORMAT_VERSION = 1

BLOCK_SIZE = 256 * 1024
"""A block is closed once its records take this many bytes."""
BLOCK_SPAN_NS = 1_000_000_000
"""A block is closed once its newest record is this much later than its first."""
RECORD_LIMIT = 32 * 1024 * 1024
"""Largest payload of one record."""
BLOCK_LIMIT = RECORD_LIMIT + 2 * BLOCK_SIZE
"""Largest block, packed or unpacked."""
SESSION_LIMIT = 8 * 1024 * 1024
"""Largest session, packed or unpacked."""
INDEX_LIMIT = 1_000_000
"""Most blocks of one tape; a longer recording goes on in another tape."""

PREFIX = struct.Struct("<8sHHIII")
"""Magic, version, zero, packed length, unpacked length, CRC32 of the packed session."""
BLOCK_HEADER = struct.Struct("<4sIIIIqqqI")
"""Marker, packed length, unpacked length, records, CRC32 of the packed bytes, first sequence, earliest wall time,
latest wall time, CRC32 of all before it."""
RECORD_HEADER = struct.Struct("<qqqIIH")
"""Sequence, wall time, monotonic time, stream, payload length, kind."""
INDEX_ENTRY = struct.Struct("<qqqqI")
"""Offset of a block, first sequence, earliest wall time, latest wall time, records."""
INDEX_HEADER = struct.Struct("<4sII")
"""Marker, entries, CRC32 of the entries."""
TRAILER = struct.Struct("<I8s")
"""Length of index header and entries, end magic."""

Nanoseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]
SourceMode = Literal["live", "demo", "tape", "import"]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What a tape says about itself. Holds no secret and no path.

    `mode` is where the records came from. `imported_from` (a file name) and `imported_sha256` are empty unless the
    tape was made from another file. `begins_ns` is set by a cut: records before it are kept only as context. Tapes with
    the same `recording_id` are parts of one recording, counted from 1. `engine_state` is what a resuming engine needs,
    in the engine's own encoding. `midway` says that the engine was running before the tape begins: a replay starts with
    less than it knew.
    """

    format_version: int = FORMAT_VERSION
    created_wall_ns: Nanoseconds
    mode: SourceMode
    label: str
    seed: int | None = None
    settings_toml: str = ""
    settings_sha256: str = ""
    imported_from: str = ""
    imported_sha256: str = ""
    app_version: str = ""
    begins_ns: Nanoseconds = 0
    recording_id: str = ""
    part: int = 1
    engine_state: bytes = b""
    midway: bool = False


class Block(msgspec.Struct, frozen=True, gc=False):
    """Where a block stands and what it holds: an entry of the index."""

    offset: int
    first_sequence: int
    first_wall_ns: int
    last_wall_ns: int
    records: int


class BlockHeader(msgspec.Struct, frozen=True, gc=False):
    """A block's header, checked against its own checksum and the caps."""

    packed_length: int
    raw_length: int
    records: int
    checksum: int
    first_sequence: int
    first_wall_ns: int
    last_wall_ns: int

    def at(self, offset: int) -> Block:
        """The index entry of a block with this header at `offset`."""
        return Block(offset, self.first_sequence, self.first_wall_ns, self.last_wall_ns, self.records)


def pack_block_header(header: BlockHeader) -> bytes:
    """The bytes of a block header, checksum included."""
    body = BLOCK_HEADER.pack(BLOCK_MARKER, *msgspec.structs.astuple(header), 0)[:-4]
    return body + zlib.crc32(body).to_bytes(4, "little")


def unpack_block_header(data: bytes) -> BlockHeader | None:
    """The header in `data`, or None where there is none that is whole and within the caps."""
    if len(data) != BLOCK_HEADER.size or not data.startswith(BLOCK_MARKER):
        return None
    _, *fields, checksum = BLOCK_HEADER.unpack(data)
    header = BlockHeader(*fields)
    sound = (
        zlib.crc32(data[:-4]) == checksum
        and 0 < header.packed_length <= BLOCK_LIMIT
        and header.records > 0
        and header.records * RECORD_HEADER.size <= header.raw_length <= BLOCK_LIMIT
        and header.first_sequence >= 0
        and 0 <= header.first_wall_ns <= header.last_wall_ns
    )
    return header if sound else None


def pack_index(blocks: list[Block]) -> bytes:
    """Index header, entries and trailer."""
    entries = b"".join(INDEX_ENTRY.pack(*msgspec.structs.astuple(block)) for block in blocks)
    header = INDEX_HEADER.pack(INDEX_MARKER, len(blocks), zlib.crc32(entries))
    return header + entries + TRAILER.pack(len(header) + len(entries), END_MAGIC)


def index_size(blocks: int) -> int:
    """Bytes that `pack_index` makes of so many blocks."""
    return INDEX_HEADER.size + blocks * INDEX_ENTRY.size + TRAILER.size


def unpack_index(data: bytes) -> list[Block] | None:
    """The blocks listed in `data` (index header and entries), or None where it is damaged or lists the impossible."""
    if len(data) < INDEX_HEADER.size:
        return None
    marker, count, checksum = INDEX_HEADER.unpack_from(data)
    entries = data[INDEX_HEADER.size :]
    if marker != INDEX_MARKER or count > INDEX_LIMIT or len(entries) != count * INDEX_ENTRY.size:
        return None
    if zlib.crc32(entries) != checksum:
        return None
    blocks = [Block(*entry) for entry in INDEX_ENTRY.iter_unpack(entries)]
    return blocks if _plausible(blocks) else None


def _plausible(blocks: list[Block]) -> bool:
    """Offsets rise by at least a header each, times are in order, nothing is negative or empty."""
    free = PREFIX.size
    for block in blocks:
        if block.offset < free or block.records <= 0 or block.first_sequence < 0:
            return False
        if not 0 <= block.first_wall_ns <= block.last_wall_ns:
            return False
        free = block.offset + BLOCK_HEADER.size
    return True


def pack_session(session: Session) -> bytes:
    """Prefix and session. Raises `DataError` when the session is larger than `SESSION_LIMIT`."""
    raw = msgspec.msgpack.encode(session)
    if len(raw) > SESSION_LIMIT:
        raise DataError(f"the session of a tape may take {SESSION_LIMIT} bytes, not {len(raw)}: keep less engine state")
    packed = compress(raw)
    return PREFIX.pack(MAGIC, FORMAT_VERSION, 0, len(packed), len(raw), zlib.crc32(packed)) + packed


def unpack_session(packed: bytes, raw_length: int) -> Session:
    """The session in `packed`, its shown texts cleaned. Raises `DataError` when it is not one."""
    raw = decompress(packed, raw_length)
    try:
        session = msgspec.msgpack.decode(raw, type=Session)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DataError("its session cannot be understood") from error
    return msgspec.structs.replace(
        session,
        label=clean(session.label),
        imported_from=clean(session.imported_from),
        imported_sha256=clean(session.imported_sha256),
        app_version=clean(session.app_version),
    )


def compress(raw: bytes) -> bytes:
    """One frame as `compressor` makes them."""
    return compressor().compress(raw)


def compressor() -> zstandard.ZstdCompressor:
    """Makes zstd frames at level 1 that name their own size. Many can be made with one, in turn."""
    # What repeats in a venue's frames is long: looking for seven bytes alike is faster than six, and packs as well.
    parameters = zstandard.ZstdCompressionParameters.from_level(1, source_size=BLOCK_SIZE, min_match=7, hash_log=13)
    return zstandard.ZstdCompressor(compression_params=parameters)


def decompress(packed: bytes, raw_length: int) -> bytes:
    """The `raw_length` bytes in one zstd frame. Raises `DataError`; never allocates more than `raw_length`."""
    try:
        # The library allocates what the frame claims, so the claim is checked before it is believed.
        if zstandard.frame_content_size(packed) != raw_length:
            raise DataError("its compressed bytes do not hold what their header says")
        return zstandard.ZstdDecompressor(max_window_size=2**27).decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise DataError("its compressed bytes are damaged") from error
