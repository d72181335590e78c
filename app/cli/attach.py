"""`tapedeck attach`: the deck on an engine that runs in another process."""

import argparse

from app.cli import options


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `attach`."""
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Open the deck; leaving it does not end the engine."""
    from app.cli.deck import deck_options, require_terminal
    from app.engine.socket_link import SocketLink
    from app.ui.run import run_deck

    require_terminal()
    prepared = options.prepare(args)
    return run_deck(SocketLink(prepared.locations.engine_socket), deck_options(prepared))
