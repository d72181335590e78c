"""Trading on paper by key from every screen, and the paper screen at every size."""

import msgspec
import pytest
from deck_fakes import (
    AI_READS,
    WALL_MS,
    ScriptedLink,
    deck_on,
    detail,
    market,
    opened_scalper,
    scalped,
    screen_text,
    settle,
    snapshot,
)
from hostile_corpus import HOSTILE
from paper_fakes import paper, paper_position, paper_trade
from test_deck_hostile import forbidden, look, told

from app.core.clock import ManualClock
from app.engine.protocol import CommandResult, LookAt, PaperAction, Snapshot, TradePaper
from app.engine.protocol_paper import PaperOrderView
from app.ui.app import DeckApp
from app.ui.panels.paper import BANNER
from app.ui.screens.detail import Detail
from app.ui.screens.paper import PaperScreen

pytestmark = pytest.mark.asyncio
ACTIONS: tuple[tuple[str, PaperAction], ...] = (("B", "long"), ("S", "short"), ("C", "close"), ("F", "flip"))
SIZES = [(40, 10), (60, 20), (80, 24), (100, 30), (120, 40), (140, 30), (200, 60)]
by_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
LEDGER = snapshot(paper=paper())
OPENED = opened_scalper(paper=paper())
WAYS: dict[str, tuple[tuple[str, ...], str]] = {
    # keys that go there, and the coin that is meant there
    "markets": ((), "BTC"),
    "a market further down": (("down", "down", "down"), "HYPE"),
    "scalper's read": (("tab",), "BTC"),
    "the rules' row of it": (("tab", "down", "down", "down"), "ETH"),
    "market": (("down", "enter"), "ETH"),
    "its book": (("enter", "2"), "BTC"),
    "its time and sales": (("enter", "3"), "BTC"),
    "scalper": (("tab", "enter"), "BTC"),
    "its exchanges": (("tab", "enter", "3"), "BTC"),
    "paper": (("p",), "BTC"),
    "an order": (("p", "down", "down"), "ETH"),
    "a trade": (("p", "2", "down"), "BTC"),
}


async def test_the_scalper_screen_shows_the_paper_position_and_marks_it_on_the_chart() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link, (120, 40)) as (deck, pilot):
        await pilot.press("tab", "enter")
        await settle(pilot)
        lines = screen_text(deck).splitlines()
        assert lines[2].startswith(" PAPER long +0.99 (+9.9 bp) · entry 67,020")
        assert lines[3].startswith(" AI ")
        pins = deck.screen.chart._view.pins  # type: ignore[attr-defined]
        assert ("pL", 67_020.0) in {(pin.text, pin.price) for pin in pins}
        assert {"o", "!L", "S"} < {pin.text for pin in pins}
        link.say(opened_scalper())
        await settle(pilot)
        assert screen_text(deck).splitlines()[2].startswith(" AI ")


def trades(link: ScriptedLink) -> list[TradePaper]:
    return [command for command in link.commands if isinstance(command, TradePaper)]


def opened(deck: DeckApp) -> PaperScreen:
    assert isinstance(deck.screen, PaperScreen)
    return deck.screen


def said(deck: DeckApp) -> str:
    return deck._deck_screen.flash.message


# The keys


@pytest.mark.parametrize(("key", "action"), ACTIONS)
@pytest.mark.parametrize("way", WAYS)
async def test_each_key_trades_the_coin_meant_on_paper(way: str, key: str, action: PaperAction) -> None:
    keys, coin = WAYS[way]
    link = ScriptedLink()
    link.say(OPENED)
    link.answer = CommandResult(0, True, f"Paper order: buy {coin}")
    async with deck_on(link) as (deck, pilot):
        await pilot.press(*keys, key)
        await settle(pilot)
        assert trades(link) == [TradePaper(coin, action)]
        assert said(deck).startswith(f"Paper order: buy {coin}")
        assert ("p shows the paper ledger" in said(deck)) is (deck._deck_screen.NAME != "paper")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("There is no paper position in BTC", "There is no paper position in BTC"),
        ("BTC is not followed", "Paper: BTC is not followed"),
        ("1 USD are no size of BTC: change paper.order_usd", "Paper: 1 USD are no size of BTC: change paper.order_usd"),
    ],
)
async def test_a_refusal_is_a_warning_with_the_word_paper(answer: str, words: str) -> None:
    link = ScriptedLink()
    link.say(LEDGER)
    link.answer = CommandResult(0, False, answer)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("B")
        await settle(pilot)
        assert said(deck) == words
        assert f"! {words}" in screen_text(deck)


@pytest.mark.parametrize("keys", [("3",), ("4",), ("e",), ("d",), ("?",), ("d", "enter"), ("p", "3")])
async def test_where_no_coin_is_meant_nothing_is_sent(keys: tuple[str, ...]) -> None:
    link = ScriptedLink()
    link.say(LEDGER)
    async with deck_on(link) as (deck, pilot):
        await pilot.press(*keys, "B", "S", "C", "F")
        await settle(pilot)
        assert trades(link) == []
        assert said(deck) in ("", "Put the cursor on a coin to trade it on paper.")


async def test_letters_typed_into_a_filter_trade_nothing() -> None:
    link = ScriptedLink()
    link.say(LEDGER)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("slash", *"BSCFp")
        await settle(pilot)
        assert trades(link) == []
        assert deck._deck_screen.NAME == "dashboard"
        await pilot.press("escape", "p", "slash", *"BSCF", "escape")
        await settle(pilot)
        assert trades(link) == []
        assert opened(deck).is_current


async def test_a_held_display_is_told_apart_from_the_order() -> None:
    link = ScriptedLink()
    link.say(LEDGER)
    link.answer = CommandResult(0, True, "Paper order: buy BTC")
    async with deck_on(link) as (deck, pilot):
        await pilot.press("f", "B")
        await settle(pilot)
        assert trades(link) == [TradePaper("BTC", "long")]
        assert said(deck) == "Paper order: buy BTC; the display is held, the order is not: its fill is told here"


async def test_an_engine_that_has_ended_is_sent_nothing() -> None:
    link = ScriptedLink()
    for message in (LEDGER, None):
        link.say(message)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("B", "p", "C")
        await settle(pilot)
        assert link.commands == []
        assert said(deck) == "Not connected to an engine."
        assert "PAPER -0.54" not in screen_text(deck)


async def test_the_palette_trades_too() -> None:
    link = ScriptedLink()
    link.say(LEDGER)
    async with deck_on(link) as (_, pilot):
        await pilot.press("colon", *"paper short")
        await settle(pilot)
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert trades(link) == [TradePaper("BTC", "short")]


async def test_a_key_of_the_footer_is_clicked() -> None:
    link = ScriptedLink()
    link.say(LEDGER)
    async with deck_on(link, (200, 60)) as (deck, pilot):
        await pilot.press("p")
        await settle(pilot)
        place = screen_text(deck).splitlines()[-1].index("C paper close")
        await pilot.click(offset=(place + 1, 59))
        await settle(pilot)
        assert trades(link) == [TradePaper("BTC", "close")]


# The screen


@by_size
async def test_it_says_first_and_always_that_it_is_paper(size: tuple[int, int]) -> None:
    link = ScriptedLink()
    link.say(LEDGER)
    async with deck_on(link, size) as (deck, pilot):
        await pilot.press("p")
        for panel in ("1", "2", "3", "0"):
            await pilot.press(panel)
            await settle(pilot)
            lines = screen_text(deck).splitlines()
            assert lines[1].strip() == BANNER
            assert "equity 9,999.12" in lines[2]
            assert len(lines) == size[1]
            assert max(map(len, lines)) <= size[0]
            assert "FAILED" not in "\n".join(lines)
        await pilot.press("p")
        assert deck._deck_screen.NAME == "dashboard"


@by_size
async def test_panels_are_gone_through_given_the_screen_and_left(size: tuple[int, int]) -> None:
    link = ScriptedLink()
    link.say(LEDGER)
    async with deck_on(link, size) as (deck, pilot):
        await pilot.press("p")
        await settle(pilot)
        screen = opened(deck)
        positions, closed, curve = screen.panels()
        assert screen.focused is positions
        alone = size < (80, 20)
        few = not alone and size[1] < 30 and size[0] < 140
        assert [panel.display for panel in (positions, closed, curve)] == [True, not alone, not alone and not few]
        await pilot.press("3")
        await settle(pilot)
        assert [panel.display for panel in (positions, closed, curve)] == [False, False, True]
        assert "Paper equity" in screen_text(deck)
        await pilot.press("0")
        await settle(pilot)
        assert [panel.display for panel in (positions, closed, curve)] == [not alone, not alone and not few, True]
        await pilot.press("tab", "z", "z", "shift+tab", "shift+tab")
        await settle(pilot)
        assert screen.focused is closed
        assert "Closed paper trades 3" in screen_text(deck)
        await pilot.press("escape")
        await settle(pilot)
        assert deck._deck_screen.NAME == "dashboard"


async def test_resizing_over_and_over_keeps_every_panel_whole() -> None:
    link = ScriptedLink()
    link.say(LEDGER)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("p")
        for size in (*SIZES, *reversed(SIZES), (139, 29), (140, 12), (79, 60), (30, 8)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
            text = screen_text(deck)
            assert "FAILED" not in text
            assert len(text.splitlines()) == size[1]
            assert "Paper positions 2" in text


async def test_before_the_ledger_has_begun_the_screen_says_so_and_then_fills() -> None:
    link = ScriptedLink()
    async with deck_on(link) as (deck, pilot):
        await pilot.press("p")
        await settle(pilot)
        assert "waiting for the engine's first snapshot" in screen_text(deck)
        link.say(snapshot())
        await settle(pilot)
        assert screen_text(deck).count("The paper ledger has not begun") == 4
        link.say(msgspec.structs.replace(LEDGER, sequence=2))
        await settle(pilot)
        text = screen_text(deck)
        assert "not begun" not in text
        assert "+0.99" in text
        link.say(snapshot(3, paper=paper(positions=(), opening=(), closed=(), trades=0, curve=())))
        await settle(pilot)
        text = screen_text(deck)
        assert "on a coin there B goes long on paper, S short." in text
        assert "C closes the one under the cursor, F flips it." in text
        assert "No curve yet" in text


async def test_rows_open_sort_filter_and_are_copied() -> None:
    link = ScriptedLink()
    link.say(LEDGER)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("p", "y")
        assert deck.clipboard.startswith("LIVE")
        assert "BTC paper long" in deck.clipboard
        assert "result_in_paper_dollars=+0.99" in deck.clipboard
        await pilot.press("Y", "down", "enter")
        row = msgspec.json.decode(deck.clipboard)
        assert (row["panel"], row["row"]["result_in_paper_dollars"], row["row"]["held"]) == (
            "paper positions",
            0.99,
            64,
        )
        await pilot.press("2", *[">"] * 2)
        await settle(pilot)
        assert "by coin ▲" in screen_text(deck)
        table = opened(deck).tables()[1]
        assert [row.cells[1].text for row in table.view.rows] == ["BTC", "ETH", "SOL"]
        await pilot.press("slash", *"result_bp < 0", "enter")
        await settle(pilot)
        assert "1 of 3" in screen_text(deck)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(deck.screen, Detail)
        assert "ETH paper trade closed at 22:11:50" in screen_text(deck)
        await pilot.press("escape")
        assert opened(deck).is_current


async def test_the_curve_is_copied_and_opened_at_its_newest_point() -> None:
    link = ScriptedLink()
    link.say(LEDGER)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("p", "3", "y")
        assert "paper equity" in deck.clipboard
        assert "9,999.12" in deck.clipboard
        await pilot.press("enter")
        link.say(snapshot(2, paper=paper(curve=((WALL_MS, 1.0), (WALL_MS + 60_000, 10_123.0)))))
        await settle(pilot)
        text = screen_text(deck)
        assert "10,123.00" in text
        assert "no longer listed" not in text


async def test_a_panel_that_fails_says_so_and_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    link = ScriptedLink()
    link.say(LEDGER)

    def broken(*_: object) -> None:
        raise ValueError("boom [/]")

    async with deck_on(link, (120, 40)) as (deck, pilot):
        with monkeypatch.context() as patch:
            patch.setattr("app.ui.screens.paper.equity_view", broken)
            patch.setattr("app.ui.screens.paper.trades_view", broken)
            await pilot.press("p")
            await settle(pilot)
            text = screen_text(deck)
            assert text.count("FAILED") == 2
            assert "+0.99" in text
        await pilot.press("R")
        await settle(pilot)
        assert "FAILED" not in screen_text(deck)


@by_size
async def test_a_held_display_keeps_the_results_and_a_stale_coin_is_dimmed(size: tuple[int, int]) -> None:
    link, clock = ScriptedLink(), ManualClock()
    link.say(LEDGER)
    async with deck_on(link, size, clock) as (deck, pilot):
        await pilot.press("p", "f")
        worse = paper(positions=(paper_position(result_usd=-50.0),))
        markets = (market("BTC", 67_000.0, stale=True, age_ms=15_000),)
        link.say(snapshot(2, wall_ms=WALL_MS + 15_000, paper=worse, markets=markets))
        clock.advance(2)
        await settle(pilot)
        assert "+0.99" in screen_text(deck)
        assert not opened(deck).tables()[0].view.rows[0].dimmed
        await pilot.press("f")
        await settle(pilot)
        assert "-50.00" in screen_text(deck)
        assert opened(deck).tables()[0].view.rows[0].dimmed


async def test_a_silent_engine_dims_the_ledger_and_leaves_it_readable() -> None:
    link, clock = ScriptedLink(), ManualClock()
    link.say(LEDGER)
    async with deck_on(link, (120, 40), clock) as (deck, pilot):
        await pilot.press("p")
        clock.advance(10)
        await settle(pilot)
        text = screen_text(deck)
        assert "SILENT" in text or "no word from the engine" in text
        assert "PAPER -0.54" not in text
        assert "+0.99" in text
        assert all(row.dimmed for table in opened(deck).tables() for row in table.view.rows)


# Other screens


async def test_the_market_has_a_line_and_marks_while_there_is_a_position() -> None:
    link = ScriptedLink()
    link.say(snapshot(paper=paper(), detail=detail()))
    async with deck_on(link, (140, 50)) as (deck, pilot):
        await pilot.press("enter")
        await settle(pilot)
        lines = screen_text(deck).splitlines()
        assert lines[2].startswith(" PAPER long +0.99 (+9.9 bp) · entry 67,020.00 · held 1:04 · liq 54,123.40")
        assert "paper: pL long  pS short  pX exit" in screen_text(deck)
        link.say(
            snapshot(2, paper=paper(positions=(), opening=(PaperOrderView("BTC", 1),), closed=()), detail=detail())
        )
        await settle(pilot)
        assert screen_text(deck).splitlines()[2].startswith(" PAPER buying: on its way")
        link.say(snapshot(3, paper=paper(positions=(), opening=(), closed=()), detail=detail()))
        await settle(pilot)
        text = screen_text(deck)
        assert "PAPER" not in text
        assert "X exit" not in text


async def test_the_paper_screen_asks_for_no_market_and_comes_back_to_the_dashboard() -> None:
    link = ScriptedLink()
    link.say(snapshot(paper=paper(), detail=detail()))
    async with deck_on(link) as (deck, pilot):
        await pilot.press("enter", "p")
        await settle(pilot)
        assert link.commands[-1] == LookAt("")
        await pilot.press("escape")
        assert deck._deck_screen.NAME == "dashboard"


async def test_a_coin_of_the_scalper_can_be_read_from_its_paper_position() -> None:
    link = ScriptedLink()
    link.say(scalped(*AI_READS, paper=paper()))
    async with deck_on(link) as (deck, pilot):
        await pilot.press("p", "i", "s")
        await settle(pilot)
        assert [type(command).__name__ for command in link.commands] == ["StartJob"]
        assert "s refresh" not in screen_text(deck)


# Hostile texts


def hostile(text: str) -> Snapshot:
    return snapshot(
        markets=(market(text, 1.0),),
        detail=detail(coin=text),
        paper=paper(
            positions=(paper_position(coin=text, by=text, waits_for=text),),
            opening=(PaperOrderView(text, 1), PaperOrderView(text, -1)),
            closed=(paper_trade(9, coin=text, by=text, reason=text),),
        ),
    )


@pytest.mark.parametrize("size", [(60, 20), (140, 50)], ids=["60", "140"])
async def test_no_name_harms_screen_clipboard_or_flash_line(size: tuple[int, int]) -> None:
    link = ScriptedLink()
    link.say(hostile(HOSTILE[0]))
    async with deck_on(link, size) as (deck, pilot):
        await pilot.press("p")
        for panel in ("1", "2"):
            await pilot.press(panel)
            for text in HOSTILE[::3]:
                assert BANNER in told(deck, hostile(text))
                await deck.action_copy_row()
                assert forbidden(deck.clipboard) == []
        for text in HOSTILE[::9]:
            told(deck, hostile(text))
            link.answer = CommandResult(0, False, text)
            await pilot.press("B")
            await settle(pilot)
            look(deck)
            assert "paper" in said(deck).lower()
            assert trades(link)[-1] == TradePaper(text, "long")
        await pilot.press("escape", "enter")
        for text in HOSTILE[::9]:
            told(deck, hostile(text))
