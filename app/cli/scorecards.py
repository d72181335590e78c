"""`tapedeck scorecards`: how the deck's claims came out."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import options, output
from app.config.locations import Locations
from app.core.errors import DataError

if TYPE_CHECKING:
    from app.cli.graded import Pair
    from app.scorecards.scorecard import Scorecard

_HOW_CALLS_COME = "a deck or `tapedeck run` files them as it reads the market (every rules.read_every_s seconds)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `scorecards`."""
    group = parser.add_argument_group("source")
    group.add_argument(
        "--source",
        choices=("live", "demo", "tape"),
        help="whose calls: those kept of live or demo runs (default: live), or those of a tape",
    )
    group.add_argument(
        "--tape",
        type=Path,
        metavar="FILE",
        help="a recording to run and grade, by its path or its name among your tapes (means --source tape)",
    )
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
    from app.scorecards.scorecard import scorecards

    prepared = options.prepare(args)
    source = options.source_of(args)
    cards = scorecards(_pairs(source, prepared, args.since))
    if args.json:
        output.print_json({"cards": cards})
    elif cards:
        _print(cards)
    else:
        output.say(_nothing(source, prepared.locations, args.since), quiet=args.quiet)
    return 0


def _pairs(source: options.Source, prepared: options.Prepared, since: str | None) -> "list[Pair]":
    from app.cli.graded import pairs_of

    try:
        return pairs_of(source, prepared, since)
    except DataError as error:
        elsewhere = _elsewhere(source, prepared.locations)
        if not elsewhere:
            raise
        raise DataError(f"{error}; {elsewhere}") from error


def _nothing(source: options.Source, locations: Locations, since: str | None) -> str:
    """Why there is nothing to show, and where there is something."""
    whose = "on this tape" if source.tape else f"on the {source.mode} record"
    when = " from that moment on" if since else ""
    return f"No calls {whose}{when}; {_elsewhere(source, locations) or _HOW_CALLS_COME}."


def _elsewhere(source: options.Source, locations: Locations) -> str:
    from app.cli.graded import other_records

    others = [] if source.tape else other_records(source.mode, locations)
    return "; ".join(f"the {mode} record holds calls: `tapedeck scorecards --source {mode}`" for mode in others)


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
