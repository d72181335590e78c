"""Keys, names and words of the deck are about what is there."""

from itertools import pairwise

import msgspec
import pytest
from deck_fakes import (
    AI_READS,
    DEMO,
    TAPE,
    ScriptedLink,
    deck_on,
    feed,
    scalped,
    screen_text,
    settle,
    snapshot,
    tape_snapshot,
)
from paper_fakes import paper
from wallet_fakes import wallets
from whale_fakes import whales

from app.engine.protocol import JobView, LogLine
from app.ui.jobs import paper_news
from app.ui.offered_actions import footer_actions
from app.ui.panels.feeds import feeds_note, feeds_view
from app.ui.screens.panels import PanelScreen
from app.ui.state import DeckView
from app.ui.widgets.candle_canvas import Scale
from app.ui.widgets.columns import place_columns

FILL = LogLine(1_000, "info", "paper", "bought 0.01 BTC at 84,161, by hand")


def test_a_fill_is_told_once_and_never_on_a_tape() -> None:
    before, after = snapshot(log=()), snapshot(2, log=(FILL,))
    assert paper_news(before, after) == "Paper: bought 0.01 BTC at 84,161, by hand"
    assert paper_news(after, after) == ""
    assert paper_news(before, msgspec.structs.replace(tape_snapshot(), log=(FILL,))) == ""


@pytest.mark.asyncio
async def test_a_fill_takes_the_place_of_the_order_even_where_the_display_is_held() -> None:
    link = ScriptedLink()
    link.say(snapshot(log=()))
    async with deck_on(link) as (deck, pilot):
        await pilot.press("f")
        link.say(snapshot(2, log=(FILL,)))
        await settle(pilot)
        assert deck._deck_screen.flash.message == "Paper: bought 0.01 BTC at 84,161, by hand"


def test_a_close_says_paper_once_and_its_result_first() -> None:
    said = "closed FARTCOIN: -101.20 paper $ (-103.4 bp) at 0.33194, liquidation"
    after = snapshot(2, log=(LogLine(1_000, "info", "paper", said),))
    assert paper_news(snapshot(log=()), after) == said


@pytest.mark.asyncio
async def test_a_refresh_of_a_held_display_says_that_it_is_held() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        await pilot.press("f")
        link.say(snapshot(2, jobs=(JobView("markets", "done", 0, "Markets refreshed"),)))
        await settle(pilot)
        assert deck._deck_screen.flash.message == "Markets refreshed; the display is held"


@pytest.mark.asyncio
async def test_an_engine_that_is_gone_offers_nothing_to_steer_it() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link, size=(200, 60)) as (deck, pilot):
        assert {"record", "refresh"} <= {action.id for action in deck._deck_screen._footer._actions}
        link.say(None)
        await settle(pilot)
        assert not {"record", "refresh"} & {action.id for action in deck._deck_screen._footer._actions}


@pytest.mark.parametrize(("positions", "offered"), [((), False), (paper().positions, True)])
@pytest.mark.asyncio
async def test_a_ledger_without_a_position_offers_no_close(positions: tuple[object, ...], offered: bool) -> None:
    link = ScriptedLink()
    link.say(msgspec.structs.replace(snapshot(), paper=paper(positions=positions, opening=())))
    async with deck_on(link, size=(200, 60)) as (deck, pilot):
        await pilot.press("p")
        await settle(pilot)
        shown = {action.id for action in deck._deck_screen._footer._actions}
        assert ({"paper-close", "paper-flip"} <= shown) is offered
        assert bool({"paper-close", "paper-flip"} & shown) is offered


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
@pytest.mark.asyncio
async def test_where_one_panel_is_shown_the_footer_names_the_next(size: tuple[int, int]) -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link, size=size) as (deck, pilot):
        for _ in deck._dashboard.panels():
            named = deck._dashboard.next_panel_name
            assert f"tab {named}" in screen_text(deck)
            await pilot.press("tab")
            await settle(pilot)
            shown = next(table for table in deck._dashboard.tables() if table.display)
            assert shown.view.title.startswith(named)


@pytest.mark.parametrize(
    "keys", [(), ("enter",), ("tab", "enter"), ("p",), ("3", "enter"), ("4", "enter"), ("4", "enter", "enter")]
)
@pytest.mark.asyncio
async def test_every_panel_that_has_a_number_has_a_name_of_its_own(keys: tuple[str, ...]) -> None:
    link = ScriptedLink(DEMO)
    link.say(
        msgspec.structs.replace(scalped(*AI_READS), source=DEMO, wallets=wallets(), paper=paper(), whales=whales())
    )
    async with deck_on(link) as (deck, pilot):
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        screen = deck._deck_screen
        assert isinstance(screen, PanelScreen)
        names = screen.panel_names
        assert all(names)
        assert len(set(names)) == len(screen.panels()) == {"wallet": 4, "trader": 5, "dashboard": 5}.get(screen.NAME, 3)
        assert {f"panel-{len(names)}"} <= {action.id for action in deck.actions}


@pytest.mark.asyncio
async def test_a_tape_offers_no_work_by_hand() -> None:
    link = ScriptedLink(TAPE)
    link.say(tape_snapshot())
    async with deck_on(link, size=(200, 60)) as (deck, pilot):
        for key in ("1", "2", "3", "4"):
            await pilot.press(key)
            await settle(pilot)
            offered = {action.id for action in deck._deck_screen._footer._actions}
            assert offered.isdisjoint({"refresh", "alert-snooze", "alert-silence"})


@pytest.mark.asyncio
async def test_what_the_flash_line_cannot_hold_stands_in_the_event_log() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link, size=(60, 20)) as (deck, pilot):
        deck.flash("Short.")
        deck.flash("The venue's list of markets could not be asked for: no connection, and no time to try again.")
        await pilot.press("e")
        await settle(pilot)
        lines = [row.values[3] for row in deck._deck_screen.tables()[0].view.rows]
        assert (
            lines[-1] == "The venue's list of markets could not be asked for: no connection, and no time to try again."
        )
        assert "Short." not in lines


@pytest.mark.parametrize("topic", ["wallets", "paper"])
@pytest.mark.asyncio
async def test_what_the_engine_has_just_logged_is_not_logged_again_by_the_deck(topic: str) -> None:
    said = "1000 wallets judged: 3 TARGET, 8 WATCHLIST; 2 not scored; leaderboard month did not answer within 10 s"
    link = ScriptedLink()
    link.say(snapshot(log=()))
    async with deck_on(link, size=(60, 20)) as (deck, pilot):
        jobs = (JobView("wallets", "done", 1, said),) if topic == "wallets" else ()
        link.say(snapshot(2, jobs=jobs, log=(LogLine(1_000, "info", topic, said),)))
        await settle(pilot)
        assert said in deck._deck_screen.flash.message
        await pilot.press("e")
        await settle(pilot)
        lines = [row.values[3] for row in deck._deck_screen.tables()[0].view.rows]
        assert [line for line in lines if said in str(line)] == [said]


@pytest.mark.asyncio
async def test_an_event_that_is_cut_stands_in_full_below_the_others() -> None:
    said = "closed FARTCOIN: -101.20 paper $ (-103.4 bp) at 0.33194, by hand, as the last of the day"
    link = ScriptedLink()
    before = (LogLine(n, "info", "feed", f"connected {n}") for n in range(40))
    link.say(snapshot(log=(*before, LogLine(100, "info", "paper", said))))
    async with deck_on(link, size=(60, 20)) as (deck, pilot):
        await pilot.press("e")
        await settle(pilot)
        assert f"paper: {said}" in " ".join(line.strip() for line in screen_text(deck).splitlines())
        await pilot.press("up")
        await settle(pilot)
        assert "as the last of the day" not in screen_text(deck)


@pytest.mark.asyncio
async def test_a_table_without_rows_counts_no_columns_that_have_no_room() -> None:
    link = ScriptedLink()
    link.say(snapshot(markets=()))
    async with deck_on(link, size=(60, 20)) as (deck, pilot):
        assert "columns" not in screen_text(deck)
        await pilot.press("4")
        link.say(snapshot(2))
        await pilot.press("1")
        await settle(pilot)
        assert "columns" in screen_text(deck)


@pytest.mark.asyncio
async def test_help_tells_what_signs_mean() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link, size=(120, 40)) as (deck, pilot):
        await pilot.press("?", "G")
        await settle(pilot)
        assert "in the book, levels that the quote has passed" in screen_text(deck)


def test_a_panel_that_is_in_view_is_not_named_in_the_footer() -> None:
    labels = [action.label for action in footer_actions("dashboard", None)]
    assert "Scalper's read" not in labels


@pytest.mark.asyncio
async def test_the_palette_knows_panels_and_screens_by_their_names() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link, size=(80, 24)) as (deck, pilot):
        commands = {command.title: command for command in deck.get_system_commands(deck.screen)}
        assert {"Markets", "Scalper's read", "Wallet targets", "Event log", "Paper ledger"} <= set(commands)
        await pilot.press("d")
        await settle(pilot)
        commands["Scalper's read"].callback()
        await settle(pilot)
        assert deck._deck_screen.NAME == "dashboard"
        assert deck._dashboard._current is deck._dashboard.panels()[1]


@pytest.mark.asyncio
async def test_keys_of_a_chart_that_is_not_in_view_say_so() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link, size=(60, 20)) as (deck, pilot):
        await pilot.press("enter", "tab", "u")
        await settle(pilot)
        assert deck._deck_screen.flash.message == "The chart is not in view; 1 shows it."


@pytest.mark.parametrize("width", [58, 78, 118, 198])
def test_the_name_of_a_feed_is_whole(width: int) -> None:
    names = ("simulated", "simulated wallets", "requests")
    shown = snapshot(feeds=tuple(feed(name=name) for name in names))
    table = feeds_view(DeckView("connected", newest=shown, shown=shown))
    first = place_columns(table.columns, width)[0]
    assert table.columns[first.column].title == "feed"
    assert first.width >= len("simulated wallets")


def test_what_feeds_have_to_say_is_said_in_full() -> None:
    why = "no connection: the name of the venue cannot be resolved, and nothing else is known of it"
    shown = snapshot(feeds=(feed(state="down", message=why), feed(name="requests", message="30 questions queued")))
    text, role = feeds_note(DeckView("connected", newest=shown, shown=shown))
    assert text == f"hyperliquid: {why} · requests: 30 questions queued"
    assert role == "warning"


@pytest.mark.parametrize("scale", [Scale(83_911.3, 84_266.7, 24), Scale(0.00981, 0.00992, 12), Scale(99.0, 101.0, 7)])
def test_prices_on_the_axis_are_round_and_in_their_row(scale: Scale) -> None:
    step = scale.round_step(4)
    assert f"{step:e}"[0] in "125"
    found = [(row, price) for row in range(scale.rows) if (price := scale.round_price(row, step)) is not None]
    assert found
    for row, price in found:
        assert abs(price / step - round(price / step)) < 1e-6
        assert abs(scale.row(price) - row) <= 1
    assert all(later[0] - row >= 3 for (row, _), later in pairwise(found))


def test_an_axis_without_a_span_has_no_round_price() -> None:
    flat = Scale(1e308, -1e308, 4)
    assert flat.round_price(0, flat.round_step(4)) is None
