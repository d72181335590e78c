"""Layouts are saved and brought back, and what is under the cursor is copied in the form that is chosen."""

import json
import os
from pathlib import Path

import pytest
from deck_fakes import THEMES, ScriptedLink, detail, screen_text, settle, snapshot
from textual.events import Key
from textual.pilot import Pilot

from app.core.clock import ManualClock
from app.ui.app import DeckApp
from app.ui.deck_options import DeckOptions
from app.ui.layouts import Layout, load_layouts, save_layouts
from app.ui.run import make_deck
from app.ui.screens.dashboard import Dashboard
from app.ui.screens.market import MarketScreen
from app.ui.theme_choice import DeckCommands

pytestmark = pytest.mark.asyncio


def deck_with(path: Path | None) -> DeckApp:
    link = ScriptedLink()
    link.say(snapshot(detail=detail()))
    return make_deck(link, DeckOptions("tape", [THEMES], layouts=path), ManualClock())


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    commands = [worker for worker in pilot.app.workers if worker.group == "commands"]
    if commands:
        await pilot.app.workers.wait_for_complete(commands)
    await settle(pilot)


async def test_a_layout_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "layouts.json"
    deck = deck_with(path)
    async with deck.run_test(size=(200, 60)) as pilot:
        await settle(pilot)
        await press(pilot, ">", ">", "V", "enter")
        await press(pilot, "t", "O", "enter", "u", "2", "V", "enter")
        assert [(layout.name, layout.coin) for layout in load_layouts(path)] == [("layout 1", ""), ("BTC 5m", "BTC")]
        await press(pilot, "0", "escape", "v")
        assert isinstance(deck.screen, Dashboard)
        assert deck.screen.tables()[0].ordering is not None
        assert deck._palette.name == "tape"
        await press(pilot, "v")
        screen = deck.screen
        assert isinstance(screen, MarketScreen)
        assert (screen.coin, screen.interval, screen.number_alone) == ("BTC", "5m", 2)
        assert deck._palette.name != "tape"
        assert "Layout 2 of 2: BTC 5m." in screen_text(deck)


async def test_without_a_layout_the_key_says_how_to_save_one() -> None:
    deck = deck_with(None)
    async with deck.run_test() as pilot:
        await press(pilot, "v")
        assert "V saves the one you see" in deck._deck_screen.flash.message
        await press(pilot, "V")
        assert deck._deck_screen.flash.message == "Layouts cannot be saved here."


async def test_layouts_that_cannot_be_read_are_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "layouts.json"
    path.write_text("{")
    deck = deck_with(path)
    async with deck.run_test() as pilot:
        await settle(pilot)
        assert "layouts.json cannot be used" in deck._deck_screen.flash.message
    assert path.read_text() == "{"


async def test_under_no_color_a_layout_in_colour_is_brought_back_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    path = tmp_path / "layouts.json"
    save_layouts(path, [Layout(theme="tape")])
    deck = deck_with(path)
    async with deck.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "v")
        assert deck._palette.name == "mono"
        assert "Layout 1 of 1: layout 1." in screen_text(deck)


async def test_many_quick_saves_end_with_the_last(tmp_path: Path) -> None:
    path = tmp_path / "layouts.json"
    deck = deck_with(path)
    async with deck.run_test() as pilot:
        await settle(pilot)
        await press(pilot, *["V", "enter", ">"] * 4)
        assert len(load_layouts(path)) == 4
        assert load_layouts(path) == deck._shelf.layouts


async def test_a_layout_is_saved_under_the_name_that_is_typed_and_replaced_under_it(tmp_path: Path) -> None:
    path = tmp_path / "layouts.json"
    deck = deck_with(path)
    async with deck.run_test() as pilot:
        await settle(pilot)
        focused = deck.screen.focused
        await pilot.press("V")
        assert "Save layout as: layout 1" in screen_text(deck)
        await press(pilot, "ctrl+u", *"movers q", "enter")
        assert deck._deck_screen.flash.message == "Saved movers q as layout 1; v brings layouts back."
        assert deck.screen.focused is focused
        await press(pilot, ">")
        await pilot.press("V", "ctrl+u", *"movers q")
        assert "enter replaces it" in screen_text(deck)
        await press(pilot, "enter")
        (saved,) = load_layouts(path)
        assert (saved.name, saved.tables["markets"].column) == ("movers q", "coin")


@pytest.mark.parametrize("keys", [("escape",), ("ctrl+u", "enter"), ("ctrl+u", "space", "enter")])
async def test_a_prompt_that_is_left_or_emptied_saves_nothing(tmp_path: Path, keys: tuple[str, ...]) -> None:
    deck = deck_with(tmp_path / "layouts.json")
    async with deck.run_test() as pilot:
        await settle(pilot)
        focused = deck.screen.focused
        await press(pilot, "V", *keys)
        assert deck._deck_screen.flash.message == "No layout is saved."
        assert "Save layout as" not in screen_text(deck)
        assert deck.screen.focused is focused
        await press(pilot, "down", "V", "escape", "down")
        assert deck._dashboard.tables()[0].cursor == 2
    assert not (tmp_path / "layouts.json").exists()


async def test_keys_that_come_right_after_the_one_that_saves_are_typed_into_the_name(tmp_path: Path) -> None:
    path = tmp_path / "layouts.json"
    deck = deck_with(path)
    async with deck.run_test() as pilot:
        await settle(pilot)
        for key, character in (("V", "V"), ("m", "m"), ("enter", None)):
            deck.post_message(Key(key, character))
        for _ in range(4):
            await pilot.pause()
        await press(pilot)
        assert [layout.name for layout in load_layouts(path)] == ["m"]
        assert isinstance(deck.screen, Dashboard)


async def test_the_key_that_saves_is_a_letter_where_text_is_typed(tmp_path: Path) -> None:
    deck = deck_with(tmp_path / "layouts.json")
    async with deck.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "/", *"VV")
        assert deck._dashboard.tables()[0]._filter_line is not None
        assert deck._dashboard.tables()[0].filter_text == "VV"
        await press(pilot, "escape", "V", "V")
        assert "Save layout as: V" in screen_text(deck)
        await press(pilot, "escape", "ctrl+p")
        await press(pilot, "V")
        assert "Save layout as" not in screen_text(deck)


async def test_a_layout_holds_the_dashboard_or_a_market_only(tmp_path: Path) -> None:
    deck = deck_with(tmp_path / "layouts.json")
    async with deck.run_test() as pilot:
        await settle(pilot)
        for key in ("e", "d", "?"):
            await press(pilot, key, "V")
            assert "Save layout as" not in screen_text(deck)
            assert "save layout · V" not in {command.title for command in deck.get_system_commands(deck.screen)}
            await press(pilot, "escape")


async def test_nine_layouts_are_the_most_and_a_name_of_theirs_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "layouts.json"
    save_layouts(path, [Layout(name=f"n{n}") for n in range(9)])
    deck = deck_with(path)
    async with deck.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "V", "enter")
        assert "full; delete one in the palette or use n0, n1" in screen_text(deck)
        await press(pilot, "ctrl+u", *"n8", "enter")
        assert [layout.theme for layout in load_layouts(path)] == [*[""] * 8, "tape"]


async def test_the_palette_brings_layouts_back_and_deletes_them_by_name(tmp_path: Path) -> None:
    path = tmp_path / "layouts.json"
    save_layouts(path, [Layout(name="[b]one"), Layout(name="two", coin="BTC")])
    deck = deck_with(path)
    async with deck.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+p")
        await press(pilot, *"Layout: two")
        await press(pilot, "enter")
        await press(pilot)
        assert isinstance(deck.screen, MarketScreen)
        await press(pilot, "ctrl+p")
        await press(pilot, *"Delete layout: [b]")
        assert "Delete layout: [b]one" in screen_text(deck)
        await press(pilot, "enter")
        await press(pilot)
        assert deck._deck_screen.flash.message == "The layout [b]one is deleted."
        assert [layout.name for layout in load_layouts(path)] == ["two"]


async def test_what_is_typed_takes_the_place_of_the_proposed_name(tmp_path: Path) -> None:
    path = tmp_path / "layouts.json"
    deck = deck_with(path)
    async with deck.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "V", *"scalp", "enter")
        await press(pilot, "V", "end", *"2", "enter")
        await press(pilot, "V", "backspace", *"three", "enter")
        assert [layout.name for layout in load_layouts(path)] == ["scalp", "layout 12", "three"]


async def test_the_palette_ends_with_what_cannot_be_undone(tmp_path: Path) -> None:
    save_layouts(tmp_path / "layouts.json", [Layout(name="one"), Layout(name="two")])
    deck = deck_with(tmp_path / "layouts.json")
    async with deck.run_test() as pilot:
        await settle(pilot)
        provider = DeckCommands(deck.screen)
        titles = [str(hit.text) async for hit in provider.discover()]
        assert titles[0].startswith("open")
        assert titles[-2:] == ["Delete layout: one", "Delete layout: two"]
        assert titles.index("Layout: one") < titles.index("Theme: tape") < len(titles) - 2


async def test_escape_ends_a_filter_before_it_leaves_a_screen(tmp_path: Path) -> None:
    deck = deck_with(tmp_path / "layouts.json")
    async with deck.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "d", "/", *"zz", "enter")
        assert "No row holds these words: zz." in screen_text(deck)
        await press(pilot, "escape")
        assert (deck._deck_screen.NAME, deck._deck_screen.flash.message) == ("feeds", "The filter is off.")
        await press(pilot, "escape")
        assert deck._deck_screen.NAME == "dashboard"


async def test_the_palette_saves_a_layout_too(tmp_path: Path) -> None:
    path = tmp_path / "layouts.json"
    deck = deck_with(path)
    async with deck.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+p")
        await press(pilot, *"save layout")
        await press(pilot, "enter")
        await press(pilot)
        assert "Save layout as: layout 1" in screen_text(deck)
        await press(pilot, "enter")
        assert [layout.name for layout in load_layouts(path)] == ["layout 1"]


async def test_layouts_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    (tmp_path / f".layouts.json.{os.getpid()}.new").mkdir()
    deck = deck_with(tmp_path / "layouts.json")
    async with deck.run_test() as pilot:
        await settle(pilot)
        await pilot.press("V", "enter")
        await pilot.pause()
        await settle(pilot)
        assert "could not be saved" in deck._deck_screen.flash.message


async def test_a_layout_of_a_market_and_a_theme_that_are_gone_is_brought_back_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "layouts.json"
    save_layouts(path, [Layout(theme="gone", coin="GONE", alone=9)])
    deck = deck_with(path)
    async with deck.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "v")
        assert isinstance(deck.screen, Dashboard)
        assert deck.is_running


@pytest.mark.parametrize(("steps", "begins"), [(0, "LIVE "), (1, '{"source":"LIVE"'), (4, "BTC"), (5, "67,123.50")])
async def test_the_choice_of_what_to_copy(steps: int, begins: str) -> None:
    deck = deck_with(None)
    async with deck.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "Y", *["down"] * steps, "enter")
        assert deck.clipboard.startswith(begins)
        assert isinstance(deck.screen, Dashboard)
        assert deck._deck_screen.flash.message.startswith("Sent to the terminal to copy (OSC 52): ")


async def test_a_panel_is_copied_as_it_is_arranged() -> None:
    deck = deck_with(None)
    async with deck.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "/", *"doge", "enter")
        await press(pilot, "Y", "down", "down", "down", "y")
        assert [json.loads(line)["row"]["coin"] for line in deck.clipboard.splitlines()] == ["DOGE"]
