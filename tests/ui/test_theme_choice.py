"""Choosing a theme: by key, and in the command palette with a preview."""

from collections.abc import Callable, Mapping

import pytest
from deck_fakes import THEMES, ScriptedLink, deck_on, screen_text, settle, snapshot
from textual.pilot import Pilot

from app.core.clock import ManualClock
from app.ui.app import DeckApp
from app.ui.deck_options import DeckOptions
from app.ui.screens.base import DeckScreen
from app.ui.theme import Palette, load_themes, parse_theme
from app.ui.theme_choice import ThemeChoice
from app.ui.widgets.lines import LineWidget

PALETTES = load_themes([THEMES])[0]


def choice(chosen: str = "tape", *, no_color: bool = False) -> tuple[ThemeChoice, list[str]]:
    """A choice among the shipped themes, and the names of those it has drawn."""
    drawn: list[str] = []
    return ThemeChoice(PALETTES, chosen, lambda palette: drawn.append(palette.name), no_color=no_color), drawn


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Let the deck work until something holds."""
    for _ in range(500):
        if holds():
            return
        await pilot.pause()
    raise AssertionError("it never came to hold")


async def look_for(deck: DeckApp, pilot: Pilot[None], words: str, name: str) -> None:
    """Open the command palette and type until the theme `name` is previewed."""
    await pilot.press("ctrl+p")
    await until(pilot, lambda: "Search for commands" in screen_text(deck))
    await pilot.press(*("space" if letter == " " else letter for letter in words))
    await until(pilot, lambda: deck.theme == f"deck-{name}")


def drawn_in(deck: DeckApp) -> set[str]:
    """The themes that the lines of all screens are drawn in."""
    screens = [screen for screen in deck.screen_stack if isinstance(screen, DeckScreen)]
    return {widget.palette.name for screen in screens for widget in screen.query(LineWidget)}


def test_choosing_says_how_to_keep_it() -> None:
    themes, drawn = choice()
    assert themes.choose("mono") == 'Theme: mono. deck.theme = "mono" in config.toml keeps it.'
    assert drawn == ["mono"]
    assert themes.shown.name == "mono"


def test_a_theme_that_is_in_no_file_cannot_be_kept() -> None:
    built_in = {"built-in": PALETTES["tape"], "mono": PALETTES["mono"]}
    assert ThemeChoice(built_in, "mono", lambda _: None).choose("built-in") == "Theme: built-in."


def test_the_next_theme_comes_round_to_the_first() -> None:
    themes, drawn = choice()
    for _ in PALETTES:
        themes.choose_next()
    assert sorted(drawn) == sorted(PALETTES)
    assert themes.shown.name == "tape"


def test_one_theme_alone_has_no_next() -> None:
    alone: Mapping[str, Palette] = {"tape": PALETTES["tape"]}
    assert ThemeChoice(alone, "tape", lambda _: None).choose_next() == "There is only one theme."


def test_no_color_offers_what_needs_no_colour() -> None:
    themes, drawn = choice("mono", no_color=True)
    assert [name for _, _, name in themes.commands()] == ["mono"]
    assert themes.choose_next() == "NO_COLOR is set, and no other theme is without colours."
    assert drawn == []


def test_every_theme_is_a_command_with_its_description() -> None:
    assert list(choice()[0].commands()) == [(f"Theme: {name}", at.description, name) for name, at in PALETTES.items()]


@pytest.mark.asyncio
async def test_highlighting_previews_on_every_screen_and_escape_restores() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        await pilot.press("?")
        await settle(pilot)
        await look_for(deck, pilot, "theme: high", "high-contrast")
        assert drawn_in(deck) == {"high-contrast"}
        assert deck.screen.query_one("CommandList").styles.color.hex == "#FFFFFF"
        await pilot.press("escape")
        await until(pilot, lambda: deck.theme == "deck-tape")
        assert drawn_in(deck) == {"tape"}
        assert deck.theme_choice.shown.name == "tape"


@pytest.mark.asyncio
async def test_the_theme_that_is_picked_stays_and_the_next_one_follows_it() -> None:
    async with deck_on(ScriptedLink()) as (deck, pilot):
        await look_for(deck, pilot, "theme: mono", "mono")
        await pilot.press("enter")
        await until(pilot, lambda: "Theme: mono." in screen_text(deck))
        assert drawn_in(deck) == {"mono"}
        assert 'deck.theme = "mono" in config.toml keeps it.' in screen_text(deck)
        await pilot.press("t")
        await settle(pilot)
        assert deck.theme == "deck-tape"


@pytest.mark.asyncio
async def test_leaving_a_theme_for_another_command_ends_its_preview() -> None:
    async with deck_on(ScriptedLink()) as (deck, pilot):
        await look_for(deck, pilot, "theme: tri", "tritanopia")
        await pilot.press("ctrl+u", *"events")
        await until(pilot, lambda: deck.theme == "deck-tape")
        await pilot.press("enter")
        await until(pilot, lambda: deck._deck_screen.NAME == "log")
        assert drawn_in(deck) == {"tape"}


@pytest.mark.asyncio
async def test_opening_the_palette_previews_nothing_and_themes_come_last() -> None:
    async with deck_on(ScriptedLink(), (120, 180)) as (deck, pilot):
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Theme: tritanopia" in screen_text(deck))
        assert deck.theme == "deck-tape"
        text = screen_text(deck)
        assert text.index("Theme: ansi") > text.index("Change to the next theme.")
        assert all(f"Theme: {name}" in text and at.description in text for name, at in PALETTES.items())


@pytest.mark.asyncio
async def test_a_description_is_no_markup() -> None:
    described = (THEMES / "tape.toml").read_text().replace("Slate and amber on dark", "[@click=app.quit]x[/] [$up] [b]")
    deck = DeckApp(ScriptedLink(), ManualClock(), {"tape": parse_theme(described, "tape.toml")}, DeckOptions())
    async with deck.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Search for commands" in screen_text(deck))
        await pilot.press(*"theme:")
        await until(pilot, lambda: "[@click=app.quit]x[/] [$up] [b]" in screen_text(deck))
