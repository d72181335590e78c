"""Ending a recording does not hold the loop, and nobody is told more than the disk has."""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config.settings import TapeSettings
from app.core.clock import ManualClock
from app.core.record import Kind, Record
from app.engine.protocol import LogLevel
from app.engine.recording import RunRecording
from app.engine.sequencer import Sequencer
from app.feeds.tape import writer as writer_module
from app.feeds.tape.format import RECORD_LIMIT, Session
from app.feeds.tape.importers import open_recording
from app.feeds.tape.reader import TapeReader

pytestmark = pytest.mark.asyncio
SESSION = Session(created_wall_ns=1, mode="demo", label="DEMO", recording_id="night")


class SlowDisk:
    """Stands in for `os` in the writer: its `fsync` waits until it is let go, and then fails if told to."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.threads: list[int] = []
        self.fails = False

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def fsync(self, descriptor: int) -> None:
        self.threads.append(threading.get_ident())
        assert self.go.wait(30)
        if self.fails:
            raise OSError(5, "Input/output error")
        os.fsync(descriptor)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDisk]:
    slow = SlowDisk()
    monkeypatch.setattr(writer_module, "os", slow)
    yield slow
    slow.go.set()


class Studio:
    """A recording, what went into it and what was told of the disk."""

    def __init__(self, settings: TapeSettings | None = None) -> None:
        self.clock = ManualClock()
        self.taken: list[Record] = []
        self.told: list[str] = []
        self.failed: list[str] = []
        self.sequencer = Sequencer(self.clock, self.taken.append)
        tape = settings or TapeSettings(keep_free_mb=0)
        self.recording = RunRecording(self.sequencer, tape, self.clock, self._tell)

    def _tell(self, level: LogLevel, text: str) -> None:
        (self.failed if level == "error" else self.told).append(text)

    def put(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(0.1)
            self.sequencer.put_now(0, Kind.TIMER, b"")


async def test_ending_leaves_the_wait_for_the_disk_to_a_thread(tmp_path: Path, disk: SlowDisk) -> None:
    studio, path = Studio(), tmp_path / "a.tape"
    studio.recording.begin(path, SESSION)
    studio.put(25)
    recorded = studio.recording.end()
    # The disk has not answered, and yet we are here: all that was recorded can be read, and no more is claimed.
    assert recorded is not None
    assert (recorded.path, studio.recording.view(), studio.told) == ("a.tape", None, [])
    assert list(TapeReader(path).records()) == studio.taken
    disk.go.set()
    await studio.recording.settled()
    assert threading.get_ident() not in disk.threads
    assert studio.told == [f"a.tape is on disk: {path.stat().st_size:,} bytes of 2 s"]
    assert (TapeReader(path).recovered, studio.recording.trouble) == (False, "")
    assert studio.recording.inputs == 25


async def test_whoever_stops_waits_until_the_tape_is_complete(tmp_path: Path, disk: SlowDisk) -> None:
    studio = Studio()
    studio.recording.begin(tmp_path / "a.tape", SESSION)
    studio.put(3)
    studio.recording.end()
    stopping = asyncio.ensure_future(studio.recording.settled())
    for _ in range(3):
        await asyncio.sleep(0)
    assert not stopping.done()
    disk.go.set()
    await stopping
    assert not TapeReader(tmp_path / "a.tape").recovered


async def test_a_disk_that_refuses_is_told_as_trouble_and_not_as_success(tmp_path: Path, disk: SlowDisk) -> None:
    studio = Studio()
    studio.recording.begin(tmp_path / "a.tape", SESSION)
    studio.put(3)
    disk.fails = True
    disk.go.set()
    assert studio.recording.end() is not None
    await studio.recording.settled()
    assert studio.told == []
    assert "a.tape may be incomplete on disk" in studio.recording.trouble


async def test_a_part_that_is_full_does_not_hold_the_loop_either(tmp_path: Path, disk: SlowDisk) -> None:
    studio, path = Studio(TapeSettings(keep_free_mb=0, part_h=10 / 3600)), tmp_path / "night.tape"
    studio.recording.begin(path, SESSION)
    studio.put(250)
    view = studio.recording.view()
    assert view is not None
    assert view.path == "night.3.tape"
    disk.go.set()
    studio.recording.end()
    await studio.recording.settled()
    assert len(disk.threads) == 3
    assert list(open_recording(path).records()) == studio.taken
    assert [line.split()[0] for line in sorted(studio.told)] == ["night.2.tape", "night.3.tape", "night.tape"]


async def test_a_recording_can_begin_while_the_disk_still_takes_the_one_before(tmp_path: Path, disk: SlowDisk) -> None:
    studio = Studio()
    studio.recording.begin(tmp_path / "a.tape", SESSION)
    studio.put(3)
    studio.recording.end()
    studio.recording.begin(tmp_path / "b.tape", SESSION)
    studio.put(4)
    disk.go.set()
    studio.recording.end()
    await studio.recording.settled()
    assert [len(list(TapeReader(tmp_path / name).records())) for name in ("a.tape", "b.tape")] == [3, 4]
    assert len(studio.told) == 2


async def test_a_recording_that_stopped_by_itself_is_closed_by_the_next(tmp_path: Path, disk: SlowDisk) -> None:
    disk.go.set()
    studio = Studio()
    studio.recording.begin(tmp_path / "a.tape", SESSION)
    studio.put(3)
    studio.sequencer.put_now(0, Kind.TIMER, bytes(RECORD_LIMIT + 1))
    studio.put(3)
    assert (studio.recording.view(), studio.recording.inputs, len(studio.taken)) == (None, 3, 7)
    assert "too large for a tape" in studio.recording.trouble
    studio.recording.begin(tmp_path / "b.tape", SESSION)
    studio.recording.end()
    assert studio.recording.end() is None
    await studio.recording.settled()
    assert not TapeReader(tmp_path / "a.tape").recovered
    assert (studio.recording.trouble, len(studio.failed)) == ("", 1)


async def test_a_failing_end_is_told_of_its_own_recording_and_not_of_the_next(tmp_path: Path, disk: SlowDisk) -> None:
    studio = Studio()
    studio.recording.begin(tmp_path / "a.tape", SESSION)
    studio.put(3)
    studio.recording.end()
    studio.recording.begin(tmp_path / "b.tape", SESSION)
    studio.put(4)
    disk.fails = True
    disk.go.set()
    await studio.recording.settled()
    assert len(studio.failed) == 1
    assert "a.tape may be incomplete on disk" in studio.failed[0]
    assert studio.recording.trouble == ""
    disk.fails = False
    studio.put(1)
    assert studio.recording.end() is not None
    await studio.recording.settled()
    assert [line.split()[0] for line in studio.told] == ["b.tape"]
    assert (studio.recording.trouble, studio.recording.inputs) == ("", 5)
