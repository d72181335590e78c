"""An engine that takes frames from a sender in another process: in the deck's own process, or in one of its own.

It is the engine a live run has, with the product's client, inbox, sequencer and core. Only the choice of markets is
made beforehand: the sender knows no requests. Decks attach to `python -m app.bench.ui_load --venue URL --socket FILE`.
"""

import argparse
import asyncio
import logging
import sys
import threading
from pathlib import Path

import numpy as np

from app.bench.blaster import end_with_stdin, subscriptions
from app.config.settings import HyperliquidSettings, Settings
from app.config.whale_settings import WhalesSettings
from app.core.clock import Clock, SystemClock
from app.engine.demo_venue import Urls
from app.engine.engine import Engine
from app.engine.link_server import LinkServer
from app.engine.local_link import LocalLink
from app.engine.protocol import SourceView
from app.engine.venue_run import VenueRun
from app.feeds.hyperliquid.client import HyperliquidClient

LISTENING = "listening"
_NO_REST = "http://127.0.0.1:9"


class _LoadedRun(VenueRun):
    def _connect(self, urls: Urls) -> HyperliquidClient:
        client = super()._connect(urls)
        client.subscribe(subscriptions())
        return client


def loaded_link(venue_url: str, socket: Path, clock: Clock) -> LocalLink:
    """A link to an engine of this process that follows the sender at `venue_url` and listens on `socket`."""
    settings = Settings(
        hyperliquid=HyperliquidSettings(websocket_url=venue_url, rest_url=_NO_REST),
        whales=WhalesSettings(enabled=False),
    )
    source = SourceView("live", "BENCH", "made up frames")
    run = _LoadedRun(source, settings, clock, generator=np.random.default_rng(0))
    engine = Engine(run, clock, snapshot_hz=settings.engine.snapshot_hz)
    return LocalLink(engine, LinkServer(engine, socket))


def quieten() -> None:
    """Keep log lines, which the product writes to its log file, away from the terminal."""
    logging.getLogger().addHandler(logging.NullHandler())


async def _serve(venue_url: str, socket: Path) -> None:
    await loaded_link(venue_url, socket, SystemClock()).connect()
    sys.stdout.write(f"{LISTENING}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """Run the engine until stdin ends."""
    parser = argparse.ArgumentParser(prog="app.bench.ui_load")
    parser.add_argument("--venue", required=True)
    parser.add_argument("--socket", type=Path, required=True)
    arguments = parser.parse_args()
    threading.Thread(target=end_with_stdin, daemon=True).start()
    quieten()
    asyncio.run(_serve(arguments.venue, arguments.socket))


if __name__ == "__main__":
    main()
