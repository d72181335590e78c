"""`tapedeck demo`: the deck on the embedded, simulated venue."""

import argparse

from app.cli import options


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `demo`."""
    options.add_seed(parser)
    options.add_record(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Open the deck."""
    from app.cli.deck import open_venue_deck

    return open_venue_deck("demo", args)
