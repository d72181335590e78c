"""The Screener on a deck: what it asks of the engine, which bar enter opens, and what an opened bar says."""

import msgspec
import pytest
from deck_fakes import THEMES, WALL_MS, ScriptedLink, deck_on, settle, snapshot
from screener_fakes import (
    CANDIDATES,
    COIN_ROWS,
    LAST_BAR_MS,
    POSITIONS,
    bar_detail,
    candidate,
    coin_row,
    screened,
    screener,
)

from app.core.clock import ManualClock
from app.engine.protocol_screen import CheckView, LookAtScreener
from app.ui.app import DeckApp
from app.ui.deck_options import DeckOptions
from app.ui.keymap import parse_keymap
from app.ui.panels.screener import (
    candidates_note,
    candidates_view,
    coins_note,
    coins_view,
    strategy_note,
    strategy_view,
)
from app.ui.panels.screener_bar import bar_chart, conditions_view, numbers_view
from app.ui.screens.bar import BarScreen
from app.ui.screens.screener import ScreenerScreen
from app.ui.state import DeckView
from app.ui.theme import load_themes
from app.ui.widgets.columns import Cell


def seen(snapshot_: object) -> DeckView:
    return DeckView("connected", newest=snapshot_, shown=snapshot_)  # type: ignore[arg-type]


def looks(link: ScriptedLink) -> list[LookAtScreener]:
    return [command for command in link.commands if isinstance(command, LookAtScreener)]


@pytest.mark.asyncio
async def test_nothing_is_asked_before_the_screener_is_opened_and_nothing_after() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (_, pilot):
        assert not looks(link)
        await pilot.press("n")
        await settle(pilot)
        assert looks(link) == [LookAtScreener(listed=True)]
        await pilot.press("escape")
        await settle(pilot)
        assert looks(link)[1:] == [LookAtScreener()]


@pytest.mark.parametrize(
    ("keys", "coin", "bar_ms"),
    [
        (("enter",), "BTC", LAST_BAR_MS),
        (("down", "enter"), "ETH", CANDIDATES[1].bar_ms),
        (("tab", "down", "enter"), "SOL", POSITIONS[1].decided_ms),
        (("tab", "tab", "down", "enter"), "ETH", 0),
    ],
)
@pytest.mark.asyncio
async def test_enter_opens_the_bar_behind_a_row_and_of_a_coin_its_newest(
    keys: tuple[str, ...], coin: str, bar_ms: int
) -> None:
    link = ScriptedLink()
    link.say(screened())
    async with deck_on(link) as (deck, pilot):
        for key in ("n", *keys):
            await pilot.press(key)
            await settle(pilot)
        assert isinstance(deck._deck_screen, BarScreen)
        assert looks(link)[-1] == LookAtScreener(coin, bar_ms, listed=True)
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(deck._deck_screen, ScreenerScreen)
        assert looks(link)[-1] == LookAtScreener(listed=True)


@pytest.mark.asyncio
async def test_a_coin_whose_name_has_blanks_opens_too() -> None:
    link = ScriptedLink()
    link.say(screened(screener(candidates=(candidate(0, coin="A B 7"),))))
    async with deck_on(link) as (_, pilot):
        await pilot.press("n")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert looks(link)[-1] == LookAtScreener("A B 7", LAST_BAR_MS, listed=True)


@pytest.mark.asyncio
async def test_the_crosshair_stands_on_the_bar_and_moves() -> None:
    link = ScriptedLink()
    link.say(screened(screener(bar=bar_detail())))
    async with deck_on(link) as (deck, pilot):
        await pilot.press("n")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        screen = deck._deck_screen
        assert isinstance(screen, BarScreen)
        assert screen.chart.crosshair_ms == LAST_BAR_MS
        await pilot.press("comma")
        assert screen.chart.crosshair_ms == LAST_BAR_MS - 3_600_000
        await pilot.press("c")
        assert screen.chart.crosshair_ms is None


@pytest.mark.asyncio
async def test_one_panel_of_a_bar_that_fails_says_so_in_its_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("boom [/]")

    monkeypatch.setattr("app.ui.screens.bar.conditions_view", broken)
    link = ScriptedLink()
    link.say(screened(screener(bar=bar_detail())))
    async with deck_on(link) as (deck, pilot):
        for key in ("n", "enter"):
            await pilot.press(key)
            await settle(pilot)
        screen = deck._deck_screen
        assert isinstance(screen, BarScreen)
        assert screen._conditions.view.title == "conditions · FAILED"
        assert screen._numbers.view.rows


@pytest.mark.asyncio
async def test_the_crosshair_of_a_chart_that_is_not_in_view_names_the_users_own_key_for_it() -> None:
    link, keymap = ScriptedLink(), parse_keymap('name = "mine"\n[keys]\npanel-1 = ["f9"]\n', "mine.toml")
    link.say(screened(screener(bar=bar_detail())))
    deck = DeckApp(link, ManualClock(), load_themes([THEMES])[0], DeckOptions(), keymap=keymap)
    async with deck.run_test(size=(60, 20)) as pilot:
        for key in ("n", "enter", "comma"):
            await settle(pilot)
            await pilot.press(key)
        assert deck._deck_screen.flash.message == "The chart is not in view; f9 shows it."


def test_a_candidate_shows_whether_it_is_entered_and_why_not() -> None:
    rows = candidates_view(seen(screened())).rows
    assert [row.cells[4].value for row in rows[:2]] == ["long", "no"]
    assert rows[1].cells[8].value == "confidence of fusion 0.390, needs ≥ 0.4"
    assert all(row.dimmed for row in candidates_view(DeckView("ended", shown=screened())).rows)
    assert candidates_note(seen(screened()))[0].startswith(
        "A candidate is worth a look, and foretells nothing. Screen:"
    )


def test_the_account_is_summed_over_what_has_ended_and_doubted_where_that_is_little() -> None:
    text, _ = strategy_note(seen(screened()))
    assert text.startswith("2 ended, 1 won, +37.50 $ after costs; too few to tell anything")
    assert "2 open, 2 ended · not money" in strategy_view(seen(screened())).title
    assert "(simulated)" in strategy_view(seen(screened())).title
    many = screened(screener(coins=(coin_row("BTC", trades=140, won=60, result_usd=-9.5),)))
    assert "2 open, 140 ended (newest 2 shown)" in strategy_view(seen(many)).title
    assert strategy_note(seen(many))[0].startswith("140 ended, 60 won, -9.50 $ after costs · 1 account of")


def test_a_coin_with_a_trouble_says_what_to_do() -> None:
    view = coins_view(seen(screened()))
    assert view.title == "Coins 6 · 2 with a trouble · 1 awaited"
    by_coin = {row.key: row.cells[-1] for row in view.rows}
    assert by_coin["BTC"].value == "none"
    assert "a restart asks for all of them again" in by_coin["DOGE"].value
    assert by_coin["XRP"] == Cell("its last 30 days are asked for", "accent")
    on_their_way = "The past 30 days of 1 of 6 coins are on their way"
    assert coins_note(seen(screened(screener(waiting_for=on_their_way))))[0] == f"{on_their_way}."
    assert coins_note(seen(screened(screener(coins=(coin_row("BTC"),)))))[0].startswith("Hours of the venue")
    waiting = coins_view(seen(screened(screener(coins=(coin_row("BTC", waiting=240),)))))
    assert waiting.rows[0].cells[-1].value == "240 hours wait to be looked at"


def test_what_is_not_known_is_never_zero() -> None:
    row = next(row for row in coins_view(seen(screened())).rows if row.key == "XRP")
    assert [row.cells[place].value for place in (2, 3, 4, 9)] == ["–"] * 4
    assert COIN_ROWS[-1].score is None


def test_conditions_have_their_limit_beside_them_at_every_width() -> None:
    view = seen(screened(screener(bar=bar_detail())))
    wide, narrow = (conditions_view(view, "BTC", LAST_BAR_MS, width) for width in (120, 60))
    assert wide.title == "Conditions · a candidate · enters long"
    said = next(row for row in wide.rows if row.cells[1].text == "confidence of fusion")
    assert [cell.text for cell in said.cells] == ["✓", "confidence of fusion", "0.441", "≥ 0.4"]
    said = next(row for row in narrow.rows if row.cells[1].text == "confidence of fusion")
    assert said.cells[2].text == "0.441 (needs ≥ 0.4)"
    assert len(said.cells) == len(narrow.columns) == 3


def test_a_condition_that_is_not_met_stands_out() -> None:
    failed = (CheckView("score", "0.410", "≥ 0.75", False),)
    view = seen(screened(screener(bar=bar_detail(screen=failed, passed=False, entry=0, position=None))))
    table = conditions_view(view, "BTC", LAST_BAR_MS, 120)
    assert table.title == "Conditions · no candidate · enters nothing"
    assert (table.rows[1].cells[0].text, table.rows[1].cells[0].role) == ("✗", "down")
    numbers = [row.cells[1].text for row in numbers_view(view, "BTC", LAST_BAR_MS, 60).rows]
    assert numbers[0] == "nothing: it was not entered"


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (0, "it is entered at the next open"),
        (1, "entered at 150.12, stop 153.40; open, +120.6 bp now, before costs"),
        (2, "entered at 3,300.00, stop 3,240.00; left at 3,391.50 in 11-13 05:00 by stop: +141.20 $, +268.1 bp after "
         "costs"),
    ],
)  # fmt: skip
def test_what_came_of_a_bar_is_told_as_it_stands(place: int, said: str) -> None:
    view = seen(screened(screener(bar=bar_detail(position=POSITIONS[place]))))
    lines = numbers_view(view, "BTC", LAST_BAR_MS, 200).rows
    assert next(row.cells[1].text for row in lines if row.cells[0].text == "what came of it") == said


def test_another_bar_than_the_one_that_is_open_is_waited_for() -> None:
    view = seen(screened(screener(bar=bar_detail())))
    assert "Waiting" in conditions_view(view, "ETH", LAST_BAR_MS, 100).empty
    assert "Waiting" in numbers_view(view, "BTC", LAST_BAR_MS - 1, 100).empty
    assert bar_chart(view, "BTC", 0).candles
    gone = msgspec.structs.replace(bar_detail(), candles=(), trouble="this bar is not kept")
    assert bar_chart(seen(screened(screener(bar=gone))), "BTC", LAST_BAR_MS).empty == "This bar is not kept."
    assert WALL_MS > LAST_BAR_MS
