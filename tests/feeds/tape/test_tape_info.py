from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tape_samples import START_NS, numbered_records, write_tape

from app.core.errors import DataError
from app.core.record import Kind, Record, StreamOpened, pack_frames
from app.feeds.tape.info import tape_info

TextFile = Callable[[str, str], Path]


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """A closed tape of 40 records in eight blocks."""
    return write_tape(tmp_path / "small.tape", numbered_records(40))


@pytest.fixture
def text_file(tmp_path: Path) -> TextFile:
    """Writes a text file of a given name."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_facts_of_a_tape(tmp_path: Path) -> None:
    opened = msgspec.msgpack.encode(StreamOpened(1, "hyperliquid", "websocket", "trades", "BTC"))
    records = [Record(100, START_NS, 0, 1, Kind.STREAM, opened), *numbered_records(30)]
    path = write_tape(tmp_path / "a.tape", records, seed=7, imported_from="x.csv", imported_sha256="ab")
    info = tape_info(path)
    assert (info.name, info.form, info.mode, info.seed) == ("a.tape", "tape", "demo", 7)
    assert (info.imported_from, info.imported_sha256) == ("x.csv", "ab")
    assert (info.start, info.end) == ("2023-11-14T22:13:20.000Z", "2023-11-14T22:13:28.700Z")
    assert info.seconds == pytest.approx(8.7)
    assert (info.records, info.records_by_kind) == (31, {"stream": 1, "frame": 30})
    assert [(stream.channel, stream.subject, stream.frames) for stream in info.streams] == [("trades", "BTC", 10)]
    assert info.payload_bytes == sum(len(record.payload) for record in records)
    assert info.file_bytes == path.stat().st_size
    assert info.bytes_per_frame == info.file_bytes / 30
    assert info.compression_ratio == info.payload_bytes / info.file_bytes
    assert (info.recovered, info.damage) == (False, "")


def test_frames_that_came_together_are_counted_one_by_one(tmp_path: Path) -> None:
    opened = msgspec.msgpack.encode(StreamOpened(1, "hyperliquid", "websocket", "trades", "BTC"))
    payloads = {Kind.STREAM: [opened], Kind.FRAME: [b"x"], Kind.FRAMES: [pack_frames([b"x", b"y", b"z"]), b"no list"]}
    inputs = [(kind, payload) for kind, those in payloads.items() for payload in those]
    records = [Record(place, START_NS, 0, 1, kind, payload) for place, (kind, payload) in enumerate(inputs)]
    info = tape_info(write_tape(tmp_path / "a.tape", records))
    assert [stream.frames for stream in info.streams] == [4]
    assert info.bytes_per_frame == info.file_bytes / 4
    assert info.records_by_kind == {"stream": 1, "frame": 1, "frames": 2}


def test_damage_is_told(tape: Path) -> None:
    tape.write_bytes(tape.read_bytes()[:-100])
    info = tape_info(tape)
    assert info.recovered
    assert "has been rebuilt" in info.damage


def test_a_block_found_damaged_while_reading_is_told(tape: Path) -> None:
    data = bytearray(tape.read_bytes())
    data[data.index(b"\x89BLK") + 60] ^= 1
    tape.write_bytes(data)
    info = tape_info(tape)
    assert (info.recovered, info.records) == (False, 35)
    assert info.damage == "1 damaged block(s) were skipped."


def test_hostile_streams_and_kinds_are_described_safely(tmp_path: Path) -> None:
    records = [
        Record(1, START_NS, 0, 1, Kind.STREAM, b"\xc1"),
        Record(2, START_NS, 0, 2, Kind.STREAM, msgspec.msgpack.encode(StreamOpened(2, "v", "file", "\x1b[2J"))),
        Record(3, 2**63 - 1, 0, 2, 999, b""),
    ]
    info = tape_info(write_tape(tmp_path / "a.tape", records))
    assert [stream.channel for stream in info.streams] == ["[2J"]
    assert info.records_by_kind == {"stream": 2, "unknown 999": 1}
    assert info.end.startswith("2262-04-11")
    assert info.bytes_per_frame is None


def test_a_table_is_described_too(text_file: TextFile) -> None:
    line = f'{{"recv_ns":{START_NS},"frame":{{"channel":"pong"}}}}\n'
    info = tape_info(text_file("a.jsonl", line + "broken\n"))
    assert (info.form, info.mode, info.label) == ("JSON lines", "import", "a.jsonl")
    assert "1 line(s)" in info.damage


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        tape_info(tmp_path)
