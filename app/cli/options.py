"""Flags that several commands share, and what they mean."""

import argparse
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from app.config.load import Loaded, load
from app.config.locations import Locations, ensure, find_locations
from app.config.logs import setup_logging
from app.config.settings import Settings
from app.config.sources import Given
from app.core.clock import Clock
from app.core.errors import UsageError

Mode = Literal["live", "demo", "tape"]
FULL_SPEED = 0.0

_SEED_HELP = "which simulated market: the same seed gives the same one (setting demo.seed)"
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?", re.ASCII)
_LONGEST_DURATION_S = 366 * 86_400
_FASTEST = 100_000.0


class Prepared(msgspec.Struct, frozen=True):
    """What a command needs to begin: its settings, where each came from, and the directories. The log is open."""

    locations: Locations
    loaded: Loaded

    @property
    def settings(self) -> Settings:
        """The settings that are in force."""
        return self.loaded.settings


class Source(NamedTuple):
    """Where a command's data comes from; `tape` is the file when `mode` is tape."""

    mode: Mode
    tape: Path | None = None


def add_wait(parser: argparse.ArgumentParser, usual_s: float, what: str) -> None:
    """`--wait`, in seconds: how long a command may wait for `what`, words that go on from "wait at most so long"."""
    parser.add_argument(
        "--wait",
        type=parse_duration,
        default=usual_s,
        metavar="DURATION",
        help=f"wait at most so long {what} (default: {usual_s:g}s)",
    )


def add_settings(parser: argparse.ArgumentParser) -> None:
    """`--config`, `--set`, `--no-color`: for every command that reads settings."""
    group = parser.add_argument_group("settings")
    group.add_argument("--config", type=Path, metavar="FILE", help="a settings file whose values win over your own")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        type=parse_setting,
        metavar="KEY=VALUE",
        help="any setting, such as markets.top=20 (may be repeated; `tapedeck config show` lists all)",
    )
    group.add_argument("--no-color", action="store_true", help="no colours (as NO_COLOR does)")


def add_talk(parser: argparse.ArgumentParser) -> None:
    """`--quiet`: no talk on stderr."""
    parser.add_argument("--quiet", action="store_true", help="print no progress and no notes, only data and errors")


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json`: one JSON object on stdout in place of text."""
    parser.add_argument("--json", action="store_true", help="print JSON, with a schema_version, in place of text")


def add_seed(parser: argparse.ArgumentParser) -> None:
    """`--seed N`: the setting demo.seed."""
    parser.add_argument("--seed", metavar="N", help=_SEED_HELP)


def add_tracked(parser: argparse.ArgumentParser) -> None:
    """`--tracked N`: the setting whales.tracked."""
    parser.add_argument("--tracked", metavar="N", help="how many traders are followed (setting whales.tracked)")


def add_source(parser: argparse.ArgumentParser) -> None:
    """`--source`, `--tape` and `--seed`: read with `source_of`."""
    group = parser.add_argument_group("source")
    group.add_argument("--source", choices=("live", "demo", "tape"), help="where data comes from (default: live)")
    group.add_argument(
        "--tape",
        type=Path,
        metavar="FILE",
        help="a recording, by its path or its name among your tapes (means --source tape)",
    )
    group.add_argument("--seed", metavar="N", help=f"{_SEED_HELP}; for --source demo")


def add_record(parser: argparse.ArgumentParser) -> None:
    """`--record [FILE]`: read with `record_target`."""
    parser.add_argument(
        "--record",
        nargs="?",
        const="",
        metavar="FILE",
        help="record what comes in to a new FILE (without FILE: among your tapes)",
    )


def add_speed(parser: argparse.ArgumentParser, default: float) -> None:
    """`--speed N`: `args.speed` is a multiple of real time, `FULL_SPEED` for max."""
    shown = "max" if default == FULL_SPEED else f"{default:g}"
    parser.add_argument(
        "--speed",
        type=parse_speed,
        default=default,
        metavar="N",
        help=f"how fast a recording plays, as a multiple of real time, or max (default: {shown})",
    )


def add_duration(parser: argparse.ArgumentParser) -> None:
    """`--for DURATION`: `args.duration` in seconds, None for no end."""
    parser.add_argument(
        "--for", dest="duration", type=parse_duration, metavar="DURATION", help="stop after this long: 60s, 5m, 1h30m"
    )


def prepare(args: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> Prepared:
    """Read the settings and open the log. Raises `ConfigError`, or `DataError` when the log cannot be written."""
    locations = find_locations(environ)
    loaded = load_settings(args, locations, environ)
    setup_logging(locations, loaded.settings.log)
    return Prepared(locations=locations, loaded=loaded)


def load_settings(args: argparse.Namespace, locations: Locations, environ: Mapping[str, str] = os.environ) -> Loaded:
    """The settings a command's flags, the environment and files give. Raises `ConfigError`."""
    return load(locations, config=getattr(args, "config", None), flags=given_flags(args), environ=environ)


def given_flags(args: argparse.Namespace) -> list[Given]:
    """The flags that stand for settings; a flag of its own goes before `--set`."""
    given: list[Given] = list(getattr(args, "set", []))
    seed: str | None = getattr(args, "seed", None)
    if seed is not None:
        given.append(Given("demo.seed", seed, "flag --seed", is_text=True))
    tracked: str | None = getattr(args, "tracked", None)
    if tracked is not None:
        given.append(Given("whales.tracked", tracked, "flag --tracked", is_text=True))
    return given


def source_of(args: argparse.Namespace) -> Source:
    """The source that `--source` and `--tape` name; live when neither is given.

    Raises `UsageError` when they contradict each other.
    """
    tape: Path | None = args.tape
    mode: Mode = args.source or ("tape" if tape else "live")
    if mode == "tape" and tape is None:
        raise UsageError("--source tape needs a recording; add --tape FILE")
    if mode != "tape" and tape is not None:
        raise UsageError(f"--tape cannot go with --source {mode}; leave one of them out")
    if mode != "demo" and args.seed is not None:
        raise UsageError("--seed is for the simulated venue; add --source demo")
    return Source(mode, None if tape is None else among_tapes(tape))


def among_tapes(path: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """`path`, or where a bare name that is not here lies among the user's tapes."""
    if path.exists() or path.name != str(path):
        return path
    kept = find_locations(environ).tape_dir / path
    return kept if kept.exists() else path


def record_target(args: argparse.Namespace, locations: Locations, mode: Mode, clock: Clock) -> Path | None:
    """The file `--record` asks for, None when it was not given.

    Raises `UsageError` when the file is there already: a recording is never written over.
    """
    wanted: str | None = args.record
    if wanted is None:
        return None
    if not wanted:
        path = locations.new_tape(mode, clock.wall_ns())
        ensure(path.parent)
        return path
    if Path(wanted).exists():
        raise UsageError(f"{wanted} exists already; name a new file for the recording")
    return Path(wanted)


def parse_setting(text: str) -> Given:
    """`key=value` of `--set`. Raises `argparse.ArgumentTypeError` without an equals sign."""
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} has no equals sign; write KEY=VALUE")
    return Given(key.strip(), value, "flag --set", is_text=True)


def parse_duration(text: str) -> float:
    """Seconds from `90`, `60s`, `5m`, `2h`, `1h30m`; above 0, at most 366 days.

    Raises `argparse.ArgumentTypeError` for anything else.
    """
    match = _DURATION.fullmatch(text) if len(text) <= 32 else None
    hours, minutes, seconds = match.groups() if match else (None, None, None)
    total = int(hours or 0) * 3_600 + int(minutes or 0) * 60 + float(seconds or 0)
    if not 0 < total <= _LONGEST_DURATION_S:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration; write 60s, 5m, 2h or 1h30m")
    return total


def parse_speed(text: str) -> float:
    """A multiple of real time from `10`, `0.5` or `10x`; `FULL_SPEED` from `max`.

    Raises `argparse.ArgumentTypeError` outside 0 < speed ≤ 100000.
    """
    if text == "max":
        return FULL_SPEED
    number = text.removesuffix("x")
    speed = float(number) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", number, re.ASCII) else 0.0
    if not 0 < speed <= _FASTEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a speed; write a number such as 10 or 0.5, or max")
    return speed
