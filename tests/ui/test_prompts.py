"""The lines in which something is typed: each ends once, and gives the focus back to where it was."""

from pathlib import Path

import pytest
from deck_fakes import DEMO, THEMES, ScriptedLink, settle
from textual.message import Message
from wallet_fakes import scanned

from app.core.clock import ManualClock
from app.ui.app import DeckApp
from app.ui.deck_options import DeckOptions
from app.ui.run import make_deck
from app.ui.widgets.prompt import Prompt

pytestmark = pytest.mark.asyncio

EVERY = pytest.mark.parametrize("opens", ["V", "A", "T", "N"])


def wallets_deck(folder: Path) -> DeckApp:
    link = ScriptedLink(DEMO)
    link.say(scanned())
    return make_deck(link, DeckOptions("tape", [THEMES], layouts=folder / "layouts.json"), ManualClock())


@EVERY
@pytest.mark.parametrize("ends", ["enter", "escape"])
async def test_a_prompt_gives_the_focus_back_to_where_it_was(opens: str, ends: str, tmp_path: Path) -> None:
    deck = wallets_deck(tmp_path)
    async with deck.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("3", opens)
        assert isinstance(deck.focused, Prompt)
        await pilot.press(ends)
        await settle(pilot)
        assert deck.focused is deck._dashboard.panels()[2]
        assert not deck.screen.query(Prompt)


@EVERY
async def test_a_prompt_whose_focus_goes_elsewhere_ends_once_and_leaves_all_as_it_was(
    opens: str, tmp_path: Path
) -> None:
    deck = wallets_deck(tmp_path)
    async with deck.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("3", opens, "x")
        prompt = deck.focused
        assert isinstance(prompt, Prompt)
        posted: list[Message] = []
        post = prompt.post_message

        def post_and_note(message: Message) -> bool:
            posted.append(message)
            return post(message)

        prompt.post_message = post_and_note  # type: ignore[method-assign]
        deck.screen.set_focus(None)
        await settle(pilot)
        prompt._end(prompt.left())
        assert [type(message).__name__ for message in posted].count("Ended") == 1
        assert not list(tmp_path.iterdir())


@EVERY
async def test_what_is_typed_takes_the_place_of_the_text_and_what_is_pasted_too(opens: str, tmp_path: Path) -> None:
    deck = wallets_deck(tmp_path)
    async with deck.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("3", opens, "q", "s")
        prompt = deck.focused
        assert isinstance(prompt, Prompt)
        assert prompt._editor.text == "qs"
