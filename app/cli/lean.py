"""`tapedeck signal COIN`: which way the followed traders lean in one coin, and who is behind it."""

import argparse

from app.cli import options
from app.cli.followed import LIMIT_S, Wanted, followed_snapshot, too_few
from app.cli.output import print_json, print_line

_EPILOG = """\
The bias runs from -1 (all votes short) to +1 (all long); plain is the baseline, weighted by the leaderboard's score
alone. Which of the two is worth more is told by their grades: tapedeck scorecards. An engine that runs here on the same
data is asked; otherwise one is started. Of a recording, its end is shown.

Exit code 6: positions of fewer than nine in ten traders were fresh when the time was over.

examples:
  tapedeck signal BTC --source demo
  tapedeck signal ETH --json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `signal`."""
    parser.epilog = _EPILOG
    parser.add_argument("coin", metavar="COIN", help="the market, as the venue names it: BTC, ETH, kPEPE")
    options.add_source(parser)
    options.add_tracked(parser)
    options.add_wait(parser, LIMIT_S, "until enough positions are fresh")
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Print the signal. Raises `PartialResultError` where too few positions are fresh."""
    coin = args.coin.upper() if args.coin.islower() else args.coin
    source = options.source_of(args)
    wanted = Wanted(source, coin, args.wait, False, args.quiet or args.json)
    snapshot = followed_snapshot(args, wanted)
    from app.cli.followed_text import signal_fields, signal_lines
    from app.engine.followed_watch import signal_report

    report = signal_report(snapshot, coin)
    if args.json:
        print_json(signal_fields(report))
    else:
        for line in signal_lines(report):
            print_line(line)
    if report.partial:
        raise too_few(report.partial, wanted, "--wait")
    return 0
