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
    from app.cli.deck import open_deck, require_terminal
    from app.core.clock import SystemClock
    from app.engine.build import Plan

    require_terminal()
    prepared = options.prepare(args)
    record_to = options.record_target(args, prepared.locations, "demo", SystemClock())
    return open_deck(Plan("demo", record_to=record_to), prepared)
