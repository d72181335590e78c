"""A row opened up: all of it, live, and as one text."""

import msgspec
import pytest
from deck_fakes import (
    TAPE,
    WALL_MS,
    ScriptedLink,
    deck_on,
    feed,
    market,
    opened_scalper,
    screen_text,
    settle,
    snapshot,
)

from app.core.clock import ManualClock
from app.engine.protocol import LogLine, MarketRow
from app.ui.panels.detail import detail_view, row_text
from app.ui.panels.markets import market_columns, market_row
from app.ui.screens.dashboard import Dashboard
from app.ui.screens.market import MarketScreen
from app.ui.state import DeckView
from app.ui.widgets.columns import Cell, Column, Row
from app.ui.widgets.live_table import LiveTable

COLUMNS = market_columns("rules")
LONG = "the socket closed and " * 12 + "finally-so"


def values(row: Row, width: int = 60) -> dict[str, str]:
    rows = detail_view("markets", COLUMNS, row, width, gone=False).rows
    return {line.cells[0].text: line.cells[1].text for line in rows}


def test_every_column_has_a_line_under_its_full_name() -> None:
    lines = values(market_row(market("BTC", 67_123.5)))
    assert list(lines) == [column.name for column in COLUMNS]
    assert lines["coin"] == "BTC"
    assert lines["RULES freshness"] == "FRESH"
    assert lines["open interest $"] == "2.10B"


def test_a_long_value_is_wrapped_and_loses_nothing() -> None:
    columns = (Column("time", 8), Column("event", 8, flexible=True))
    view = detail_view("events", columns, Row("k", (Cell("22:13:20"), Cell(LONG))), 40, gone=False)
    lines = [row.cells[1].text for row in view.rows[1:]]
    assert " ".join(lines) == LONG
    assert max(map(len, lines)) <= 40 - len("event") - 1
    assert [row.cells[0].text for row in view.rows[:3]] == ["time", "event", ""]
    assert len({row.key for row in view.rows}) == len(view.rows)


def test_a_row_that_is_gone_is_dimmed_and_said_to_be() -> None:
    view = detail_view("markets", COLUMNS, market_row(market("BTC", 1.0)), 40, gone=True)
    assert view.title == "BTC · markets · no longer listed"
    assert all(row.dimmed for row in view.rows)


def test_the_text_of_a_row_names_source_time_and_what_is_known() -> None:
    row = market_row(MarketRow(coin="BTC", price=84_128.0, price_decimals=0, age_ms=14_000, stale=True, favourite=True))
    text = row_text(DeckView(shown=snapshot(source=TAPE)), COLUMNS, row)
    assert text == (
        'TAPE 2023-11-14 22:13 session.tape 2023-11-14T22:13:20Z BTC price=84,128 RULES_momentum=off age="stale 14s"'
    )


def test_the_time_of_the_text_is_the_one_its_ages_hold_for() -> None:
    held = DeckView("connected", newest=snapshot(2, wall_ms=WALL_MS + 8_000), shown=snapshot(), frozen_s=8.0)
    text = row_text(held, COLUMNS, market_row(market("BTC", 1.0)))
    assert text.startswith("LIVE Hyperliquid mainnet 2023-11-14T22:13:28Z BTC ")


@pytest.mark.asyncio
async def test_a_market_goes_on_living_while_it_is_open() -> None:
    link = ScriptedLink()
    link.say(snapshot(markets=(market("BTC", 100.0), market("ETH", 50.0))))
    async with deck_on(link, (60, 20)) as (deck, pilot):
        await pilot.press("enter")
        await settle(pilot)
        assert "100.00" in screen_text(deck)
        link.say(snapshot(2, markets=(market("ETH", 50.0), market("BTC", 101.0))))
        await settle(pilot)
        text = screen_text(deck)
        assert "101.00" in text
        assert "BTC · 1m" in text
        link.say(snapshot(3, markets=(market("ETH", 50.0),)))
        await settle(pilot)
        assert "no longer listed" in screen_text(deck)
        await pilot.press("escape")
        await settle(pilot)
        assert "Markets 1" in screen_text(deck)


@pytest.mark.asyncio
async def test_a_row_of_a_feed_goes_on_living_while_it_is_open() -> None:
    link = ScriptedLink()
    link.say(snapshot(feeds=(feed(drops=1), feed(name="rest"))))
    async with deck_on(link, (60, 24)) as (deck, pilot):
        await pilot.press("d", "enter")
        link.say(snapshot(2, feeds=(feed(name="rest"), feed(drops=7))))
        await settle(pilot)
        await pilot.press("y")
        assert "drops=7" in deck.clipboard
        link.say(snapshot(3, feeds=(feed(name="rest"),)))
        await settle(pilot)
        assert "no longer listed" in screen_text(deck)
        await pilot.press("y")
        assert "(no longer listed)" in deck.clipboard
        assert "drops=7" in deck.clipboard


@pytest.mark.asyncio
@pytest.mark.parametrize("screen", ["e", "d"])
async def test_a_long_text_is_read_in_full_below_the_rows_and_opened(screen: str) -> None:
    words = "finally-so"
    link = ScriptedLink()
    link.say(snapshot(log=(LogLine(WALL_MS, "error", "rest", LONG),), feeds=(feed(message=LONG),)))
    async with deck_on(link, (60, 24)) as (deck, pilot):
        await pilot.press(screen)
        await settle(pilot)
        assert words in screen_text(deck)
        await pilot.press("enter", "G")
        await settle(pilot)
        assert deck._deck_screen.NAME == "detail"
        assert words in screen_text(deck)
        await pilot.resize_terminal(100, 30)
        await settle(pilot)
        assert words in screen_text(deck)
        await pilot.press("y")
        assert LONG in deck.clipboard
        await pilot.press("escape")
        assert not isinstance(deck.screen, Dashboard)
        await pilot.press("escape")
        assert isinstance(deck.screen, Dashboard)


@pytest.mark.asyncio
async def test_two_clicks_open_a_row() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        await pilot.click(LiveTable, offset=(10, 5), times=2)
        await settle(pilot)
        assert isinstance(deck.screen, MarketScreen)
        assert "SOL · 1m" in screen_text(deck)
        await pilot.press("e")
        await settle(pilot)
        await pilot.press("escape")
        assert isinstance(deck.screen, Dashboard)


@pytest.mark.asyncio
async def test_there_is_nothing_to_open_without_rows() -> None:
    link = ScriptedLink()
    link.say(msgspec.structs.replace(snapshot(), markets=()))
    async with deck_on(link) as (deck, pilot):
        await pilot.press("enter")
        assert deck._deck_screen.flash.message == "There is no row here to open."


OPENED_UP = {
    "a market": ((), "age=1m", ('age="stale 11m"', "momentum=off")),
    "the scalper's work on it": (("tab",), 'metrics_by="AI 1m"', ('metrics_by="AI 11m"',)),
}
"""Keys before enter, what a copy says after 90 seconds, and ten minutes after the engine has gone."""


@pytest.mark.asyncio
@pytest.mark.parametrize("opened", OPENED_UP)
async def test_what_is_copied_of_an_opened_coin_is_as_old_as_what_is_shown(opened: str) -> None:
    keys, after_a_while, after_the_end = OPENED_UP[opened]
    link, clock = ScriptedLink(), ManualClock()
    link.say(opened_scalper())
    async with deck_on(link, (120, 40), clock) as (deck, pilot):
        await pilot.press(*keys, "enter", "f")
        link.say(opened_scalper(sequence=2, wall_ms=WALL_MS + 90_000))
        await settle(pilot)
        await pilot.press("1", "y")
        assert "2023-11-14T22:14:50Z BTC" in deck.clipboard
        assert after_a_while in deck.clipboard
        link.say(None)
        clock.advance(600)
        await settle(pilot)
        await pilot.press("y")
        assert "2023-11-14T22:24:50Z BTC" in deck.clipboard
        assert [words for words in after_the_end if words not in deck.clipboard] == []
