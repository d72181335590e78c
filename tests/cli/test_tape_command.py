import json
import stat
from pathlib import Path

import msgspec
import pytest

from app.cli.main import main
from app.core.clock import ManualClock
from app.core.record import Kind, Record, StreamOpened, pack_frames
from app.feeds.tape.format import Session
from app.feeds.tape.writer import TapeWriter

START_S = 1_767_225_600


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Sixty seconds of one trade a second, as raw JSON lines."""
    path = tmp_path / "raw.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for second in range(60):
            at_ms = (START_S + second) * 1_000
            trade = {"coin": "BTC", "side": "B", "px": "100.5", "sz": "0.1", "time": at_ms, "tid": second + 1}
            trade |= {"hash": "0x" + "0" * 64, "users": ["0x" + "1" * 40, "0x" + "2" * 40]}
            line = {"recv_ns": at_ms * 1_000_000, "frame": {"channel": "trades", "data": [trade]}}
            file.write(json.dumps(line) + "\n")
    return path


def info_of(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    assert main(["tape", "info", str(path), "--json"]) == 0
    shown: dict[str, object] = json.loads(capsys.readouterr().out)
    return shown


def test_import_and_info(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "x.tape"
    assert main(["tape", "import", str(recording), str(target)]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"wrote {target}\n")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    info = info_of(target, capsys)
    assert info["schema_version"] == 1
    assert (info["mode"], info["imported_from"], info["seconds"]) == ("import", "raw.jsonl", 59.0)
    assert info["records_by_kind"]["frame"] == 60  # type: ignore[index]


def test_info_for_people(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tape", "info", str(recording)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "from\t2026-01-01T00:00:00.000Z" in lines
    assert "hyperliquid\ttrades\ttrades\t1\t60" in lines
    assert "source\tan imported recording" in lines
    assert "coins\t1: BTC" in lines
    assert "length\t59.000 s" in lines
    (records,) = [line for line in lines if line.startswith("records\t")]
    assert ", 60 frames, 1 stream opened, " in records


def test_a_demo_is_called_simulated_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "demo.tape"
    session = Session(created_wall_ns=1, mode="demo", label="DEMO simulated, seed 7", seed=7)
    opened = StreamOpened(2, "hyperliquid", "websocket", "candle", "BTC", "1m")
    control = StreamOpened(1, "hyperliquid", "websocket", "control", "books")
    with TapeWriter(path, session, ManualClock()) as writer:
        writer.write(Record(1, 1, 1, 2, Kind.STREAM, msgspec.msgpack.encode(opened)))
        writer.write(Record(2, 2, 2, 1, Kind.STREAM, msgspec.msgpack.encode(control)))
        writer.write(Record(3, 3, 3, 2, Kind.FRAMES, pack_frames([b"{}", b"{}"])))
    assert main(["tape", "info", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "source\tDEMO simulated venue, seed 7" in lines
    assert "records\t3: 2 streams opened, 1 group of frames" in lines
    assert "coins\t1: BTC" in lines
    assert "simulated venue\tcandle 1m\tcandles\t1\t2" in lines
    assert not [line for line in lines if "hyperliquid" in line]
    info = info_of(path, capsys)
    assert (info["simulated"], info["seed"]) == (True, 7)
    assert info["streams"][0]["venue"] == "simulated venue"  # type: ignore[index]


@pytest.mark.parametrize(
    ("moments", "frames"),
    [
        (["--from", "+10", "--to", "+20"], 10),
        (["--from", "00:00:50"], 10),
        (["--to", "2026-01-01T00:00:05"], 5),
        ([], 60),
    ],
)
def test_cut(
    moments: list[str], frames: int, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "cut.tape"
    assert main(["tape", "cut", str(recording), str(target), *moments, "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert info_of(target, capsys)["records_by_kind"]["frame"] == frames  # type: ignore[index]


def test_a_bare_name_is_looked_for_among_the_users_tapes(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAPEDECK_HOME", str(tmp_path / "home"))
    kept, target = tmp_path / "home" / "tapes" / "night.jsonl", tmp_path / "cut.tape"
    kept.parent.mkdir(parents=True)
    recording.rename(kept)
    assert main(["tape", "cut", "night.jsonl", str(target), "--from", "+50", "--quiet"]) == 0
    assert info_of(target, capsys)["records_by_kind"]["frame"] == 10  # type: ignore[index]


def test_a_run_of_a_cut_counts_what_it_was_given(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "cut.tape"
    assert main(["tape", "cut", str(recording), str(target), "--from", "+30", "--to", "+40", "--quiet"]) == 0
    records = sum(info_of(target, capsys)["records_by_kind"].values())  # type: ignore[attr-defined]
    main(["run", "--tape", str(target), "--json"])
    assert json.loads(capsys.readouterr().out)["inputs"] == records


@pytest.mark.parametrize(
    ("moments", "code"),
    [(["--from", "nope"], 2), (["--from", "+20", "--to", "+10"], 2), (["--from", "+3600"], 2), (["--from=+1e9"], 2)],
)
def test_cuts_that_cannot_be_made(moments: list[str], code: int, recording: Path, tmp_path: Path) -> None:
    target = tmp_path / "cut.tape"
    assert main(["tape", "cut", str(recording), str(target), *moments]) == code
    assert not target.exists()


def test_a_target_is_never_written_over(recording: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.tape"
    target.write_bytes(b"mine")
    assert main(["tape", "import", str(recording), str(target)]) == 5
    assert target.read_bytes() == b"mine"


def test_a_file_that_is_no_recording_is_a_data_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"\x00\x1b[2J")
    for path in (other, tmp_path / "none"):
        assert main(["tape", "info", str(path)]) == 5
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("error: ")
