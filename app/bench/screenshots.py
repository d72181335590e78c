"""Pictures of the demo deck for the README: `python -m app.bench.screenshots DIR` writes an SVG file for each.

It is the deck of `tapedeck demo` on its embedded, simulated venue, without a terminal: keys are pressed, nothing is
made up. Takes some minutes: the first picture waits for an alert about a whale.
"""

import argparse
import asyncio
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.bench.svg import standalone
from app.config.locations import HOME_VARIABLE, Locations, find_locations
from app.config.logs import setup_logging, stop_logging
from app.config.settings import Settings
from app.core.clock import SystemClock
from app.core.errors import TapedeckError
from app.engine.build import Plan, build_engine, local_link, scanning_by_itself
from app.engine.protocol import Snapshot
from app.engine.protocol_detail import MarketDetail
from app.ui.deck_options import DeckOptions
from app.ui.jobs import running
from app.ui.key_conflicts import HOSTS
from app.ui.run import make_deck, prepare_environment

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from app.ui.app import DeckApp

_WORD = "DEMO"
_TITLE = f"tapedeck · {_WORD}, simulated"
_PATIENCE_S = 300.0
_POLL_S = 0.05
_ENOUGH_CANDLES, _ENOUGH_TRADES, _ENOUGH_TOKENS = 20, 60, 8


@dataclass(frozen=True)
class Picture:
    """What a picture shows: the dashboard or the first market, in a theme, on a terminal of columns and lines.

    With `metrics` it is not taken before the rules have read most markets, which they need a minute for; with `whole`
    not before every panel has something to show.
    """

    name: str
    size: tuple[int, int]
    market: bool = False
    theme: str = "tape"
    metrics: bool = True
    whole: bool = False


PICTURES = (
    Picture("dashboard", (200, 60), whole=True),
    Picture("market", (140, 40), market=True),
    Picture("narrow", (60, 20), market=True),
    Picture("deuteranopia", (140, 40), theme="deuteranopia"),
)


async def take(pictures: Sequence[Picture]) -> dict[str, str]:
    """The pictures as SVG by their names, all of one demo. Raises `TapedeckError` when there is nothing to show."""
    taken: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="tapedeck-pictures-") as home:
        async with _demo_deck(find_locations({HOME_VARIABLE: home})) as (deck, pilot):
            for picture in pictures:
                taken[picture.name] = await _take(deck, pilot, picture)
    return taken


@asynccontextmanager
async def _demo_deck(locations: Locations) -> "AsyncIterator[tuple[DeckApp, Pilot[None]]]":
    """The deck of `tapedeck demo` with the settings and the home of a newcomer."""
    settings, clock = scanning_by_itself(Settings()), SystemClock()
    setup_logging(locations, settings.log)
    link = local_link(build_engine(Plan("demo"), settings, clock, locations), locations)
    options = DeckOptions(theme_folders=locations.theme_folders(), expected=_WORD)
    deck = make_deck(link, options, clock)
    try:
        async with deck.run_test(size=PICTURES[0].size) as pilot:
            yield deck, pilot
    finally:
        await link.close()
        stop_logging()


async def _take(deck: "DeckApp", pilot: "Pilot[None]", picture: Picture) -> str:
    await pilot.resize_terminal(*picture.size)
    while deck.theme_choice.shown.name != picture.theme:
        await pilot.press("t")
    opened = len(deck.screen_stack) > 1
    if opened and not picture.market:
        await pilot.press("escape")
    await _until(deck, pilot, picture, _markets_ready)
    if picture.market and not opened:
        await pilot.press("enter")
    if picture.market:
        await _until(deck, pilot, picture, _market_ready)
    deck.paint()
    await pilot.pause()
    svg = standalone(deck.export_screenshot(title=_TITLE, simplify=True))
    if _WORD not in re.sub(r"<[^>]*>", "", svg).replace(_TITLE, ""):
        raise TapedeckError(f"the picture {picture.name} does not say {_WORD}; widen it until the header has room")
    return svg


async def _until(
    deck: "DeckApp", pilot: "Pilot[None]", picture: Picture, ready: Callable[[Snapshot, Picture], bool]
) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while (newest := deck.state.view().newest) is None or not ready(newest, picture):
                await pilot.pause(_POLL_S)
    except TimeoutError as error:
        reason = f"the demo had nothing to show for the picture {picture.name} within {_PATIENCE_S:.0f} s"
        raise TapedeckError(f"{reason}; run `tapedeck doctor`") from error


def _markets_ready(snapshot: Snapshot, picture: Picture) -> bool:
    """Whether every market has its price and its last hour, and most have the rules' read where that is wanted."""
    markets = snapshot.markets
    known = all(market.price is not None and any(market.trend) for market in markets)
    read = sum(market.rules is not None and market.rules.momentum is not None for market in markets)
    is_read = not picture.metrics or 2 * read > len(markets)
    return bool(markets) and known and is_read and (not picture.whole or _all_panels_ready(snapshot))


def _all_panels_ready(snapshot: Snapshot) -> bool:
    """Whether wallets are judged, tokens too, and an alert about a whale has come."""
    wallets, whales, tokens = snapshot.wallets, snapshot.whales, snapshot.tokens
    judged = wallets is not None and not running(snapshot.jobs, "wallets") and wallets.rows
    return bool(judged and whales and whales.alerts and tokens and len(tokens.rows) > _ENOUGH_TOKENS)


def _market_ready(snapshot: Snapshot, picture: Picture) -> bool:
    """Whether the opened market has candles, trades and a book, and prints enough for the large ones to stand out."""
    return snapshot.detail is not None and _has_all(snapshot.detail, _ENOUGH_TRADES if picture.metrics else 1)


def _has_all(detail: MarketDetail, trades: int) -> bool:
    return len(detail.candles) >= _ENOUGH_CANDLES and len(detail.trades) >= trades and bool(detail.bids and detail.asks)


def _forget_this_terminal() -> None:
    """Take out of the environment what would make the pictures those of one machine."""
    for name in ("NO_COLOR", *(host.variable for host in HOSTS if host.variable)):
        os.environ.pop(name, None)


def main() -> None:
    """Take all pictures into a folder."""
    parser = argparse.ArgumentParser(prog="app.bench.screenshots", description="Take the README's pictures.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the SVG files go")
    folder: Path = parser.parse_args().folder
    _forget_this_terminal()
    prepare_environment()
    taken = asyncio.run(take(PICTURES))
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in taken.items():
        path = folder / f"{name}.svg"
        path.write_text(svg, encoding="utf-8")
        sys.stdout.write(f"{path} {len(svg.encode()) // 1000} kB\n")


if __name__ == "__main__":
    main()
