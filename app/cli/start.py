"""Plain `tapedeck`: a choice the first time, which is kept; from then on what was chosen (the setting `deck.opens`)."""

import argparse
from typing import TYPE_CHECKING

from app.cli import options
from app.config.sources import Given

if TYPE_CHECKING:
    from app.cli.options import Prepared
    from app.ui.start import Choice

_ORIGIN = "the start screen"


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of the start: none but the settings."""
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Ask a newcomer what to open and keep the answer; open what the settings say for everybody else."""
    from app.cli.deck import open_deck, require_terminal
    from app.config.locations import find_locations
    from app.engine.build import Plan

    require_terminal()
    if not find_locations().used_before:
        return _ask_first(args)
    prepared = options.prepare(args)
    return open_deck(Plan(prepared.settings.deck.opens), prepared)


def _ask_first(args: argparse.Namespace) -> int:
    from app.cli.deck import open_deck
    from app.engine.build import Plan
    from app.ui.run import prepare_environment

    prepare_environment()  # before anything imports textual
    from app.ui.start import ask
    from app.ui.theme import default_palette

    prepared = options.prepare(args)
    settings = prepared.settings
    choice = ask(default_palette(), settings.markets.favourites, settings.deck.opens, prepared.locations.config_file)
    if choice is None:
        return 0
    notices = keep(choice, prepared)
    # The choice goes before every other source now, whatever could be kept of it.
    chosen = [Given(key, value, _ORIGIN) for key, value in choice.settings().items()]
    args.set = [*getattr(args, "set", []), *chosen]
    return open_deck(Plan(choice.source), options.prepare(args), notices)


def keep(choice: "Choice", prepared: "Prepared") -> list[str]:
    """Write into the user's own settings file what was chosen and differs from what holds; a sentence if that fails."""
    from app.config.fields import values_of
    from app.config.own_file import begin_own_file
    from app.core.errors import DataError

    now = values_of(prepared.settings)
    new = {key: value for key, value in choice.settings().items() if value != now[key]}
    try:
        if new:
            begin_own_file(prepared.locations.config_file, new)
    except DataError as error:
        return [f"The choice is not kept: {error}."]
    return []
