"""`tapedeck record`: record a venue without a deck."""

import argparse

from app.cli import options
from app.cli.figures import counted
from app.cli.output import print_json, say
from app.core.errors import PartialResultError, UsageError, VenueError


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `record`."""
    parser.epilog = "Without --for it records until Ctrl-C."
    parser.add_argument(
        "record", nargs="?", default="", metavar="FILE", help="the new tape (default: among your tapes)"
    )
    parser.add_argument("--source", choices=("live", "demo"), default="live", help="what to record (default: live)")
    options.add_seed(parser)
    options.add_duration(parser)
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Record until the time is over or Ctrl-C."""
    from app.cli.headless import run_headless
    from app.core.clock import SystemClock
    from app.engine.build import Plan

    if args.source != "demo" and args.seed is not None:
        raise UsageError("--seed is for the simulated venue; add --source demo")
    prepared = options.prepare(args)
    target = options.record_target(args, prepared.locations, args.source, SystemClock())
    say(f"Recording {args.source} to {target}; Ctrl-C ends it", quiet=args.quiet)
    plan = Plan(args.source, record_to=target)
    ended = run_headless(plan, prepared, duration=args.duration, quiet=args.quiet or args.json)
    if args.json:
        print_json(ended.summary)
    summary = ended.summary
    if summary.trouble:
        raise PartialResultError(summary.trouble)
    counts = (counted(summary.recorded_inputs or 0, "input"), counted(summary.events, "event"))
    say(f"Recorded {', '.join(counts)}, {counted(summary.drops, 'drop')}", quiet=args.quiet)
    if not ended.reached:
        raise VenueError(f"Nothing came from {summary.detail}; the tape holds only the attempts. Try `tapedeck doctor`")
    return ended.exit_code(args.duration)
