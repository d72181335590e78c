"""A tape read by the tables of docs/tape-format.md alone."""

import struct
import zlib
from pathlib import Path
from typing import Any

import msgspec
import zstandard
from tape_samples import numbered_records, write_tape

from app.core.record import Record


def unpack(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(data)


def read_block(data: bytes, offset: int) -> tuple[list[Record], int]:
    """The records of the block at `offset`, and where it ends."""
    marker, packed, raw_length, count, checksum, first, earliest, latest, own = struct.unpack_from(
        "<4sIIIIqqqI", data, offset
    )
    body = data[offset + 48 : offset + 48 + packed]
    raw = unpack(body)
    assert marker == b"\x89BLK"
    assert (len(raw), zlib.crc32(body)) == (raw_length, checksum)
    assert zlib.crc32(data[offset : offset + 44]) == own
    records, begin = [], 34 * count
    for number in range(count):
        sequence, wall, monotonic, stream, length, kind = struct.unpack_from("<qqqIIH", raw, 34 * number)
        records.append(Record(sequence, wall, monotonic, stream, kind, raw[begin : begin + length]))
        begin += length
    assert begin == raw_length
    assert first == records[0].sequence
    assert earliest == min(record.wall_ns for record in records)
    assert latest == max(record.wall_ns for record in records)
    return records, offset + 48 + packed


def test_the_layout_is_the_documented_one(tmp_path: Path) -> None:
    expected = numbered_records(23)
    data = write_tape(tmp_path / "a.tape", expected, seed=7).read_bytes()
    magic, version, zero, packed, raw_length, checksum = struct.unpack_from("<8sHHIII", data)
    assert (magic, version, zero) == (bytes.fromhex("89544150450d0a1a"), 1, 0)
    assert zlib.crc32(data[24 : 24 + packed]) == checksum
    session: dict[str, Any] = msgspec.msgpack.decode(unpack(data[24 : 24 + packed]))
    assert len(unpack(data[24 : 24 + packed])) == raw_length
    assert (session["seed"], session["mode"], session["format_version"]) == (7, "demo", 1)

    length, end_magic = struct.unpack("<I8s", data[-12:])
    index = len(data) - 12 - length
    marker, count, checksum = struct.unpack_from("<4sII", data, index)
    assert (marker, end_magic) == (b"\x89IDX", bytes.fromhex("89454e4454415045"))
    assert zlib.crc32(data[index + 12 : -12]) == checksum
    assert length == 12 + 36 * count

    records: list[Record] = []
    offset = 24 + packed
    for number in range(count):
        at, first, earliest, latest, entries = struct.unpack_from("<qqqqI", data, index + 12 + 36 * number)
        block, end = read_block(data, offset)
        assert (at, first, entries) == (offset, block[0].sequence, len(block))
        assert (earliest, latest) == (block[0].wall_ns, block[-1].wall_ns)
        records += block
        offset = end
    assert offset == index
    assert records == expected
