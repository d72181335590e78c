"""A market opened up: what is asked of the engine, what the keys do, and what comes back when it is left."""

import msgspec
import pytest
from deck_fakes import (
    TAPE,
    WALL_MS,
    ScriptedLink,
    deck_on,
    detail,
    market,
    screen_text,
    settle,
    snapshot,
    tape_snapshot,
)

from app.engine.protocol import CommandResult, LookAt, RecordingView, SetPlayback, SetRecording, Snapshot
from app.engine.protocol_detail import ReadPoint
from app.ui.app import DeckApp
from app.ui.screens.market import MarketScreen
from app.ui.widgets.candle_chart import CandleChart
from app.ui.widgets.live_table import LiveTable
from app.ui.widgets.timeline import Timeline

pytestmark = pytest.mark.asyncio
OPENED = snapshot(detail=detail())
RECORDING = RecordingView("live.tape", 1_200_000, 75.0)


def looks(link: ScriptedLink) -> list[tuple[str, str]]:
    return [(command.coin, command.interval) for command in link.commands if isinstance(command, LookAt)]


def opened(deck: DeckApp) -> MarketScreen:
    assert isinstance(deck.screen, MarketScreen)
    return deck.screen


async def test_opening_looks_and_leaving_looks_away() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("down", "enter")
        await settle(pilot)
        assert opened(deck).coin == "ETH"
        await pilot.press("u", "u")
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert looks(link)[0] == ("ETH", "1m")
        assert looks(link)[-2:] == [("ETH", "15m"), ("", "1m")]


async def test_a_look_the_engine_refuses_is_said() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    link.answer = CommandResult(0, False, "BTC is not followed")
    async with deck_on(link) as (deck, pilot):
        await pilot.press("enter")
        await settle(pilot)
        assert "BTC is not followed" in screen_text(deck)


WAITING = "The 1m history waits for the request budget: 23 s"


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_the_candles_wait_for_stands_above_them_until_it_is_here(size: tuple[int, int]) -> None:
    link = ScriptedLink()
    link.say(snapshot(detail=detail(waiting_for=WAITING)))
    async with deck_on(link, size) as (deck, pilot):
        await pilot.press("enter")
        await settle(pilot)
        text = screen_text(deck)
        assert WAITING[:50] in text
        assert "◂67,214.48" in text
        rows = deck.screen.query_one(CandleChart)._canvas.scale
        link.say(msgspec.structs.replace(OPENED, sequence=2))
        await settle(pilot)
        assert "request budget" not in screen_text(deck)
        after = deck.screen.query_one(CandleChart)._canvas.scale
        assert rows is not None
        assert after is not None
        assert after.rows >= rows.rows


async def test_a_chart_without_candles_says_what_it_waits_for() -> None:
    link = ScriptedLink()
    link.say(snapshot(detail=detail(waiting_for=WAITING, candles=())))
    async with deck_on(link) as (deck, pilot):
        await pilot.press("enter")
        await settle(pilot)
        assert screen_text(deck).count(WAITING) == 1


async def test_metrics_that_need_a_minute_say_so_in_their_frame() -> None:
    link = ScriptedLink()
    reads = tuple(ReadPoint(WALL_MS - 1_000 * n, None, 50.0, None) for n in reversed(range(24)))
    link.say(snapshot(detail=detail(reads=reads)))
    async with deck_on(link, (120, 40)) as (deck, pilot):
        await pilot.press("enter")
        await settle(pilot)
        assert "momentum needs a whole minute; 23 s so far" in screen_text(deck)
        link.say(msgspec.structs.replace(OPENED, sequence=2))
        await settle(pilot)
        assert "whole minute" not in screen_text(deck)


async def test_candles_end_at_the_longest_and_the_shortest() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("enter", *"uuuuu")
        assert opened(deck).interval == "1h"
        assert "no candles longer than 1h" in deck._deck_screen.flash.message
        await pilot.press(*"UUUUUU")
        assert opened(deck).interval == "1s"


async def test_the_crosshair_stays_on_its_candle_while_time_goes_on() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link, (200, 60)) as (deck, pilot):
        await pilot.press("enter", "comma", "comma", "comma")
        await settle(pilot)
        chart = deck.screen.query_one(CandleChart)
        marked = chart.candle
        assert marked is not None
        assert marked.open_ms == OPENED.detail.candles[-3].open_ms if OPENED.detail else False
        link.say(msgspec.structs.replace(OPENED, sequence=2, wall_ms=WALL_MS + 60_000))
        await settle(pilot)
        assert chart.candle == marked
        await pilot.press("c")
        assert chart.crosshair_ms is None
        for _ in range(500):
            opened(deck).action_crosshair(-1)
        await settle(pilot)
        first = chart.candle
        assert first is not None
        assert first.open_ms <= marked.open_ms


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_panels_are_gone_through_and_have_the_screen_in_turn(size: tuple[int, int]) -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link, size) as (deck, pilot):
        await pilot.press("enter")
        screen = opened(deck)
        small = size[0] < 80
        assert [panel.display for panel in screen.panels()] == [True, not small, not small]
        await pilot.press("tab")
        assert screen.focused is screen.panels()[1]
        await pilot.press("3")
        assert [panel.display for panel in screen.panels()] == [False, False, True]
        assert screen.focused is screen.panels()[2]
        await pilot.press("shift+tab")
        assert [panel.display for panel in screen.panels()] == [False, True, False]
        await pilot.press("0")
        assert [panel.display for panel in screen.panels()] == [not small, True, not small]
        await pilot.press("z", "z")
        assert screen.maximised is False


async def test_the_newest_print_stays_on_top_while_the_cursor_is_there() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    assert OPENED.detail is not None
    newer = msgspec.structs.replace(OPENED.detail.trades[0], time_ms=WALL_MS + 5, trade_id=9_999)
    more = detail(trades=(newer, *OPENED.detail.trades))
    async with deck_on(link, (200, 60)) as (deck, pilot):
        await pilot.press("enter", "3")
        await settle(pilot)
        table = deck.screen.query_one("#tape", LiveTable)
        link.say(msgspec.structs.replace(OPENED, sequence=2, detail=more))
        await settle(pilot)
        assert table.cursor == 0
        assert table.row is not None
        assert "9999" in table.row.key
        await pilot.press("down", "down")
        marked = table.row
        link.say(OPENED)
        await settle(pilot)
        assert table.row == marked


async def test_a_panel_that_fails_says_so_in_its_frame_and_is_drawn_again_on_demand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link = ScriptedLink()
    link.say(OPENED)

    def broken(*_: object) -> None:
        raise ValueError("boom [/]")

    async with deck_on(link, (200, 60)) as (deck, pilot):
        with monkeypatch.context() as patch:
            patch.setattr("app.ui.screens.market.ladder_view", broken)
            await pilot.press("enter")
            await settle(pilot)
            text = screen_text(deck)
            assert "book · FAILED" in text
            assert "boom" in text
            assert "[/]" in text
            assert "◂67,214.48" in text
        await pilot.press("R")
        await settle(pilot)
        assert "FAILED" not in screen_text(deck)
        await pilot.press("R")
        assert deck._deck_screen.flash.message == "Nothing has failed here."


async def test_the_display_steps_back_while_it_is_held() -> None:
    link = ScriptedLink()
    link.say(snapshot(markets=(market("BTC", 100.0),)))
    async with deck_on(link, clock=None) as (deck, pilot):
        for second in range(1, 4):
            deck.state._clock.advance(1)  # type: ignore[attr-defined]
            link.say(snapshot(1 + second, wall_ms=WALL_MS + 1_000 * second, markets=(market("BTC", 100.0 + second),)))
            await settle(pilot)
        await pilot.press("f", "left", "left")
        await settle(pilot)
        text = screen_text(deck)
        assert "101.00" in text
        assert "FROZEN 0:02, held 22:13:21" in text
        await pilot.press("right", "right", "right")
        await settle(pilot)
        assert "103.00" in screen_text(deck)
        assert deck._deck_screen.flash.message == "Nothing newer was shown."
        assert link.commands == []


async def test_a_recording_is_begun_and_ended_by_one_key() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (_, pilot):
        await pilot.press("r")
        await settle(pilot)
        recording: Snapshot = msgspec.structs.replace(snapshot(2), recording=RECORDING)
        link.say(recording)
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
    assert link.commands == [SetRecording(on=True), SetRecording(on=False)]


async def test_a_click_on_the_timeline_goes_there() -> None:
    link = ScriptedLink(TAPE)
    link.say(tape_snapshot())
    async with deck_on(link, (120, 40)) as (_, pilot):
        await pilot.click(Timeline, offset=(60, 0))
        await settle(pilot)
    (command,) = link.commands
    assert isinstance(command, SetPlayback)
    assert command.seek_ms is not None
    assert WALL_MS - 60_000 + 447_000 * 0.49 < command.seek_ms < WALL_MS - 60_000 + 447_000 * 0.52


async def test_a_click_on_the_header_shows_the_feeds() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        await pilot.click(offset=(30, 0))
        await settle(pilot)
        assert deck._deck_screen.NAME == "feeds"


async def test_resizing_over_and_over_shows_the_market_at_every_size() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("enter")
        for size in ((40, 10), (200, 60), (60, 20), (79, 23), (80, 24), (141, 41), (40, 10), (120, 40)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
            text = screen_text(deck)
            assert "BTC · 1m" in text
            assert {len(text.splitlines())} == {size[1]}


@pytest.mark.parametrize(("words", "keys"), [("z zoom", ("enter",)), ("tab next", ("enter",)), ("/ filter", ())])
async def test_a_click_on_a_key_of_the_footer_does_what_the_key_does(words: str, keys: tuple[str, ...]) -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link, (200, 60)) as (deck, pilot):
        await pilot.press(*keys)
        await settle(pilot)
        place = screen_text(deck).splitlines()[-1].index(words)
        await pilot.click(offset=(place + 1, 59))
        await settle(pilot)
        if words == "/ filter":
            await pilot.press(*"eth", "enter")
            await settle(pilot)
            assert "1 of 30" in screen_text(deck)
            await pilot.press("escape")
            assert deck._deck_screen.flash.message == "The filter is off."
        else:
            screen = opened(deck)
            assert screen.maximised is (words == "z zoom")
            assert (screen.focused is screen.panels()[1]) is (words == "tab next")


async def test_a_row_of_the_book_opens_as_what_it_is() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link, (200, 60)) as (deck, pilot):
        await pilot.press("enter", "2", "enter")
        await settle(pilot)
        text = screen_text(deck)
        assert "ask 67," in text
        assert "no longer listed" not in text


async def test_an_engine_that_has_ended_is_given_no_commands() -> None:
    link = ScriptedLink()
    for message in (OPENED, None):
        link.say(message)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("r", "s", "m")
        assert link.commands == []
        assert deck._deck_screen.flash.message == "Not connected to an engine."
