"""The core is a function of its inputs: what it asks for, takes, refuses and derives."""

import json

import msgspec
import pytest
from core_driver import START_MS, Driver

from app.core.calls import SET_BACK, Call
from app.core.playback import Playback
from app.core.record import Kind, Record
from app.engine.core import Core
from app.engine.freeze import Outside, freeze
from app.engine.protocol import MarketRow, SourceView
from app.scorecards.grader import Graded

SOURCE = SourceView("live", "LIVE", "Hyperliquid")


@pytest.fixture
def driver() -> Driver:
    driver = Driver()
    driver.start()
    driver.list_markets()
    for coin in ("BTC", "ETH"):
        for channel in ("trades", "bbo"):
            driver.open(channel, coin)
    return driver


def row(driver: Driver, coin: str) -> MarketRow:
    return next(row for row in freeze(driver.core, SOURCE, Outside()).markets if row.coin == coin)


def test_a_fresh_run_asks_for_the_markets_then_follows_the_busiest(driver: Driver) -> None:
    assert driver.asked.requests[0].channel == "metaAndAssetCtxs"
    followed = {(s.type, s.coin) for s in driver.asked.subscriptions}
    assert followed == {
        (c, coin) for coin in ("BTC", "ETH") for c in ("trades", "bbo", "l2Book", "activeAssetCtx", "candle")
    }
    spans = [(r.subject, r.variant) for r in driver.asked.requests[1:]]
    assert spans == [("BTC", "1m"), ("ETH", "1m"), ("BTC", "1h"), ("ETH", "1h")]


def test_a_row_shows_before_anything_streams(driver: Driver) -> None:
    assert row(driver, "BTC").favourite
    assert row(driver, "ETH").funding == 0.0000125
    assert row(driver, "BTC").day_volume_usd == 1e6


def test_prices_ages_and_changes_follow_the_data(driver: Driver) -> None:
    driver.quote("BTC", 99.9, 100.1)
    driver.tick(1)
    assert row(driver, "BTC").price == pytest.approx(100.0)
    assert row(driver, "BTC").age_ms == 1000
    assert row(driver, "BTC").change_24h == pytest.approx(100 / 90 - 1)
    driver.tick(60)
    assert row(driver, "BTC").stale
    assert row(driver, "BTC").rules is None


def test_duplicates_count_once(driver: Driver) -> None:
    before = driver.core.events
    for _ in range(3):
        driver.trade("BTC", 100, tid=1, age_ms=0)
    assert driver.core.events == before + 1
    assert driver.core.markets["BTC"].tape.duplicates == 2


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"null",
        b'{"channel":"trades","data":[{}]}',
        b'{"channel":"trades","data":{"coin":"BTC"}}',
        b"\xff" * 99,
    ],
)
def test_garbage_is_counted_and_never_fatal(driver: Driver, payload: bytes) -> None:
    events = driver.core.events
    driver.put(Kind.FRAME, payload, driver.streams["trades", "BTC"])
    driver.put(Kind.FRAME, payload, 99)
    assert driver.core.parse_errors == 2
    assert driver.core.events == events
    assert "refused" in driver.core.journal.log_tail[-1].text


def test_a_flood_of_garbage_is_one_line_in_the_log(driver: Driver) -> None:
    lines = len(driver.core.journal.log_tail)
    for _ in range(1000):
        driver.put(Kind.FRAME, b"{", driver.streams["trades", "BTC"])
    assert driver.core.parse_errors == 1000
    assert len(driver.core.journal.log_tail) == lines + 1


def test_damaged_control_records_are_refused(driver: Driver) -> None:
    for kind in (Kind.STREAM, Kind.CONNECT, Kind.DROP, Kind.REQUEST, Kind.ANSWER, Kind.COMMAND):
        driver.put(kind, b"\xc1 not msgpack")
    assert driver.core.parse_errors == 6


def test_unknown_kinds_only_move_the_time(driver: Driver) -> None:
    before = driver.core.events
    driver.now_ms += 5_000
    driver.put(4_711, b"whatever")
    assert driver.core.now_ms == driver.now_ms
    assert driver.core.events == before


def test_a_trade_of_another_coin_is_refused(driver: Driver) -> None:
    frame = {
        "channel": "trades",
        "data": [{"coin": "ETH", "side": "B", "px": "1", "sz": "1", "time": driver.now_ms, "tid": 3}],
    }
    driver.put(Kind.FRAME, json.dumps(frame).encode(), driver.streams["trades", "BTC"])
    assert driver.core.parse_errors == 1
    assert driver.core.markets["ETH"].last_trade is None


def test_what_the_venue_says_goes_to_the_log_cleaned(driver: Driver) -> None:
    driver.put(Kind.FRAME, b'{"channel":"error","data":"Cannot \\u001b[31mtrack"}', 1)
    assert driver.core.journal.log_tail[-1].text == "Hyperliquid says: Cannot [31mtrack"


def test_after_the_clock_was_set_back_data_still_grows_old(driver: Driver) -> None:
    driver.quote("BTC", 99, 101)
    driver.trade("BTC", 100, tid=1)
    driver.now_ms -= 3_600_000
    driver.tick()
    assert row(driver, "BTC").age_ms is None or row(driver, "BTC").age_ms == 0
    assert "set back by 3600 s" in driver.core.journal.log_tail[-1].text
    driver.tick(20)
    assert row(driver, "BTC").stale
    assert freeze(driver.core, SOURCE, Outside()).feeds[0].state == "stale"
    driver.quote("BTC", 99, 101)
    assert not row(driver, "BTC").stale


def test_hazard_11_claims_that_are_open_when_the_clock_is_set_back_are_graded_neither_live_nor_replayed(
    driver: Driver,
) -> None:
    filed: list[Call] = []
    live: list[Graded] = []
    driver.core.bus.subscribe(Call, filed.append)
    driver.core.bus.subscribe(Graded, live.append)
    busy_minutes(driver, steps=400)
    before = len(live)
    still_open = {call.call_id for call in filed} - {call.call_id for call, _ in live}
    driver.now_ms -= 3_600_000
    driver.tick()
    assert {call.call_id for call, _ in live[before:]} == still_open != set()
    assert {(outcome.status, outcome.reason) for _, outcome in live[before:]} == {("ungraded", SET_BACK)}
    again, replayed = Core("tape", driver.settings), list[Graded]()
    again.bus.subscribe(Graded, replayed.append)
    for record in driver.records:
        again.dispatch(record)
    assert [outcome.reason for _, outcome in replayed] == [outcome.reason for _, outcome in live]
    assert again.journal.log_sha256 == driver.core.journal.log_sha256


def test_a_print_dated_ahead_stops_neither_price_nor_candles(driver: Driver) -> None:
    driver.trade("BTC", 999, tid=1, age_ms=-23 * 3_600_000)
    for second in range(120):
        driver.tick(1)
        driver.trade("BTC", 100 + second % 3, tid=second + 2)
    assert row(driver, "BTC").price != 999
    assert driver.core.journal.candles_closed > 100


def test_a_failed_answer_is_told(driver: Driver) -> None:
    driver.answer(driver.asked.requests[1], b"", status=500)
    assert "said 500" in driver.core.journal.log_tail[-1].text


def test_a_hole_after_a_break_is_asked_about_then_marked(driver: Driver) -> None:
    driver.trade("BTC", 100, tid=1)
    driver.drop()
    driver.tick(60)
    driver.connect()
    driver.trade("BTC", 101, tid=2)
    request = driver.asked.requests[-1]
    assert (request.channel, request.subject) == ("recentTrades", "BTC")
    late = {"coin": "BTC", "side": "A", "px": "101", "sz": "1", "time": driver.now_ms - 5_000, "tid": 3}
    driver.answer(request, [late])
    assert row(driver, "BTC").hole
    assert driver.core.connections.data.holes == 1


@pytest.mark.parametrize(("body", "status"), [([], 200), (b"", 503)])
def test_a_hole_that_nobody_can_explain_is_a_hole(driver: Driver, body: object, status: int) -> None:
    driver.trade("BTC", 100, tid=1)
    driver.drop()
    driver.tick(60)
    driver.connect()
    driver.trade("BTC", 101, tid=2)
    driver.answer(driver.asked.requests[-1], body, status)
    assert row(driver, "BTC").hole
    assert driver.core.rules_of(driver.core.markets["BTC"]) is None


def test_a_long_break_is_filled_with_candles(driver: Driver) -> None:
    before = len(driver.asked.requests)
    driver.drop()
    driver.tick(1_800)
    driver.drop()
    driver.connect()
    asked = [(request.subject, request.variant) for request in driver.asked.requests[before:]]
    assert asked == [("BTC", "1m"), ("ETH", "1m"), ("BTC", "1h"), ("ETH", "1h")]
    start_ms = json.loads(driver.asked.requests[before].body)["req"]["startTime"]
    assert start_ms <= driver.now_ms - 1_800_000


def test_the_list_of_markets_is_asked_for_again_when_it_cannot_be_used() -> None:
    driver = Driver()
    driver.start()
    driver.answer(driver.asked.requests[0], b"<html>busy</html>")
    assert "cannot be used" in freeze(driver.core, SOURCE, Outside()).waiting_for
    driver.tick(2)
    assert [request.channel for request in driver.asked.requests] == ["metaAndAssetCtxs"] * 2
    driver.asked.requests = driver.asked.requests[1:]
    driver.list_markets()
    assert len(driver.core.markets) == 2


def test_unusable_books_are_counted_and_told(driver: Driver) -> None:
    driver.open("l2Book", "BTC")
    for _ in range(100):
        driver.put(Kind.FRAME, b"garbage", driver.streams["l2Book", "BTC"])
        driver.tick(1)
    feed = freeze(driver.core, SOURCE, Outside()).feeds[0]
    assert feed.parse_errors == 100
    assert feed.state == "waiting"
    assert any("a message was refused" in line.text for line in driver.core.journal.log_tail)


def test_a_flood_of_different_garbage_leaves_room_in_the_log(driver: Driver) -> None:
    lines = len(driver.core.journal.log_tail)
    for number in range(500):
        driver.put(Kind.FRAME, b'{"channel":"trades","data":[{"coin":"%d"}]}' % number, driver.streams["trades", "BTC"])
    assert len(driver.core.journal.log_tail) == lines + 1


@pytest.mark.parametrize("retry", [float("nan"), float("inf"), 1e308, -1.0])
def test_a_drop_with_an_absurd_wait_is_refused(driver: Driver, retry: float) -> None:
    payload = {"venue": "hyperliquid", "connection": "stream", "reason": "x", "retry_in_s": retry}
    driver.put(Kind.DROP, msgspec.msgpack.encode(payload))
    assert driver.core.parse_errors == 1


def test_a_replay_that_reaches_back_leaves_no_hole(driver: Driver) -> None:
    driver.trade("BTC", 100, tid=1, age_ms=50)
    driver.trade("BTC", 100, tid=2, age_ms=0)
    asked = len(driver.asked.requests)
    driver.drop()
    driver.tick(5)
    driver.connect()
    driver.trade("BTC", 100, tid=1, age_ms=5_050)
    assert len(driver.asked.requests) == asked
    assert not row(driver, "BTC").hole


def holes(driver: Driver, coin: str) -> list[tuple[int, int]]:
    """Holes of a coin's tape, in milliseconds after the start."""
    return [(hole.from_ms - START_MS, hole.to_ms - START_MS) for hole in driver.core.connections.holes(coin)]


def test_hazard_8_an_answer_that_is_newer_than_the_stream_closes_no_gap_behind_it(driver: Driver) -> None:
    driver.trade("BTC", 100, tid=1, age_ms=0)
    driver.drop()
    driver.tick(5)
    driver.connect()
    driver.trade("BTC", 100, tid=2, age_ms=0)
    question = driver.asked.requests[-1]
    driver.tick(30)
    newest = [{"coin": "BTC", "side": "B", "px": "100", "sz": "1", "time": driver.now_ms - 2_000, "tid": 9}]
    driver.answer(question, newest)
    # The stream was silent since trade 2, and breaks: what came after that is in doubt, whatever the answer held.
    driver.drop()
    driver.tick(5)
    driver.connect()
    driver.trade("BTC", 100, tid=10, age_ms=0)
    driver.answer(driver.asked.requests[-1], newest)
    assert holes(driver, "BTC")[-1] == (5_000, 33_000)


def test_hazard_8_a_socket_that_takes_over_has_to_reach_back_like_any_other(driver: Driver) -> None:
    driver.trade("BTC", 100, tid=1, age_ms=0)
    asked = len(driver.asked.requests)
    driver.tick(60)
    driver.connect()
    driver.trade("BTC", 100, tid=2, age_ms=10)
    assert [request.channel for request in driver.asked.requests[asked:]] == ["recentTrades"]


def busy_minutes(driver: Driver, steps: int = 2_000) -> None:
    """A market that moves enough for reads, calls and candles; four steps a second."""
    price = 100.0
    for step in range(steps):
        price *= 1.0004 if step % 7 else 0.9991
        driver.quote("BTC", round(price - 0.01, 4), round(price + 0.01, 4))
        driver.trade("BTC", round(price, 4), tid=step + 10, side="BA"[step % 3 == 0])
        driver.tick()


def test_replaying_the_records_derives_the_same_events(driver: Driver) -> None:
    busy_minutes(driver)
    again = Core("tape", driver.settings)
    for record in driver.records:
        again.dispatch(record)
        if record.sequence % 10 == 0:
            freeze(again, SOURCE, Outside())
    journal = driver.core.journal
    assert journal.calls_filed > 5
    assert journal.candles_closed > 100
    assert again.journal.log_sha256 == journal.log_sha256
    assert again.journal.calls_filed == journal.calls_filed


def test_another_input_derives_other_events(driver: Driver) -> None:
    busy_minutes(driver)
    again = Core("tape", driver.settings)
    for record in driver.records[:-200]:
        again.dispatch(record)
    assert again.journal.log_sha256 != driver.core.journal.log_sha256


def test_a_tape_without_requests_never_waits_for_answers() -> None:
    core = Core("tape", Driver().settings)
    core.dispatch(Record(1, 1, 1, 0, Kind.TIMER, b""))
    assert freeze(core, SOURCE, Outside()).waiting_for == "Opening the tape"


@pytest.mark.parametrize(
    ("paused", "ended", "words"),
    [
        (False, False, "No market on the tape yet: a file of 12.3 MB, 1 record played, 4 of 90 s"),
        (True, False, "No market on the tape yet: a file of 12.3 MB, 1 record played, 4 of 90 s, paused"),
        (False, True, "The tape has ended without a market: a file of 12.3 MB, 1 record played, 4 of 90 s"),
    ],
)
def test_a_tape_without_a_market_says_how_large_it_is_and_where_it_stands(
    paused: bool, ended: bool, words: str
) -> None:
    core = Core("tape", Driver().settings)
    core.dispatch(Record(1, 1, 1, 0, Kind.TIMER, b""))
    playback = Playback(START_MS, START_MS + 90_000, START_MS + 4_000, 1.0, paused, ended)
    assert freeze(core, SOURCE, Outside(playback=playback, tape_bytes=12_345_678)).waiting_for == words


def test_garbage_after_the_clock_was_set_back_still_puts_every_coin_in_doubt(driver: Driver) -> None:
    def garbage_then_a_trade(tid: int, age_ms: int) -> None:
        driver.put(Kind.FRAME, b"garbage nobody can place", 1)
        driver.tick(70)
        driver.trade("BTC", 100, tid=tid, age_ms=age_ms)

    driver.trade("BTC", 100, tid=1, age_ms=3_600_000)
    garbage_then_a_trade(2, 3_600_000)
    driver.answer(driver.asked.requests[-1], [])
    driver.now_ms -= 3_600_000
    driver.tick(1)
    garbage_then_a_trade(3, 0)
    assert [request.channel for request in driver.asked.requests].count("recentTrades") == 2
