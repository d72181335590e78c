"""`tapedeck live`: the deck on live venues."""

import argparse

from app.cli import options


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `live`."""
    options.add_record(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Open the deck."""
    from app.cli.deck import open_venue_deck

    return open_venue_deck("live", args)
