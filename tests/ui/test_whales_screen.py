"""Whale alerts, one alert and one trader on a screen: what each key asks of the engine, and what is shown then."""

import msgspec
import pytest
from deck_fakes import DEMO, WALL_MS, ScriptedLink, deck_on, make_deck, screen_text, settle, snapshot
from test_wallets_screen import SIZES, by_size
from whale_fakes import (
    ALERTS,
    NO_ALERTS,
    SILENCES,
    alert,
    alert_detail,
    followed,
    trader,
    trader_detail,
    whales,
)

from app.core.clock import ManualClock
from app.engine.protocol import CancelJob, Command, CommandResult, JobView, Snapshot, StartJob, TradePaper
from app.engine.protocol_whales import LookAtAlert, LookAtTrader, SilenceAlerts, SilenceRow
from app.ui.app import DeckApp
from app.ui.deck_options import DeckOptions

pytestmark = pytest.mark.asyncio

LOOKS = (LookAtAlert, LookAtTrader)
OPENED = followed(alert=alert_detail(), trader=trader_detail())


def linked(said: Snapshot) -> ScriptedLink:
    link = ScriptedLink(DEMO)
    link.say(said)
    return link


def asked(link: ScriptedLink) -> list[Command]:
    """What was asked of the engine, without where the deck looks."""
    return [command for command in link.commands if not isinstance(command, LOOKS)]


def footer(deck: DeckApp) -> str:
    return screen_text(deck).splitlines()[-1]


# The leaderboard


@pytest.mark.parametrize("keys", [("4",), ("4", "enter"), ("4", "enter", "enter")])
async def test_the_key_refreshes_and_the_same_key_cancels(keys: tuple[str, ...]) -> None:
    link = linked(OPENED)
    link.answer = CommandResult(0, True, "Fetching the leaderboard")
    async with deck_on(link) as (deck, pilot):
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        assert " s refresh " in footer(deck)
        await pilot.press("s")
        await settle(pilot)
        assert asked(link) == [StartJob("whales")]
        assert "Fetching the leaderboard; s again cancels" in screen_text(deck)
        running = (JobView("whales", "running", 1, "Fetching the leaderboard"),)
        link.say(msgspec.structs.replace(OPENED, sequence=2, jobs=running))
        await settle(pilot)
        assert " s cancel " in footer(deck)
        await pilot.press("s")
        await settle(pilot)
        assert asked(link)[-1] == CancelJob("whales")


async def test_the_end_of_a_refresh_is_said() -> None:
    link = linked(followed())
    async with deck_on(link) as (deck, pilot):
        link.say(followed(sequence=2, jobs=(JobView("whales", "done", 1, "300 traders followed: 4 joined, 4 left"),)))
        await settle(pilot)
        assert "300 traders followed: 4 joined, 4 left" in screen_text(deck)


# What is silent


async def test_a_key_snoozes_the_coin_under_the_cursor_and_hears_it_again() -> None:
    link = linked(followed())
    link.answer = CommandResult(0, True, "Alerts of ETH are snoozed for 60 min")
    async with deck_on(link) as (deck, pilot):
        await pilot.press("4", "down", "Z")
        await settle(pilot)
        assert asked(link) == [SilenceAlerts("coin", "ETH")]
        assert "Alerts of ETH are snoozed for 60 min; Z again ends it" in screen_text(deck)
        link.say(followed(whales(silences=(SilenceRow("coin", "ETH", 1, 0),)), sequence=2))
        await settle(pilot)
        assert "1 snoozed (0 kept silent, H takes back)" in screen_text(deck)
        await pilot.press("Z")
        await settle(pilot)
        assert asked(link)[-1] == SilenceAlerts("coin", "ETH", ends=True)


@pytest.mark.parametrize(
    ("keys", "command"),
    [
        (("4", "enter"), SilenceAlerts("coin", "BTC")),
        (("4", "enter", "enter"), SilenceAlerts("trader", trader(1))),
    ],
)
async def test_what_is_open_is_snoozed(keys: tuple[str, ...], command: SilenceAlerts) -> None:
    link = linked(OPENED)
    async with deck_on(link) as (deck, pilot):
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        assert " Z snooze " in footer(deck)
        await pilot.press("Z")
        await settle(pilot)
        assert asked(link) == [command]


async def test_the_choice_silences_a_coin_a_kind_or_a_trader_or_hears_them_again() -> None:
    link = linked(followed(whales(silences=SILENCES)))
    async with deck_on(link) as (deck, pilot):
        await pilot.press("4", "down", "H")
        await settle(pilot)
        text = screen_text(deck)
        assert "snooze     ETH" in text
        assert "mute       kind whales together" in text
        assert f"trader {trader(2)[:6]}…{trader(2)[-4:]}" in text
        assert "until 22:33 UTC, 3 silent" in text
        assert "muted, 9 silent" in text
        await pilot.press("down", "down", "down", "enter")
        await settle(pilot)
        assert asked(link) == [SilenceAlerts("kind", "whales_together", for_good=True)]
        assert deck._deck_screen.NAME == "dashboard"
        await pilot.press("H", "end", "enter")
        await settle(pilot)
        assert asked(link)[-1] == SilenceAlerts("kind", "large_trade", ends=True)


async def test_the_choice_stays_on_its_line_when_another_silence_ends() -> None:
    link = linked(followed(whales(silences=SILENCES)))
    async with deck_on(link) as (_, pilot):
        await pilot.press("4", "H", "end")
        link.say(followed(whales(silences=SILENCES[1:]), sequence=2))
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert asked(link) == [SilenceAlerts("kind", "large_trade", ends=True)]


async def test_the_choice_opens_anywhere_on_the_dashboard_to_hear_again() -> None:
    async with deck_on(linked(followed())) as (deck, pilot):
        await pilot.press("H")
        await settle(pilot)
        assert "Nothing is silent. Put the cursor on an alert, or open one" in screen_text(deck)
        await pilot.press("enter")
        await settle(pilot)
        assert deck._deck_screen.NAME == "dashboard"


async def test_where_no_alert_is_meant_nothing_is_silenced() -> None:
    link = linked(followed())
    async with deck_on(link) as (deck, pilot):
        for key in ("1", "2", "5"):
            await pilot.press(key, "Z")
            await settle(pilot)
            assert asked(link) == []
            assert "Put the cursor on an alert, or open one." in screen_text(deck)


async def test_an_engine_without_traders_says_so() -> None:
    link = linked(snapshot(source=DEMO))
    async with deck_on(link) as (deck, pilot):
        for key in ("Z", "H"):
            await pilot.press("4", key)
            await settle(pilot)
            assert asked(link) == []
            assert "This engine follows no traders." in screen_text(deck)
            assert deck._deck_screen.NAME == "dashboard"


async def test_the_footer_offers_silence_in_the_panel_of_alerts_alone() -> None:
    async with deck_on(linked(followed()), (200, 60)) as (deck, pilot):
        for key, offered in (("1", False), ("3", False), ("4", True), ("5", False)):
            await pilot.press(key)
            await settle(pilot)
            assert (" Z snooze " in footer(deck)) is offered
            assert (" H silence… " in footer(deck)) is offered


# One alert


async def test_enter_opens_an_alert_and_the_engine_is_asked_for_it_and_let_go() -> None:
    link = linked(followed())
    async with deck_on(link) as (deck, pilot):
        await pilot.press("4", "enter")
        await settle(pilot)
        assert link.commands == [LookAtAlert("alert-1")]
        assert "Waiting for what the engine knows of it." in screen_text(deck)
        link.say(followed(alert=alert_detail(), sequence=2))
        await settle(pilot)
        text = screen_text(deck)
        assert "█CRITICAL · whale move · 3m ago, at 22:10:15 UTC" in text
        assert "same way within 1h: 7 of 12, median +9.2 bps" in text
        assert "67,100.00 then · 67,123.50 now, +3.5 bps" in text
        assert "Positions before and after 1" in text
        assert "Price after past alerts of the kind 3" in text
        assert "+21.4✓" in text
        assert "-141✓" in text
        await pilot.press("escape")
        await settle(pilot)
        assert deck._deck_screen.NAME == "dashboard"
        assert link.commands[-1] == LookAtAlert("")


async def test_an_alert_that_ran_out_says_so() -> None:
    link = linked(followed())
    async with deck_on(link) as (deck, pilot):
        await pilot.press("4", "enter")
        link.say(followed(whales(alerts=ALERTS[1:]), sequence=2))
        await settle(pilot)
        assert "This alert does not stand any more" in screen_text(deck)


async def test_paper_trades_and_reads_mean_the_coin_of_the_alert() -> None:
    link = linked(followed())
    async with deck_on(link) as (_, pilot):
        await pilot.press("4", "down", "B")
        await settle(pilot)
        assert asked(link) == [TradePaper("ETH", "long")]


async def test_the_newest_alert_stays_in_view_while_the_cursor_is_on_the_first() -> None:
    link = linked(followed())
    async with deck_on(link) as (_, pilot):
        await pilot.press("4")
        link.say(followed(whales(alerts=(alert(9, coin="HYPE"), *ALERTS)), sequence=2))
        await settle(pilot)
        await pilot.press("Z")
        await settle(pilot)
        assert asked(link) == [SilenceAlerts("coin", "HYPE")]


@by_size
async def test_each_panel_of_an_alert_is_shown_alone_and_together(size: tuple[int, int]) -> None:
    async with deck_on(linked(OPENED), size) as (deck, pilot):
        await pilot.press("4", "enter")
        titles = ("BTC whale move (simulated)", "Positions before and after 1", "Price after past alerts of the kind 3")
        for key, title in zip("123", titles, strict=True):
            await pilot.press(key)
            await settle(pilot)
            text = screen_text(deck)
            assert title in text
            assert sum(other in text for other in titles) == 1
        await pilot.press("1", "0")
        await settle(pilot)
        seen = sum(title in screen_text(deck) for title in titles)
        assert seen == (1 if size[0] < 80 else 2 if size[1] < 32 else 3)


# What is held, and what ended


async def test_a_held_display_keeps_the_alerts_it_showed() -> None:
    link = linked(followed())
    async with deck_on(link) as (deck, pilot):
        await pilot.press("4", "f")
        link.say(followed(NO_ALERTS, sequence=2))
        await settle(pilot)
        assert "FROZEN" in screen_text(deck)
        assert "CRITICAL" in screen_text(deck)
        await pilot.press("enter")
        await settle(pilot)
        assert "whale move" in screen_text(deck)
        await pilot.press("escape", "f")
        await settle(pilot)
        assert "CRITICAL" not in screen_text(deck)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_wallets_and_whales_stand_where_there_is_room_and_alone_have_all_of_it(size: tuple[int, int]) -> None:
    async with deck_on(linked(followed()), size) as (deck, pilot):
        tables = {table.id: table for table in deck._dashboard.tables()}
        wallets, alerts = tables["wallets"], tables["whales"]
        if size[1] >= 36:
            assert wallets.region.y == alerts.region.y
            assert wallets.outer_size.width + alerts.outer_size.width == size[0]
        await pilot.press("4")
        await settle(pilot)
        assert (alerts.display, wallets.display) == (True, False)
        assert alerts.outer_size.width == size[0]
        assert alerts.outer_size.height == size[1] - 3


async def test_between_80_and_110_cells_wallets_and_whales_are_stacked() -> None:
    async with deck_on(linked(followed()), (100, 50)) as (deck, _):
        tables = {table.id: table for table in deck._dashboard.tables()}
        assert tables["whales"].region.y == tables["wallets"].region.bottom
        assert tables["whales"].outer_size.width == 100
        assert tables["markets"].outer_size.height >= 10


# The bell


@pytest.mark.parametrize(("level", "rung"), [("off", 0), ("critical", 1)])
async def test_the_terminal_rings_once_for_a_critical_alert(
    level: str, rung: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = linked(followed(whales(alerts=ALERTS[1:])))
    deck = DeckApp(link, ManualClock(), make_deck(link)._themes, DeckOptions(bell=level))  # type: ignore[arg-type]
    rings: list[str] = []
    monkeypatch.setattr(deck, "bell", lambda: rings.append("bell"))
    async with deck.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        for sequence in (2, 3):
            link.say(followed(whales(alerts=(alert(9, at_ms=WALL_MS), *ALERTS[1:])), sequence))
            await settle(pilot)
        assert len(rings) == rung
