"""`tapedeck scorecards`: how the deck's claims came out."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import options, output

if TYPE_CHECKING:
    from app.scorecards.scorecard import Scorecard


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `scorecards`."""
    group = parser.add_argument_group("source")
    group.add_argument(
        "--source",
        choices=("live", "demo", "tape"),
        help="whose calls: the live or demo record (default: live), a tape",
    )
    group.add_argument("--tape", type=Path, metavar="FILE", help="a recording to run and grade (means --source tape)")
    group.add_argument(
        "--since",
        metavar="T",
        help="only calls from then on: 24h (counted back from the end), HH:MM:SS, or 2026-01-31T14:30:00 (UTC)",
    )
    parser.set_defaults(seed=None)
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Collect the calls, and print their cards."""
    from app.cli.graded import pairs_of
    from app.scorecards.scorecard import scorecards

    prepared = options.prepare(args)
    cards = scorecards(pairs_of(options.source_of(args), prepared, args.since))
    if args.json:
        output.print_json({"cards": cards})
    elif cards:
        _print(cards)
    else:
        output.say("No calls were filed in that time.", quiet=args.quiet)
    return 0


def _print(cards: Sequence["Scorecard"]) -> None:
    from app.scorecards import report

    output.print_table(report.COLUMNS, report.card_rows(cards))
    for columns, rows in (
        (report.TWIN_COLUMNS, report.twin_rows(cards)),
        (report.UNGRADED_COLUMNS, report.ungraded_rows(cards)),
    ):
        if rows:
            output.print_line("")
            output.print_table(columns, rows)
