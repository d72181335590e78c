"""The newcomer's first screen: what is chosen is what comes out, and what cannot be is said before anything starts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Input

from app.config.fields import setting_fields
from app.config.load import build
from app.config.sources import Given
from app.core.errors import UsageError
from app.ui.start import MOST_COINS, Choice, StartApp, next_time, parse_coins
from app.ui.theme import default_palette

FILE = Path("/home/me/config.toml")


def start_on(*coins: str) -> StartApp:
    return StartApp(default_palette(), coins, "live", FILE)


async def chosen(*keys: str, size: tuple[int, int] = (80, 24)) -> Choice | None:
    start = start_on("BTC", "ETH")
    async with start.run_test(size=size) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
    return start.return_value


def shown(start: StartApp) -> str:
    strips = start.screen._compositor.render_strips()
    lines = ("".join(segment.text for segment in strip).strip(" │") for strip in strips)
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("size", [(40, 10), (60, 20), (80, 24), (200, 60)])
@pytest.mark.asyncio
async def test_enter_opens_the_demo(size: tuple[int, int]) -> None:
    assert await chosen("enter", size=size) == Choice("demo")


@pytest.mark.asyncio
async def test_down_chooses_live_and_goes_round() -> None:
    assert await chosen("down", "enter") == Choice("live")
    assert await chosen("j", "j", "enter") == Choice("demo")


@pytest.mark.asyncio
async def test_coins_can_be_typed_and_are_cleaned() -> None:
    assert await chosen("tab", "end", ",", "S", "O", "L", "enter") == Choice("demo", ("BTC", "ETH", "SOL"))


@pytest.mark.asyncio
async def test_what_was_not_changed_is_left_to_the_settings() -> None:
    assert await chosen("tab", "enter") == Choice("demo")


@pytest.mark.parametrize("key", ["escape", "ctrl+c", "ctrl+q"])
@pytest.mark.asyncio
async def test_leaving_opens_nothing(key: str) -> None:
    assert await chosen("tab", key) is None


@pytest.mark.asyncio
async def test_letters_typed_into_the_coins_choose_nothing() -> None:
    start = start_on()
    async with start.run_test() as pilot:
        await pilot.press("tab", "j", "k")
        assert start.query_one(Input).value == "jk"


@pytest.mark.asyncio
async def test_coins_that_cannot_be_are_said_and_nothing_starts_until_they_are_right() -> None:
    start = start_on("BTC", "ETH")
    async with start.run_test(size=(100, 24)) as pilot:
        await pilot.press("tab", *", S$L", "shift+tab", "enter")
        await pilot.pause()
        assert start.is_running
        assert start.return_value is None
        assert "! S$L is no coin's name; one has letters, digits and :@#/_.-, at most 32." in shown(start)
        assert "Nothing is opened or kept until the coins are right." in shown(start)
        assert isinstance(start.focused, Input)
        await pilot.press("backspace", "backspace", "O", "L")
        await pilot.pause()
        assert "Coins to show first:" in shown(start)
        await pilot.press("enter")
    assert start.return_value == Choice("demo", ("BTC", "ETH", "SOL"))


@pytest.mark.asyncio
async def test_the_screen_says_what_comes_the_next_time_and_where_that_is_kept() -> None:
    start = start_on("BTC", "ETH")
    async with start.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        assert "plain `tapedeck` opens demo (/home/me/config.toml keeps" in shown(start)
        await pilot.press("down")
        await pilot.pause()
        assert "plain `tapedeck` opens live." in shown(start)
        await pilot.press("tab", *" sol")
        await pilot.pause()
        assert "opens live, with BTC, ETH, SOL first" in shown(start)


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(40, 10), (40, 16), (60, 20)])
async def test_on_a_small_screen_the_mistake_stands_above_the_coins(size: tuple[int, int]) -> None:
    start = start_on("BTC")
    async with start.run_test(size=size) as pilot:
        await pilot.press("tab", *" !", "enter")
        await pilot.pause()
        assert "! ! is no coin's name" in shown(start)
        assert "BTC !" in shown(start)


def test_next_time_names_what_is_kept() -> None:
    assert next_time(Choice("demo"), "demo", FILE).endswith("opens demo.")
    assert next_time(Choice("live"), "demo", FILE).endswith("opens live (/home/me/config.toml keeps that).")
    assert "opens demo, with no coins first (" in next_time(Choice("demo", ()), "demo", FILE)
    assert "\x1b" not in next_time(Choice("live"), "demo", Path("/home/\x1b[31m/config.toml"))


@pytest.mark.parametrize(
    ("text", "coins"),
    [
        ("", ()),
        (" , ,", ()),
        ("btc,eth  SOL\tBTC", ("BTC", "ETH", "SOL")),
        ("kPEPE xyz:TSLA @107 PURR/USDC", ("kPEPE", "xyz:TSLA", "@107", "PURR/USDC")),
    ],
)
def test_coins_are_read_as_a_newcomer_types_them(text: str, coins: tuple[str, ...]) -> None:
    assert parse_coins(text) == coins


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("BTC; ETH", "BTC; is no coin's name"),
        ("BTC €TH", "€TH is no coin's name"),
        ("X" * 33, "X" * 31 + "… is no coin's name"),
        ("a\x1b[31mb", "a[31mb is no coin's name"),
        (" ".join(f"C{n}" for n in range(MOST_COINS + 1)), "51 coins are too many; name at most 50"),
    ],
)
def test_what_is_wrong_with_the_coins_is_named(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_coins(text)
    assert str(caught.value).startswith(sentence)


@given(st.text(max_size=60) | st.lists(st.sampled_from(["btc", "kPEPE", "ETH", "a b", "@1", ","])).map(" ".join))
def test_coins_that_pass_are_settings_that_load(text: str) -> None:
    try:
        coins = parse_coins(text)
    except UsageError:
        return
    choice = Choice("demo", coins)
    settings = build([Given(key, value, "the start screen") for key, value in choice.settings().items()])
    assert (settings.markets.favourites, settings.deck.opens) == (coins, "demo")
    assert set(choice.settings()) <= set(setting_fields())
