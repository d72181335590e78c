"""The panels' view-models and the header's words, without a screen."""

from dataclasses import replace
from typing import get_args

import msgspec
import pytest
from deck_fakes import (
    DEMO,
    SOURCE,
    TAPE,
    WALL_MS,
    ScriptedLink,
    deck_on,
    feed,
    market,
    screen_text,
    settle,
    snapshot,
    tape_snapshot,
)
from hypothesis import given
from hypothesis import strategies as st

from app.engine.protocol import FeedView, LogLine, MarketRow, RecordingView, RulesView, Snapshot, SourceView, StoreView
from app.feeds.health import FeedState
from app.ui.panels.event_log import log_view, newest_line
from app.ui.panels.feeds import feeds_note, feeds_view
from app.ui.panels.markets import market_columns, market_row, markets_view
from app.ui.panels.status import clock_text, feed_part, header_parts, header_words
from app.ui.state import Connection, DeckView
from app.ui.widgets.columns import Cell
from app.ui.widgets.header import Header


def cells(row: MarketRow) -> dict[str, Cell]:
    titles = [column.title for column in market_columns("rules")]
    return dict(zip(titles, market_row(row).cells, strict=True))


def words(view: DeckView) -> list[str]:
    return [part.wordings[0] for part in header_parts(view)]


def seen(shown: Snapshot) -> DeckView:
    return DeckView("connected", source=shown.source, newest=shown, shown=shown)


def test_a_full_row() -> None:
    row = cells(market("BTC", 67_123.5, change_24h=0.0123))
    assert row["coin"].text == "★BTC"
    assert row["price"].text == "67,123.50"
    assert row["24h"] == Cell("▲+1.23%", "up")
    assert row["mom"] == Cell("15▼", "down")
    assert row["cont"].text == "55%"
    assert row["freshness"].text == "FRESH"
    assert row["OI $"].text == "2.10B"
    assert row["age"].text == "0.3s"


def test_the_change_of_a_minute_says_when_it_will_be_known() -> None:
    waits = market("BTC", 67_123.5, change_1m=None, minute_in_s=42)
    assert cells(waits)["1m"] == Cell("in 42s", "muted", "–")
    assert cells(msgspec.structs.replace(waits, stale=True))["1m"].text == "–"


@pytest.mark.parametrize("over", ["end of the tape", "engine gone"])
def test_nothing_is_promised_where_nothing_comes_any_more(over: str) -> None:
    waits = market("BTC", 67_123.5, change_1m=None, minute_in_s=42)
    live = seen(msgspec.structs.replace(tape_snapshot(), markets=(waits,)))
    assert "1m and momentum in 42 s" in markets_view(live).title
    assert live.shown is not None
    assert live.shown.playback is not None
    ended = msgspec.structs.replace(live.shown, playback=msgspec.structs.replace(live.shown.playback, ended=True))
    view = seen(ended) if over == "end of the tape" else replace(live, connection="ended")
    table = markets_view(view)
    assert "momentum in" not in table.title
    assert not any(cell.text.startswith("in ") for cell in table.rows[0].cells)


def test_nothing_known_is_dashes() -> None:
    texts = {cell.text for title, cell in cells(MarketRow(coin="X")).items() if title != "coin"}
    assert texts == {"–"}


def test_no_claim_is_a_dash_not_zero() -> None:
    assert cells(market("BTC", 1.0, 3))["cont"].text == "–"


def test_stale_data_dims_the_row_and_switches_the_metrics_off() -> None:
    stale = market("BTC", 1.0, stale=True, age_ms=14_000, rules=None)
    assert cells(stale)["age"].text == "stale 14s"
    assert cells(stale)["mom"].text == "off"
    assert market_row(stale).dimmed


def test_metrics_not_known_yet_are_dashes() -> None:
    row = cells(market("BTC", 1.0, rules=RulesView(None, 0, 50.0, None, None)))
    assert [row[title].text for title in ("mom", "press", "cont", "freshness")] == ["–", "50", "–", "–"]


def test_ages_grow_while_the_display_is_held() -> None:
    shown = snapshot(feeds=(feed(state="down", retry_in_s=9.0),))
    newest = snapshot(2, wall_ms=WALL_MS + 5_400)
    held = DeckView("connected", source=SOURCE, newest=newest, shown=shown, frozen_s=5.4)
    row = markets_view(held).rows[0]
    assert row.cells[-1].text == "5.3s"
    assert not row.dimmed
    states = feeds_view(held).rows[0].cells
    assert (states[1].text, states[2].text, states[4].text) == ("down", "5.3s", "4.0s")


def test_nobody_vouches_for_the_feeds_of_an_engine_that_has_gone() -> None:
    shown = snapshot()
    for view in (
        DeckView("ended", newest=shown, shown=shown),
        DeckView("connected", newest=shown, shown=shown, silent_s=14.0),
    ):
        rows = feeds_view(view).rows
        assert all(row.dimmed and row.cells[1].text == "unknown" for row in rows)


def test_a_gap_is_said_even_while_stale() -> None:
    assert cells(market("BTC", 1.0, hole=True))["age"].text == "gap 0.3s"
    both = cells(market("BTC", 1.0, hole=True, stale=True, rules=None))
    assert (both["age"].text, both["mom"].text) == ("stale 0.3s", "gap")


def test_title_names_count_and_source_of_the_metrics() -> None:
    view = markets_view(seen(msgspec.structs.replace(snapshot(), metric_source="ai")))
    assert view.title == "Markets 30 · metrics AI"
    assert {column.group for column in view.columns} == {"", "AI/RULES", "TRADERS"}


@pytest.mark.parametrize(
    ("connection", "start"),
    [
        ("connecting", "connecting to"),
        ("connected", "Connected; waiting"),
        ("ended", "The engine ended"),
        ("failed", "No connection"),
    ],
)
def test_an_empty_panel_says_what_it_waits_for(connection: Connection, start: str) -> None:
    for make in (markets_view, feeds_view, log_view):
        assert make(DeckView(connection, reason="why.")).empty.startswith(start)
    waiting = msgspec.structs.replace(snapshot(), markets=(), waiting_for="Waiting for the list of markets.")
    assert markets_view(seen(waiting)).empty == "Waiting for the list of markets."
    assert markets_view(seen(msgspec.structs.replace(waiting, waiting_for=""))).empty


def test_an_engine_that_has_gone_dims_every_row() -> None:
    shown = snapshot()
    assert all(row.dimmed for row in markets_view(DeckView("ended", newest=shown, shown=shown)).rows)
    silent = markets_view(DeckView("connected", newest=shown, shown=shown, silent_s=14.7)).rows[0]
    assert silent.dimmed
    assert silent.cells[-1].text == "stale 14s"
    assert "off" in {cell.text for cell in silent.cells}


def test_the_source_is_the_first_thing_said() -> None:
    assert words(seen(snapshot()))[:2] == [" LIVE ", "Hyperliquid mainnet"]
    assert words(DeckView())[0] == "connecting to the engine…"
    assert words(DeckView(expected="DEMO"))[:2] == [" DEMO? ", "connecting to the engine…"]
    assert words(DeckView("failed", expected="DEMO"))[0] == " NO ENGINE "


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (feed(), "hyperliquid ● ok 0.3s"),
        (feed(state="stale", age_ms=14_000), "hyperliquid ◐ stale 14s"),
        (feed(state="down", retry_in_s=3.2), "hyperliquid ✕ down, retry in 3s"),
        (feed(state="down", retry_in_s=None), "hyperliquid ✕ down"),
        (feed(state="connecting", age_ms=None), "hyperliquid … connecting"),
        (feed(name="requests", state="idle", budget_used=44, budget_limit=1_200), "requests ○ idle, used 44/1200"),
    ],
)
def test_a_feed_says_state_and_age(view: FeedView, said: str) -> None:
    assert feed_part(view).wordings[0] == said


def test_what_completes_the_source_is_whole_or_left_out() -> None:
    assert header_parts(seen(snapshot()))[1].wordings == ("Hyperliquid mainnet",)
    source = SourceView("tape", "TAPE", "2023-11-14, simulated, seed 7")
    tape = header_parts(seen(msgspec.structs.replace(tape_snapshot(), source=source)))[1]
    assert tape.wordings == ("2023-11-14, simulated, seed 7", "2023-11-14, simulated", "2023-11-14")


def test_a_feed_that_is_well_keeps_its_age_longer_than_the_word() -> None:
    assert feed_part(feed()).wordings[1:] == ("hyperliquid ● 0.3s",)
    assert feed_part(feed(name="requests", budget_used=44, budget_limit=1_200)).wordings[-1] == "requests ●"


def line(shown: Snapshot, width: int) -> str:
    header = Header()
    header.show(header_words(seen(shown)))
    return "".join(text for text, _ in header._compose_line(width))


def test_a_narrow_header_has_age_and_clock_and_no_trouble_makes_way_for_the_clock() -> None:
    idle = tuple(feed(name=name, state="idle", age_ms=None) for name in ("requests", "fast books", "wallets"))
    calm = snapshot(feeds=(feed(), *idle))
    assert line(calm, 40).split() == ["LIVE", "hyperliquid", "●", "0.3s", "+3", "22:13:20"]
    assert "0.3s" in line(calm, 60)
    troubled = line(snapshot(feeds=tuple(feed(name=name, state="stale") for name in ("requests", "books"))), 40)
    assert "requests ◐ stale" in troubled
    assert "books ◐ stale" in troubled
    assert "22:13:20" not in troubled


def test_tape_position_and_pace() -> None:
    assert "22:13:20 / 22:19:47  4x" in words(seen(tape_snapshot()))
    assert "22:13:20 / 22:19:47  PAUSED" in words(seen(tape_snapshot(paused=True)))
    assert "22:13:20 / 22:19:47  END" in words(seen(tape_snapshot(ended=True, paused=True)))
    assert "22:13:20 / 22:19:47  full" in words(seen(tape_snapshot(speed=None)))


def test_a_tape_over_midnight_names_the_day() -> None:
    overnight = seen(tape_snapshot(end_ms=WALL_MS + 2 * 86_400_000))
    assert "11-14 22:13:20 / 11-16 22:13:20  4x" in words(overnight)
    assert clock_text(overnight) == "2023-11-14 22:13:20 UTC"
    assert clock_text(seen(tape_snapshot())) == "22:13:20 UTC"


def test_no_wordings_of_a_feed_cut_its_name() -> None:
    for state in get_args(FeedState):
        assert all(text.startswith("hyperliquid ") for text in feed_part(feed(state=state)).wordings)


def test_rows_not_saved_are_said_with_the_reason() -> None:
    trouble = StoreView("not saved", "the disk is full: free some space", 12, 0, 4)
    assert "NOT SAVED: the disk is full: free some space" in words(seen(snapshot(store=trouble)))
    saved = msgspec.structs.replace(trouble, state="saved")
    assert not any("NOT SAVED" in word for word in words(seen(snapshot(store=saved))))


def test_lost_rows_are_counted_in_the_header_and_explained_among_the_feeds() -> None:
    why = "1,200 rows refused: calls refused a row (NOT NULL)"
    shown = snapshot(store=StoreView("saved", "", 9, 0, 1_200, loss=why))
    assert "ROWS LOST 1,200" in words(seen(shown))
    assert not any("LOST" in word for word in words(seen(snapshot(store=StoreView("saved", "", 9, 0, 0)))))
    assert feeds_note(seen(shown)) == (f"database: rows lost: {why}", "warning")
    away = snapshot(store=StoreView("not saved", "the disk is full", 9, 0, 0, unsaved=4))
    assert feeds_note(seen(away)) == ("database: NOT SAVED: the disk is full", "warning")
    assert feeds_note(seen(snapshot(store=StoreView("saved", "", 9, 0, 0)))) == ("", "muted")


@given(
    st.sampled_from([40, 60, 80]),
    st.sampled_from([snapshot(), tape_snapshot(), tape_snapshot(paused=True), snapshot(source=DEMO)]),
    st.sampled_from(["connected", "ended", "failed"]),
    st.none() | st.floats(0, 1e6),
    st.sampled_from([0.0, 14.7, 1e6]),
    st.sampled_from([None, RecordingView("x.tape", 12_300_000, 9_999.0)]),
    st.lists(st.sampled_from(get_args(FeedState)), max_size=12),
)
def test_what_must_not_be_missed_is_whole_at_every_width(
    width: int,
    shown: Snapshot,
    connection: Connection,
    frozen_s: float | None,
    silent_s: float,
    recording: RecordingView | None,
    states: list[FeedState],
) -> None:
    newest = msgspec.structs.replace(
        shown,
        store=StoreView("not saved", "the disk is full: free some space", 12, 0, 4),
        recording=recording,
        feeds=tuple(feed(name=f"feed{n}", state=state) for n, state in enumerate(states)),
    )
    header = Header()
    header.show(header_words(DeckView(connection, "", "", newest.source, newest, newest, frozen_s, silent_s)))
    text = "".join(text for text, _ in header._compose_line(width))
    assert len(text) <= width
    said = [part.strip() for part in text.replace(": the disk is full: free some space", "").split("  ")]
    assert said[0] == newest.source.label
    assert "NOT SAVED" in said
    assert (frozen_s is None) or "FROZEN" in text
    silent = silent_s > 0 and not (newest.playback and newest.playback.paused)
    wanted = {"connected": "SILENT" if silent and "no word" not in text else "", "ended": "ENDED", "failed": "FAILED"}
    assert wanted[connection] in text


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(40, 10), (60, 20), (80, 24)])
async def test_rows_not_saved_are_said_on_a_small_screen(size: tuple[int, int]) -> None:
    link = ScriptedLink(TAPE)
    trouble = StoreView("not saved", "the disk is full", 12, 0, 4)
    link.say(msgspec.structs.replace(tape_snapshot(), store=trouble))
    async with deck_on(link, size) as (deck, pilot):
        await pilot.press("f")
        await settle(pilot)
        first = screen_text(deck).splitlines()[0]
    assert "NOT SAVED" in first
    assert "FROZEN" in first


def test_states_of_the_link_and_the_display() -> None:
    shown = snapshot(recording=RecordingView("x.tape", 12_300_000, 9.0))
    assert "REC 12.3MB 0:09" in words(seen(shown))
    assert "FROZEN 0:12, held 22:13:20" in words(
        DeckView("connected", source=SOURCE, newest=shown, shown=shown, frozen_s=12.4)
    )
    ended = DeckView("ended", source=SOURCE, newest=shown, shown=shown)
    assert "ENGINE ENDED" in words(ended)
    assert not any("hyperliquid ●" in word for word in words(ended))
    assert clock_text(ended) == "last 22:13:20 UTC"
    assert "LINK FAILED" in words(DeckView("failed"))
    assert "no word from the engine for 5.0s" in words(DeckView("connected", source=SOURCE, newest=shown, silent_s=5.0))


def test_a_resting_tape_may_be_silent() -> None:
    shown = tape_snapshot(paused=True)
    assert not DeckView("connected", newest=shown, shown=shown, silent_s=60.0).silent


def test_equal_log_lines_are_rows_of_their_own() -> None:
    line = LogLine(WALL_MS, "error", "rest", "timed out")
    view = log_view(seen(snapshot(log=(line, line))))
    assert len({row.key for row in view.rows}) == 2
    assert [cell.text for cell in view.rows[0].cells] == ["22:13:20", "ERROR", "rest", "timed out"]
    assert newest_line(snapshot(log=(line,))) == "22:13:20 rest: timed out"
    assert newest_line(snapshot(log=())) == ""


def test_feeds_show_counts_and_budget() -> None:
    row = feeds_view(
        seen(snapshot(feeds=(feed(parse_errors=2, message="slow", budget_used=44, budget_limit=1_200),)))
    ).rows[0]
    texts = [cell.text for cell in row.cells]
    assert texts[:4] == ["hyperliquid", "ok", "0.3s", "0.1s"]
    assert texts[-2:] == ["44/1200", "slow"]


@given(st.builds(MarketRow, coin=st.text(max_size=200)))
def test_any_market_makes_a_row(row: MarketRow) -> None:
    assert len(market_row(row).cells) == len(market_columns("rules"))
