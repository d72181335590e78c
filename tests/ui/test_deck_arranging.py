"""Layouts are saved and brought back, and what is under the cursor is copied in the form that is chosen."""

import json
from pathlib import Path

import pytest
from deck_fakes import THEMES, ScriptedLink, detail, screen_text, settle, snapshot
from textual.pilot import Pilot

from app.core.clock import ManualClock
from app.ui.app import DeckApp
from app.ui.deck_options import DeckOptions
from app.ui.layouts import Layout, load_layouts, save_layouts
from app.ui.run import make_deck
from app.ui.screens.dashboard import Dashboard
from app.ui.screens.market import MarketScreen

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
        await press(pilot, ">", ">", "V")
        await press(pilot, "t", "O", "enter", "u", "2", "V")
        assert [layout.coin for layout in load_layouts(path)] == ["", "BTC"]
        await press(pilot, "0", "escape", "v")
        assert isinstance(deck.screen, Dashboard)
        assert deck.screen.tables()[0].ordering is not None
        assert deck._palette.name == "tape"
        await press(pilot, "v")
        screen = deck.screen
        assert isinstance(screen, MarketScreen)
        assert (screen.coin, screen.interval, screen.number_alone) == ("BTC", "5m", 2)
        assert deck._palette.name != "tape"
        assert "Layout 2 of 2." in screen_text(deck)


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
        assert "Layout 1 of 1." in screen_text(deck)


async def test_many_quick_saves_end_with_the_last(tmp_path: Path) -> None:
    path = tmp_path / "layouts.json"
    deck = deck_with(path)
    async with deck.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "V", ">", "V", ">", "V", ">", "V")
        assert len(load_layouts(path)) == 4
        assert load_layouts(path) == deck._shelf.layouts


async def test_layouts_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    (tmp_path / "layouts.new").mkdir()
    deck = deck_with(tmp_path / "layouts.json")
    async with deck.run_test() as pilot:
        await settle(pilot)
        await pilot.press("V")
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
