import os
import stat
from pathlib import Path

import pytest
from tape_samples import START_NS, numbered_records, write_tape

from app.core.clock import ManualClock
from app.core.errors import DataError
from app.core.record import Kind, Record
from app.feeds.tape import writer as writer_module
from app.feeds.tape.format import BLOCK_SIZE, RECORD_LIMIT, SESSION_LIMIT, Session
from app.feeds.tape.reader import TapeReader
from app.feeds.tape.writer import TapeWriter

SESSION = Session(created_wall_ns=START_NS, mode="live", label="LIVE")


def frame(sequence: int, wall_ns: int = START_NS, monotonic_ns: int = 0, payload: bytes = b"x") -> Record:
    return Record(sequence, wall_ns, monotonic_ns, 1, Kind.FRAME, payload)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    records = [Record(n, START_NS + n, n, n % 5, kind, bytes([n]) * n) for n, kind in enumerate(Kind)]
    path = write_tape(tmp_path / "all.tape", records, seed=7, settings_toml="a = 1", engine_state=b"\x00\xff")
    reader = TapeReader(path)
    assert list(reader.records()) == records
    assert reader.session.seed == 7
    assert reader.session.settings_toml == "a = 1"
    assert reader.session.engine_state == b"\x00\xff"
    assert (reader.recovered, reader.damage) == (False, "")


def test_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = write_tape(tmp_path / "a.tape", [])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"a\.tape exists already"):
        TapeWriter(path, SESSION, ManualClock())
    assert path.read_bytes() == before


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    link = tmp_path / "link.tape"
    link.symlink_to(target)
    with pytest.raises(DataError):
        TapeWriter(link, SESSION, ManualClock())
    assert not target.exists()


def test_missing_folder_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be created"):
        TapeWriter(tmp_path / "none" / "a.tape", SESSION, ManualClock())


def test_a_block_closes_after_a_second_of_monotonic_time(tmp_path: Path) -> None:
    with TapeWriter(tmp_path / "a.tape", SESSION, ManualClock()) as writer:
        writer.write(frame(1, monotonic_ns=5))
        writer.write(frame(2, monotonic_ns=1_000_000_004))
        before = writer.size_bytes
        writer.write(frame(3, monotonic_ns=1_000_000_005))
        assert writer.size_bytes > before
    assert [block.records for block in TapeReader(tmp_path / "a.tape").index] == [3]


def test_a_block_closes_at_its_size(tmp_path: Path) -> None:
    path = write_tape(tmp_path / "a.tape", [frame(n, payload=bytes(BLOCK_SIZE // 4)) for n in range(9)])
    assert [block.records for block in TapeReader(path).index] == [4, 4, 1]


def test_what_was_flushed_is_readable_before_closing(tmp_path: Path) -> None:
    path = tmp_path / "a.tape"
    records = numbered_records(10, step_ns=1)
    with TapeWriter(path, SESSION, ManualClock()) as writer:
        for record in records:
            writer.write(record)
        assert TapeReader(path).index == ()
        writer.flush()
        reader = TapeReader(path)
        assert list(reader.records()) == records
        assert reader.recovered
        assert "not closed" in reader.damage


def test_counts_and_seconds(tmp_path: Path) -> None:
    clock = ManualClock()
    with TapeWriter(tmp_path / "a.tape", SESSION, clock) as writer:
        for record in numbered_records(7):
            writer.write(record)
        clock.advance(2.5)
        assert (writer.records, writer.seconds) == (7, 2.5)
        writer.close()
        assert writer.size_bytes == (tmp_path / "a.tape").stat().st_size


@pytest.mark.parametrize(
    "record",
    [
        frame(-1),
        frame(1, wall_ns=-1),
        frame(1, monotonic_ns=-1),
        frame(1, wall_ns=2**63),
        Record(1, 1, 1, 2**32, Kind.FRAME, b""),
        Record(1, 1, 1, -1, Kind.FRAME, b""),
        Record(1, 1, 1, 1, 2**16, b""),
        frame(1, payload=bytes(RECORD_LIMIT + 1)),
    ],
)
def test_records_that_do_not_fit_are_refused_and_leave_no_trace(tmp_path: Path, record: Record) -> None:
    path = tmp_path / "a.tape"
    with TapeWriter(path, SESSION, ManualClock()) as writer:
        with pytest.raises(DataError):
            writer.write(record)
        writer.write(frame(5))
    assert [kept.sequence for kept in TapeReader(path).records()] == [5]


def test_the_largest_record_fits(tmp_path: Path) -> None:
    path = write_tape(tmp_path / "a.tape", [frame(1), frame(2, payload=bytes(RECORD_LIMIT))])
    assert [len(record.payload) for record in TapeReader(path).records()] == [1, RECORD_LIMIT]


def test_a_session_beyond_its_limit_is_refused(tmp_path: Path) -> None:
    session = Session(created_wall_ns=START_NS, mode="live", label="", engine_state=bytes(SESSION_LIMIT))
    with pytest.raises(DataError, match="engine state"):
        TapeWriter(tmp_path / "a.tape", session, ManualClock())
    assert not (tmp_path / "a.tape").exists()


def test_a_closed_tape_takes_no_more(tmp_path: Path) -> None:
    writer = TapeWriter(tmp_path / "a.tape", SESSION, ManualClock())
    writer.close()
    writer.close()
    with pytest.raises(DataError, match="no more records"):
        writer.write(frame(1))


def test_a_sealed_tape_takes_no_more_and_is_finished_by_closing(tmp_path: Path) -> None:
    path = tmp_path / "a.tape"
    writer = TapeWriter(path, SESSION, ManualClock())
    for record in numbered_records(5):
        writer.write(record)
    writer.seal()
    writer.seal()
    with pytest.raises(DataError, match="no more records"):
        writer.write(frame(99))
    assert list(TapeReader(path).records()) == numbered_records(5)
    assert TapeReader(path).recovered
    told = writer.size_bytes
    writer.close()
    assert not TapeReader(path).recovered
    assert told == writer.size_bytes == path.stat().st_size


def test_a_full_tape_says_so_and_closes_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "INDEX_LIMIT", 2)
    path = tmp_path / "a.tape"
    with TapeWriter(path, SESSION, ManualClock()) as writer:
        for record in numbered_records(10):
            writer.write(record)
        with pytest.raises(DataError, match="is full"):
            writer.write(frame(99))
    reader = TapeReader(path)
    assert (len(list(reader.records())), reader.recovered) == (10, False)


def test_an_unsure_disk_is_a_data_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class UnsureDisk(FullDisk):
        def fsync(self, descriptor: int) -> None:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(writer_module, "os", UnsureDisk(10**6))
    writer = TapeWriter(tmp_path / "a.tape", SESSION, ManualClock())
    with pytest.raises(DataError, match="may be incomplete on disk"):
        writer.close()


class FullDisk:
    """Stands in for `os` in the writer: takes so many bytes, then reports a full disk."""

    def __init__(self, room: int) -> None:
        self.room = room

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def write(self, descriptor: int, data: memoryview) -> int:
        if not self.room:
            raise OSError(28, "No space left on device")
        written = os.write(descriptor, data[: self.room])
        self.room -= written
        return written


def record_into(path: Path, taken: list[Record]) -> None:
    """Write records until that fails; `taken` gets those the writer took."""
    with TapeWriter(path, SESSION, ManualClock()) as writer:
        for record in numbered_records(100):
            writer.write(record)
            taken.append(record)


@pytest.mark.parametrize("room", [0, 20, 300, 500, 700])
def test_a_full_disk_is_a_data_error_and_keeps_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    path = tmp_path / "a.tape"
    monkeypatch.setattr(writer_module, "os", FullDisk(room))
    taken: list[Record] = []
    with pytest.raises(DataError, match="No space left"):
        record_into(path, taken)
    if path.exists():
        kept = list(TapeReader(path).records())
        assert kept == numbered_records(100)[: len(kept)]
        assert len(kept) >= len(taken) - 4
    else:
        assert not taken
