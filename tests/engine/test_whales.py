"""Followed traders, from what the venue says to what is told."""

from typing import Any

import pytest
from hourly_samples import model_by_hand
from msgspec.structs import replace
from whale_driver import STRANGER, WhaleDriver, address, digest, fill, ranked, settings

from app.config.settings import Settings
from app.config.whale_settings import WhalesSettings
from app.core.record import Dropped as Gone
from app.core.record import Kind
from app.core.text import SafeText
from app.engine.core import Core
from app.engine.journal import Journal
from app.engine.protocol import CancelJob, SetRecording, StartJob
from app.engine.protocol_whales import LookAtTrader, SilenceAlerts, TrackTrader
from app.engine.whale_detail import alert_detail, trader_detail
from app.engine.whale_state import RestoreWhales, UseLocalTime
from app.engine.whales_view import WhalesOutside, WhalesViews
from app.feeds.hyperliquid.limits import REGIME_HOURS, TRADED
from app.markets.hourly_bars import HOUR_MS
from app.markets.regime_model import encode_model
from app.store.whale_rows import StoredAlert, StoredLeaderboard, StoredPosition, StoredTrader, WhaleNotes

WHALE = address(0)


def followed(**alerts: Any) -> WhaleDriver:
    driver = WhaleDriver(settings(**alerts))
    driver.held[WHALE] = {"BTC": 50_000.0}
    driver.follow()
    return driver


def test_nothing_is_asked_before_what_is_stored_was_read() -> None:
    driver = WhaleDriver()
    driver.run(5)
    assert driver.waiting() == []
    assert driver.asked_at == []
    assert "is being read" in driver.view().waiting_for
    driver.restore()
    driver.tick(1)
    assert [request.channel for request in driver.waiting()] == ["leaderboard"]


def test_traders_are_not_followed_where_the_setting_is_off() -> None:
    driver = WhaleDriver(Settings(whales=WhalesSettings(enabled=False)))
    driver.follow()
    assert driver.asked_at == []
    assert "whales.enabled" in driver.view().waiting_for
    assert driver.command(StartJob("whales")) == (False, "No traders are followed: `whales.enabled` is off")


def test_the_best_of_the_leaderboard_are_followed_and_seen() -> None:
    driver = followed()
    view = driver.view()
    assert (view.tracker.tracked, view.tracker.fresh, view.waiting_for) == (8, 8, "")
    assert set(driver.whales.roster.members) == {address(number) for number in range(8)}
    assert len(driver.asked.streamed) == 2
    boards = [row for row in driver.rows if isinstance(row, StoredLeaderboard)]
    assert [(row.tracked, row.joined, row.refused) for row in boards] == [(8, 8, 3)]
    assert sum(isinstance(row, StoredTrader) for row in driver.rows) == 8


def test_the_first_state_is_no_move() -> None:
    driver = followed()
    assert driver.moves == []
    assert driver.alerts == []
    assert [signal.lean for signal in driver.signals] == []


def test_a_trade_has_its_trader_asked_for_once_it_has_settled_and_leads_to_an_alert() -> None:
    driver = followed()
    driver.trades(WHALE, "BTC", 100_000.0)
    assert driver.waiting() == []
    traded_ms = driver.now_ms - 5
    driver.tick(0.2)
    asked = driver.waiting()
    assert [(request.channel, request.subject, request.variant) for request in asked] == [
        ("clearinghouseState", WHALE, TRADED)
    ]
    driver.carry()
    move = driver.moves[-1]
    assert (move.kind, move.size_before, move.size_after, move.learned) == ("ADD", 50_000.0, 100_000.0, "trade")
    assert move.traded_ms == traded_ms
    alert = driver.alerts[-1]
    assert (alert.kind, alert.severity, alert.coin, alert.direction) == ("whale_move", "LOW", "BTC", 1)
    assert alert.moves == (move.move_id,)
    driver.tick()
    assert driver.rows.index(move) < max(place for place, row in enumerate(driver.rows) if isinstance(row, WhaleNotes))


def test_a_burst_of_fills_is_one_question_and_one_move() -> None:
    driver = followed()
    before = len(driver.asked_at)
    for size in range(60_000, 100_001, 5_000):
        driver.trades(WHALE, "BTC", float(size))
        driver.now_ms += 5
    driver.tick(0.25)
    assert len(driver.waiting()) == 1
    driver.carry()
    assert len(driver.asked_at) == before + 1
    assert [(move.size_before, move.size_after) for move in driver.moves] == [(50_000.0, 100_000.0)]


def test_the_last_of_many_pieces_is_news_and_its_position_is_saved_with_it() -> None:
    driver = followed()
    one = driver.whales.refreshing.tracked.get(WHALE)
    assert one is not None
    for size in (55_500.0, 55_600.0):
        driver.trades(WHALE, "BTC", size)
        driver.run(1)
    assert (len(driver.moves), len(driver.alerts)) == (2, 1)
    assert one.level == 0
    rows = [row for row in driver.rows if isinstance(row, StoredPosition) and (row.trader, row.coin) == (WHALE, "BTC")]
    assert rows[-1].size == 55_600.0


def test_a_question_follows_a_trade_without_a_tick() -> None:
    driver = followed()
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.now_ms += 160
    driver.quote("ETH", 9.99, 10.01)
    assert [request.subject for request in driver.waiting()] == [WHALE]


def test_a_whale_that_makes_markets_is_asked_for_at_once_after_a_large_print() -> None:
    driver = followed()
    one = driver.whales.refreshing.tracked.get(WHALE)
    assert one is not None
    for step in range(40):
        driver.trades(WHALE, "BTC", 50_001.0 + step % 2)
        driver.run(0.5)
    assert one.level >= 3
    driver.run(9)
    driver.trades(WHALE, "BTC", 50_003.0)
    driver.tick(0.25)
    assert driver.waiting() == []
    driver.trades(WHALE, "BTC", 70_000.0)
    driver.tick(0.25)
    assert [request.subject for request in driver.waiting()] == [WHALE]


def test_trades_of_strangers_ask_for_nobody() -> None:
    driver = followed()
    driver.trades(STRANGER, "BTC", 7.0)
    driver.tick(0.25)
    assert driver.waiting() == []


def test_an_alert_is_a_claim_beside_its_record_and_opens_up() -> None:
    driver = followed()
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(1)
    row = driver.view().alerts[0]
    assert row.alert_id == driver.alerts[0].alert_id
    assert row.who == "0x0000…0001"
    assert row.tier == "≥ $10 M"
    detail = alert_detail(driver.whales, row.alert_id)
    assert detail is not None
    assert detail.moves[0].size_after == 100_000.0
    assert alert_detail(driver.whales, "nothing") is None
    claims = [row for row in driver.rows if getattr(row, "claimant", "") == "whale-alerts"]
    assert [(claim.subject, claim.direction) for claim in claims] == [("BTC", 1)]  # type: ignore[attr-defined]


def test_what_alerts_were_followed_by_is_told_with_the_next() -> None:
    driver = followed(expires_s=86_400, cool_down_s=0)
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(3_700)
    driver.trades(WHALE, "BTC", 50_000.0)
    driver.run(1)
    record = driver.alerts[-1].record
    assert record is not None
    assert (record.n, record.hits) == (1, 0)
    detail = alert_detail(driver.whales, driver.alerts[-1].alert_id)
    assert detail is not None
    assert [(past.move_15m_bps, past.move_1h_bps, past.move_4h_bps) for past in detail.past] == [(0.0, 0.0, None)]


@pytest.mark.parametrize("status", [403, 0])
def test_a_leaderboard_that_does_not_come_disturbs_nobody_and_is_asked_for_again(status: int) -> None:
    driver = WhaleDriver()
    driver.refused.add("leaderboard")
    driver.follow(30)
    assert driver.core.connections.leaderboard.state(driver.now_ms) == "down"
    assert "No leaderboard" in driver.view().waiting_for
    assert not driver.core.markets["BTC"].stale(driver.now_ms)
    assert [request.channel for _, request in driver.asked_at] == ["leaderboard"]
    driver.refused.clear()
    driver.run(16 * 60)
    assert driver.view().tracker.tracked == 8


def jobs(driver: WhaleDriver) -> list[tuple[str, str, str]]:
    return [(job.name, job.state, job.message) for job in driver.core.jobs.views]


def oldest(driver: WhaleDriver, count: int) -> set[str]:
    by_age = sorted(driver.whales.refreshing.tracked.all(), key=lambda one: (one.since_ms, one.trader))
    return {one.trader for one in by_age[:count]}


def test_a_refresh_by_hand_asks_for_the_leaderboard_and_the_stalest_traders() -> None:
    driver = followed()
    stalest, before = oldest(driver, 2), driver.now_ms
    assert driver.command(StartJob("whales")) == (True, "Fetching the leaderboard and the 2 stalest traders")
    assert driver.command(StartJob("whales")) == (False, "The leaderboard is being fetched already")
    driver.tick(0.25)
    asked = [request for request in driver.waiting() if request.channel in ("leaderboard", "clearinghouseState")]
    assert asked[0].channel == "leaderboard"
    assert {request.subject for request in asked[1:]} == stalest
    driver.run(2)
    words = "8 traders followed: 0 joined, 0 left; 2 of the 2 stalest seen anew"
    assert jobs(driver) == [("whales", "done", words)]
    seen = map(driver.whales.refreshing.tracked.get, stalest)
    assert all(one is not None and one.known_ms is not None and one.known_ms > before for one in seen)


def test_a_refresh_by_hand_lasts_until_the_last_trader_has_answered() -> None:
    driver = followed()
    driver.refused.add("clearinghouseState")
    driver.command(StartJob("whales"))
    driver.run(2)
    words = "8 traders followed: 0 joined, 0 left; 0 of the 2 stalest seen anew"
    assert jobs(driver) == [("whales", "done", words)]


def test_a_refresh_by_hand_without_a_leaderboard_says_so_and_sees_the_traders_anew() -> None:
    driver = followed()
    driver.refused.add("leaderboard")
    driver.command(StartJob("whales"))
    driver.run(2)
    name, state, message = jobs(driver)[0]
    assert (name, state) == ("whales", "failed")
    assert message.startswith("No leaderboard: ")
    assert message.endswith("; 2 of the 2 stalest seen anew")


def test_a_refresh_by_hand_can_be_given_up() -> None:
    driver = followed()
    driver.command(StartJob("whales"))
    assert driver.command(CancelJob("whales"))[0]
    driver.tick(0.25)
    assert [request.channel for request in driver.waiting() if request.subject in oldest(driver, 2)] == []
    driver.run(2)
    assert [state for _, state, _ in jobs(driver)] == ["cancelled"]
    assert driver.view().tracker.tracked == 8


def test_traders_come_and_go_by_hand() -> None:
    driver = followed()
    stranger = address(77)
    assert driver.command(TrackTrader(stranger, True))[0]
    driver.run(5)
    assert stranger in driver.whales.roster.members
    assert driver.whales.positions.known.get(stranger) is not None
    assert driver.command(TrackTrader(WHALE, False))[0]
    assert WHALE not in driver.whales.roster.members
    assert driver.whales.positions.known.get(WHALE) is None
    driver.trades(WHALE, "BTC", 1.0)
    driver.tick(0.25)
    assert WHALE not in [request.subject for request in driver.waiting()]
    assert not driver.command(TrackTrader("somebody", True))[0]


def test_what_is_silenced_is_not_told_and_counted() -> None:
    driver = followed()
    assert driver.command(SilenceAlerts("coin", "BTC"))[0]
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(1)
    assert driver.alerts == []
    assert [(row.name, row.silenced) for row in driver.view().silences] == [("BTC", 1)]
    assert driver.command(SilenceAlerts("coin", "BTC", ends=True))[0]
    assert not driver.command(SilenceAlerts("coin", "BTC", ends=True))[0]
    driver.trades(WHALE, "BTC", 200_000.0)
    driver.run(1)
    assert len(driver.alerts) == 1


def test_where_too_much_is_silenced_no_more_is_and_the_user_is_told() -> None:
    driver = followed()
    driver.command(SilenceAlerts("coin", "BTC", for_good=True))
    for number in range(199):
        assert driver.command(SilenceAlerts("trader", address(number), for_good=True))[0]
    done, words = driver.command(SilenceAlerts("coin", "ETH", for_good=True))
    assert (done, words) == (False, "200 coins, kinds and traders are silenced: take one back before ETH")
    assert "BTC" in {row.name for row in driver.view().silences}
    assert driver.command(SilenceAlerts("trader", address(7), ends=True))[0]
    assert driver.command(SilenceAlerts("coin", "ETH"))[0]


def test_quiet_hours_end_an_hour_earlier_once_local_time_is_an_hour_further_ahead() -> None:
    driver = followed(quiet_from="14:00", quiet_to="15:00")
    assert driver.view().is_quiet
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(1)
    assert (driver.alerts, driver.view().digest) == ([], None)
    driver.put(Kind.COMMAND, UseLocalTime(60))
    driver.tick()
    assert driver.view().digest.held == 1
    again = Core("live", driver.settings)
    for record in driver.records:
        again.dispatch(record)
    assert again.whales.alerting.digest == driver.whales.alerting.digest


def test_an_alert_is_said_once_however_often_it_is_repeated() -> None:
    driver = followed()
    for size in (100_000.0, 200_000.0, 400_000.0):
        driver.trades(WHALE, "BTC", size)
        driver.run(12)
    assert [alert.times for alert in driver.alerts] == [1, 2, 3]
    said = [line for line in driver.core.journal.log_tail if line.text.startswith("LOW: ")]
    assert [(line.level, line.topic, line.text) for line in said] == [
        ("info", "whales", f"LOW: {driver.alerts[0].text}")
    ]


def test_everything_that_came_is_counted_and_shown_by_what_became_of_it() -> None:
    driver = followed()
    driver.trades(WHALE, "BTC", 50_100.0)
    driver.run(2)
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(2)
    streamed = driver.asked.streamed[0]
    driver.open_stream("clearinghouseState", streamed, 2_000_003)
    for at_ms in (driver.now_ms - 60_000, driver.now_ms + 3_600_000):
        told = {"user": streamed, "clearinghouseState": driver.state(streamed, at_ms), "dex": ""}
        driver.frame("clearinghouseState", streamed, told)
    driver.run(2)
    counts = driver.view().tracker.counts
    assert [counts.states[word] for word in ("first", "older", "future", "moves")] == [8, 1, 1, 2]
    assert counts.questions["trade"] == 2
    assert (counts.moves["small"], counts.moves["telling"], counts.alerts["told"]) == (1, 1, 1)


def test_a_new_leaderboard_renames_those_whom_alerts_are_about() -> None:
    driver = followed(expires_s=86_400)
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(2)
    assert driver.view().alerts[0].who == "0x0000…0001"
    views = WhalesViews()
    views.of(driver.whales, WhalesOutside(), driver.now_ms)
    renamed = [replace(ranked(number), name=SafeText(f"whale {number}")) for number in range(10)]
    driver.command(StartJob("whales"))
    driver.tick(0.25)
    driver.answer(next(one for one in driver.waiting() if one.channel == "leaderboard"), digest(*renamed))
    driver._done = len(driver.asked.requests)
    driver.tick(0.25)
    driver.tick(0.25)
    assert views.of(driver.whales, WhalesOutside(), driver.now_ms).alerts[0].who == "whale 0"


def test_a_trader_that_is_opened_shows_what_changed_since_the_last_look() -> None:
    driver = followed()
    assert driver.command(LookAtTrader(WHALE, client=1))[0]
    assert driver.command(LookAtTrader("", client=1))[0]
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(2)
    driver.command(LookAtTrader(WHALE, client=1))
    driver.run(1)
    detail = trader_detail(driver.whales, WHALE, driver.now_ms)
    assert [(row.size, row.size_at_last_look) for row in detail.positions] == [(100_000.0, 50_000.0)]
    assert detail.weight is not None
    assert detail.rank == 1
    assert detail.equity
    assert detail.moves
    assert {"performance", "size", "recency", "regime"} <= {part.name for part in detail.parts}
    assert not driver.command(LookAtTrader("0x12", client=1))[0]
    assert trader_detail(driver.whales, STRANGER, driver.now_ms).waiting_for == "This trader is not followed"


def test_streams_tell_fills_and_states_until_the_connection_is_gone() -> None:
    driver = followed()
    streamed = driver.asked.streamed[0]
    driver.open_stream("userFills", streamed, 2_000_002)
    driver.open_stream("clearinghouseState", streamed, 2_000_003)
    assert driver.whales.streams.streamed == (streamed,)
    driver.held[streamed] = {"ETH": 500_000.0}
    driver.now_ms += 50
    frame = {"user": streamed, "clearinghouseState": driver.state(streamed), "dex": ""}
    driver.frame("clearinghouseState", streamed, frame)
    assert [(move.coin, move.learned) for move in driver.moves if move.coin == "ETH"] == [("ETH", "stream")]
    driver.frame("clearinghouseState", streamed, {"user": address(3), "clearinghouseState": driver.state(streamed)})
    assert driver.core.connections.traders.parse_errors == 1
    driver.put(Kind.DROP, Gone("hyperliquid", "traders", "cut", 1.0))
    assert not driver.whales.streams.streamed


def test_a_liquidation_across_a_streamed_trader_is_told() -> None:
    driver = followed()
    streamed = driver.asked.streamed[0]
    driver.open_stream("userFills", streamed, 2_000_002)
    fill = {
        "coin": "BTC", "px": "100", "sz": "4000", "side": "B", "time": driver.now_ms, "startPosition": "0",
        "dir": "Open Long", "closedPnl": "0", "crossed": False, "tid": 5, "fee": "0",
        "liquidation": {"liquidatedUser": STRANGER, "markPx": "100", "method": "market"},
    }  # fmt: skip
    driver.frame("userFills", streamed, {"user": streamed, "fills": [fill], "isSnapshot": True})
    assert driver.alerts == []
    fill |= {"time": driver.now_ms + 1, "tid": 6}
    driver.frame("userFills", streamed, {"user": streamed, "fills": [fill]})
    alert = driver.alerts[0]
    assert (alert.kind, alert.direction, alert.traders, alert.value_usd) == ("liquidation", -1, (STRANGER,), 400_000.0)


def test_states_that_cannot_be_read_are_counted_and_asked_for_again() -> None:
    driver = followed()
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.tick(0.25)
    request = driver.waiting()[0]
    driver._done = len(driver.asked.requests)
    driver.answer(request, {"marginSummary": {}})
    assert driver.moves == []
    driver.run(5)
    assert len(driver.moves) == 1


def fills_of(driver: WhaleDriver) -> tuple[list[tuple[int, str]], str]:
    detail = trader_detail(driver.whales, WHALE, driver.now_ms)
    return [(row.at_ms, row.did) for row in detail.fills], detail.fills_waiting


def test_fills_are_asked_for_when_a_trader_is_opened_and_not_again_for_a_while() -> None:
    driver = followed()
    driver.command(LookAtTrader(WHALE, client=1))
    asked = [request for request in driver.waiting() if request.channel == "userFills"]
    assert [request.subject for request in asked] == [WHALE]
    assert ("userFills", WHALE, "") in driver.asked.hurried
    words = "Its fills are asked for: so heavy a question may wait some seconds for room in the request budget"
    assert fills_of(driver) == ([], words)
    driver.answer(asked[0], [fill(time=5, tid=2), fill(time=9, tid=3, dir="Close\x1b[31m Long"), fill(time=5, tid=2)])
    assert fills_of(driver) == ([(9, "Close[31m Long"), (5, "Open Long")], "")
    driver._done = len(driver.asked.requests)
    driver.command(LookAtTrader("", client=1))
    driver.command(LookAtTrader(WHALE, client=1))
    assert [request.channel for request in driver.waiting() if request.channel == "userFills"] == []
    driver.now_ms += 300_000
    driver.command(LookAtTrader(WHALE, client=1))
    assert [request.subject for request in driver.waiting() if request.channel == "userFills"] == [WHALE]


def test_fills_that_did_not_come_are_asked_for_again_and_what_is_no_fill_is_refused() -> None:
    driver = followed()
    for body, status in ((b"", 500), ([fill(px="nan")], 200)):
        driver.command(LookAtTrader(WHALE, client=1))
        asked = [request for request in driver.waiting() if request.channel == "userFills"][-1]
        driver.answer(asked, body, status)
        assert fills_of(driver) == ([], "Its fills did not come")
    assert driver.core.parse_errors == 1


def test_fills_of_streams_are_on_the_page_of_their_trader() -> None:
    driver = followed()
    driver.open_stream("userFills", WHALE, 2_000_002)
    driver.frame("userFills", WHALE, {"user": WHALE, "fills": [fill(time=7)], "isSnapshot": True})
    driver.frame("userFills", WHALE, {"user": WHALE, "fills": [fill(time=8, tid=4)]})
    assert fills_of(driver)[0] == [(8, "Open Long"), (7, "Open Long")]


def test_traders_who_cannot_be_asked_leave_the_signal() -> None:
    driver = WhaleDriver(settings())
    driver.held = {address(number): {"BTC": 50_000.0} for number in range(8)}
    driver.follow()
    assert [signal.lean for signal in driver.signals] == ["LONG"]
    driver.refused.add("clearinghouseState")
    driver.run(150)
    assert driver.signals[-1].lean == "NEUTRAL"
    assert len(driver.whales.stale) == 8
    assert driver.view().tracker.fresh == 0


def test_a_lean_files_pairs_of_calls_at_each_horizon() -> None:
    driver = WhaleDriver(settings())
    driver.held = {address(number): {"BTC": 50_000.0} for number in range(8)}
    driver.follow()
    calls = [row for row in driver.rows if getattr(row, "claimant", "").startswith("smart money")]
    assert sorted((call.horizon_s, call.claimant) for call in calls) == [  # type: ignore[attr-defined]
        (hours * 3600, name) for hours in (1, 4, 24) for name in ("smart money", "smart money, plain")
    ]


def test_never_is_more_asked_than_the_share_of_the_weight() -> None:
    driver = WhaleDriver(settings(tracked=10))
    driver.follow(5)
    for second in range(180):
        for number in range(10):
            driver.trades(address(number), "BTC", float(second % 7) * 1000 + number + 1)
        driver.run(1)
    weights = {"clearinghouseState": 2, "portfolio": 20, "userFills": 120}
    times = [(at_ms, weights.get(request.channel, 0)) for at_ms, request in driver.asked_at]
    most = max(sum(weight for at, weight in times if start <= at < start + 60_000) for start, _ in times)
    assert 600 < most <= 1200 * driver.settings.whales.budget_share


def test_a_replay_of_the_same_inputs_gives_the_same() -> None:
    driver = followed()
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(5)
    driver.command(TrackTrader(address(9), True))
    driver.run(70)
    assert driver.core.journal.whale_alerts
    assert driver.core.journal.trader_moves
    again = Core("live", driver.settings)
    for record in driver.records:
        again.dispatch(record)
    assert again.journal.log_sha256 == driver.core.journal.log_sha256
    assert again.whales.alerting.told == driver.core.whales.alerting.told


def test_moves_signals_and_alerts_are_part_of_what_a_replay_must_repeat() -> None:
    driver = WhaleDriver(settings())
    driver.held = {address(number): {"BTC": 50_000.0} for number in range(8)}
    driver.follow()
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(1)
    hashes = []
    for tell in ("trader_moved", "signal_changed", "alert_told"):
        journal = Journal()
        told: dict[str, list[Any]] = {"trader_moved": driver.moves, "signal_changed": driver.signals}
        event = (told | {"alert_told": driver.alerts})[tell][0]
        getattr(journal, tell)(event)
        hashes.append(journal.log_sha256)
    assert len({Journal().log_sha256, *hashes}) == 4
    assert any(isinstance(row, StoredAlert) for row in driver.rows)


def test_the_regime_of_the_market_is_unknown_without_a_model_and_told_with_one() -> None:
    driver = followed()
    assert driver.view().regime.why == "no model: tapedeck train regime"
    assert not [request for request in driver.asked.requests if request.variant == REGIME_HOURS]
    driver = in_regime()
    driver.run(3_700)
    regime = driver.view().regime
    assert regime.name is not None
    assert 0 < regime.probability <= 1
    assert regime.age_s > 30 * 86_400
    broken = WhaleDriver(settings())
    broken.put(Kind.COMMAND, RestoreWhales(b"", "", 0, b"{}"))
    assert any("no model of regimes" in line.text for line in broken.core.journal.log_tail)


def test_the_regime_is_a_part_of_weights_once_the_hours_of_traders_days_are_known() -> None:
    driver = in_regime(answered=False)
    driver.run(400)
    before = dict(driver.whales.weighing.weights)
    assert {weight.dimensions[3].value for weight in before.values()} == {None}
    assert driver.view().regime.name is None
    request = next(one for one in driver.asked.requests if one.variant == REGIME_HOURS)
    assert request.subject == "BTC"
    driver.answer(request, risen(driver, 960))
    driver.run(5)
    after = driver.whales.weighing.weights
    assert {weight.dimensions[3].value for weight in after.values()} == {1.0}
    assert all(weight.coverage == pytest.approx(before[trader].coverage + 0.1) for trader, weight in after.items())
    assert driver.view().regime.traders == 8
    part = next(part for part in trader_detail(driver.whales, WHALE, driver.now_ms).parts if part.name == "regime")
    assert part.text == "won 30 of 30 days like these, 30 of 30 in all"
    again = Core("live", driver.settings)
    for record in driver.records:
        again.dispatch(record)
    assert again.whales.weighing.weights == after
    assert again.journal.log_sha256 == driver.core.journal.log_sha256


def test_hours_that_do_not_come_are_asked_for_again_and_the_regime_says_why() -> None:
    driver = in_regime(answered=False)
    request = next(one for one in driver.asked.requests if one.variant == REGIME_HOURS)
    driver.answer(request, b"", 500)
    driver.run(2)
    assert driver.view().regime.why == "its hours did not come: said 500"
    driver.run(890)
    asked = [one for one in driver.asked.requests if one.variant == REGIME_HOURS]
    assert len(asked) == 1
    driver.run(20)
    asked = [one for one in driver.asked.requests if one.variant == REGIME_HOURS]
    assert len(asked) == 2
    other = [candle | {"s": "ETH"} for candle in risen(driver, 200)]
    driver.answer(asked[1], other)
    assert "not what was asked for" in driver.view().regime.why
    assert driver.core.journal.log_tail[-1].text.startswith("a message was refused: candles of BTC")
    driver.run(910)
    driver.answer([one for one in driver.asked.requests if one.variant == REGIME_HOURS][2], risen(driver, 960))
    driver.run(1)
    assert driver.view().regime.name is not None


def test_a_recording_begun_midway_has_the_hours_of_the_past_asked_again() -> None:
    driver = in_regime()
    driver.run(5)
    assert sum(one.variant == REGIME_HOURS for one in driver.asked.requests) == 1
    driver.command(SetRecording(True))
    driver.run(2)
    assert sum(one.variant == REGIME_HOURS for one in driver.asked.requests) == 2


def in_regime(*, answered: bool = True) -> WhaleDriver:
    """A run with a model of regimes, and a market that rises evenly."""
    driver = WhaleDriver(settings())
    driver.held[WHALE] = {"BTC": 50_000.0}
    driver.put(Kind.COMMAND, RestoreWhales(b"", "", 0, encode_model(model_by_hand())))
    driver.run(20)
    request = next(one for one in driver.asked.requests if one.variant == REGIME_HOURS)
    if answered:
        driver.answer(request, risen(driver, 960))
    return driver


def risen(driver: WhaleDriver, count: int) -> list[dict[str, Any]]:
    """Hours up to now, the last of them open."""
    first_ms = driver.now_ms - driver.now_ms % HOUR_MS - (count - 1) * HOUR_MS
    return [hour(first_ms + place * HOUR_MS, 100 * 1.002**place) for place in range(count)]


def hour(open_ms: int, close: float) -> dict[str, Any]:
    prices = {"o": str(close / 1.002), "h": str(close * 1.001), "l": str(close / 1.004), "c": str(close)}
    return {"t": open_ms, "T": open_ms + 3_599_999, "s": "BTC", "i": "1h", "v": "10", "n": 5} | prices
