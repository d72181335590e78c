"""`tapedeck doctor`: checks this machine and says, for each thing that is not right, what to do."""

import argparse
from collections.abc import Iterator

from app.cli import options, output
from app.cli.checks import databases, deck, machine, model, network, running
from app.cli.checks.check import Check, State
from app.config.load import Loaded
from app.config.locations import Locations, find_locations
from app.config.settings import Settings
from app.config.urls import is_loopback
from app.core.clock import Clock, SystemClock
from app.core.errors import ConfigError

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `tapedeck doctor`."""
    parser.add_argument("--offline", action="store_true", help="skip what needs the network")
    options.add_json(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Run all checks and print them; 1 when one failed, else 0. An unreachable venue is a warning."""
    checks = list(all_checks(args, find_locations(), SystemClock()))
    if args.json:
        output.print_json({"worst": _worst(checks), "checks": checks})
    else:
        rows = [[check.state, check.name, _words(check)] for check in checks]
        output.print_table(["state", "check", "fact → next step"], rows, _STYLES)
    return 1 if _worst(checks) == "fail" else 0


def all_checks(args: argparse.Namespace, locations: Locations, clock: Clock) -> Iterator[Check]:
    """Every check in the order it is shown; with wrong settings, the rest runs on the defaults."""
    yield from machine.versions()
    yield from machine.directories(locations)
    yield machine.log_file(locations)
    yield machine.disk_space(locations)
    configuration, settings = _configuration(args, locations)
    yield from configuration
    yield from machine.terminal()
    yield machine.engine_socket(locations)
    yield from running.vitals(locations)
    yield from databases.databases(locations)
    if not args.offline:
        yield from network.venue(settings.hyperliquid.rest_url, clock)
    # A server on this machine is not the network.
    if not args.offline or is_loopback(settings.scalper.url):
        yield from model.model_server(settings.scalper)


def _configuration(args: argparse.Namespace, locations: Locations) -> tuple[list[Check], Settings]:
    try:
        loaded = options.load_settings(args, locations)
    except ConfigError as error:
        fact = "; ".join(str(error).splitlines())
        return [Check("settings", "fail", fact, "correct them; `tapedeck config validate` checks again")], Settings()
    return [Check("settings", "ok", _files(loaded)), deck.deck(loaded, locations)], loaded.settings


def _files(loaded: Loaded) -> str:
    return "valid: " + ", ".join(map(str, loaded.files))


def _words(check: Check) -> str:
    return f"{check.fact} → {check.next_step}" if check.next_step else check.fact


def _worst(checks: list[Check]) -> State:
    states = {check.state for check in checks}
    return "fail" if "fail" in states else "warn" if "warn" in states else "ok"
