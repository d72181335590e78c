"""Plain `tapedeck`: a choice the first time, and from then on the same as `tapedeck live`."""

import argparse

from app.cli import options
from app.config.sources import Given


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of the start: none but the settings."""
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Ask a newcomer what to open; open live for everybody else."""
    from app.cli.deck import open_deck, require_terminal
    from app.config.locations import find_locations
    from app.engine.build import Plan

    require_terminal()
    if not find_locations().used_before:
        return _ask_first(args)
    return open_deck(Plan("live"), options.prepare(args))


def _ask_first(args: argparse.Namespace) -> int:
    from app.cli.deck import open_deck
    from app.engine.build import Plan
    from app.ui.run import prepare_environment

    prepare_environment()  # before anything imports textual
    from app.ui.start import ask
    from app.ui.theme import default_palette

    favourites = options.prepare(args).settings.markets.favourites
    choice = ask(default_palette(), ", ".join(favourites))
    if choice is None:
        return 0
    if choice.coins:
        coins = ",".join(choice.coins.replace(",", " ").split())
        args.set = [*getattr(args, "set", []), Given("markets.favourites", coins, "the start screen", is_text=True)]
    return open_deck(Plan(choice.source), options.prepare(args))
