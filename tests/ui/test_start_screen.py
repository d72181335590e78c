"""The newcomer's first screen: what is chosen is what comes out."""

import pytest
from textual.widgets import Input

from app.ui.start import Choice, StartApp
from app.ui.theme import default_palette

pytestmark = pytest.mark.asyncio


async def chosen(*keys: str, coins: str = "BTC, ETH", size: tuple[int, int] = (80, 24)) -> Choice | None:
    start = StartApp(default_palette(), coins)
    async with start.run_test(size=size) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
    return start.return_value


@pytest.mark.parametrize("size", [(40, 10), (60, 20), (80, 24), (200, 60)])
async def test_enter_opens_the_demo(size: tuple[int, int]) -> None:
    assert await chosen("enter", size=size) == Choice("demo", "")


async def test_down_chooses_live_and_goes_round() -> None:
    assert await chosen("down", "enter") == Choice("live", "")
    assert await chosen("j", "j", "enter") == Choice("demo", "")


async def test_coins_can_be_typed_and_are_cleaned() -> None:
    assert await chosen("tab", "end", ",", "S", "O", "L", "enter") == Choice("demo", "BTC, ETH,SOL")


async def test_what_was_not_changed_is_left_to_the_settings() -> None:
    assert await chosen("tab", "enter") == Choice("demo", "")


@pytest.mark.parametrize("key", ["escape", "ctrl+c", "ctrl+q"])
async def test_leaving_opens_nothing(key: str) -> None:
    assert await chosen("tab", key) is None


async def test_letters_typed_into_the_coins_choose_nothing() -> None:
    start = StartApp(default_palette(), "")
    async with start.run_test() as pilot:
        await pilot.press("tab", "j", "k")
        assert start.query_one(Input).value == "jk"
