"""`tapedeck whales`: who is followed, how each counts, and what was told of them."""

import argparse

from app.cli import options
from app.cli.followed import LIMIT_S, Wanted, followed_snapshot, too_few
from app.cli.output import print_json, say

_EPILOG = """\
Traders are chosen from the venue's leaderboard: the best few hundred, by a score that is shrunk where little is known
of them (docs/whales.md). An engine that runs here on the same data (a deck, or `tapedeck run`) is asked; otherwise one
is started, which goes on with the traders that were stored. Of a recording, its end is shown.

Exit code 6: positions of fewer than nine in ten traders were fresh when the time was over.

examples:
  tapedeck whales --source demo --tracked 50
  tapedeck whales --for 10m --json     what is told within ten minutes
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `whales`."""
    parser.epilog = _EPILOG
    options.add_source(parser)
    options.add_tracked(parser)
    parser.add_argument(
        "--for",
        dest="duration",
        type=options.parse_duration,
        metavar="DURATION",
        help=f"watch so long, then print (default: until enough is known, at most {LIMIT_S:g}s)",
    )
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Follow, and print who and what. Raises `PartialResultError` where too few positions are fresh."""
    source = options.source_of(args)
    wanted = Wanted(source, "", args.duration or LIMIT_S, args.duration is not None, args.quiet or args.json)
    snapshot = followed_snapshot(args, wanted)
    from app.cli.followed_text import print_whales
    from app.engine.followed_watch import whales_report

    report = whales_report(snapshot)
    if args.json:
        print_json(report)
    else:
        print_whales(report)
    if report.unsaved:
        say(f"NOT SAVED: {report.unsaved}", quiet=args.quiet)
    if report.partial:
        raise too_few(report.partial, wanted, "--for")
    return 0
