"""The venues that a command asks: the real ones, or the simulated one started for it."""

import argparse
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Literal

from app.cli.output import say
from app.core.errors import UsageError

if TYPE_CHECKING:
    from app.config.settings import Settings

Venue = Literal["live", "demo"]


def venue_mode(args: argparse.Namespace) -> Venue:
    """The venue that `--source` names. Raises `UsageError` for a seed without the simulated one."""
    mode: Venue = args.source or "live"
    if mode != "demo" and args.seed is not None:
        raise UsageError("--seed is for the simulated venue; add --source demo")
    return mode


def source_fields(mode: Venue, settings: "Settings") -> dict[str, str]:
    """What JSON says of where its data is from."""
    from urllib.parse import urlsplit

    if mode == "demo":
        return {"mode": "demo", "label": "DEMO", "detail": f"simulated, seed {settings.demo.seed}"}
    return {"mode": "live", "label": "LIVE", "detail": urlsplit(settings.polymarket.data_url).hostname or ""}


@contextlib.asynccontextmanager
async def settings_of_venue(mode: Venue, settings: "Settings", *, quiet: bool) -> "AsyncIterator[Settings]":
    """Settings whose addresses are those of the venues; the simulated one is started and ended with the block."""
    import msgspec

    if mode != "demo":
        yield settings
        return
    from app.engine.demo_venue import DemoVenue

    say(f"Starting the simulated venue, seed {settings.demo.seed}: what it tells is made up.", quiet=quiet)
    demo = DemoVenue(settings.demo.seed, settings.demo.coins)
    replace = msgspec.structs.replace
    try:
        urls = await demo.start()
        polymarket = replace(settings.polymarket, data_url=urls.prediction_url, gamma_url=urls.gamma_url)
        hyperliquid = replace(settings.hyperliquid, rest_url=urls.rest_url)
        yield replace(settings, polymarket=polymarket, hyperliquid=hyperliquid)
    finally:
        await demo.stop()
