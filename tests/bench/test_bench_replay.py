"""A demo made in virtual time is a real recording: it replays to the same events."""

import asyncio
from pathlib import Path

from app.bench.demo_tape import record_demo
from app.bench.replay import replay_times
from app.bench.tape import tape_figures
from app.core.clock import SystemClock
from app.core.record import Kind, Record, pack_frames
from app.feeds.tape.reader import TapeReader


def test_a_replay_is_as_long_as_what_was_recorded(tmp_path: Path) -> None:
    figures = asyncio.run(replay_times(tmp_path / "demo.tape", 3, 20.0, 1, SystemClock()))
    reader = TapeReader(tmp_path / "demo.tape")
    assert (figures["seconds_of_tape"], figures["inputs"]) == (20.0, len(list(reader.records())))
    assert round((reader.end_ns - reader.start_ns) / 1e9) == 20
    assert figures["speed_vs_real_time"] > 0


def test_a_demo_in_virtual_time_holds_everything_a_run_records(tmp_path: Path) -> None:
    first, second = (asyncio.run(record_demo(tmp_path / name, coins=3, seconds=5.0)) for name in ("a", "b"))
    assert first == second
    kinds = {record.kind for record in TapeReader(tmp_path / "a").records()}
    assert kinds == {Kind.STREAM, Kind.CONNECT, Kind.FRAME, Kind.REQUEST, Kind.ANSWER, Kind.TIMER}
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_figures_of_a_tape_fit_its_file(tmp_path: Path) -> None:
    asyncio.run(record_demo(tmp_path / "demo.tape", coins=3, seconds=5.0))
    records = list(TapeReader(tmp_path / "demo.tape").records())
    figures = tape_figures(records, tmp_path, 2, SystemClock())
    size = (tmp_path / "0.tape").stat().st_size
    assert figures["frames"] == sum(record.kind == Kind.FRAME for record in records) < len(records)
    assert figures["bytes_per_frame"] == round(size / figures["frames"], 1)
    assert figures["ratio_vs_raw"] == round(sum(len(record.payload) for record in records) / size, 2)
    assert figures["write_mb_s"] > 0
    assert figures["read_frames_s"] > 0


def test_frames_of_a_tape_are_those_of_the_venue_however_many_a_record_holds(tmp_path: Path) -> None:
    payloads = {Kind.FRAME: b"{}", Kind.FRAMES: pack_frames([b"{}"] * 128), Kind.TIMER: b""}
    records = [
        Record(number, number, number, 1, kind, payload) for number, (kind, payload) in enumerate(payloads.items())
    ]
    figures = tape_figures(records, tmp_path, 1, SystemClock())
    assert figures["frames"] == 129
    assert figures["bytes_per_frame"] == round((tmp_path / "0.tape").stat().st_size / 129, 1)
