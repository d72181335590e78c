"""What `tapedeck run` prints for people."""

import msgspec
import pytest

from app.cli.summary_text import summary_rows
from app.config.settings import Settings
from app.engine.core import Core
from app.engine.freeze import Outside, freeze
from app.engine.protocol import FeedView, SourceView, StoreView
from app.engine.summary import Summary, TradersSummary

FEED = FeedView(name="simulated", state="ok", age_ms=51, venue_lag_ms=97, received=1_319, budget_used=8, budget_limit=9)


@pytest.fixture
def summary() -> Summary:
    core = Core("demo", Settings())
    source = SourceView("demo", "DEMO", "simulated, seed 7")
    return Summary(
        source=source.mode,
        detail=source.detail,
        seconds=61.2,
        inputs=1_474,
        events=1_799,
        duplicates=3,
        superseded=2,
        parse_errors=0,
        drops=0,
        holes=0,
        candles_closed=357,
        rules_reads=12,
        ai_reads=3,
        no_reads=1,
        reads_by_reason={"periodic": 2, "price move": 1},
        slowest_read_ms=1_840,
        traders=TradersSummary(
            tracked=300, fresh=298, states=5_120, moves=61, alerts=4, repeats=2, signals=9, rows_seen=900, rows_saved=90
        ),
        calls=4,
        calls_graded=1,
        log_sha256=core.journal.log_sha256,
        store=StoreView("closed", "", 3, 0, 1),
        recording="demo.tape",
        recorded_inputs=1_474,
        trouble="",
        feeds=(FEED, *freeze(core, source, Outside()).feeds),
        coins=("BTC", "ETH"),
    )


def test_every_line_is_words_and_figures(summary: Summary) -> None:
    rows = summary_rows(summary)
    shown = dict(rows)
    assert rows[0] == ("source", "DEMO simulated, seed 7")
    assert shown["ran for"] == "1 min 01 s"
    assert shown["store"] == "closed: 3 rows written, 0 waiting, 1 lost"
    assert shown["rules reads"] == "12"
    assert shown["AI reads"] == "3 (2 periodic, 1 price move, slowest 1.8 s), 1 failed"
    assert shown["traders"] == "300 followed, 298 fresh; 5,120 states, 61 moves, 4 alerts and 2 repeats"
    assert shown["calls"] == "4 filed, 1 graded"
    assert shown["not events"] == "2 superseded by newer ones, 3 seen before, 0 that could not be read"
    assert shown["recording"] == "demo.tape, 1,474 inputs"
    assert not [value for _, value in rows if set("{}[]=") & set(value)]


def test_a_feed_says_how_it_does(summary: Summary) -> None:
    assert summary_rows(summary)[5] == (
        "feed",
        "simulated ok, 1,319 messages, newest data 51 ms old, 97 ms behind the venue, 0 drops, "
        "8 of 9 request weight used in a minute",
    )


def test_what_does_not_apply_is_left_out(summary: Summary) -> None:
    bare = msgspec.structs.replace(summary, store=None, recording=None, coins=(), feeds=())
    assert {"store", "recording", "trouble", "coins", "feed"}.isdisjoint(dict(summary_rows(bare)))


def test_trouble_and_a_store_that_does_not_save_are_told(summary: Summary) -> None:
    store = StoreView("not saved", "the disk is full", 0, 2, 0)
    shown = dict(summary_rows(msgspec.structs.replace(summary, trouble="the tape broke off", store=store)))
    assert shown["trouble"] == "the tape broke off"
    assert shown["store"] == "not saved: 0 rows written, 2 waiting, 0 lost (the disk is full)"
