"""A long recording is several tapes on disk and one to whoever plays it."""

import contextlib
import os
from pathlib import Path

import msgspec
import pytest

from app.core.clock import ManualClock
from app.core.errors import DataError
from app.core.record import Kind, Record
from app.feeds.tape.format import Session
from app.feeds.tape.importers import open_recording
from app.feeds.tape.rolling import RollingTape, TapeLimits, part_path, tapes_bytes
from app.feeds.tape.writer import TapeWriter

SESSION = Session(created_wall_ns=1, mode="demo", label="DEMO", recording_id="night")
LIMITS = TapeLimits(part_bytes=20_000, part_s=3_600, keep_free_bytes=1_000, keep_bytes=10**9)


def records(count: int, clock: ManualClock) -> list[Record]:
    made = [Record(1, clock.wall_ns(), clock.monotonic_ns(), 7, Kind.STREAM, b"opened")]
    for number in range(2, count + 2):
        clock.advance(0.05)
        # Payloads that do not compress, so that size means something.
        payload = bytes((number * step * 7919) % 251 for step in range(1, 301))
        made.append(Record(number, clock.wall_ns(), clock.monotonic_ns(), 7, Kind.FRAME, payload))
    return made


def write(path: Path, limits: TapeLimits = LIMITS, count: int = 600) -> list[Record]:
    clock = ManualClock()
    tape = RollingTape(path, SESSION, clock, limits, free=lambda folder: 10**9)
    for record in (made := records(count, clock)):
        tape.write(record)
    tape.close()
    return made


def until_refused(tape: RollingTape, made: list[Record]) -> tuple[int, str]:
    """How many records a tape takes, and why it takes no more."""
    for taken, record in enumerate(made):
        try:
            tape.write(record)
        except DataError as error:
            return taken, str(error)
    raise AssertionError("nothing was refused")


def test_parts_play_as_one_recording(tmp_path: Path) -> None:
    made = write(tmp_path / "night.tape")
    parts = sorted(path.name for path in tmp_path.iterdir())
    assert len(parts) >= 3
    assert part_path(tmp_path / "night.tape", 2).name in parts
    recording = open_recording(tmp_path / "night.tape")
    assert list(recording.records()) == made
    assert (recording.start_ns, recording.end_ns) == (made[0].wall_ns, made[-1].wall_ns)
    assert recording.damage == ""


def test_a_part_plays_alone_and_knows_its_streams(tmp_path: Path) -> None:
    made = write(tmp_path / "night.tape")
    alone = list(open_recording(tmp_path / "night.2.tape").records())
    assert alone[0] == made[0]
    assert alone[1].sequence > 2
    assert all(record in made for record in alone)


def test_a_missing_or_foreign_part_ends_the_chain(tmp_path: Path) -> None:
    write(tmp_path / "night.tape")
    clock = ManualClock()
    foreign = msgspec.structs.replace(SESSION, recording_id="other", part=3)
    (tmp_path / "night.3.tape").unlink()
    RollingTape(tmp_path / "night.3.tape", foreign, clock, LIMITS, free=lambda folder: 10**9).close()
    second_ends = open_recording(tmp_path / "night.2.tape").end_ns
    assert open_recording(tmp_path / "night.tape").end_ns == second_ends


def test_time_rolls_as_size_does(tmp_path: Path) -> None:
    write(tmp_path / "night.tape", TapeLimits(10**9, 5.0, 1_000, 10**9), count=280)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_recording_stops_before_the_disk_is_full(tmp_path: Path) -> None:
    clock = ManualClock()
    free = iter([10**9, 10**9, 900])
    tape = RollingTape(tmp_path / "night.tape", SESSION, clock, LIMITS, free=lambda folder: next(free))
    made = records(1_000, clock)
    with pytest.raises(DataError, match=r"keep_free_mb"):
        list(map(tape.write, made))
    tape.close()
    assert len(list(open_recording(tmp_path / "night.tape").records())) > 100


def test_a_full_disk_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="make room"):
        RollingTape(tmp_path / "night.tape", SESSION, ManualClock(), LIMITS, free=lambda folder: 0)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_a_data_error(tmp_path: Path) -> None:
    def gone(folder: Path) -> int:
        raise FileNotFoundError(2, "No such file or directory", str(folder))

    with pytest.raises(DataError, match="folder it is written to is gone"):
        RollingTape(tmp_path / "night.tape", SESSION, ManualClock(), LIMITS, free=gone)


def test_hazard_14_a_recording_stops_when_the_tapes_of_its_folder_take_too_much(tmp_path: Path) -> None:
    """The tapes of others count, what is no tape does not, and nothing is taken away."""
    old, other = tmp_path / "old.tape", tmp_path / "notes.txt"
    old.write_bytes(bytes(30_000))
    other.write_bytes(bytes(900_000))
    clock = ManualClock()
    limits = msgspec.structs.replace(LIMITS, keep_bytes=60_000)
    tape = RollingTape(tmp_path / "night.tape", SESSION, clock, limits, free=lambda folder: 10**9)
    made = records(1_000, clock)
    taken, told = until_refused(tape, made)
    tape.close()
    assert told.endswith("take 0.0 GB, and may take 6e-05; move some away, or raise tape.keep_gb")
    assert list(open_recording(tmp_path / "night.tape").records()) == made[:taken]
    assert 30_000 < tapes_bytes(tmp_path) - 30_000 < 80_000
    assert (old.stat().st_size, other.stat().st_size) == (30_000, 900_000)


def test_a_folder_that_is_full_of_tapes_is_told_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "old.tape").write_bytes(bytes(30_000))
    limits = msgspec.structs.replace(LIMITS, keep_bytes=20_000)
    with pytest.raises(DataError, match=r"raise tape\.keep_gb"):
        RollingTape(tmp_path / "night.tape", SESSION, ManualClock(), limits, free=lambda folder: 10**9)
    assert [each.name for each in tmp_path.iterdir()] == ["old.tape"]


def test_a_tape_that_goes_while_it_is_counted_takes_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        name = "gone.tape"

        def is_file(self, *, follow_symlinks: bool) -> bool:
            return not follow_symlinks

        def stat(self, *, follow_symlinks: bool) -> os.stat_result:
            return (tmp_path / self.name).stat(follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "scandir", lambda _: contextlib.nullcontext([Gone()]))
    assert tapes_bytes(tmp_path) == 0


@pytest.mark.parametrize("name", ["night.2.tape", "night.7.tape"])
def test_a_later_part_in_the_way_is_told_before_anything_is_made(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"somebody's")
    with pytest.raises(DataError, match=f"{name} exists already, where a later part would go: choose another name"):
        RollingTape(tmp_path / "night.tape", SESSION, ManualClock(), LIMITS, free=lambda folder: 10**9)
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["night.0.tape", "night.02.tape", "night.two.tape", "nights.2.tape", "night.2.txt"])
def test_what_is_no_later_part_is_in_nobodys_way(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"somebody's")
    made = write(tmp_path / "night.tape")
    assert list(open_recording(tmp_path / "night.tape").records()) == made


def test_a_part_that_comes_into_the_way_later_ends_the_recording_and_is_left_alone(tmp_path: Path) -> None:
    clock = ManualClock()
    tape = RollingTape(tmp_path / "night.tape", SESSION, clock, LIMITS, free=lambda folder: 10**9)
    (tmp_path / "night.2.tape").write_bytes(b"somebody's")
    made = records(600, clock)
    taken, told = until_refused(tape, made)
    tape.close()
    assert "night.2.tape exists already" in told
    assert (tmp_path / "night.2.tape").read_bytes() == b"somebody's"
    (tmp_path / "night.2.tape").unlink()
    assert list(open_recording(tmp_path / "night.tape").records()) == made[:taken]


def test_parts_can_be_closed_later_by_whoever_took_them(tmp_path: Path) -> None:
    clock, parts = ManualClock(), []

    def later(part: TapeWriter) -> None:
        part.seal()
        parts.append(part)

    path = tmp_path / "night.tape"
    tape = RollingTape(path, SESSION, clock, LIMITS, free=lambda folder: 10**9, finish=later)
    made = records(600, clock)
    for record in made:
        tape.write(record)
    tape.close()
    # All that was recorded can be read before the disk was waited for, and the size is that of the finished tapes.
    assert list(open_recording(path).records()) == made
    told = tape.size_bytes
    for part in parts:
        part.close()
    assert len(parts) == len(list(tmp_path.iterdir())) >= 3
    assert told == tape.size_bytes == sum(file.stat().st_size for file in tmp_path.iterdir())
    assert open_recording(path).damage == ""
