"""The paper ledger's views without a screen: rows, sums, curve, the header's part, a market's line and its marks."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from deck_fakes import (
    SOURCE,
    WALL_MS,
    detail,
    feed,
    market,
    snapshot,
)
from hostile_corpus import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from paper_fakes import COPIES, PAPER_TRADES, TRADING, paper, paper_copy, paper_position, paper_trade
from rich.cells import cell_len
from test_deck_hostile import forbidden, most_marks
from token_fakes import judging

from app.engine.protocol import Snapshot, StoreView
from app.engine.protocol_paper import PaperOrderView, PaperView
from app.ui.copying import copyables
from app.ui.panels.detail import row_text
from app.ui.panels.market import chart_view
from app.ui.panels.ml_health import ml_health_note
from app.ui.panels.paper import (
    PaperKeys,
    paper_coin,
    paper_line,
    paper_part,
    positions_view,
    signed_usd,
    sums_lines,
    trades_view,
)
from app.ui.panels.paper_chart import LEGEND, with_paper
from app.ui.panels.paper_equity import equity_table, equity_view
from app.ui.panels.status import header_parts
from app.ui.state import DeckView
from app.ui.widgets.columns import Row, TableView, place_columns
from app.ui.widgets.equity_curve import draw_curve
from app.ui.widgets.ordering import Ordering, ordered
from app.ui.widgets.parts import GAP, choose

KEYS = PaperKeys()


def seen(shown: Snapshot, **changes: object) -> DeckView:
    view: dict[str, object] = {"source": shown.source, "newest": shown, "shown": shown, **changes}
    return DeckView("connected", **view)  # type: ignore[arg-type]


def ended(shown: Snapshot) -> DeckView:
    return DeckView("ended", source=SOURCE, newest=shown, shown=shown)


def with_ledger(ledger: PaperView | None = None, **changes: Any) -> Snapshot:
    return snapshot(paper=ledger or paper(), **changes)


def texts(table: TableView, row: Row) -> Mapping[str, str]:
    titles = (column.title for column in table.columns)
    return dict(zip(titles, (cell.text for cell in row.cells), strict=True))


def stale_market(coin: str) -> Snapshot:
    return with_ledger(
        paper(positions=(paper_position(coin=coin),)), markets=(market(coin, 67_000.0, stale=True, age_ms=14_000),)
    )


# Positions and orders


def test_a_position_says_all_it_holds() -> None:
    table = positions_view(seen(with_ledger()), KEYS)
    assert table.title == "Paper positions 2"
    assert texts(table, table.rows[0]) == {
        "coin": "BTC", "side": "▲ long", "size": "0.0149", "entry": "67,020.00", "now": "67,116.79",
        "paper $": "+0.99", "bp": "+9.9", "liq": "54,123.40", "held": "1:04", "by": "hand", "age": "0.3s",
        "waits for": "",
    }  # fmt: skip
    short = texts(table, table.rows[1])
    assert (short["side"], short["paper $"], short["bp"], short["liq"]) == ("▼ short", "-1.53", "-15.3", "–")
    assert (short["held"], short["waits for"]) == ("1:01:40", "closing: stop")


def test_an_order_on_its_way_is_a_row_of_its_coin() -> None:
    table = positions_view(seen(with_ledger()), KEYS)
    order = texts(table, table.rows[2])
    assert (order["coin"], order["side"], order["waits for"], order["paper $"]) == ("ETH", "buying", "on its way", "–")
    assert [paper_coin(row) for row in table.rows] == ["BTC", "SOL", "ETH"]


def test_a_flip_is_two_rows_of_one_coin() -> None:
    ledger = paper(positions=(paper_position(waits_for="closing: flip"),), opening=(PaperOrderView("BTC", -1),))
    table = positions_view(seen(with_ledger(ledger)), KEYS)
    assert len({row.key for row in table.rows}) == 2
    assert {paper_coin(row) for row in table.rows} == {"BTC"}


def test_positions_are_sorted_and_asked_by_what_they_stand_for() -> None:
    table = positions_view(seen(with_ledger()), KEYS)
    for row in table.rows[:2]:
        assert len(row.values) == len(row.cells) == len(table.columns)
    by_result = ordered(table.rows, table.columns, Ordering("paper $"))
    assert [paper_coin(row) for row in by_result] == ["BTC", "SOL", "ETH"]
    by_held = ordered(table.rows, table.columns, Ordering("held", descending=False))
    assert [paper_coin(row) for row in by_held] == ["BTC", "SOL", "ETH"]
    fields = [name for column in table.columns for name in column.fields[:1]]
    assert len(fields) == len(set(fields))


def test_a_position_of_stale_data_is_dimmed_and_says_since_when() -> None:
    table = positions_view(seen(stale_market("BTC")), KEYS)
    assert table.rows[0].dimmed
    assert texts(table, table.rows[0])["age"] == "stale 14s"


def test_a_position_whose_tape_has_a_hole_says_so() -> None:
    gap = with_ledger(markets=(market("BTC", 67_000.0, hole=True),))
    assert texts(positions_view(seen(gap), KEYS), positions_view(seen(gap), KEYS).rows[0])["age"] == "gap 0.3s"


def test_a_position_of_an_unlisted_coin_keeps_its_digits() -> None:
    ledger = paper(positions=(paper_position(coin="kGONE", entry_price=0.0123, close_price=0.0124),))
    table = positions_view(seen(with_ledger(ledger)), KEYS)
    cells = texts(table, table.rows[0])
    assert (cells["entry"], cells["now"], cells["age"]) == ("0.012300", "0.012400", "unlisted")
    assert table.rows[0].dimmed
    assert paper_coin(table.rows[0]) == "kGONE"


def test_the_ages_grow_while_the_display_is_held_and_nobody_vouches_once_the_engine_is_gone() -> None:
    shown = with_ledger()
    later = msgspec.structs.replace(shown, sequence=2, wall_ms=WALL_MS + 20_000)
    table = positions_view(seen(shown, newest=later, frozen_s=20.0), KEYS)
    assert texts(table, table.rows[0])["age"] == "20s"
    assert texts(table, table.rows[0])["held"] == "1:24"
    assert "held 1:24" in paper_line(seen(shown, newest=later, frozen_s=20.0), "BTC")[0]
    assert not table.rows[0].dimmed
    for table in (positions_view(ended(shown), KEYS), trades_view(ended(shown), KEYS), equity_table(ended(shown))):
        assert table.rows
        assert all(row.dimmed for row in table.rows)
    assert equity_view(ended(shown)).role == "stale"
    assert {role for _, role in sums_lines(ended(shown), 80, 9)} == {"stale"}


def test_a_copy_nobody_traded_for_long_and_a_pool_nobody_looked_at_are_dimmed_and_say_so() -> None:
    for ages_s, held_s, ages in (((12.0, 12.0), 0, ["12s", "12s"]), ((599.0, 119.0), 2, ["stale 10m", "stale 2m"])):
        token = msgspec.structs.replace(TRADING.positions[0], age_s=ages_s[1], held_s=3_600.0)
        trading = msgspec.structs.replace(TRADING, positions=(token,), opening=())
        shown = with_ledger(paper(positions=(), opening=(), copies=(paper_copy(age_s=ages_s[0]),), tokens=trading))
        newest = msgspec.structs.replace(shown, wall_ms=WALL_MS + held_s * 1_000)
        table = positions_view(seen(shown, newest=newest, frozen_s=float(held_s)), KEYS)
        told = [texts(table, row) for row in table.rows]
        assert [row["age"] for row in told] == ages
        assert {row["held"] for row in told} == {f"1:00:0{held_s}"}
        assert [row.dimmed for row in table.rows] == [bool(held_s)] * 2


@pytest.mark.parametrize(
    ("copy_s", "token_s", "stale"), [(12.0, 12.0, False), (601.0, 12.0, True), (12.0, 121.0, True), (math.nan, 1, True)]
)
def test_the_header_calls_old_prices_of_copies_and_tokens_stale(copy_s: float, token_s: float, stale: bool) -> None:
    token = msgspec.structs.replace(TRADING.positions[0], age_s=token_s)
    trading = msgspec.structs.replace(TRADING, positions=(token,))
    part = paper_part(seen(with_ledger(paper(positions=(), copies=(paper_copy(age_s=copy_s),), tokens=trading))))
    assert part is not None
    assert part.wordings == (f"PAPER -0.40{' stale' if stale else ''}",)
    assert (part.role == "stale") is stale


def test_a_coin_with_a_long_name_is_traded_by_its_whole_name() -> None:
    name = "xyz:" + "LONG" * 9
    shown = with_ledger(
        paper(positions=(paper_position(coin=name[:23] + "…"),), closed=(paper_trade(9, coin=name[:23] + "…"),)),
        markets=(market(name, 5.0),),
    )
    assert paper_coin(positions_view(seen(shown), KEYS).rows[0]) == name
    assert paper_coin(trades_view(seen(shown), KEYS).rows[0]) == name


@pytest.mark.parametrize("width", [38, 58, 78, 118, 198])
def test_the_result_is_there_at_every_width(width: int) -> None:
    for view in (positions_view, trades_view):
        table = view(seen(with_ledger()), KEYS)
        titles = [table.columns[at.column].title for at in place_columns(table.columns, width)]
        assert {"coin", "side", "paper $"} <= set(titles)


# Trades


def test_trades_are_newest_first_with_their_reason() -> None:
    table = trades_view(seen(with_ledger()), KEYS)
    assert table.title == "Closed paper trades 3 · UTC"
    assert texts(table, table.rows[0]) == {
        "closed": "22:11:50", "coin": "ETH", "side": "▼ short", "held": "0:41", "entry": "3,410.50",
        "exit": "3,415.90", "paper $": "-2.48", "bp": "-24.8", "by": "hand", "reason": "stop",
    }  # fmt: skip
    assert all(len(row.values) == len(row.cells) == len(table.columns) for row in table.rows)
    assert [row.value(0) for row in table.rows] == [trade.closed_ms for trade in PAPER_TRADES]
    assert texts(table, table.rows[2])["paper $"] == "0.00"


def test_trades_that_are_not_shown_are_counted() -> None:
    assert (
        trades_view(seen(with_ledger(paper(trades=1_234))), KEYS).title == "Closed paper trades last 3 of 1,234 · UTC"
    )


# Sums


def test_the_sums_are_all_there_and_add_up() -> None:
    (line,) = (text for text, _ in sums_lines(seen(with_ledger()), 400, 1))
    for words in (
        "equity 9,999.12 paper $", "today -0.88 (limit -100.00)", "began with 10,000.00", "cash 9,996.48",
        "closed trades -1.16", "open -0.54 if closed now", "exit fees in that 0.82",
        "fees 4.50", "funding received 0.02", "2 won, 1 lost of 3 trades", "follow off", "breaker ready",
    ):  # fmt: skip
        assert words in line
    ledger = paper()
    open_usd = sum(position.result_usd for position in ledger.positions)
    assert ledger.equity_usd == pytest.approx(
        ledger.starting_usd + ledger.closed_usd + open_usd + ledger.exit_fees_usd, abs=0.005
    )
    assert ledger.closed_usd == pytest.approx(sum(trade.result_usd for trade in ledger.closed), abs=0.005)


def test_a_tripped_breaker_comes_first_and_is_loud() -> None:
    text, role = sums_lines(seen(with_ledger(paper(tripped=True))), 60, 4)[0]
    assert text.startswith("breaker TRIPPED until 00:00 UTC")
    assert role == "alert"
    empty = positions_view(seen(with_ledger(paper(tripped=True, positions=(), opening=()))), KEYS).empty
    assert empty == "The breaker is tripped: no paper position opens before 00:00 UTC."


@given(st.integers(30, 220), st.integers(1, 6))
def test_the_sums_fit_and_lose_nothing_but_the_end(width: int, most: int) -> None:
    whole = sums_lines(seen(with_ledger()), 400, 1)[0][0]
    lines = [text for text, _ in sums_lines(seen(with_ledger()), width, most)]
    assert 1 <= len(lines) <= most
    assert " · ".join(lines) == whole
    assert all(cell_len(line) <= width for line in lines[:-1])


@pytest.mark.parametrize(
    ("value", "text"),
    [(12.3, "+12.30"), (-12.346, "-12.35"), (0.004, "0.00"), (-0.004, "0.00"), (-0.0, "0.00"),
     (99_999.99, "+99,999.99"), (-1.2e6, "-1.20M"), (math.nan, "–"), (math.inf, "–")],
)  # fmt: skip
def test_paper_dollars_have_a_sign(value: float, text: str) -> None:
    assert signed_usd(value) == text


# What an empty panel says


@pytest.mark.parametrize("view", [positions_view, trades_view])
def test_before_the_ledger_has_begun_it_is_said(view: object) -> None:
    table = view(seen(snapshot()), KEYS)  # type: ignore[operator]
    assert table.rows == ()
    assert table.empty.startswith("The paper ledger has not begun")
    assert sums_lines(seen(snapshot()), 80, 3)[0][0] == table.empty == equity_view(seen(snapshot())).empty
    assert view(DeckView(), KEYS).empty == "connecting to the engine…"  # type: ignore[operator]
    assert view(ended(snapshot()), KEYS).empty != table.empty  # type: ignore[operator]


def test_empty_panels_name_the_keys_in_force() -> None:
    shown = seen(with_ledger(paper(positions=(), opening=(), closed=(), trades=0)))
    keys = PaperKeys("f2", "f3", "f4", "f5", "x")
    assert positions_view(shown, keys).empty == (
        "No paper position. x goes back; on a coin there f2 goes long on paper, f3 short."
    )
    assert trades_view(shown, keys).empty == (
        "No paper position was closed yet. f4 closes the one under the cursor, f5 flips it."
    )


# Equity


def test_the_curve_tells_its_span_and_extremes() -> None:
    curve = equity_view(seen(with_ledger()))
    assert curve.title == "Paper equity 9,999.12 (-0.88) · 1:00:00"
    assert curve.words.startswith("21:13:20 to 22:13:20 UTC · low 9,995.01 at ")
    assert "high 10,005.00 at " in curve.words
    assert curve.role == "down"


def test_a_curve_of_days_tells_the_days() -> None:
    ledger = paper(curve=((WALL_MS - 86_400_000, 1.0), (WALL_MS, 2.0)))
    assert equity_view(seen(with_ledger(ledger))).words.startswith("11-13 22:13 to 11-14 22:13 UTC")


@pytest.mark.parametrize("curve", [(), ((WALL_MS, 1.0),), ((WALL_MS, 1.0), (WALL_MS, 1.0)), ((WALL_MS, math.nan),) * 3])
def test_what_is_no_curve_says_so(curve: tuple[tuple[int, float], ...]) -> None:
    assert equity_view(seen(with_ledger(paper(curve=curve)))).empty.startswith("No curve yet")


CURVES = st.lists(st.tuples(st.integers(0, 10**12), st.floats(-1e31, 1e31)), min_size=2, max_size=130).map(sorted)


@given(CURVES, st.integers(1, 200), st.integers(1, 40))
def test_a_drawn_curve_is_one_unbroken_line_inside_its_frame(
    points: list[tuple[int, float]], width: int, rows: int
) -> None:
    drawn = draw_curve(points, width, rows)
    assert len(drawn.rows) == rows
    assert {len(row) for row in drawn.rows} == {width}
    halves = [[row[column] for row in drawn.rows] for column in range(width)]
    lit = [
        {2 * row for row, sign in enumerate(column) if sign in "▀█"}
        | {2 * row + 1 for row, sign in enumerate(column) if sign in "▄█"}
        for column in halves
    ]
    for before, after in pairwise(lit):
        assert after
        assert min(abs(one - other) for one in before for other in after) <= 1
    if width > 1:
        assert drawn.rows[drawn.newest][-1] != " "


def test_a_drawn_curve_goes_where_the_equity_goes() -> None:
    assert draw_curve([(0, 1.0), (10, 2.0)], 11, 2).rows == ("          █", "▄▄▄▄▄▄▄▄▄▄▀")
    assert draw_curve([(0, 2.0), (5, 1.0), (10, 1.0)], 11, 1).rows == ("▀▀▀▀▀▄▄▄▄▄▄",)
    assert draw_curve([(0, 5.0), (9, 5.0)], 4, 3).newest == 1


def test_the_points_can_be_copied() -> None:
    view = seen(with_ledger())
    table = equity_table(view)
    items = {
        item.name: item.text for item in copyables(view, "paper equity", table.columns, table.rows[-1], table.rows)
    }
    assert len(items["panel as JSON"].splitlines()) == 61
    last = msgspec.json.decode(items["row as JSON"])["row"]
    assert last == {"name": "paper equity", "time": WALL_MS, "equity_in_paper_dollars": 9_999.12}


# The header


def test_the_header_tells_what_open_positions_would_bring() -> None:
    part = paper_part(seen(with_ledger()))
    assert part is not None
    assert (part.wordings, part.role) == (("PAPER -0.54",), "down")
    won = paper_part(seen(with_ledger(paper(positions=(paper_position(result_usd=12.3),)))))
    assert won is not None
    assert (won.wordings, won.role) == (("PAPER +12.30",), "up")


@pytest.mark.parametrize("shown", [snapshot(), with_ledger(paper(positions=()))], ids=["no ledger", "no position"])
def test_without_a_position_the_header_is_silent_about_paper(shown: Snapshot) -> None:
    assert paper_part(seen(shown)) is None


def test_the_header_does_not_tell_old_results_as_new_ones() -> None:
    part = paper_part(seen(stale_market("BTC")))
    assert part is not None
    assert (part.wordings, part.role) == (("PAPER +0.99 stale",), "stale")
    assert paper_part(ended(with_ledger())) is None


TROUBLED = with_ledger(
    feeds=(feed(state="stale", age_ms=14_000), feed(name="books", state="down", age_ms=None), feed(name="rest")),
    store=StoreView("not saved", "disk full", 0, 0, 9),
)


@pytest.mark.parametrize("width", range(10, 200, 3))
def test_paper_never_pushes_out_what_must_be_seen(width: int) -> None:
    with_it = [text for text, _ in choose(header_parts(seen(TROUBLED)), width)]
    without = [text for text, _ in choose(header_parts(seen(msgspec.structs.replace(TROUBLED, paper=None))), width)]
    must = ("LIVE", "NOT SAVED", "hyperliquid ◐", "books ✕")
    for word in must:
        assert any(word in text for text in with_it) == any(word in text for text in without)
    assert sum(cell_len(text) + GAP for text in with_it) - GAP <= max(width, 6)
    assert width < 80 or "PAPER -0.54" in with_it


# A market's line and marks


def test_the_market_of_a_position_has_a_line_about_it() -> None:
    text, role = paper_line(seen(with_ledger()), "BTC")
    assert text == "PAPER long +0.99 (+9.9 bp) · entry 67,020.00 · held 1:04 · liq 54,123.40 · size 0.0149"
    assert role == "up"
    assert paper_line(seen(with_ledger()), "SOL")[0].endswith("size 6.740 · closing: stop")
    assert paper_line(seen(with_ledger()), "ETH") == ("PAPER buying: on its way", "accent")
    assert paper_line(seen(stale_market("BTC")), "BTC")[1] == "stale"
    assert paper_line(ended(with_ledger()), "BTC")[1] == "stale"


@pytest.mark.parametrize("shown", [snapshot(), with_ledger(paper(positions=(), opening=()))])
def test_other_markets_have_none(shown: Snapshot) -> None:
    assert paper_line(seen(shown), "BTC") == ("", "muted")
    assert paper_line(DeckView(), "BTC") == ("", "muted")


def test_a_flip_tells_of_both_orders() -> None:
    ledger = paper(positions=(paper_position(waits_for="closing: flip"),), opening=(PaperOrderView("BTC", -1),))
    assert paper_line(seen(with_ledger(ledger)), "BTC")[0].endswith("closing: flip · then selling")


def test_entries_and_exits_are_marked_at_their_time_and_price() -> None:
    view = seen(with_ledger(detail=detail()))
    chart = with_paper(chart_view(view, "BTC", "1m"), view, "BTC")
    assert [(pin.at_ms, pin.price, pin.text) for pin in chart.pins] == [
        (WALL_MS - 441_500, 66_900.0, "pL"), (WALL_MS - 400_000, 67_050.0, "pX"), (WALL_MS - 64_000, 67_020.0, "pL"),
    ]  # fmt: skip
    assert chart.legend == LEGEND


def test_a_chart_without_paper_or_candles_is_left_as_it_is() -> None:
    for shown in (
        snapshot(detail=detail()),
        with_ledger(),
        with_ledger(paper(closed=(), positions=()), detail=detail()),
    ):
        chart = chart_view(seen(shown), "BTC", "1m")
        assert with_paper(chart, seen(shown), "BTC") is chart


# Hostile texts


@pytest.mark.parametrize("text", HOSTILE[::4])
def test_no_text_harms_what_is_shown_or_copied(text: str) -> None:
    ledger = paper(
        positions=(paper_position(coin=text, by=text, waits_for=text),),
        opening=(PaperOrderView(text, 1), PaperOrderView(text, -1)),
        closed=(paper_trade(3, coin=text, by=text, reason=text),),
    )
    view = seen(with_ledger(ledger, markets=(market(text, 1.0),)))
    words = [paper_line(view, text)[0]]
    for table in (positions_view(view, KEYS), trades_view(view, KEYS)):
        for row in table.rows:
            words += [cell.text for cell in row.cells] + [row_text(view, table.columns, row)]
            words += [item.text for item in copyables(view, "paper", table.columns, row, (row,))]
    assert [word for word in words if forbidden(word) or most_marks(word) > 2] == []


@given(
    st.builds(
        paper_position,
        result_usd=st.floats(-1e31, 1e31), result_bps=st.floats(-1e31, 1e31), size=st.floats(1e-15, 1e15),
        entry_price=st.floats(1e-12, 1e15), close_price=st.floats(1e-12, 1e15), held_s=st.floats(0, 1e12),
        liquidation_price=st.none() | st.floats(1e-12, 1e15), direction=st.sampled_from([-1, 1]),
    )
)  # fmt: skip
def test_any_position_can_be_shown(position: object) -> None:
    shown = msgspec.structs.replace(with_ledger(), paper=msgspec.structs.replace(paper(), positions=(position,)))
    table = positions_view(seen(shown), KEYS)
    assert len(table.rows[0].cells) == len(table.columns)
    assert paper_line(seen(shown), "BTC")[0].startswith("PAPER ")
    part = paper_part(seen(shown))
    assert part is not None
    assert len(part.wordings[0]) < 60


def test_a_copy_has_the_wallets_name_and_its_outcome_and_counts_in_the_header() -> None:
    view = seen(snapshot(paper=paper(positions=(), opening=(), copies=COPIES, copying=True)))
    table = positions_view(view, KEYS)
    assert table.title == "Paper positions 2"
    named = [dict(zip((column.title for column in table.columns), row.cells, strict=True)) for row in table.rows]
    assert [row["coin"].text for row in named] == ["★ polls professor", "★ 0x3f2a…91bc"]
    assert [row["waits for"].text for row in named] == ["senate-race-ohio #0", "closing: sold · cup-final #1"]
    assert [row["paper $"].text for row in named] == ["+3.92", "-3.92"]
    assert [paper_coin(row) for row in table.rows] == ["senate-race-ohio #0", "cup-final #1"]
    part = paper_part(seen(snapshot(paper=paper(positions=(), copies=(paper_copy(),)))))
    assert part is not None
    assert part.wordings == ("PAPER +3.92",)
    assert any("2 copies of wallets, on" in line for line, _ in sums_lines(view, 300, 4))
    off = seen(snapshot(paper=paper(copies=COPIES[:1])))
    assert any("1 copies of wallets, off: none is opened" in line for line, _ in sums_lines(off, 300, 4))


@pytest.mark.parametrize("name", ["BTC", "ETH"])
def test_a_wallet_that_is_called_like_a_coin_is_not_taken_for_it(name: str) -> None:
    view = seen(snapshot(paper=paper(positions=(), opening=(), closed=(), copies=(paper_copy(name=f"★ {name}"),))))
    assert paper_line(view, name) == ("", "muted")


@pytest.mark.parametrize("text", HOSTILE[:12])
def test_a_hostile_name_of_a_copy_stays_harmless(text: str) -> None:
    hostile = paper_copy(name=text, market=text, waits_for=text, result_usd=math.nan, close_price=math.inf, age_s=1e300)
    (row,) = positions_view(seen(snapshot(paper=paper(positions=(), opening=(), copies=(hostile,)))), KEYS).rows
    assert not any(mark in cell.text for cell in row.cells for mark in "\x1b\n\r\t")


def test_a_position_in_a_token_has_its_pool_and_its_end_and_counts_in_the_header() -> None:
    view = seen(snapshot(paper=paper(positions=(), opening=(), tokens=TRADING)))
    table = positions_view(view, KEYS)
    position, opening = table.rows
    told = texts(table, position)
    assert (told["coin"], told["by"], told["paper $"], told["bp"]) == ("FROG / SOL", "model", "-4.32", "-514")
    assert told["waits for"] == "closing: drain · pool 18.4K $"
    assert paper_coin(position) == "M" * 42
    assert texts(table, opening)["waits for"] == "a look at its pool"
    part = paper_part(view)
    assert part is not None
    assert part.wordings[0] == "PAPER -4.32"
    closed = paper_trade(5, coin="FROG / SOL", entry_price=6.97e-05, exit_price=0.0, by="model", reason="gone")
    trades = trades_view(seen(snapshot(paper=paper(closed=(closed,)))), KEYS)
    said = texts(trades, trades.rows[0])
    assert (said["entry"], said["exit"]) == ("0.00006970", "0.000000")
    sums = " · ".join(line for line, _ in sums_lines(view, 200, 4))
    for words in ("2 of 5 tokens, on, 162 of 500 paper $", "0.5 % fee a side", "4 approved tokens not bought"):
        assert words in sums


@pytest.mark.parametrize("text", HOSTILE[:12])
def test_a_hostile_name_of_a_token_stays_harmless(text: str) -> None:
    hostile = msgspec.structs.replace(TRADING.positions[0], name=text, waits_for=text)
    trading = msgspec.structs.replace(TRADING, positions=(hostile,), opening=(text,), refused={text: 1})
    view = seen(snapshot(paper=paper(tokens=trading)))
    shown = [cell.text for row in positions_view(view, KEYS).rows for cell in row.cells]
    said = (*shown, *(line for line, _ in sums_lines(view, 120, 4)))
    assert not any(mark in word for word in said for mark in "\x1b\n\r\t")


def test_the_models_panel_says_what_approvals_came_to_and_why_others_were_not_bought() -> None:
    with_tokens, _ = ml_health_note(seen(judging(paper=paper(tokens=TRADING))))
    assert "paper: 1 position -4.32, see the paper screen" in with_tokens
    assert "4 approved tokens not bought: exposure 3, market 1" in with_tokens
    without, _ = ml_health_note(seen(judging(paper=paper())))
    assert "paper" not in without
