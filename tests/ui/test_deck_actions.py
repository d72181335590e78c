"""The action table: one source for keys, footer, help, palette and docs/keys.md."""

import re
from pathlib import Path
from typing import get_args

import pytest
from deck_fakes import TAPE, ScriptedLink, deck_on, screen_text, settle, snapshot, tape_snapshot

from app.core.playback import Playback
from app.ui.actions import ACTIONS, EVERYWHERE, Scope, ScreenName, bindings
from app.ui.offered_actions import footer_actions
from app.ui.screens.event_log import EventLog
from app.ui.state import DeckView
from app.ui.textual_seams import DeckPalette
from app.ui.theme import default_palette

TAPE_ACTIONS = {"pause", "slower", "faster", "rewind", "forward"}
KEYS_PAGE = Path(__file__).parents[2] / "docs" / "keys.md"


def test_no_key_and_no_id_is_used_twice() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)


def test_the_page_lists_exactly_the_table() -> None:
    rows = re.findall(r"^\| (`.+?) \| (.+?) \| (.+?) \| `(.+?)` \|$", KEYS_PAGE.read_text(), re.MULTILINE)
    table = [
        (" ".join(f"`{key}`" for key in action.shown_keys), action.description, action.where, action.id)
        for action in ACTIONS
    ]
    assert rows == table


def test_every_action_is_bound_in_its_scope() -> None:
    assert sum(len(bindings(scope)) for scope in get_args(Scope)) == len(ACTIONS)


def test_the_footer_always_offers_quit_and_help() -> None:
    for screen in EVERYWHERE:
        assert {"quit", "help"} <= {action.id for action in footer_actions(screen, None)}


@pytest.mark.parametrize(
    ("paused", "ended", "label"),
    [(False, False, "pause"), (True, False, "play"), (False, True, "again"), (True, True, "again")],
)
def test_the_footer_says_what_space_does_to_the_tape_as_it_stands(paused: bool, ended: bool, label: str) -> None:
    first = footer_actions("dashboard", Playback(0, 1_000, 500, 1.0, paused, ended))[0]
    assert (first.id, first.label) == ("pause", label)


def test_the_dashboard_names_the_other_screens_last() -> None:
    shown = [action.id for action in footer_actions("dashboard", None, job="refresh")]
    assert shown[-2:] == ["paper", "screener"]
    assert not {"paper", "screener"} & {action.id for action in footer_actions("market", None)}


@pytest.mark.asyncio
async def test_help_lists_every_action() -> None:
    async with deck_on(ScriptedLink(), (280, 120)) as (deck, pilot):
        await pilot.press("?")
        await settle(pilot)
        text = screen_text(deck)
        assert all(action.description in text for action in ACTIONS)


def test_no_two_labels_of_the_palette_are_the_same() -> None:
    labels = [action.label for action in ACTIONS if action.scope == "app"]
    assert len(labels) == len(set(labels))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("keys", "on_tape", "here"),
    [
        ((), False, set()),
        (("f",), False, {"rewind", "forward"}),
        ((), True, TAPE_ACTIONS),
        (("f",), True, TAPE_ACTIONS),
    ],
)
async def test_help_lists_the_keys_of_a_tape_where_they_work(
    keys: tuple[str, ...], on_tape: bool, here: set[str]
) -> None:
    link = ScriptedLink()
    link.say(tape_snapshot() if on_tape else snapshot())
    async with deck_on(link, (200, 120)) as (deck, pilot):
        await pilot.press(*keys, "?")
        await settle(pilot)
        above, _, below = screen_text(deck).partition("elsewhere")
        for action in (action for action in ACTIONS if action.id in TAPE_ACTIONS):
            assert f"{action.description} ({action.where})" in (above if action.id in here else below)


@pytest.mark.asyncio
@pytest.mark.parametrize("on_tape", [False, True])
async def test_the_palette_offers_every_action_of_the_app_that_works_here(on_tape: bool) -> None:
    link = ScriptedLink(TAPE) if on_tape else ScriptedLink()
    link.say(tape_snapshot() if on_tape else snapshot())
    async with deck_on(link) as (deck, _):
        offered = [command.help for command in deck.get_system_commands(deck.screen)]
        wanted = {action.description for action in ACTIONS if action.scope == "app" and action.id != "palette"}
        of_tapes = {action.description for action in ACTIONS if action.id in TAPE_ACTIONS}
        places = {"Go to this panel.", "Go to this screen."}
        assert set(offered) - places == (wanted if on_tape else wanted - of_tapes)
        assert offered[0] == "Open the row under the cursor."
        assert offered[-1] == "Leave the deck."
        assert "quit · q ctrl+c ctrl+q" in {command.title for command in deck.get_system_commands(deck.screen)}


@pytest.mark.asyncio
async def test_the_palette_runs_an_action_over_the_dashboard() -> None:
    async with deck_on(ScriptedLink()) as (deck, pilot):
        before = deck.theme
        await pilot.press("ctrl+p")
        await settle(pilot)
        await pilot.press(*"theme")
        await settle(pilot)
        assert "Change to the next theme." in screen_text(deck)
        await pilot.press("enter")
        await settle(pilot)
        assert deck.theme != before


@pytest.mark.asyncio
async def test_a_hasty_second_enter_in_the_palette_does_no_harm() -> None:
    async with deck_on(ScriptedLink()) as (deck, pilot):
        for _ in range(5):
            await pilot.press("?", "ctrl+p")
            await settle(pilot)
            palette = deck.screen
            assert isinstance(palette, DeckPalette)
            palette.dismiss()
            palette.dismiss()
            await settle(pilot)
            assert deck._deck_screen.NAME == "help"
            await pilot.press("escape")
        assert deck.is_running


REFUSED = {
    "wallet": {"wallet-accept", "wallet-reject", "wallet-follow", "wallet-alias"},
    "trader": {"wallet-follow", "wallet-alias", "alert-snooze", "alert-silence"},
    "scan": {"wallet-profile", "scan-sources"},
    "screener": {"sweep"},
    "paper": {"paper-close", "paper-flip"},
    "dashboard": {"record", "alert-snooze", "alert-silence"},
}
"""What is done to an engine's data on a screen: a tape refuses it, and an engine that is gone hears none of it."""


@pytest.mark.parametrize("screen", REFUSED)
def test_the_footer_offers_no_key_that_a_tape_refuses_or_nobody_hears(screen: ScreenName) -> None:
    taped = tape_snapshot()
    views = {
        "live": DeckView("connected", newest=snapshot(), shown=snapshot()),
        "tape": DeckView("connected", newest=taped, shown=taped),
        "ended": DeckView("ended", newest=snapshot(), shown=snapshot()),
    }
    offered = {
        name: {
            action.id for action in footer_actions(screen, None, idle=EventLog(default_palette()).idle_actions(view))
        }
        for name, view in views.items()
    }
    assert offered["live"] >= REFUSED[screen]
    assert offered["tape"] & REFUSED[screen] == offered["ended"] & REFUSED[screen] == set()
