"""`tapedeck play`: the deck on a recording."""

import argparse
from pathlib import Path

from app.cli import options


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `play`."""
    parser.add_argument(
        "tape",
        type=Path,
        metavar="TAPE",
        help="a tape, by its path or its name among your tapes, or another recording that can be imported",
    )
    options.add_speed(parser, default=1.0)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Open the deck; at its end the tape's last picture stays."""
    from app.cli.deck import open_deck, require_terminal
    from app.engine.build import Plan

    require_terminal()
    prepared = options.prepare(args)
    return open_deck(Plan("tape", options.among_tapes(args.tape), args.speed or None, hold=True), prepared)
