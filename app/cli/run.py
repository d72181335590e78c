"""`tapedeck run`: the engine without a deck."""

import argparse
from typing import TYPE_CHECKING

from app.cli import options
from app.cli.figures import counted
from app.cli.output import print_json, print_line, say
from app.cli.summary_text import summary_rows
from app.core.errors import PartialResultError, VenueError

if TYPE_CHECKING:
    from app.engine.summary import Summary


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `run`."""
    parser.epilog = "Without --for it runs until Ctrl-C, or to the end of the tape."
    options.add_source(parser)
    options.add_record(parser)
    options.add_speed(parser, default=options.FULL_SPEED)
    options.add_duration(parser)
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Run, then print what came of it."""
    from app.cli.headless import run_headless
    from app.core.clock import SystemClock
    from app.engine.build import Plan

    prepared = options.prepare(args)
    source = options.source_of(args)
    record_to = options.record_target(args, prepared.locations, source.mode, SystemClock())
    plan = Plan(source.mode, source.tape, args.speed or None, record_to=record_to)
    ended = run_headless(plan, prepared, duration=args.duration, quiet=args.quiet or args.json)
    if args.json:
        print_json(ended.summary)
    else:
        _print_summary(ended.summary)
    if ended.summary.trouble:
        raise PartialResultError(ended.summary.trouble)
    if record_to is not None:
        say(f"Recorded {counted(ended.summary.recorded_inputs or 0, 'input')} to {record_to}", quiet=args.quiet)
    if not ended.reached and source.mode != "tape":
        raise VenueError(f"Nothing came from {ended.summary.detail}: {_reason(ended.summary)}")
    return ended.exit_code(args.duration)


def _reason(summary: "Summary") -> str:
    messages = [feed.message for feed in summary.feeds if feed.message]
    return messages[0] if messages else "no connection was made in this time; `tapedeck doctor` checks the network"


def _print_summary(summary: "Summary") -> None:
    for name, value in summary_rows(summary):
        print_line(f"{name:12} {value}")
