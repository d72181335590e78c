import argparse
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli import options
from app.cli.commands import Parser
from app.config.locations import Locations, find_locations
from app.config.logs import stop_logging
from app.core.clock import ManualClock
from app.core.errors import ConfigError, UsageError


def parse(*arguments: str) -> argparse.Namespace:
    """Arguments as a command with every shared flag reads them."""
    parser = Parser(prog="tapedeck test")
    options.add_source(parser)
    options.add_record(parser)
    options.add_speed(parser, default=1.0)
    options.add_duration(parser)
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("5m", 300), ("2h", 7_200), ("1h30m", 5_400), ("90", 90), ("0.5s", 0.5), ("1m1s", 61)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse("--for", text).duration == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5s", "5 m", "1d", "m5", "1e3", "nan", "٣s", "9" * 40, "9999h"])
def test_durations_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="not a duration"):
        parse(f"--for={text}")


@pytest.mark.parametrize(("text", "speed"), [("10", 10), ("0.5", 0.5), ("10x", 10), ("max", options.FULL_SPEED)])
def test_speeds(text: str, speed: float) -> None:
    assert parse("--speed", text).speed == speed


@pytest.mark.parametrize("text", ["", "0", "-1", "fast", "inf", "1e3", "100001", "10xx"])
def test_speeds_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="not a speed"):
        parse(f"--speed={text}")


@given(st.text(max_size=30))
def test_any_text_is_a_number_in_range_or_refused(text: str) -> None:
    for reader, highest in ((options.parse_duration, 366 * 86_400), (options.parse_speed, 100_000)):
        try:
            value = reader(text)
        except argparse.ArgumentTypeError:
            continue
        assert math.isfinite(value)
        assert 0 <= value <= highest


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], options.Source("live")),
        (["--source", "demo", "--seed", "3"], options.Source("demo")),
        (["--tape", "x.tape"], options.Source("tape", Path("x.tape"))),
        (["--source", "tape", "--tape", "x.tape"], options.Source("tape", Path("x.tape"))),
    ],
)
def test_sources(arguments: list[str], expected: options.Source) -> None:
    assert options.source_of(parse(*arguments)) == expected


@pytest.mark.parametrize(
    "arguments",
    [["--source", "tape"], ["--source", "live", "--tape", "x"], ["--source", "demo", "--tape", "x"], ["--seed", "3"]],
)
def test_sources_that_contradict_themselves(arguments: list[str]) -> None:
    with pytest.raises(UsageError, match=r"add|leave"):
        options.source_of(parse(*arguments))


def test_record_without_a_file_goes_among_the_tapes(locations: Locations) -> None:
    clock = ManualClock(wall_ns=1_700_000_000_000_000_000)
    path = options.record_target(parse("--record"), locations, "live", clock)
    assert path == locations.tape_dir / "live-20231114-221320.tape"
    assert locations.tape_dir.is_dir()


def test_record_takes_a_new_file_only(locations: Locations, tmp_path: Path) -> None:
    assert options.record_target(parse(), locations, "live", ManualClock()) is None
    wanted = tmp_path / "x.tape"
    assert options.record_target(parse("--record", str(wanted)), locations, "live", ManualClock()) == wanted
    wanted.write_bytes(b"")
    with pytest.raises(UsageError, match="exists already"):
        options.record_target(parse("--record", str(wanted)), locations, "live", ManualClock())


def test_flags_become_settings(locations: Locations) -> None:
    args = parse("--set", "markets.top=9", "--set", "demo.seed=1", "--seed", "5", "--source", "demo")
    loaded = options.load_settings(args, locations, {})
    assert (loaded.settings.markets.top, loaded.settings.demo.seed) == (9, 5)
    assert (loaded.origins["markets.top"], loaded.origins["demo.seed"]) == ("flag --set", "flag --seed")


@pytest.mark.parametrize("value", ["abc", "-1", "99999999999999999999"])
def test_a_wrong_seed_is_a_wrong_setting(value: str, locations: Locations) -> None:
    with pytest.raises(ConfigError, match=r"flag --seed: demo\.seed is"):
        options.load_settings(parse(f"--seed={value}"), locations, {})


def test_set_needs_an_equals_sign() -> None:
    with pytest.raises(UsageError, match="KEY=VALUE"):
        parse("--set", "markets.top")


def test_prepare_opens_the_log(home: Path) -> None:
    prepared = options.prepare(parse("--set", "log.level=debug"), {"TAPEDECK_HOME": str(home)})
    stop_logging()
    assert prepared.settings.log.level == "debug"
    assert prepared.locations.log_file.is_file()


def test_a_tape_is_found_by_its_name_among_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"TAPEDECK_HOME": str(tmp_path)}
    tapes = find_locations(environ).tape_dir
    tapes.mkdir(parents=True)
    (tapes / "night.tape").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert options.among_tapes(Path("night.tape"), environ) == tapes / "night.tape"
    assert options.among_tapes(Path("other.tape"), environ) == Path("other.tape")
    assert options.among_tapes(Path("./sub/night.tape"), environ) == Path("sub/night.tape")
    (tmp_path / "night.tape").write_bytes(b"")
    assert options.among_tapes(Path("night.tape"), environ) == Path("night.tape")
