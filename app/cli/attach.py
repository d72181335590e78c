"""`tapedeck attach`: the deck on an engine that runs in another process."""

import argparse
import asyncio
from typing import TYPE_CHECKING

from app.cli import options

if TYPE_CHECKING:
    from app.engine.socket_link import SocketLink


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `attach`."""
    parser.epilog = "The engine is one of `tapedeck run`, or of another deck. It goes on when this deck is left."
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Open the deck; leaving it does not end the engine. Raises `VenueError` when no engine takes it on."""
    from app.cli.deck import deck_options, require_terminal
    from app.engine.socket_link import SocketLink
    from app.ui.run import run_deck

    require_terminal()
    prepared = options.prepare(args)
    path = prepared.locations.engine_socket
    # A deck that opens only to say that there is nothing to show would hide the reason with itself.
    asyncio.run(greet(SocketLink(path)))
    return run_deck(SocketLink(path), deck_options(prepared))


async def greet(link: "SocketLink") -> None:
    """Shake hands with the engine and leave. Raises `VenueError` when none answers, or it refuses."""
    try:
        await link.connect()
    finally:
        await link.close()
