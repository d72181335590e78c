import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from app.cli.checks import machine, network
from app.cli.main import main
from app.config.locations import Locations, ensure
from app.core.clock import ManualClock

NOON_S = 1_767_268_800
NOON = "Thu, 01 Jan 2026 12:00:00 GMT"


class Venue(BaseHTTPRequestHandler):
    """Answers like the venue does to a HEAD: an error status, and the date."""

    def do_HEAD(self) -> None:
        self.send_response_only(405)
        self.send_header("Date", NOON)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Keep the test's stderr empty."""


@pytest.fixture
def venue_url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Venue) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def closed_url() -> str:
    """A loopback URL nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 6, 23), "ok"), ((3, 7, 0), "warn"), ((3, 40, 1), "warn"), ((3, 51, 2), "warn"), ((3, 51, 3), "ok")],
)
def test_sqlite_in_the_range_of_the_bug(version: tuple[int, ...], state: str) -> None:
    assert machine.sqlite_version(version).state == state


def test_python_is_new_enough() -> None:
    assert machine.python_version((3, 10, 9)).state == "fail"
    assert machine.python_version((3, 11, 0)).state == "ok"


@pytest.mark.parametrize(("free", "state"), [(0, "fail"), (10**9, "warn"), (10**11, "ok")])
def test_disk_space(free: int, state: str) -> None:
    assert machine.free_space(free).state == state


@pytest.mark.parametrize(
    ("environ", "state", "words"),
    [
        ({}, "warn", "not set"),
        ({"TERM": "dumb"}, "warn", "dumb"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "ok", "truecolor"),
        ({"TERM": "screen", "TMUX": "/tmp/x", "NO_COLOR": "1"}, "ok", "inside tmux, colours off"),
    ],
)
def test_terminal(environ: dict[str, str], state: str, words: str) -> None:
    check = machine.terminal_kind(environ)
    assert check.state == state
    assert words in check.fact


def test_a_small_terminal_is_a_warning() -> None:
    assert machine.terminal_size(59, 40).state == "warn"
    assert machine.terminal_size(60, 20).state == "ok"


def test_directories(tmp_path: Path) -> None:
    assert machine.directory("x", tmp_path / "none").state == "ok"
    assert machine.directory("x", ensure(tmp_path / "own")).state == "ok"
    (tmp_path / "own").chmod(0o755)
    assert machine.directory("x", tmp_path / "own").next_step.startswith("run: chmod 700")
    (tmp_path / "file").write_text("")
    assert machine.directory("x", tmp_path / "file").state == "fail"


def test_engine_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locations: Locations) -> None:
    ensure(locations.state_dir)
    # The path of a test's folder may be too long for a socket.
    monkeypatch.chdir(locations.state_dir)
    short = Locations(config_dir=tmp_path, state_dir=Path(), log_dir=tmp_path, tape_dir=tmp_path, cache_dir=tmp_path)
    assert machine.engine_socket(short).fact == "no engine is running"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(short.engine_socket))
        assert machine.engine_socket(short).state == "warn"
        server.listen()
        assert "is running" in machine.engine_socket(short).fact


def test_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    far = tmp_path / ("x" * 120)
    locations = Locations(config_dir=far, state_dir=far, log_dir=far, tape_dir=far, cache_dir=far)
    assert "too long" in machine.engine_socket(locations).fact


def test_a_venue_that_answers(venue_url: str) -> None:
    checks = list(network.venue(venue_url, ManualClock(wall_ns=NOON_S * 10**9)))
    assert [(check.name, check.state) for check in checks] == [("venue", "ok"), ("clock", "ok")]


def test_a_venue_that_does_not_answer_is_a_warning(closed_url: str) -> None:
    (check,) = network.venue(closed_url, ManualClock())
    assert check.state == "warn"
    assert "ConnectionRefusedError" in check.fact


@pytest.mark.parametrize(
    ("drift_s", "state", "words"),
    [(0, "ok", "within"), (2, "ok", "within"), (-30, "warn", "30.5 s behind"), (3_600, "warn", "ahead")],
)
def test_clock_drift(drift_s: int, state: str, words: str) -> None:
    check = network.clock_drift(NOON, (NOON_S + drift_s) * 10**9)
    assert check.state == state
    assert words in check.fact


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Jan 2026 12:00:00 GMT", "\x1b[2J"])
def test_a_date_that_is_none(date: str) -> None:
    assert network.clock_drift(date, 0).state == "warn"


def test_doctor_offline_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--offline", "--json"])
    shown = json.loads(capsys.readouterr().out)
    names = [check["name"] for check in shown["checks"]]
    assert {"Python", "SQLite", "textual", "torch", "settings", "disk space", "log file", "engine"} <= set(names)
    assert "venue" not in names
    assert "Ollama" in names
    assert code == (1 if shown["worst"] == "fail" else 0)


def test_doctor_for_people(capsys: pytest.CaptureFixture[str], venue_url: str) -> None:
    assert main(["doctor", "--set", f"hyperliquid.rest_url={venue_url}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "state\tcheck\tfact → next step"
    assert any(line.startswith("ok\tvenue\t127.0.0.1") for line in lines)
    assert all(line.split("\t")[0] in ("ok", "warn") for line in lines[1:])


def test_doctor_goes_on_with_wrong_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--offline", "--json", "--set", "markets.tpo=1"]) == 1
    shown = json.loads(capsys.readouterr().out)
    (settings,) = [check for check in shown["checks"] if check["name"] == "settings"]
    assert settings["state"] == "fail"
    assert "did you mean markets.top?" in settings["fact"]
    assert "demo database" in [check["name"] for check in shown["checks"]]


def test_what_the_deck_could_not_use_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--offline", "--json"])
    good = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}["deck"]
    assert (good["state"], good["fact"]) == ("ok", "theme tape, keymap default, 0 watchlists")
    main(["doctor", "--offline", "--json", "--set", "deck.theme=tapee"])
    bad = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}["deck"]
    assert bad["state"] == "warn"
    assert "nearest: tape" in bad["fact"]
    assert "config validate" in bad["next_step"]


def test_a_damaged_database_is_named_with_the_next_step(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = ensure(home / "state")
    (state / "demo.sqlite").write_bytes(b"this is no database" * 500)
    main(["doctor", "--offline", "--json"])
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["live database"]["state"] == "ok"
    assert checks["demo database"]["state"] == "fail"
    assert "demo.sqlite" in checks["demo database"]["fact"]
    assert checks["demo database"]["next_step"]
