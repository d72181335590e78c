"""The commands that run an engine, as a user runs them: in a process of their own."""

import functools
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

REFERENCE = (
    Path(__file__).parents[2].parent / "shared" / "wire" / "hyperliquid" / "ws_l2Book_trades_BTC_2025-01-26.jsonl"
)


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAPEDECK_")}
    return {**kept, "TAPEDECK_HOME": str(home), "TAPEDECK_SCALPER__ENABLED": "false"}


def tapedeck(home: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "app", *map(str, words)]
    return subprocess.run(command, env=environment(home), capture_output=True, text=True, timeout=60, check=False)


def test_a_demo_is_recorded_and_replays_to_the_same_log(tmp_path: Path) -> None:
    tape = tmp_path / "demo.tape"
    recorded = tapedeck(tmp_path, "run", "--source", "demo", "--seed", "7", "--for", "4s", "--record", tape, "--json")
    assert recorded.returncode == 0, recorded.stderr
    live = json.loads(recorded.stdout)
    assert live["events"] > 200
    assert (live["parse_errors"], live["source"], live["schema_version"]) == (0, "demo", 1)
    replayed = tapedeck(tmp_path, "run", "--source", "tape", "--tape", tape, "--json")
    assert json.loads(replayed.stdout)["log_sha256"] == live["log_sha256"]
    info = json.loads(tapedeck(tmp_path, "tape", "info", tape, "--json").stdout)
    assert info["session"]["mode"] == "demo" if "session" in info else info["mode"] == "demo"


def test_an_unreachable_venue_is_one_sentence_and_exit_4(tmp_path: Path) -> None:
    nowhere = (
        "--set",
        "hyperliquid.websocket_url=ws://127.0.0.1:9/ws",
        "--set",
        "hyperliquid.rest_url=http://127.0.0.1:9",
        "--set",
        "whales.enabled=false",
    )
    ended = tapedeck(tmp_path, "run", "--source", "live", "--for", "1s", "--json", *nowhere)
    assert ended.returncode == 4
    assert json.loads(ended.stdout)["events"] == 0
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "ws://127.0.0.1:9/ws cannot be reached: Connection refused" in ended.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "--tape", "missing.tape"), 5, "missing.tape"),
        (("run", "--source", "tape"), 2, "add --tape FILE"),
        (("run", "--source", "demo", "--set", "markets.topp=3"), 3, "markets.top"),
        (("demo",), 2, "tapedeck run"),
        (("play", "missing.tape"), 2, "needs a terminal"),
        (("attach",), 2, "needs a terminal"),
        (("bench", "speed"), 2, "start"),
    ],
)
def test_mistakes_end_in_a_sentence_and_the_right_code(
    tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    ended = tapedeck(tmp_path, *words)
    assert ended.returncode == code, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_file_that_is_no_recording_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    ended = tapedeck(tmp_path, "run", "--tape", path)
    assert ended.returncode == 5
    assert "notes.txt" in ended.stderr


def test_ctrl_c_ends_a_recording_whole_and_leaves_no_child(tmp_path: Path) -> None:
    tape = tmp_path / "cut.tape"
    command = [sys.executable, "-P", "-m", "app", "record", str(tape), "--source", "demo"]
    # A shell may have started the tests with interrupts ignored, and a child inherits that.
    heeding = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command, env=environment(tmp_path), stderr=subprocess.PIPE, text=True, preexec_fn=heeding
    ) as process:
        assert process.stderr is not None
        assert "Recording demo" in process.stderr.readline()
        while not tape.exists() or tape.stat().st_size < 20_000:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
        assert "Recorded" in process.stderr.read()
    info = tapedeck(tmp_path, "tape", "info", tape, "--json")
    assert json.loads(info.stdout)["damage"] == ""


@pytest.mark.real
@pytest.mark.skipif(not REFERENCE.exists(), reason="needs the shared folder with real payloads")
def test_a_raw_recording_of_the_real_venue_runs(tmp_path: Path) -> None:
    summary = json.loads(tapedeck(tmp_path, "run", "--tape", REFERENCE, "--json").stdout)
    assert (summary["coins"], summary["events"], summary["parse_errors"]) == (["BTC"], 110, 0)
    assert "2025-01-26" in summary["detail"]


def test_a_recording_that_breaks_off_is_never_called_whole(tmp_path: Path) -> None:
    tape = tmp_path / "full.tape"
    command = [
        sys.executable,
        "-P",
        "-m",
        "app",
        "run",
        "--source",
        "demo",
        "--for",
        "4s",
        "--record",
        str(tape),
        "--json",
    ]

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    ended = subprocess.run(
        command,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=small_disk,
    )
    summary = json.loads(ended.stdout)
    assert ended.returncode == 6, ended.stderr
    assert summary["trouble"]
    assert summary["recorded_inputs"] < summary["inputs"]
    assert "Recorded" not in ended.stderr


def test_a_damaged_tape_plays_what_is_left_and_says_so(tmp_path: Path) -> None:
    tape = tmp_path / "demo.tape"
    tapedeck(tmp_path, "record", tape, "--source", "demo", "--for", "4s")
    data = bytearray(tape.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    tape.write_bytes(data)
    ended = tapedeck(tmp_path, "run", "--tape", tape, "--json")
    assert ended.returncode == 6
    assert "block" in ended.stderr
    assert json.loads(ended.stdout)["events"] > 0
