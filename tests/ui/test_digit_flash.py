"""Only the digits that moved light up, only for a moment, and never where they may not."""

import pytest
from deck_fakes import ScriptedLink, deck_on, market, settle, snapshot
from hypothesis import given
from hypothesis import strategies as st

from app.ui.panels.markets import market_columns, market_row
from app.ui.widgets.digit_flash import FlashLevel, all_moved, moved
from app.ui.widgets.live_table import LiveTable

COLUMNS = market_columns("rules")
PRICE = 1


def start(before: float, after: float) -> tuple[int, str] | None:
    found = moved(COLUMNS, market_row(market("BTC", before)), market_row(market("BTC", after)))
    return (found[PRICE].start, found[PRICE].role) if PRICE in found else None


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (67_123.5, 67_123.6, (7, "up")),
        (67_123.5, 67_122.5, (5, "down")),
        (99_999.0, 100_000.0, (0, "up")),
        (67_123.5, 67_123.5, None),
    ],
)
def test_from_the_first_digit_that_changed(before: float, after: float, expected: tuple[int, str] | None) -> None:
    assert start(before, after) == expected


@given(st.floats(11, 1e9), st.floats(11, 1e9))
def test_what_lights_up_is_what_differs(before: float, after: float) -> None:
    old, new = market_row(market("BTC", before)), market_row(market("BTC", after))
    found = moved(COLUMNS, old, new)
    if PRICE in found:
        was, now = old.cells[PRICE].text, new.cells[PRICE].text
        place = found[PRICE].start
        assert now[:place] == was[:place] if len(now) == len(was) else place == 0
        assert found[PRICE].role == ("up" if after > before else "down")
    else:
        assert old.cells[PRICE].text == new.cells[PRICE].text


def test_a_row_that_was_not_there_does_not_light_up() -> None:
    rows = [market_row(market("BTC", 1.0))]
    assert all_moved(COLUMNS, [], rows) == {}


@pytest.mark.asyncio
@pytest.mark.parametrize(("level", "lit"), [("off", False), ("calm", True), ("full", True)])
async def test_it_lasts_a_moment(level: FlashLevel, lit: bool) -> None:
    link = ScriptedLink()
    link.say(snapshot(markets=(market("BTC", 100.0), market("ETH", 50.0))))
    async with deck_on(link) as (deck, pilot):
        table = deck.screen.query_one("#markets", LiveTable)
        table.flash_level = level
        link.say(snapshot(2, markets=(market("BTC", 100.0), market("ETH", 51.0))))
        await settle(pilot)
        assert set(table._moved) == ({"ETH"} if lit else set())
        first = dict(table._moved)
        link.say(snapshot(3, markets=(market("BTC", 100.0), market("ETH", 52.0))))
        await settle(pilot)
        table._end_flash(first)
        assert set(table._moved) == ({"ETH"} if lit else set())
        table._end_flash(dict(table._moved))
        assert table._moved == {}
