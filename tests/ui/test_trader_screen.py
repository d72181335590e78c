"""One trader opened up on a screen: how one comes there, what is shown, whom to follow, what is copied."""

import msgspec
import pytest
from deck_fakes import DEMO, TAPE, ScriptedLink, deck_on, screen_text, settle
from test_wallets_screen import by_size
from test_whales_screen import OPENED, asked, footer, linked
from whale_fakes import alert, alert_detail, followed, trader, trader_detail, whales

from app.engine.protocol import CommandResult, SourceView
from app.engine.protocol_whales import LookAtAlert, LookAtTrader, NoteTrader, TrackTrader
from app.ui.screens.alert import AlertScreen
from app.ui.screens.trader import TraderScreen

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("keys", [("enter",), ("tab", "enter")])
async def test_enter_on_an_alert_opens_its_trader(keys: tuple[str, ...]) -> None:
    link = linked(followed(alert=alert_detail()))
    async with deck_on(link) as (deck, pilot):
        for key in ("4", "enter", *keys):
            await pilot.press(key)
            await settle(pilot)
        assert isinstance(deck.screen, TraderScreen)
        assert link.commands == [LookAtAlert("alert-1"), LookAtTrader(trader(1))]
        assert f"Waiting for what the engine knows of {trader(1)[:6]}" in screen_text(deck)
        link.say(msgspec.structs.replace(OPENED, sequence=2))
        await settle(pilot)
        text = screen_text(deck)
        assert "big fish (simulated) · followed" in text
        assert "24.3M USD · 2.10M USD of it in margin · ≥ $20 M" in text
        assert "performance" in text
        assert "sharpe: 0.25 · weight 25% · own 1.50, 60 days" in text
        assert "win rate: not known" in text
        assert "!!2.6%" in text
        assert "1h ago · 2 moves since" in text
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(deck.screen, AlertScreen)
        assert link.commands[-1] == LookAtTrader("")


async def test_the_second_trader_of_an_alert_is_opened_too() -> None:
    link = linked(followed(alert=alert_detail()))
    async with deck_on(link) as (deck, pilot):
        for key in ("4", "enter", "tab", "down", "enter"):
            await pilot.press(key)
            await settle(pilot)
        assert isinstance(deck.screen, TraderScreen)
        assert deck.screen.trader == trader(2)


@pytest.mark.parametrize("is_tracked", [True, False])
async def test_a_trader_is_followed_and_let_go(is_tracked: bool) -> None:
    link = linked(followed(alert=alert_detail(), trader=trader_detail(is_tracked=is_tracked)))
    link.answer = CommandResult(0, True, "Kept.")
    async with deck_on(link) as (deck, pilot):
        for key in ("4", "enter", "enter"):
            await pilot.press(key)
            await settle(pilot)
        assert ("NOT FOLLOWED" in screen_text(deck)) is not is_tracked
        assert " W follow " in footer(deck)
        await pilot.press("W")
        await settle(pilot)
        assert asked(link) == [TrackTrader(trader(1), tracked=not is_tracked)]
        assert "Kept." in screen_text(deck)


@pytest.mark.parametrize(
    ("key", "written", "command"),
    [
        ("A", "Moby", NoteTrader(trader(1), alias="big fishMoby")),
        ("N", "sQ?", NoteTrader(trader(1), note="Sells into weekends.sQ?")),
    ],
)
async def test_a_trader_is_named_and_noted(key: str, written: str, command: NoteTrader) -> None:
    """Keys typed right after it are the text, whatever else they do."""
    noted = trader_detail(note="Sells into weekends.")
    link = linked(followed(alert=alert_detail(), trader=noted))
    async with deck_on(link) as (deck, pilot):
        for name in ("4", "enter", "enter"):
            await pilot.press(name)
            await settle(pilot)
        assert "Sells into weekends." in screen_text(deck)
        await pilot.press(key, "escape")
        await settle(pilot)
        assert "stays as it was." in screen_text(deck)
        assert asked(link) == []
        await pilot.press(key, "end", *written, "enter")
        await settle(pilot)
        assert asked(link) == [command]
        await pilot.press("T")
        await settle(pilot)
        assert asked(link) == [command]


@pytest.mark.parametrize("keys", [("4",), ("4", "enter")], ids=["list", "alert"])
async def test_the_first_trader_of_an_alert_is_named_from_its_row(keys: tuple[str, ...]) -> None:
    named = alert(1, aliases=("Ahab", ""))
    link = linked(followed(whales(alerts=(named,)), alert=alert_detail(alert=named)))
    async with deck_on(link) as (deck, pilot):
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        await pilot.press("A", "end", "!", "enter")
        await settle(pilot)
        assert asked(link) == [NoteTrader(named.traders[0], alias="Ahab!")]
        await pilot.press("N")
        await settle(pilot)
        assert "open the trader to write it" in screen_text(deck)


async def test_a_held_display_acts_on_what_is_so_now() -> None:
    link = linked(followed(alert=alert_detail(), trader=trader_detail(note="Old.")))
    async with deck_on(link) as (deck, pilot):
        for key in ("4", "enter", "enter", "f", "W"):
            await pilot.press(key)
            await settle(pilot)
        let_go = trader_detail(is_tracked=False, note="New.")
        link.say(followed(whales(alerts=()), 2, trader=let_go))
        await settle(pilot)
        assert "Old." in screen_text(deck)
        await pilot.press("W", "N", "end", "!", "enter")
        await settle(pilot)
        assert asked(link) == [
            TrackTrader(trader(1), tracked=False),
            TrackTrader(trader(1), tracked=True),
            NoteTrader(trader(1), note="New.!"),
        ]


async def test_a_trader_that_is_not_known_yet_is_neither_followed_nor_let_go() -> None:
    link = linked(followed(alert=alert_detail()))
    async with deck_on(link) as (deck, pilot):
        for key in ("4", "enter", "enter", "W"):
            await pilot.press(key)
            await settle(pilot)
        assert asked(link) == []
        assert "It is not known yet whether" in screen_text(deck)


@by_size
async def test_each_panel_of_a_trader_is_shown_alone_and_together(size: tuple[int, int]) -> None:
    async with deck_on(linked(OPENED), size) as (deck, pilot):
        for key in ("4", "enter", "enter"):
            await pilot.press(key)
            await settle(pilot)
        titles = ("big fish (simulated)", "Positions 3", "Moves 3", "Fills 3", "Equity 23.9M")
        for key, title in zip("12345", titles, strict=True):
            await pilot.press(key)
            await settle(pilot)
            text = screen_text(deck)
            assert title in text
            assert sum(other in text for other in titles) == 1
            assert max(map(len, text.splitlines())) <= size[0]
        await pilot.press("1", "0")
        await settle(pilot)
        seen = sum(title in screen_text(deck) for title in titles)
        assert seen == (1 if size[0] < 80 else 2 if size[1] < 32 else 5)


@pytest.mark.parametrize(
    ("keys", "panel", "fields"),
    [
        (
            ("2",),
            "trader positions",
            (" ETH size=-800.0 ", "distance_to_liquidation_%=2.6%", "change_since_last_look=-300.0"),
        ),
        (("3",), "trader moves", ("did=OPEN", "learned_by=trade")),
        (
            ("4",),
            "trader fills",
            ('did="Open Long"', "bought_or_sold=+31.300", "maker_or_taker=taker", "fee_$=735.10"),
        ),
        (("5",), "equity", ("equity_$=23,900,000.00",)),
        (("1",), "trader", ('said="24.3M USD · 2.10M USD of it in margin · ≥ $20 M"',)),
    ],
)
async def test_every_panel_of_a_trader_is_copied(keys: tuple[str, ...], panel: str, fields: tuple[str, ...]) -> None:
    async with deck_on(linked(OPENED)) as (deck, pilot):
        for key in ("4", "enter", "enter", *keys):
            await pilot.press(key)
            await settle(pilot)
        await pilot.press("y")
        assert all(field in deck.clipboard for field in fields)
        await pilot.press("Y", "down", "enter")
        await settle(pilot)
        assert msgspec.json.decode(deck.clipboard)["panel"] == panel


async def test_alerts_and_positions_are_sorted_and_filtered() -> None:
    async with deck_on(linked(OPENED)) as (deck, pilot):
        await pilot.press("4", "/", *"size > 1m", "enter")
        await settle(pilot)
        assert "2 of 4" in screen_text(deck)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("2", "/", *"distance_to_liquidation < 10", "enter")
        await settle(pilot)
        assert "1 of 3" in screen_text(deck)


@pytest.mark.parametrize(
    ("source", "words"), [(DEMO, "Its fills are being asked for."), (TAPE, "Not on the tape: nobody had this trader")]
)
async def test_fills_that_have_not_come_are_waited_for_but_not_on_a_tape(source: SourceView, words: str) -> None:
    told = trader_detail(fills=(), fills_waiting="Its fills are being asked for")
    link = ScriptedLink(source)
    link.say(followed(source=source, alert=alert_detail(), trader=told))
    async with deck_on(link) as (deck, pilot):
        for key in ("4", "enter", "enter", "4"):
            await pilot.press(key)
            await settle(pilot)
        assert words in screen_text(deck)


@pytest.mark.parametrize(
    ("source", "words"), [(DEMO, "Its past is being asked for"), (TAPE, "Not all of it is on the")]
)
async def test_what_is_missing_of_a_trader_is_waited_for_but_not_on_a_tape(source: SourceView, words: str) -> None:
    told = trader_detail(equity=(), waiting_for="Its past is being asked for")
    link = ScriptedLink(source)
    link.say(followed(source=source, alert=alert_detail(), trader=told))
    async with deck_on(link) as (deck, pilot):
        for key in ("4", "enter", "enter"):
            await pilot.press(key)
            await settle(pilot)
        assert screen_text(deck).count(words) == 2
