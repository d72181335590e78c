"""Checks of what the deck's settings name: its theme and its keymap, which are files, and its watchlists."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from app.cli.checks.check import Check
from app.cli.figures import counted
from app.config.load import Loaded
from app.config.locations import Locations
from app.config.settings import DeckSettings
from app.config.toml import toml_value
from app.core.errors import UsageError
from app.core.text import clean

_NEXT_STEP = "correct it; `tapedeck config validate` checks again"


class Findings(NamedTuple):
    """What keeps the deck from what it was told to use, and what is wrong with files that no setting names."""

    mistakes: list[str]
    others: list[str]


def examine(deck: DeckSettings, origins: Mapping[str, str], locations: Locations) -> Findings:
    """Look at each file and watchlist; every mistake names its setting and where that came from."""
    # These import textual, which other commands do without.
    from app.ui.keymap_files import check_keymap
    from app.ui.theme import check_theme

    theme, other_themes = check_theme(deck.theme, locations.theme_folders())
    keymap, other_keymaps = check_keymap(deck.keymap, locations.keymap_folders())
    wrong = [("deck.theme", toml_value(deck.theme), theme), ("deck.keymap", toml_value(deck.keymap), keymap)]
    mistakes = [f"{origins[key]}: {key} is {value}, but {why}" for key, value, why in wrong if why]
    questions = [f"{origins['deck.watchlists']}: {told}" for told in _watchlist_mistakes(deck.watchlists)]
    return Findings(mistakes + questions, other_themes + other_keymaps)


def _watchlist_mistakes(watchlists: Mapping[str, str]) -> Iterator[str]:
    from app.ui.panels.markets import market_columns
    from app.ui.widgets.filtering import parse_filter

    columns = market_columns("rules")
    for name, line in watchlists.items():
        try:
            parse_filter(line, columns, name)
        except UsageError as error:
            key = name if " " not in name else toml_value(name)
            yield f"deck.watchlists.{key} is {clean(toml_value(line))}, but {error}"


def deck(loaded: Loaded, locations: Locations) -> Check:
    """The theme, keymap and watchlists of the settings as one row; the deck goes on without what is wrong."""
    settings = loaded.settings.deck
    found = examine(settings, loaded.origins, locations)
    if found.mistakes:
        return Check("deck", "warn", "; ".join(found.mistakes), _NEXT_STEP)
    fact = f"theme {settings.theme}, keymap {settings.keymap}, {counted(len(settings.watchlists), 'watchlist')}"
    if found.others:
        return Check("deck", "warn", f"{fact}; not usable: {'; '.join(found.others)}", "correct or remove the file")
    return Check("deck", "ok", fact)
