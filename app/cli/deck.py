"""The deck on an engine of its own process."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.cli import options
from app.cli.options import Mode, Prepared
from app.core.errors import UsageError

if TYPE_CHECKING:
    from app.engine.build import Plan
    from app.ui.deck_options import DeckOptions


def open_deck(plan: "Plan", prepared: Prepared, notices: Sequence[str] = ()) -> int:
    """Show the deck until it is left, saying `notices` at its start; its exit code.

    Raises `DataError` for a tape that cannot be read.
    """
    from app.core.clock import SystemClock
    from app.engine.build import build_engine, local_link, scanning_by_itself
    from app.ui.run import run_deck

    clock = SystemClock()
    plan = plan._replace(set_by_hand=prepared.loaded.by_hand)
    settings = prepared.settings
    if plan.mode == "demo" and "scanner.enabled" not in plan.set_by_hand:
        settings = scanning_by_itself(settings)
    engine = build_engine(plan, settings, clock, prepared.locations)
    link = local_link(engine, prepared.locations)
    return run_deck(link, deck_options(prepared, plan.mode.upper(), notices), clock)


def deck_options(prepared: Prepared, expected: str = "", notices: Sequence[str] = ()) -> "DeckOptions":
    """What the settings say of the deck; `expected` is the word for the source that was asked for."""
    from app.ui.deck_options import DeckOptions

    deck, locations = prepared.settings.deck, prepared.locations
    return DeckOptions(
        theme=deck.theme,
        theme_folders=locations.theme_folders(),
        keymap=deck.keymap,
        keymap_folders=locations.keymap_folders(),
        watchlists=deck.watchlists,
        flash=deck.flash,
        bell=deck.bell,
        marks=deck.chart,
        layouts=locations.layouts_file,
        expected=expected,
        notices=notices,
    )


def require_terminal() -> None:
    """Raises `UsageError` where a deck cannot be shown."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("A deck needs a terminal; `tapedeck run` works without one")


def open_venue_deck(mode: Mode, args: argparse.Namespace) -> int:
    """The deck on a venue, live or simulated, recorded if the flags say so."""
    from app.core.clock import SystemClock
    from app.engine.build import Plan

    require_terminal()
    prepared = options.prepare(args)
    record_to = options.record_target(args, prepared.locations, mode, SystemClock())
    return open_deck(Plan(mode, record_to=record_to), prepared)
