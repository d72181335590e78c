"""What the market screen says of a coin, without a screen."""

import json
from collections.abc import Callable

import msgspec
import pytest
from deck_fakes import DEMO, WALL_MS, detail, market, snapshot

from app.engine.protocol import LevelView, MarketDetail, Snapshot, TradeView
from app.ui.copying import LONGEST, copyables, shortened
from app.ui.panels.event_log import log_view
from app.ui.panels.market import chart_view, facts_line, ladder_view, tape_view
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


@pytest.mark.parametrize(("imbalance", "words"), [(0.25, "25% more bids"), (-0.4, "40% more asks"), (None, "Book")])
def test_the_title_says_which_side_is_heavier(imbalance: float | None, words: str) -> None:
    assert words in ladder_view(seen(imbalance=imbalance), "BTC", 5).title


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
