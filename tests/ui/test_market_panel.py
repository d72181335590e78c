"""What the market screen says of a coin, without a screen."""

import json
from collections.abc import Callable

import msgspec
import pytest
from deck_fakes import DEMO, WALL_MS, detail, market, snapshot

from app.engine.protocol import Snapshot
from app.engine.protocol_detail import LevelView, MarketDetail, ReadPoint, TradeView
from app.markets.rules import LONGEST_HOLE_MS, WINDOW_S
from app.ui.copying import LONGEST, copyables, shortened
from app.ui.panels.event_log import log_view
from app.ui.panels.market import LONGEST_HOLE_MS as PANEL_HOLE_MS
from app.ui.panels.market import MINUTE_S, chart_view, facts_line, ladder_view, reads_note, tape_view
from app.ui.panels.markets import markets_view
from app.ui.state import DeckView
from app.ui.widgets.columns import TableView


def seen(**changes: object) -> DeckView:
    opened: MarketDetail = msgspec.structs.replace(detail(), **changes)
    full: Snapshot = snapshot(detail=opened)
    return DeckView("connected", source=full.source, newest=full, shown=full)


def texts(view: DeckView) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in tape_view(view, "BTC").rows]


def test_until_the_engine_tells_of_it_every_part_says_what_it_waits_for() -> None:
    full = snapshot()
    view = DeckView("connected", source=full.source, newest=full, shown=full)
    for empty in (chart_view(view, "BTC", "1m").empty, tape_view(view, "BTC").empty, ladder_view(view, "BTC", 5).empty):
        assert empty == "Waiting for the engine's view of BTC…"
    assert chart_view(seen(), "ETH", "1m").candles == ()


def test_candles_of_another_interval_are_not_shown_as_those_asked_for() -> None:
    assert chart_view(seen(), "BTC", "5m").candles == ()
    assert len(chart_view(seen(), "BTC", "1m").candles) == len(detail().candles)


def test_a_print_says_side_price_size_and_rank() -> None:
    trade = TradeView(WALL_MS, 7, 67_123.5, 0.25, -1, 42.4)
    assert texts(seen(trades=(trade,))) == [["22:13:20", "▼ sell", "67,123.50", "0.2500", "42", ""]]


def test_only_among_enough_prints_is_one_called_large() -> None:
    trades = tuple(TradeView(WALL_MS - n, n + 1, 100.0, 1.0, 1, 99.0) for n in range(120))
    assert {row[-1] for row in texts(seen(trades=trades))} == {"LARGE"}
    assert {row[-1] for row in texts(seen(trades=trades[:50]))} == {""}


def test_a_hole_in_the_tape_stands_between_the_prints_around_it() -> None:
    trades = (TradeView(WALL_MS, 2, 100.0, 1.0, 1, 50.0), TradeView(WALL_MS - 9_000, 1, 100.0, 1.0, 1, 50.0))
    rows = texts(seen(trades=trades, holes=((WALL_MS - 9_000, WALL_MS - 4_000),)))
    assert [row[1] for row in rows] == ["▲ buy", "? gap", "▲ buy"]
    assert rows[1][2] == "lost 5.0s"


def test_the_ladder_has_asks_above_the_spread_and_bids_below() -> None:
    rows = ladder_view(seen(), "BTC", 2).rows
    assert [row.title.split()[0] for row in rows] == ["ask", "ask", "spread", "bid", "bid"]
    prices = [float(row.cells[2].text.replace(",", "")) for row in rows if row.key != "spread"]
    assert prices == sorted(prices, reverse=True)


def test_the_longest_bar_is_the_largest_level() -> None:
    bids = (LevelView(100.0, 4.0, 1), LevelView(99.0, 1.0, 1))
    rows = ladder_view(seen(bids=bids, asks=()), "BTC", 5).rows
    assert [len(row.cells[0].text) for row in rows] == [8, 2]


@pytest.mark.parametrize(
    ("imbalance", "words"),
    [
        (0.25, "imbalance +0.25 over 2 levels"),
        (-0.4, "imbalance -0.40 over 2 levels"),
        (-0.004, "imbalance 0.00 over 2 levels"),
        (None, "passed by the quote"),
    ],
)
def test_the_title_says_which_side_is_heavier(imbalance: float | None, words: str) -> None:
    assert ladder_view(seen(imbalance=imbalance, imbalance_levels=2), "BTC", 5).title == f"Book · {words} · 1.2s"


def test_a_narrow_book_says_which_side_is_heavier_without_the_levels() -> None:
    narrow = ladder_view(seen(imbalance=-0.4, imbalance_levels=13), "BTC", 5, 38)
    assert narrow.title == "Book · imbalance -0.40 · 1.2s"
    wide = ladder_view(seen(imbalance=-0.4, imbalance_levels=13), "BTC", 5, 46)
    assert wide.title == "Book · imbalance -0.40 over 13 levels · 1.2s"


def test_a_book_that_cannot_lean_says_why() -> None:
    assert ladder_view(seen(imbalance=None, asks=()), "BTC", 5).title == "Book · one side only · 1.2s"
    assert ladder_view(seen(imbalance=None, bids=(), asks=()), "BTC", 5).title == "Book · empty · 1.2s"
    assert ladder_view(seen(imbalance=None, bids=(), asks=(), book_age_ms=None), "BTC", 5).title == "Book"


def test_candles_that_exist_are_shown_with_what_their_past_waits_for() -> None:
    waiting = "The 1m history is asked for…"
    view = chart_view(seen(waiting_for=waiting), "BTC", "1m")
    assert (view.notice, view.candles) == (waiting, detail().candles)
    assert chart_view(seen(waiting_for=waiting, candles=()), "BTC", "1m").empty == waiting
    assert chart_view(seen(candles=()), "BTC", "1m").empty == "No candle yet: waiting for the first trade."


def reads(*momenta: float | None, step_ms: int = 1_000) -> tuple[ReadPoint, ...]:
    newest = len(momenta) - 1
    return tuple(
        ReadPoint(WALL_MS - step_ms * (newest - place), momentum, 50.0, 55.0) for place, momentum in enumerate(momenta)
    )


def test_a_metric_that_is_not_known_yet_says_what_it_needs() -> None:
    assert reads_note(seen(reads=reads(*[None] * 24)), "BTC") == "momentum needs a whole minute; 23 s so far"
    assert reads_note(seen(reads=()), "BTC") == "waiting for the first read"
    assert reads_note(seen(reads=reads(None, 40.0)), "BTC") == ""
    assert reads_note(seen(), "ETH") == "waiting for the engine"


def test_seconds_before_a_break_do_not_count_towards_the_minute() -> None:
    before = tuple(ReadPoint(WALL_MS - 60_000 - 1_000 * n, 50.0, 50.0, None) for n in reversed(range(30)))
    assert "; 4 s so far" in reads_note(seen(reads=(*before, *reads(*[None] * 5))), "BTC")
    # A minute that is nearly known is not called whole.
    assert "; 59 s so far" in reads_note(seen(reads=reads(*[None] * 90)), "BTC")


def test_what_the_rules_do_not_claim_is_said_to_be_no_claim() -> None:
    no_claim = (ReadPoint(WALL_MS, 12.0, 50.0, None),)
    assert reads_note(seen(reads=no_claim), "BTC") == "no claim: the move of the minute is inside the spread"
    one_sided: Snapshot = snapshot(detail=detail(reads=no_claim), markets=(market("BTC", 100.0, bid=None),))
    view = DeckView("connected", newest=one_sided, shown=one_sided)
    assert reads_note(view, "BTC") == "no claim: the quote has one side"
    stale: Snapshot = msgspec.structs.replace(snapshot(detail=detail()), markets=(market("BTC", 100.0, stale=True),))
    assert reads_note(DeckView("connected", newest=stale, shown=stale), "BTC") == "no read of stale data"


def test_the_minute_is_that_of_the_rules() -> None:
    assert (MINUTE_S, PANEL_HOLE_MS) == (WINDOW_S, LONGEST_HOLE_MS)


def test_facts_of_a_stale_market_say_so() -> None:
    full = snapshot(markets=(market("BTC", 100.0, stale=True, age_ms=20_000),))
    line = facts_line(DeckView("connected", newest=full, shown=full), "BTC")
    assert line.startswith("100.00 · age stale 20s")


def test_everything_can_be_copied_as_text_and_as_json() -> None:
    full = snapshot(source=DEMO)
    view = DeckView("connected", source=DEMO, newest=full, shown=full)
    table = markets_view(view)
    items = dict(copyables(view, "markets", table.columns, table.rows[0], table.rows))
    copied = json.loads(items["row as JSON"])
    assert (copied["source"], copied["panel"], copied["at"]) == ("DEMO", "markets", "2023-11-14T22:13:20Z")
    assert (copied["row"]["coin"], copied["row"]["price"], copied["row"]["freshness"]) == ("BTC", 67_123.5, "FRESH")
    assert len(items["panel"].splitlines()) == len(items["panel as JSON"].splitlines()) == len(table.rows)
    assert items["price"] == "67,123.50"


@pytest.mark.parametrize("table", [tape_view, lambda view, coin: ladder_view(view, coin, 5)])
def test_prints_and_levels_are_copied_as_numbers_under_a_name(table: Callable[[DeckView, str], TableView]) -> None:
    view = table(seen(), "BTC")
    for row in view.rows:
        fields = json.loads(dict(copyables(seen(), "x", view.columns, row, view.rows))["row as JSON"])["row"]
        assert row.title
        assert isinstance(fields["price"], float)
        assert not any(isinstance(value, str) and "█" in value for value in fields.values())


def test_events_are_copied_with_their_own_time_and_word_of_level() -> None:
    view = DeckView("connected", newest=snapshot(), shown=snapshot())
    table = log_view(view)
    copied = json.loads(dict(copyables(view, "events", table.columns, table.rows[0], table.rows))["row as JSON"])
    assert copied["at"] == "2023-11-14T22:13:20Z"
    assert copied["row"]["level"] == "INFO"


def test_a_text_too_long_for_a_terminal_is_cut_at_a_line_and_said_to_be() -> None:
    text, cut = shortened("x" * 999 + "\n" + ("y" * 999 + "\n") * 99)
    assert cut
    assert len(text) <= LONGEST
    assert text.endswith("y")
    assert shortened("short") == ("short", False)
