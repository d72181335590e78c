"""Rows of Whale alerts and the signals in Markets without a screen: words, order, questions, copies, columns."""

import math

import msgspec
import pytest
from deck_fakes import WALL_MS, market, snapshot, tape_snapshot
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from wallet_fakes import ended, later, seen, texts
from whale_fakes import (
    ALERTS,
    DIGEST,
    NO_ALERTS,
    NO_LEADERBOARD,
    SILENCES,
    STALE_TRACKER,
    TRACKER,
    UNKNOWN_REGIME,
    alert,
    followed,
    signal,
    trader,
    whales,
)

from app.core.whale_events import AlertRecord
from app.engine.protocol import JobView
from app.ui.bell import rings
from app.ui.copying import copyables
from app.ui.panels.market import facts_line
from app.ui.panels.markets import market_columns, markets_view
from app.ui.panels.signals import signed_bias
from app.ui.panels.whale_note import whales_note
from app.ui.panels.whales import (
    NO_TRADERS,
    move_words,
    number,
    rarity_cell,
    record_cell,
    signed_cell,
    times_words,
    whale_coin,
    whales_view,
)
from app.ui.widgets.columns import place_columns
from app.ui.widgets.filtering import parse_filter
from app.ui.widgets.ordering import Ordering, ordered


def test_an_alert_says_all_it_holds() -> None:
    table = whales_view(seen(followed()))
    assert texts(table, table.rows[0]) == {
        "severity": "█CRITICAL",
        "coin": "BTC",
        "age": "3m",
        "what": "whale",
        "size $": "▲+2.10M",
        "who": "big fish",
        "percentile": "top 0.2%",
        "record %": "7/12 +9bp",
        "times": "",
        "alert": "big fish opened long BTC: 0 → 31.3, $2.1 M at 67,100",
        "tier": "≥ $20 M",
        "flags": "none",
        "side": "bought",
        "price": "67,100",
        "told": "told",
        "traders": trader(1),
    }
    assert table.title == "Whale alerts 4 (simulated) · 1 CRITICAL · 1 HIGH"


def test_every_severity_has_a_word_and_a_sign_of_its_own() -> None:
    table = whales_view(seen(followed()))
    said = [row.cells[0].text for row in table.rows]
    assert said == ["█CRITICAL", "▆HIGH", "▄MEDIUM", "▂LOW"]
    assert [row.cells[0].value for row in table.rows] == ["CRITICAL", "HIGH", "MEDIUM", "LOW"]


def test_repeats_unknown_rarity_and_a_kind_without_a_record_are_said() -> None:
    table = whales_view(seen(followed()))
    rows = [texts(table, row) for row in table.rows]
    assert [row["times"] for row in rows] == ["", "7x", "", ""]
    assert [row["percentile"] for row in rows] == ["top 0.2%", "top 2.6%", "–", "top<0.1%"]
    assert [row["record %"] for row in rows] == ["7/12 +9bp", "611/1204 0bp", "none yet", "none yet"]
    assert [row["size $"] for row in rows] == ["▲+2.10M", "▼-4.20M", "812K", "▼-610K"]


def test_every_row_has_a_cell_and_a_value_for_each_column() -> None:
    table = whales_view(seen(followed(whales(digest=DIGEST))))
    for row in table.rows:
        assert len(row.cells) == len(row.values) == len(table.columns)
    assert len({row.key for row in table.rows}) == len(table.rows) == 5
    assert [whale_coin(row) for row in table.rows] == ["BTC", "ETH", "SOL", "FARTCOIN", "HYPE"]


def test_what_quiet_hours_held_back_stands_below_for_a_day() -> None:
    shown = followed(whales(digest=DIGEST))
    table = whales_view(seen(shown))
    assert [(texts(table, row)["told"], row.dimmed) for row in table.rows[-2:]] == [("told", False), ("held", True)]
    assert "quiet hours 13:13 to 21:13 UTC held 12 back" in whales_note(seen(shown))[0]
    assert len(whales_view(later(shown, 86_400)).rows) == 4
    assert "held 12 back" not in whales_note(later(shown, 86_400))[0]


def test_ages_grow_while_the_display_is_held_and_an_engine_that_is_gone_dims_all() -> None:
    table = whales_view(later(followed(), 3_600))
    assert texts(table, table.rows[0])["age"] == "1h"
    assert all(row.dimmed for row in whales_view(ended(followed())).rows)
    assert whales_note(ended(followed()))[1] == "stale"


def test_an_empty_panel_says_what_it_waits_for() -> None:
    assert whales_view(seen(followed(NO_ALERTS))).empty == "The venue's leaderboard is being fetched."
    assert whales_view(seen(followed(whales(alerts=())))).empty == "No alert stands: nobody made a large move lately."
    assert whales_view(seen(snapshot())).empty == NO_TRADERS
    assert whales_note(seen(snapshot())) == ("", "muted")


def test_the_note_says_how_following_stands() -> None:
    assert whales_note(seen(followed())) == (
        "300 tracked, 288 fresh · BTC regime calm rise for 2h, 82% sure, multiplier 0.90 · oldest 1m · "
        "by stream 10 of 10, trade 41, poll 237 · weight 612/1,200 · leaderboard 3h old, 47,012 rows, 312 refused · "
        "trades of 176/178 coins · saved 412 of 5,120",
        "muted",
    )


def test_the_note_says_trouble_first() -> None:
    text, role = whales_note(seen(followed(NO_LEADERBOARD)))
    assert text.startswith(
        "NOT SAVED: the disk is full; make room and start again · "
        "No leaderboard: the venue answered 403; it is asked again in 10 min · 300 tracked, 120 fresh"
    )
    assert "no leaderboard" in text
    assert role == "alert"
    stale = whales(tracker=STALE_TRACKER, is_quiet=True, silences=SILENCES, regime=UNKNOWN_REGIME)
    jobs = (JobView("whales", "running", 1, "Fetching"),)
    text, role = whales_note(seen(followed(stale, jobs=jobs)))
    assert text.startswith(
        "refreshing, s cancels · quiet hours: only CRITICAL is told · "
        "1 snoozed, 1 muted (12 kept silent, H takes back) · 300 tracked, 120 fresh · oldest 30m"
    )
    assert text.endswith("BTC regime not known: no model")
    assert role == "warning"


@pytest.mark.parametrize(
    ("question", "passing"),
    [
        ("severity = critical", [1]),
        ("size > 1m", [1, 2]),
        ("percentile > 99 and age < 300", [1]),
        ("record < 55", [2]),
        ("times > 1", [2]),
        ('what = "large trade"', [4]),
        ("side = sold", [2, 4]),
        (trader(2), [2]),
        ("short record", [2]),
        ("FARTCOIN", [4]),
    ],
)
def test_alerts_are_asked_for(question: str, passing: list[int]) -> None:
    table = whales_view(seen(followed()))
    asked = parse_filter(question, table.columns)
    assert asked is not None
    assert [row.key for row in filter(asked.passes, table.rows)] == [f"alert-{n}" for n in passing]


def test_sorting_is_by_what_the_cells_stand_for() -> None:
    table = whales_view(seen(followed()))
    for column, first in (("severity", 1), ("size $", 2), ("rarity", 4), ("record", 1), ("times", 2), ("age", 4)):
        assert ordered(table.rows, table.columns, Ordering(column))[0].key == f"alert-{first}"


def test_a_copy_is_whole_as_text_and_as_json() -> None:
    view = seen(followed())
    table = whales_view(view)
    copied = dict(copyables(view, "whales", table.columns, table.rows[0], table.rows))
    assert f"traders={trader(1)}" in copied["row"]
    assert 'record_%="7 of 12, median +9.2 bps"' in copied["row"]
    assert "DEMO" in copied["row"]
    one = msgspec.json.decode(copied["row as JSON"])
    assert one["panel"] == "whales"
    assert one["row"]["severity"] == "CRITICAL"
    assert one["row"]["size"] == 2_100_000.0
    assert one["row"]["percentile"] == 99.82
    assert len(copied["panel"].splitlines()) == len(copied["panel as JSON"].splitlines()) == 4
    assert copied["what"] == "whale move"


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (38, ["severity", "coin", "age", "what"]),
        (58, ["severity", "coin", "age", "what", "size $", "who"]),
        (78, ["severity", "coin", "age", "what", "size $", "who", "rarity", "times"]),
        (118, ["severity", "coin", "age", "what", "size $", "who", "rarity", "record", "times", "alert"]),
    ],
)
def test_narrow_screens_keep_what_matters_most(width: int, titles: list[str]) -> None:
    columns = whales_view(seen(followed())).columns
    assert [columns[placed.column].title for placed in place_columns(columns, width)] == titles


@pytest.mark.parametrize("number_told", [math.nan, math.inf, -math.inf, 1e300, -1e300, 0.0])
def test_any_number_can_be_shown(number_told: float) -> None:
    row = alert(1, value_usd=number_told, price=number_told, percentile=number_told,
                record=AlertRecord(n=3, hits=1, median_move_bps=number_told))  # fmt: skip
    signals = (signal("BTC", bias=number_told, change_1h=number_told, value_usd=number_told),)
    view = seen(followed(whales(alerts=(row,), signals=signals)))
    table = whales_view(view)
    markets = markets_view(view)
    said = str([cell.text for cell in (*table.rows[0].cells, *markets.rows[0].cells)]) + facts_line(view, "BTC")
    assert "nan" not in said.replace("finance", "")
    assert "inf" not in said
    assert ordered(table.rows, table.columns, Ordering("size $")) == table.rows


@given(
    value=st.floats(0, 1e14), percentile=st.floats(0, 100), direction=st.sampled_from([-1, 0, 1]),
    move=st.floats(-9_999, 9_999), n=st.integers(0, 10**9), hits=st.integers(0, 10**9), times=st.integers(1, 10**9),
)  # fmt: skip
def test_figures_fit_their_columns(
    value: float, percentile: float, direction: int, move: float, n: int, hits: int, times: int
) -> None:
    assert cell_len(signed_cell(value, direction).text) <= 8
    assert cell_len(rarity_cell(percentile).text) <= 8
    record = record_cell(AlertRecord(n=n, hits=min(n, hits), median_move_bps=move)).text
    assert 0 < cell_len(record) <= 12
    assert cell_len(times_words(times)) <= 5
    assert cell_len(move_words(move)) <= 12


@pytest.mark.parametrize(
    ("price", "words"), [(67_100.0, "67,100"), (148.31, "148.31"), (0.9876, "0.9876"), (0.0000123, "0.00001230")]
)
def test_a_price_has_about_six_digits(price: float, words: str) -> None:
    assert number(price) == words


# Signals in Markets


def test_a_signal_stands_in_the_row_of_its_coin() -> None:
    table = markets_view(seen(followed()))
    rows = [texts(table, row) for row in table.rows[:4]]
    fields = ("TRADERS lean", "TRADERS bias", "TRADERS holders long/short")
    assert [[row[field] for field in fields] for row in rows] == [
        ["LONG", "+0.43", "61/24"], ["SHORT", "-0.27", "18/44"], ["NEUTRAL", "0.00", "4/999"], ["–", "–", "–"],
    ]  # fmt: skip
    assert table.rows[0].cells[-6].full == "61 long, 24 short, 12 traders stale"


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_signal_of_stale_traders_is_off_and_cannot_be_asked_by(is_gone: bool) -> None:
    shown = followed(whales(tracker=TRACKER if is_gone else STALE_TRACKER))
    view = ended(shown) if is_gone else seen(shown)
    table = markets_view(view)
    row = texts(table, table.rows[0])
    assert (row["TRADERS lean"], row["TRADERS bias"]) == ("off", "–")
    for question in ("bias > -1", "bias < 0.5", "lean = long"):
        asked = parse_filter(question, table.columns)
        assert asked is not None
        assert not any(map(asked.passes, table.rows))
    if not is_gone:
        assert "traders off · 24h ▼-5.00% · stale 12 traders" in facts_line(view, "BTC")


@pytest.mark.parametrize(
    ("question", "passing"),
    [("bias > 0.2", ["BTC"]), ("bias < 0.2", ["ETH", "SOL"]), ("lean = short", ["ETH"]), ("holders > 100", ["SOL"])],
)
def test_markets_are_asked_for_by_their_signal(question: str, passing: list[str]) -> None:
    table = markets_view(seen(followed()))
    asked = parse_filter(question, table.columns)
    assert asked is not None
    assert [row.key for row in filter(asked.passes, table.rows)] == passing


def test_markets_are_sorted_by_their_signal_with_unknown_ones_last() -> None:
    markets = tuple(market(coin, 1.0, favourite=False) for coin in ("XRP", "SOL", "ETH", "BTC"))
    table = markets_view(seen(followed(markets=markets)))
    for column in ("bias", "lean"):
        assert [row.key for row in ordered(table.rows, table.columns, Ordering(column))] == ["BTC", "SOL", "ETH", "XRP"]


def test_the_facts_of_a_market_tell_its_signal() -> None:
    assert "traders LONG +0.43 · 24h ▼-5.00% · held 61 long, 24 short" in facts_line(seen(followed()), "BTC")
    assert "traders SHORT -0.27 · 24h ▲+2.00% · held 18 long, 44 short" in facts_line(seen(followed()), "ETH")
    assert "traders –" in facts_line(seen(followed()), "XRP")
    assert "traders" not in facts_line(seen(snapshot()), "BTC")


@pytest.mark.parametrize("source", ["rules", "ai"])
def test_the_columns_of_signals_are_there_whatever_the_metrics(source: str) -> None:
    assert {"lean", "bias", "holders"} <= {column.title for column in market_columns(source)}


@pytest.mark.parametrize(("bias", "words"), [(0.004, "0.00"), (-0.004, "0.00"), (-1.0, "-1.00"), (math.nan, "–")])
def test_a_bias_that_rounds_to_zero_has_no_sign(bias: float, words: str) -> None:
    assert signed_bias(bias) == words


# The bell


@pytest.mark.parametrize(
    ("severity", "level", "rung"),
    [
        ("CRITICAL", "off", False), ("CRITICAL", "critical", True), ("CRITICAL", "high", True),
        ("HIGH", "critical", False), ("HIGH", "high", True), ("MEDIUM", "high", False),
    ],
)  # fmt: skip
def test_the_bell_rings_for_a_new_alert_that_is_severe_enough(severity: str, level: str, rung: bool) -> None:
    before = followed(whales(alerts=ALERTS[1:]))
    after = followed(whales(alerts=(alert(9, severity=severity, at_ms=WALL_MS), *ALERTS[1:])), 2)
    assert rings(before, after, level) is rung  # type: ignore[arg-type]
    assert not rings(after, after, level)  # type: ignore[arg-type]


def test_a_tape_and_an_engine_without_traders_do_not_ring() -> None:
    before, after = followed(whales(alerts=())), followed(whales(alerts=(alert(9, at_ms=WALL_MS + 1),)), 2)
    assert rings(before, after, "critical")
    assert not rings(snapshot(), after, "critical")
    taped = msgspec.structs.replace(after, playback=tape_snapshot().playback)
    assert not rings(before, taped, "critical")


def test_alerts_of_the_run_before_come_back_in_silence() -> None:
    before, after = followed(whales(alerts=())), followed(sequence=2)
    assert after.whales is not None
    assert "CRITICAL" in {one.severity for one in after.whales.alerts}
    assert not rings(before, after, "high")
    assert not rings(msgspec.structs.replace(before, wall_ms=0), after, "high")
