"""The running deck on a scripted engine: what it sends, and what it says."""

import re
from typing import Any

import pytest
from deck_fakes import (
    AI_READS,
    DEMO,
    WALL_MS,
    ScriptedLink,
    deck_on,
    feed,
    opened_scalper,
    scalped,
    screen_text,
    settle,
    snapshot,
    tape_snapshot,
)

from app.core.clock import ManualClock
from app.core.errors import VenueError
from app.engine.protocol import CommandResult, SetMetricSource, SetPlayback, Snapshot, StartJob
from app.ui.app import DeckApp
from app.ui.widgets.live_table import LiveTable

pytestmark = pytest.mark.asyncio


def flash(deck: DeckApp) -> str:
    return deck._deck_screen.flash.message


async def test_the_first_paint_waits_for_no_engine() -> None:
    link = ScriptedLink()
    link.answering.clear()
    async with deck_on(link) as (deck, pilot):
        text = screen_text(deck)
        assert text.startswith("connecting to the engine…")
        link.answering.set()
        link.say(snapshot())
        await settle(pilot)
        assert "Markets 30" in screen_text(deck)


async def test_the_newest_snapshot_is_shown() -> None:
    link = ScriptedLink()
    link.say(snapshot(1))
    link.say(snapshot(2, wall_ms=WALL_MS + 5_000))
    async with deck_on(link) as (deck, _):
        assert "22:13:25 UTC" in screen_text(deck)


async def test_an_engine_that_ends_leaves_the_deck_usable() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    link.say(None)
    async with deck_on(link) as (deck, pilot):
        text = screen_text(deck)
        assert "ENGINE ENDED" in text
        assert "BTC" in text
        assert flash(deck).startswith("The engine has ended")
        await pilot.press("e")
        await settle(pilot)
        assert "connected, 91 subscriptions" in screen_text(deck)
        await pilot.press("q")
    assert deck.return_code == 0


@pytest.mark.parametrize("error", [VenueError("the socket closed; start the engine again"), OSError("pipe [/] broke")])
async def test_a_link_that_breaks_is_said_plainly(error: Exception) -> None:
    link = ScriptedLink()
    link.say(snapshot())
    link.say(error)
    async with deck_on(link) as (deck, _):
        assert "LINK FAILED" in screen_text(deck)
        assert str(error) in flash(deck)
        assert deck.failure is error


async def test_a_refusal_is_shown_in_the_panel() -> None:
    async with deck_on(ScriptedLink(refuses="the engine speaks protocol 2; update tapedeck.")) as (deck, _):
        assert "No connection to the engine: the engine speaks protocol 2; update tapedeck." in screen_text(deck)


async def test_a_silent_engine_is_noticed() -> None:
    link, clock = ScriptedLink(), ManualClock()
    link.say(snapshot())
    async with deck_on(link, clock=clock) as (deck, pilot):
        clock.advance(5)
        await settle(pilot)
        assert "no word from the engine for 5.0s" in screen_text(deck)


async def test_freeze_holds_the_display_while_the_engine_goes_on() -> None:
    link, clock = ScriptedLink(), ManualClock()
    link.say(snapshot())
    async with deck_on(link, clock=clock) as (deck, pilot):
        await pilot.press("f")
        link.say(snapshot(2, markets=(), waiting_for="Nothing.", wall_ms=WALL_MS + 2_000))
        await settle(pilot)
        clock.advance(2)
        await settle(pilot)
        text = screen_text(deck)
        assert "FROZEN 0:02, held 22:13:20" in text
        assert "★BTC" in text
        assert re.search(r"★BTC .* 2\.3s", text)
        assert "22:13:22 UTC" in text
        await pilot.press("f")
        await settle(pilot)
        text = screen_text(deck)
        assert "FROZEN" not in text
        assert "Nothing." in text


async def test_there_is_nothing_to_freeze_before_a_snapshot() -> None:
    async with deck_on(ScriptedLink()) as (deck, pilot):
        await pilot.press("f")
        assert flash(deck).startswith("Nothing to freeze")


async def test_metrics_are_asked_for_and_the_answer_is_shown() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    link.answer = CommandResult(0, False, "No AI reads yet: Ollama is not running.")
    async with deck_on(link) as (deck, pilot):
        await pilot.press("m")
        await settle(pilot)
        assert link.commands == [SetMetricSource("ai")]
        assert "! No AI reads yet: Ollama is not running." in screen_text(deck)
        link.say(snapshot(2, metric_source="ai"))
        await settle(pilot)
        await pilot.press("m")
        await settle(pilot)
        assert link.commands[-1] == SetMetricSource("rules")
        assert "metrics AI" in screen_text(deck)


async def test_a_command_that_fails_is_said() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    link.broken = VenueError("the engine is gone")
    async with deck_on(link) as (deck, pilot):
        await pilot.press("s")
        await settle(pilot)
        assert link.commands == [StartJob("markets")]
        assert flash(deck) == "The command failed: the engine is gone"


@pytest.mark.parametrize(
    ("key", "playback", "command"),
    [
        ("space", {}, SetPlayback(paused=True)),
        ("space", {"paused": True}, SetPlayback(paused=False)),
        ("]", {}, SetPlayback(speed_steps=1)),
        ("[", {}, SetPlayback(speed_steps=-1)),
        ("left", {}, SetPlayback(seek_by_ms=-10_000)),
        ("right", {}, SetPlayback(seek_by_ms=10_000)),
    ],
)
async def test_a_tape_is_steered(key: str, playback: dict[str, Any], command: SetPlayback) -> None:
    link = ScriptedLink()
    link.say(tape_snapshot(**playback))
    async with deck_on(link) as (_, pilot):
        await pilot.press(key)
        await settle(pilot)
        assert link.commands == [command]


async def test_presses_between_two_snapshots_add_up() -> None:
    link = ScriptedLink()
    link.say(tape_snapshot())
    async with deck_on(link) as (_, pilot):
        await pilot.press("right", "right", "]", "]", "]", "left")
        await settle(pilot)
        steps = [command for command in link.commands if isinstance(command, SetPlayback)]
        assert [step.seek_by_ms for step in steps if step.seek_by_ms] == [10_000, 10_000, -10_000]
        assert [step.speed_steps for step in steps if step.speed_steps] == [1, 1, 1]


@pytest.mark.parametrize("key", ["space", "[", "]", "left", "right"])
async def test_keys_of_the_tape_answer_when_there_is_none(key: str) -> None:
    link = ScriptedLink(DEMO)
    link.say(snapshot(source=DEMO))
    async with deck_on(link) as (deck, pilot):
        await pilot.press(key)
        await settle(pilot)
        assert link.commands == []
        assert flash(deck) == "That key steers a tape; this is DEMO."


@pytest.mark.parametrize("key", ["m", "s", "space"])
async def test_keys_that_need_an_engine_say_so(key: str) -> None:
    link = ScriptedLink(refuses="no")
    async with deck_on(link) as (deck, pilot):
        await pilot.press(key)
        assert link.commands == []
        assert flash(deck) == "Not connected to an engine."


async def test_copy_takes_the_row_under_the_cursor() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        await pilot.press("j", "y")
        assert deck.clipboard.startswith("LIVE Hyperliquid mainnet 2023-11-14T22:13:20Z ETH price=3,412.25 bid=")
        assert "RULES_freshness=DEVELOPING" in deck.clipboard
        assert flash(deck).startswith(
            "Sent to the terminal to copy (OSC 52): LIVE Hyperliquid mainnet 2023-11-14T22:13:20Z ETH"
        )
        before = deck.clipboard
        await pilot.press("?", "y")
        assert deck.clipboard == before


async def test_screens_open_and_close() -> None:
    link = ScriptedLink()
    link.say(snapshot(feeds=(feed(message="fine"),)))
    async with deck_on(link) as (deck, pilot):
        for key, words in (("e", "Events 2"), ("d", "fine"), ("?", "Leave the deck."), ("?", "fine")):
            await pilot.press(key)
            await settle(pilot)
            text = screen_text(deck)
            assert words in text
            assert " LIVE " in text
        await pilot.press("escape", "escape")
        assert flash(deck).startswith("This is the dashboard")


async def test_a_screen_takes_keys_as_soon_as_it_is_shown() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, _):
        await deck.action_show("log")
        deck._deck_screen.query_one(LiveTable).action_move(-1)
        await deck.action_open_row()
        assert deck._deck_screen.query_one(LiveTable).view.title == "22:13:11 hyperliquid · events"


async def test_the_event_log_starts_at_its_end() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        await pilot.press("e")
        await settle(pilot)
        selection = deck._deck_screen.selection()
        assert selection is not None
        assert selection.row.cells[1].text == "WARNING"


async def test_themes_cycle_through_all() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        first = deck.theme
        names = set()
        for _ in deck._themes:
            await pilot.press("t")
            await settle(pilot)
            names.add(deck.theme)
        assert len(names) == len(deck._themes)
        assert deck.theme == first


async def test_a_notice_is_said_at_the_start() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, _):
        deck.flash("theme x.toml: [broken] [/]", "warning")
        assert flash(deck) == "theme x.toml: [broken] [/]"


async def test_a_flash_gives_way_to_the_idle_line() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        deck.flash("Hello.")
        deck._deck_screen.flash.clear()
        await settle(pilot)
        text = screen_text(deck)
        assert "trades of SOL missing" in text
        assert "128 calls filed" in text


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_ways_out(key: str) -> None:
    async with deck_on(ScriptedLink()) as (deck, pilot):
        await pilot.press(key)
    assert deck.return_code == 0


async def test_nothing_changes_without_news(monkeypatch: pytest.MonkeyPatch) -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        await settle(pilot)
        table = deck._deck_screen.focused
        assert table is not None
        painted: list[object] = []
        monkeypatch.setattr(type(table), "refresh", lambda *regions, **_: painted.append(regions))
        deck.paint()
        assert painted == []


SIZES = ((10, 3), (40, 10), (60, 20), (200, 60), (20, 50), (80, 24))


async def test_a_resize_storm_ends_well() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link, (40, 10)) as (deck, pilot):
        assert " LIVE " in screen_text(deck)
        for number, (width, height) in enumerate(SIZES * 3):
            changed: Snapshot = snapshot(number + 2, wall_ms=WALL_MS + number * 1_000)
            link.say(changed)
            await pilot.resize_terminal(width, height)
            await settle(pilot)
            assert all(len(line) <= width for line in screen_text(deck).splitlines())
        assert "Markets 30" in screen_text(deck)


async def test_a_panel_that_is_not_in_view_is_drawn_when_it_comes_into_it() -> None:
    link = ScriptedLink()
    link.say(scalped(*AI_READS))
    async with deck_on(link, (60, 20)) as (deck, pilot):
        markets, scalper, *_ = deck._dashboard.tables()
        assert (len(markets.view.rows), len(scalper.view.rows)) == (30, 0)
        await pilot.press("2")
        assert len(scalper.view.rows) == 6
        link.say(scalped(*AI_READS, sequence=2, markets=()))
        await settle(pilot)
        assert len(markets.view.rows) == 30
        await pilot.resize_terminal(120, 48)
        await pilot.press("0")
        assert len(markets.view.rows) == 0


BROKEN: dict[str, tuple[tuple[str, ...], str]] = {
    "a market's facts": (("enter",), "app.ui.screens.market.facts_line"),
    "a market's paper": (("enter",), "app.ui.screens.charted.paper_line"),
    "a market's metrics": (("enter",), "app.ui.screens.market.reads_of"),
    "a market's read": (("enter",), "app.ui.screens.market.ai_line"),
    "the scalper's facts": (("tab", "enter"), "app.ui.screens.scalper.facts_line"),
    "the scalper's read": (("tab", "enter"), "app.ui.screens.scalper.ai_line"),
    "the sums of the paper ledger": (("p",), "app.ui.screens.paper.sums_lines"),
    "the metrics of a scan": (("D",), "app.ui.screens.scan_metrics.scan_metrics_view"),
    "a row opened up": (("d", "enter"), "app.ui.screens.detail.detail_view"),
    "what the scalper's panel is fitted to": ((), "app.ui.screens.dashboard.note_lines"),
}


@pytest.mark.parametrize("part", BROKEN)
async def test_a_part_that_fails_says_so_and_the_deck_lives_on(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, name = BROKEN[part]
    link = ScriptedLink()
    link.say(opened_scalper())

    def broken(*_: object, **__: object) -> None:
        raise ValueError("boom [/]")

    async with deck_on(link, (120, 48)) as (deck, pilot):
        with monkeypatch.context() as patch:
            patch.setattr(name, broken)
            link.say(opened_scalper(sequence=2))
            await pilot.press(*keys)
            await settle(pilot)
            assert "failed: ValueError('boom [/]')" in screen_text(deck)
        await pilot.press("R")
        await settle(pilot)
        text = screen_text(deck)
        assert deck.crash is None
        assert "boom" not in text
        assert "FAILED" not in text
