"""The scalper's work on one coin: what is asked of the engine, what the keys do, what its panels say."""

import msgspec
import pytest
from deck_fakes import (
    AI_READS,
    EXCHANGES,
    PAST_READS,
    WALL_MS,
    ScriptedLink,
    ai_read,
    deck_on,
    exchange,
    market,
    model,
    opened_scalper,
    past_read,
    scalped,
    screen_text,
    settle,
    snapshot,
)
from hostile_corpus import HOSTILE
from test_deck_hostile import forbidden, look, told

from app.core.events import Action
from app.engine.protocol import CancelJob, JobView, LookAt, ScalperView, SetMetricSource, Snapshot, StartJob
from app.engine.protocol_detail import ExchangeView, PastRead, ScalperDetail
from app.ui.app import DeckApp
from app.ui.panels.scalper import model_note
from app.ui.panels.scalper_detail import exchanges_view, reads_chart, reads_view
from app.ui.screens.scalper import ExchangeScreen, ScalperScreen
from app.ui.state import DeckView
from app.ui.widgets.candle_canvas import Pin, draw
from app.ui.widgets.candle_chart import CandleChart
from app.ui.widgets.chart_pins import NO_PINS, place_pins
from app.ui.widgets.noted_table import note_lines

OPENED = opened_scalper()
SIZES = [(40, 10), (60, 20), (80, 24), (100, 34), (120, 40), (140, 50), (200, 60)]
by_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


def seen(shown: Snapshot) -> DeckView:
    return DeckView("connected", source=shown.source, newest=shown, shown=shown)


def with_reads(*reads: PastRead) -> Snapshot:
    return opened_scalper(scalper=ScalperDetail(persona="You scalp.", exchanges=(), reads=reads))


def read_cells(read: PastRead) -> dict[str, str]:
    table = reads_view(seen(with_reads(read)), "BTC")
    return dict(
        zip((column.title for column in table.columns), (cell.text for cell in table.rows[0].cells), strict=True)
    )


def opened(deck: DeckApp) -> ScalperScreen:
    assert isinstance(deck.screen, ScalperScreen)
    return deck.screen


# The views


def test_a_past_read_says_when_why_what_and_what_happened_next() -> None:
    cells = read_cells(past_read(66, action="SHORT", direction=-1, moves_bps=(3.1, -7.4, None), price=67_123.0))
    assert cells["time"] == "22:12:14"
    assert cells["why"] == "periodic"
    assert (cells["mom"], cells["action"], cells["sure"]) == ("72▼", "SHORT", "6/10")
    assert cells["price"] == "67,123.00"
    assert (cells["+30s"], cells["+60s"], cells["+300s"]) == ("▲+3.1 ✗", "▼-7.4 ✓", "–")


@pytest.mark.parametrize(
    ("move", "direction", "text"),
    [
        (12.34, 1, "▲+12.3 ✓"),
        (12.34, -1, "▲+12.3 ✗"),
        (-141.0, -1, "▼-141 ✓"),
        (-141.0, 1, "▼-141 ✗"),
        (4.0, 0, "▲+4.0"),
        (0.01, 1, "0.0"),
        (None, 1, "–"),
    ],
)
def test_a_move_carries_sign_arrow_and_whether_it_went_on(move: float | None, direction: int, text: str) -> None:
    assert read_cells(past_read(66, direction=direction, moves_bps=(move, None, None)))["+30s"].strip() == text


def test_reads_are_sorted_by_what_they_stand_for() -> None:
    table = reads_view(seen(OPENED), "BTC")
    assert [row.value(0) for row in table.rows] == sorted((read.at_ms for read in PAST_READS), reverse=True)
    assert [row.value(9) for row in table.rows] == [read.moves_bps[0] for read in PAST_READS]
    assert all(len(row.values) == len(row.cells) == len(table.columns) for row in table.rows)


@pytest.mark.parametrize(
    ("action", "conflict", "text"),
    [("LONG", False, "L"), ("SHORT", False, "S"), ("EXIT", False, "X"), ("NONE", False, "o"), ("SHORT", True, "!S")],
)
def test_a_read_is_marked_on_the_chart_by_a_letter(action: Action, conflict: bool, text: str) -> None:
    chart = reads_chart(seen(with_reads(past_read(8, action=action, conflict=conflict))), "BTC", "1s")
    (pin,) = chart.pins
    assert (pin.at_ms, pin.price, pin.text) == (WALL_MS - 8_000, 67_121.0, text)
    assert "none" in chart.legend


def test_a_read_of_a_position_that_does_nothing_holds_it() -> None:
    assert read_cells(past_read(8, action="NONE", in_position=True))["action"] == "HOLD"
    assert read_cells(past_read(8, action="NONE"))["action"] == "NONE"


def test_a_read_without_a_price_has_no_place_on_the_chart() -> None:
    assert reads_chart(seen(with_reads(past_read(8, price=None))), "BTC", "1s").pins == ()


def test_reads_that_act_lie_over_those_that_do_not() -> None:
    reads = (past_read(8, action="NONE"), past_read(9, action="LONG"))
    assert [pin.text for pin in reads_chart(seen(with_reads(*reads)), "BTC", "1s").pins] == ["o", "L"]


@pytest.mark.parametrize("late_ms", [0, 1, 999])
def test_a_mark_stands_in_the_bucket_of_its_time_and_the_row_of_its_price(late_ms: int) -> None:
    chart = reads_chart(seen(OPENED), "BTC", "1s")
    width = 50
    canvas = draw(chart.candles, 1_000, chart.newest_ms, (width, 12))
    assert canvas.scale is not None
    for ago in (0, 1, 30, width - 1):
        pin = Pin(chart.newest_ms - 1_000 * ago + late_ms, 67_121.0, "!L", "up")
        places = place_pins([pin], canvas, 1_000, chart.newest_ms)
        row = canvas.scale.row(67_121.0)
        assert places[(width - 1 - ago, row)] == ("L", "up")
        assert ((width - 2 - ago, row) in places) is (ago < width - 1)
    for beyond in (-1, width + 1):
        assert place_pins([Pin(chart.newest_ms - 1_000 * beyond, 1.0, "L", "up")], canvas, 1_000, chart.newest_ms) == {}


def test_a_chart_without_candles_has_no_marks() -> None:
    assert place_pins([Pin(0, 1.0, "L", "up")], draw((), 1_000, 0, (10, 5)), 1_000, 0) is NO_PINS
    empty = opened_scalper(detail=None)
    assert reads_chart(seen(empty), "BTC", "1s").pins == ()


def test_what_was_asked_is_there_to_the_letter_and_the_persona_is_folded() -> None:
    table = exchanges_view(seen(OPENED), "BTC", 60, "enter")
    text = "\n".join(" ".join(cell.text for cell in row.cells) for row in table.rows)
    assert "Market M1" in text
    assert '"momentum": 72' in text
    assert "10 words" in text
    assert "Never chase" not in text
    assert "no read: the model gave no answer within 3 s" in text
    assert "prompt 410 ms for 812 tokens · answer 702 ms" in text.replace("\n", " ").replace("  ", " ")
    assert len({row.key for row in table.rows}) == len(table.rows)


def test_a_coin_that_is_not_read_says_so() -> None:
    view = seen(scalped(*AI_READS))
    assert reads_view(view, "HYPE").empty == "HYPE is not among the coins that are read; scalper.coins names them."
    assert reads_view(view, "BTC").empty == "Waiting for what the engine has read of BTC…"
    assert exchanges_view(DeckView(), "BTC", 80, "enter").empty.startswith("connecting")


def test_no_read_yet_says_why() -> None:
    loading = opened_scalper(
        scalper=ScalperDetail(persona="", exchanges=(), reads=()),
        markets=(market("BTC", 1.0, scalper=ScalperView()),),
        model=model(state="loading"),
    )
    assert reads_view(seen(loading), "BTC").empty == "No read of BTC yet: model loading."
    assert exchanges_view(seen(loading), "BTC", 80, "enter").empty == "The model was not asked about BTC yet."


# The screen


@pytest.mark.asyncio
@pytest.mark.parametrize("row", [0, 1, 3])
async def test_a_row_of_either_source_opens_its_coin_and_looks_at_seconds(row: int) -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("tab", *("down",) * row, "enter")
        await settle(pilot)
        assert opened(deck).coin == ("BTC", "ETH")[row // 2]
        assert LookAt(opened(deck).coin, "1s", scalper=True) in link.commands
        await pilot.press("escape")
        await settle(pilot)
        assert link.commands[-1] == LookAt("")


@pytest.mark.asyncio
@by_size
async def test_panels_are_gone_through_given_the_screen_and_left(size: tuple[int, int]) -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link, size) as (deck, pilot):
        await pilot.press("2", "enter")
        await settle(pilot)
        screen = opened(deck)
        chart, reads, exchanges = screen.panels()
        assert screen.focused is reads
        assert "LONG CONFLICT" in screen_text(deck) or size == (40, 10)
        await pilot.press("3")
        await settle(pilot)
        assert [panel.display for panel in (chart, reads, exchanges)] == [False, False, True]
        assert "Asked and answered" in screen_text(deck)
        await pilot.press("1", "0")
        await settle(pilot)
        assert chart.display
        assert "BTC · 1s" in screen_text(deck)
        assert reads.display is (size >= (80, 20))
        await pilot.press("tab", "tab")
        await settle(pilot)
        assert screen.focused is exchanges
        assert exchanges.display
        await pilot.press("escape")
        await settle(pilot)
        assert deck._deck_screen.NAME == "dashboard"


@pytest.mark.asyncio
async def test_resizing_over_and_over_keeps_every_panel_whole() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("tab", "enter")
        for size in (*SIZES, *reversed(SIZES), (139, 36), (140, 36), (80, 19), (200, 24)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
            text = screen_text(deck)
            assert "FAILED" not in text
            assert len(text.splitlines()) == size[1]
            assert "Reads 5" in text


@pytest.mark.asyncio
@pytest.mark.parametrize("key", ["s", "i"])
@pytest.mark.parametrize("opens", [(), ("enter",), ("enter", "1"), ("enter", "3")])
async def test_both_keys_read_the_coin_under_the_cursor_and_cancel(key: str, opens: tuple[str, ...]) -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link) as (_, pilot):
        await pilot.press("tab", *opens, key)
        await settle(pilot)
        link.say(msgspec.structs.replace(OPENED, sequence=2, jobs=(JobView("read", "running", 1, "Reading BTC"),)))
        await settle(pilot)
        await pilot.press(key)
        await settle(pilot)
    given = [command for command in link.commands if not isinstance(command, LookAt)]
    assert given == [StartJob("read", "BTC"), CancelJob("read")]


@pytest.mark.asyncio
async def test_the_footer_says_that_the_key_reads() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link) as (deck, pilot):
        assert " s refresh " in screen_text(deck)
        await pilot.press("tab")
        await settle(pilot)
        assert " s read " in screen_text(deck)


@pytest.mark.asyncio
async def test_m_changes_source_and_label_with_the_next_snapshot() -> None:
    link = ScriptedLink()
    link.say(scalped(*AI_READS))
    async with deck_on(link) as (deck, pilot):
        assert "▸RULES" in screen_text(deck)
        await pilot.press("m")
        await settle(pilot)
        assert link.commands == [SetMetricSource("ai")]
        link.say(scalped(*AI_READS, sequence=2, metric_source="ai"))
        await settle(pilot)
        text = screen_text(deck)
        assert "FAILED" not in text
        assert text.count("metrics AI") == 2
        assert "▸AI 8s" in text
        link.say(scalped(*AI_READS, sequence=3))
        await settle(pilot)
        assert screen_text(deck).count("metrics RULES") == 2


@pytest.mark.asyncio
async def test_the_crosshair_stands_where_the_read_under_the_cursor_was_made() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link, (140, 50)) as (deck, pilot):
        await pilot.press("tab", "enter", "down", "down")
        await settle(pilot)
        chart = deck.screen.query_one(CandleChart)
        assert chart.crosshair_ms == PAST_READS[2].at_ms
        await pilot.press("comma")
        link.say(msgspec.structs.replace(OPENED, sequence=2))
        await settle(pilot)
        assert chart.crosshair_ms == PAST_READS[2].at_ms - 1_000
        await pilot.press("c", "up")
        await settle(pilot)
        assert chart.crosshair_ms == PAST_READS[1].at_ms


@pytest.mark.asyncio
async def test_the_newest_read_stays_on_top_while_the_cursor_is_there() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    assert OPENED.scalper is not None
    newer = msgspec.structs.replace(OPENED.scalper, reads=(past_read(1), *PAST_READS))
    async with deck_on(link) as (deck, pilot):
        await pilot.press("tab", "enter")
        link.say(msgspec.structs.replace(OPENED, sequence=2, scalper=newer))
        await settle(pilot)
        selection = opened(deck).selection()
        assert selection is not None
        assert selection.row.key.startswith(str(WALL_MS - 1_000))
        await pilot.press("o", ">")
        await settle(pilot)
        assert "FAILED" not in screen_text(deck)


@pytest.mark.asyncio
async def test_a_read_opens_with_all_it_holds_and_an_exchange_with_the_persona() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link, (80, 24)) as (deck, pilot):
        await pilot.press("2", "enter", "enter")
        await settle(pilot)
        assert "Buyers lift the offers and every dip is bought." in screen_text(deck)
        await pilot.press("escape", "3", "down", "down", "enter")
        await settle(pilot)
        assert isinstance(deck.screen, ExchangeScreen)
        assert "1. Never chase." in screen_text(deck)
        await pilot.press("y")
        assert "mistral" in deck.clipboard
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(deck.screen, ScalperScreen)


@pytest.mark.asyncio
@pytest.mark.parametrize("keys", [("y",), ("1", "y"), ("3", "y"), ("Y", "enter")])
async def test_every_panel_can_be_copied(keys: tuple[str, ...]) -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("tab", "enter", *keys)
        await settle(pilot)
        assert deck.clipboard.startswith("LIVE")


@pytest.mark.asyncio
async def test_a_coin_that_is_gone_leaves_the_screen_alive() -> None:
    link = ScriptedLink()
    link.say(OPENED)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("tab", "enter")
        link.say(snapshot(2, markets=()))
        await settle(pilot)
        await pilot.press("y", "i", "enter")
        text = screen_text(deck)
        assert "FAILED" not in text
        assert "no longer listed" in text


@pytest.mark.asyncio
async def test_while_nothing_is_heard_reads_stay_and_are_not_called_young() -> None:
    link = ScriptedLink()
    for message in (OPENED, None):
        link.say(message)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("tab", "enter")
        await settle(pilot)
        text = screen_text(deck)
        assert "ENGINE ENDED" in text
        assert "LONG CONFLICT" in text
        await pilot.press("i")
        assert deck._deck_screen.flash.message == "Not connected to an engine."


def hostile(text: str) -> Snapshot:
    read = past_read(5, reason=text, sentence=text)
    asked: ExchangeView = exchange(5, reason=text, model=text, asked=text, answer=text, outcome=text)
    told_of = ScalperView(ai_read(sentence=text, model=text, reason=text), trouble=text)
    return opened_scalper(
        markets=(market("BTC", 67_000.0, scalper=told_of),),
        model=model(name=text, message=text, under_way=text),
        scalper=ScalperDetail(persona=text, exchanges=(asked,), reads=(read,)),
    )


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(60, 20), (140, 50)], ids=["60", "140"])
async def test_nothing_a_model_says_harms_the_screen_or_the_clipboard(size: tuple[int, int]) -> None:
    link = ScriptedLink()
    link.say(hostile(HOSTILE[0]))
    async with deck_on(link, size) as (deck, pilot):
        await pilot.press("2")
        for text in HOSTILE[::3]:
            told(deck, hostile(text))
        await pilot.press("enter")
        await settle(pilot)
        for panel in ("2", "3"):
            await pilot.press(panel)
            for text in HOSTILE[::3]:
                told(deck, hostile(text))
                await deck.action_copy_row()
                assert forbidden(deck.clipboard) == []
        await pilot.press("enter")
        await settle(pilot)
        look(deck)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("size", "together"),
    [((60, 60), False), ((80, 24), False), ((80, 35), False), ((80, 36), True), ((139, 40), True), ((140, 50), True)],
)
async def test_the_dashboard_shows_its_panels_where_they_have_room(size: tuple[int, int], together: bool) -> None:
    link = ScriptedLink()
    link.say(scalped(*AI_READS))
    async with deck_on(link, size) as (deck, pilot):
        text = screen_text(deck)
        assert ("Scalper's read" in text and "ML health" in text) is together
        assert ("SOL      ▸RULES" in text) is together
        for key, title in (("2", "Scalper's read"), ("4", "Whale alerts"), ("5", "ML health"), ("1", "Markets 30")):
            await pilot.press(key)
            await settle(pilot)
            assert title in screen_text(deck)


@pytest.mark.asyncio
async def test_a_read_that_begins_and_ends_moves_no_panel() -> None:
    slow = "answers come later than the deadline of 8 s; take a smaller model"
    reading, resting = (scalped(*AI_READS, model=model(message=slow, under_way=coin)) for coin in ("ETH", ""))
    note = model_note(seen(reading))[0]
    # Where the coin that is read takes a line of its own.
    wide = next(wide for wide in range(84, 160) if note_lines(note, wide - 2) > note_lines(note[:-14], wide - 2))
    assert note[-14:] == " · reading ETH"
    link = ScriptedLink()
    link.say(resting)
    async with deck_on(link, (wide, 48)) as (deck, pilot):
        heights = [table.outer_size.height for table in deck._dashboard.tables()]
        link.say(msgspec.structs.replace(reading, sequence=2))
        await settle(pilot)
        assert [table.outer_size.height for table in deck._dashboard.tables()] == heights


@pytest.mark.asyncio
async def test_many_coins_leave_the_markets_their_room() -> None:
    link = ScriptedLink()
    link.say(scalped(*AI_READS * 4))
    async with deck_on(link, (120, 40)) as (deck, _):
        heights = {table.id: table.outer_size.height for table in deck._dashboard.tables()}
        assert heights == {"markets": 10, "scalper": 13, "wallets": 8, "whales": 8, "tokens": 6}


@pytest.mark.asyncio
@pytest.mark.parametrize(("width", "said"), [(60, False), (80, False), (119, False), (120, True), (200, True)])
async def test_the_status_leaves_a_narrow_line_to_the_newest_event(width: int, said: bool) -> None:
    link = ScriptedLink()
    link.say(scalped(*AI_READS))
    async with deck_on(link, (width, 24)) as (deck, _):
        line = screen_text(deck).splitlines()[-2]
        assert ("Scalper: 8s ago | BTC momentum 72▲ pressure 68 | LONG" in line) is said
        assert line.startswith(" 22:13:16 hyperliquid: trades of SOL")
        assert "128 calls filed" in line


@pytest.mark.asyncio
async def test_the_long_text_of_the_row_under_the_cursor_stands_below_where_there_is_room() -> None:
    link = ScriptedLink()
    link.say(scalped(*AI_READS))
    async with deck_on(link, (60, 20)) as (deck, pilot):
        await pilot.press("2")
        await settle(pilot)
        assert "BTC AI: Buyers lift the offers and every dip is bought;" in screen_text(deck)
        await pilot.press("down", "down")
        await settle(pilot)
        assert "ETH AI: A fast slide that is late to join." in screen_text(deck)
        await pilot.press("/", *"btc")
        await settle(pilot)
        lines = screen_text(deck).splitlines()
        assert "/btc" in lines[17].replace(" ", "")
        assert "BTC" in "\n".join(lines[3:5])
        await pilot.resize_terminal(60, 10)
        await settle(pilot)
        assert "Buyers lift" not in screen_text(deck)


def test_an_exchange_is_found_again_by_its_lines() -> None:
    table = exchanges_view(seen(OPENED), "BTC", 60, "enter")
    assert {int(row.key.split(" ", 1)[0]) for row in table.rows} == {each.asked_ms for each in EXCHANGES}
