import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zstandard
from tape_samples import START_NS, STEP_NS, numbered_records, write_tape

from app.core.errors import DataError
from app.core.record import Kind, Record
from app.feeds.tape.format import (
    BLOCK_HEADER,
    BLOCK_LIMIT,
    INDEX_HEADER,
    MAGIC,
    PREFIX,
    RECORD_HEADER,
    RECORD_LIMIT,
    Block,
    BlockHeader,
    Session,
    compress,
    pack_block_header,
    pack_index,
    pack_session,
)
from app.feeds.tape.reader import TapeReader

SESSION = Session(created_wall_ns=START_NS, mode="live", label="LIVE")


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """A closed tape of 40 records in eight blocks."""
    return write_tape(tmp_path / "small.tape", numbered_records(40))


def block_bytes(raw: bytes, count: int, **lies: int) -> bytes:
    """A block that is sound apart from `lies` about it."""
    packed = compress(raw)
    header = BlockHeader(len(packed), len(raw), count, zlib.crc32(packed), 1, START_NS, START_NS)
    return pack_block_header(msgspec.structs.replace(header, **lies)) + packed


def one_record(**lies: int) -> bytes:
    """Header and payload of a record that is sound apart from `lies` about it."""
    facts = {"sequence": 1, "wall_ns": START_NS, "monotonic_ns": 1, "stream": 1, "length": 4, "kind": 3} | lies
    return RECORD_HEADER.pack(*facts.values()) + b"data"


def test_index_tells_what_the_blocks_hold(tape: Path) -> None:
    reader = TapeReader(tape)
    assert [block.records for block in reader.index] == [5] * 8
    assert [block.first_sequence for block in reader.index] == list(range(0, 40, 5))
    assert (reader.start_ns, reader.end_ns) == (START_NS, START_NS + 39 * STEP_NS)


def test_a_wall_clock_that_steps_back_loses_nothing(tmp_path: Path) -> None:
    stamps = [100, 200, 50, 150, 300]
    records = [Record(n, START_NS + stamp, n, 1, Kind.FRAME, b"") for n, stamp in enumerate(stamps)]
    reader = TapeReader(write_tape(tmp_path / "a.tape", records))
    assert list(reader.records()) == records
    assert (reader.start_ns, reader.end_ns) == (START_NS + 50, START_NS + 300)


def test_several_readings_do_not_disturb_each_other(tape: Path) -> None:
    reader = TapeReader(tape)
    pairs = zip(reader.records(), reader.records(), strict=True)
    assert all(one == other for one, other in pairs)


def test_unknown_kinds_are_handed_out(tmp_path: Path) -> None:
    record = Record(1, START_NS, 0, 1, 999, b"later")
    assert list(TapeReader(write_tape(tmp_path / "a.tape", [record])).records()) == [record]


def test_an_empty_tape_is_a_tape(tmp_path: Path) -> None:
    reader = TapeReader(write_tape(tmp_path / "a.tape", []))
    assert (list(reader.records()), reader.start_ns, reader.end_ns) == ([], START_NS, START_NS)
    assert not reader.recovered


def test_shown_texts_are_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "a.tape"
    path.write_bytes(pack_session(msgspec.structs.replace(SESSION, label="a\x1b[31mb", imported_from="\u202ex")))
    session = TapeReader(path).session
    assert (session.label, session.imported_from) == ("a[31mb", "x")


def prefix(**lies: int) -> bytes:
    packed = compress(msgspec.msgpack.encode(SESSION))
    facts = {"version": 1, "zero": 0, "packed": len(packed), "raw": len(msgspec.msgpack.encode(SESSION))}
    facts |= {"checksum": zlib.crc32(packed)} | lies
    return PREFIX.pack(MAGIC, *facts.values()) + packed


def other_session(raw: bytes) -> bytes:
    packed = compress(raw)
    return PREFIX.pack(MAGIC, 1, 0, len(packed), len(raw), zlib.crc32(packed)) + packed


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a tape"),
        (b"timestamp,price", "not a tape"),
        (MAGIC, "ends inside"),
        (prefix(version=2), "format 2"),
        (prefix(packed=2**32 - 1), "damaged session"),
        (prefix(raw=2**32 - 1), "damaged session"),
        (prefix(raw=5), "compressed bytes"),
        (prefix(checksum=5), "damaged session"),
        (prefix()[:-1], "damaged session"),
        (other_session(b"\xc1"), "cannot be understood"),
        (other_session(b"\x91" * 100_000), "cannot be understood"),
        (other_session(msgspec.msgpack.encode({"created_wall_ns": -1, "mode": "live", "label": ""})), "understood"),
        (other_session(msgspec.msgpack.encode({"created_wall_ns": 2**64 - 1, "mode": "live", "label": ""})), "under"),
        (other_session(msgspec.msgpack.encode({"created_wall_ns": 1, "mode": "real", "label": ""})), "understood"),
        (other_session(b"\x81\xa5label\xa2\xff\xff"), "understood"),
    ],
)
def test_what_is_no_tape_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "hostile.tape"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message):
        TapeReader(path)


def test_a_folder_or_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a file"):
        TapeReader(tmp_path)
    with pytest.raises(DataError, match="cannot be opened"):
        TapeReader(tmp_path / "none.tape")
    with pytest.raises(DataError, match="cannot be opened"):
        TapeReader(tmp_path / "a\0b")


def bomb(size: int) -> bytes:
    """A block whose zstd frame holds `size` zeros while its header claims the most that is allowed."""
    packed = zstandard.ZstdCompressor(level=19).compress(bytes(size))
    header = BlockHeader(len(packed), BLOCK_LIMIT, 1, zlib.crc32(packed), 1, START_NS, START_NS)
    return pack_block_header(header) + packed


def unsized(raw: bytes) -> bytes:
    packed = zstandard.ZstdCompressor(write_content_size=False).compress(raw)
    header = BlockHeader(len(packed), len(raw), 1, zlib.crc32(packed), 1, START_NS, START_NS)
    return pack_block_header(header) + packed


@pytest.mark.parametrize(
    "block",
    [
        block_bytes(one_record(), 1, records=2**32 - 1),
        block_bytes(one_record(), 1, records=0),
        block_bytes(one_record(), 2),
        block_bytes(one_record(), 1, raw_length=2**32 - 1),
        block_bytes(one_record(), 1, raw_length=BLOCK_LIMIT),
        block_bytes(one_record(), 1, packed_length=2**32 - 1),
        block_bytes(one_record(), 1, first_sequence=-1),
        block_bytes(one_record(), 1, first_wall_ns=-5),
        block_bytes(one_record(), 1, first_wall_ns=START_NS + 1),
        block_bytes(one_record(length=2**32 - 1), 1),
        block_bytes(one_record(length=5), 1),
        block_bytes(one_record(wall_ns=-1), 1),
        block_bytes(one_record(sequence=-(2**63)), 1),
        block_bytes(one_record(monotonic_ns=-1), 1),
        unsized(one_record()),
        bomb(BLOCK_LIMIT + 1),
        bomb(4 * BLOCK_LIMIT),
    ],
)
def test_a_lying_block_costs_itself_only(tmp_path: Path, block: bytes) -> None:
    path = tmp_path / "hostile.tape"
    sound = block_bytes(one_record(sequence=7), 1)
    path.write_bytes(pack_session(SESSION) + sound + block + sound)
    reader = TapeReader(path)
    sequences = [record.sequence for record in reader.records()]
    assert sequences in ([7, 7], [7])
    assert reader.damage


def test_a_block_with_more_bytes_than_records_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "hostile.tape"
    path.write_bytes(pack_session(SESSION) + block_bytes(one_record(length=3), 1))
    reader = TapeReader(path)
    assert [record.payload for record in reader.records()] == [b"dat"]
    assert "1 damaged block" in reader.damage


def indexes() -> Iterator[list[Block]]:
    first = len(pack_session(SESSION))
    for block in (
        Block(first, 1, START_NS, START_NS, 2**31),
        Block(first, 2, START_NS, START_NS, 1),
        Block(first, 1, START_NS, START_NS + 1, 1),
        Block(0, 1, START_NS, START_NS, 1),
        Block(first + 1, 1, START_NS, START_NS, 1),
        Block(2**62, 1, START_NS, START_NS, 1),
        Block(first, 1, -1, START_NS, 1),
        Block(-1, 1, START_NS, START_NS, 1),
    ):
        yield [block]
    yield [Block(first, 1, START_NS, START_NS, 1)] * 3


@pytest.mark.parametrize("blocks", list(indexes()))
def test_a_lying_index_gives_no_wrong_records(tmp_path: Path, blocks: list[Block]) -> None:
    path = tmp_path / "hostile.tape"
    path.write_bytes(pack_session(SESSION) + block_bytes(one_record(), 1) + pack_index(blocks))
    reader = TapeReader(path)
    assert [record.payload for record in reader.records()] in ([b"data"], [])
    assert reader.damage


@pytest.mark.parametrize("length", [0, 5, 12, 2**31, 2**32 - 1])
def test_a_lying_trailer_means_a_scan(tape: Path, length: int) -> None:
    data = tape.read_bytes()
    tape.write_bytes(data[:-12] + struct.pack("<I", length) + data[-8:])
    reader = TapeReader(tape)
    assert reader.recovered
    assert "has been rebuilt" in reader.damage
    assert list(reader.records()) == numbered_records(40)


def test_an_index_that_claims_millions_of_entries_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "hostile.tape"
    index = INDEX_HEADER.pack(b"\x89IDX", 2**32 - 1, 0)
    path.write_bytes(pack_session(SESSION) + index + struct.pack("<I8s", len(index), b"\x89ENDTAPE"))
    reader = TapeReader(path)
    assert reader.recovered
    assert reader.index == ()


def test_a_marker_inside_a_damaged_region_is_not_taken_for_a_block(tape: Path) -> None:
    data = bytearray(tape.read_bytes())
    first = TapeReader(tape).index[0].offset
    data[first + 4 : first + 8] = b"\x89BLK"
    data = data[:-20]
    tape.write_bytes(data)
    reader = TapeReader(tape)
    assert list(reader.records()) == numbered_records(40)[5:]
    assert "1 damaged block" in reader.damage


@pytest.mark.parametrize("garbage", [1, 2**20 - 5, 2**20 - 2, 2**20 - 1, 2**20, 2**21 + 7])
def test_the_next_block_is_found_however_far_away(tmp_path: Path, garbage: int) -> None:
    path = tmp_path / "hostile.tape"
    sound = block_bytes(one_record(), 1)
    path.write_bytes(pack_session(SESSION) + sound + b"x" * garbage + sound)
    reader = TapeReader(path)
    assert [block.records for block in reader.index] == [1, 1]
    assert "1 damaged block" in reader.damage


def test_caps_leave_room_for_the_largest_record() -> None:
    assert RECORD_LIMIT + RECORD_HEADER.size < BLOCK_LIMIT
    assert BLOCK_HEADER.size == 48
    assert RECORD_HEADER.size == 34
