"""What a deck is shown of the bar strategy: candidates of a day, positions, coins with their troubles, and one bar."""

import msgspec
import pytest
from core_driver import Driver
from test_screening import answer_past, hours, live_hours, looking, whole_hour, work_off

from app.engine.core import Core
from app.engine.protocol_screen import STARTING_USD, CoinRow, LookAtScreener, ScreenerView
from app.engine.screener_view import ScreenerViews, _decided_ms
from app.engine.screening import HOUR_MS, CoinScreen
from app.feeds.hyperliquid.limits import SCREEN_HOURS
from app.screener.backtest import STARTING_CASH

LISTED = LookAtScreener(listed=True)


def view(driver: Driver, look: LookAtScreener = LISTED) -> ScreenerView:
    return ScreenerViews().of(driver.core, look)


def coin_row(driver: Driver, coin: str = "BTC") -> CoinRow:
    return next(row for row in view(driver).coins if row.coin == coin)


@pytest.fixture(scope="module")
def seen() -> Driver:
    """An engine that has looked at a month of hours, some of them before its eyes."""
    driver = looking()
    answer_past(driver)
    work_off(driver)
    live_hours(driver, 6)
    work_off(driver)
    return driver


def test_candidates_are_those_of_the_last_day_newest_first_with_why_they_are_not_entered(seen: Driver) -> None:
    screening = seen.core.screening.coins["BTC"]
    since_ms = seen.now_ms - 24 * HOUR_MS
    young = [found for found in screening.found if found.seen.bar.time_ms + HOUR_MS > since_ms]
    rows = view(seen).candidates
    assert 0 < len(rows) == len(young) < len(screening.found)
    assert [row.bar_ms for row in rows] == [found.seen.bar.time_ms for found in reversed(young)]
    assert [row.reason for row in rows] == [found.told.reason for found in reversed(young)]
    assert all(bool(row.entry) is (row.why_not == "") for row in rows)
    assert any(row.why_not for row in rows)


def test_positions_that_are_open_come_first_and_all_that_ended_are_there(seen: Driver) -> None:
    screening = seen.core.screening.coins["BTC"]
    rows = view(seen).positions
    ended = [row for row in rows if row.state == "ended"]
    assert ended == list(rows)[len(rows) - len(ended) :]
    assert len(ended) == len(screening.ended) == coin_row(seen).trades > 3
    assert coin_row(seen).result_usd == pytest.approx(sum(row.result_usd or 0 for row in ended))
    assert coin_row(seen).won == sum((row.result_usd or 0) > 0 for row in ended)
    assert [row.closed_ms for row in ended] == sorted((row.closed_ms or 0 for row in ended), reverse=True)
    by_time = {one.seen.bar.time_ms: one.seen for one in screening.found}
    assert all(by_time[row.decided_ms].entry == row.side for row in ended if row.decided_ms in by_time)
    assert all((row.opened_ms or 0) - row.decided_ms == HOUR_MS for row in ended if row.decided_ms in by_time)
    assert any(row.decided_ms in by_time for row in ended)


def test_the_account_that_a_deck_tells_of_is_that_of_a_backtest() -> None:
    assert STARTING_USD == STARTING_CASH


def test_a_position_that_is_open_is_told_at_the_newest_price() -> None:
    driver = looking()
    driver.trade("BTC", 2_222.0, 1)
    answer_past(driver)
    screening = driver.core.screening.coins["BTC"]
    while screening.newest is None or not screening.newest.held:
        assert screening.waiting
        screening.work(1)
    row = next(row for row in view(driver).positions if row.state == "open")
    newest = screening.newest
    assert (row.side, row.entry, row.stop, row.price) == (newest.held, newest.entry_price, newest.stop, 2_222.0)
    assert row.result_bps == pytest.approx(1e4 * row.side * (2_222.0 / newest.entry_price - 1))
    assert row.decided_ms == (row.opened_ms or 0) - HOUR_MS


def test_a_position_was_decided_at_the_newest_close_before_its_bar(seen: Driver) -> None:
    one = seen.core.screening.coins["BTC"].found[0]
    screen = CoinScreen(seen.settings)
    for hour in range(3):
        decided = one.seen._replace(bar=one.seen.bar._replace(time_ms=hour * HOUR_MS), entry=1)
        screen.found.append(msgspec.structs.replace(one, seen=decided))
    assert [_decided_ms(screen, hour * HOUR_MS) for hour in (1, 2, 9)] == [0, HOUR_MS, 2 * HOUR_MS]
    # One that is not kept any more is told by the bar it was entered in.
    assert _decided_ms(screen, 0) == 0


def test_a_bar_opens_with_every_condition_and_what_came_of_it(seen: Driver) -> None:
    screening = seen.core.screening.coins["BTC"]
    ended = next(row for row in view(seen).positions if row.state == "ended")
    bar = view(seen, msgspec.structs.replace(LISTED, coin="BTC", bar_ms=ended.decided_ms)).bar
    assert bar is not None
    assert (bar.trouble, bar.passed, bar.entry, bar.position) == ("", True, ended.side, ended)
    assert all(check.met is not False for check in (*bar.screen, *bar.entry_checks))
    found = next(one for one in screening.found if one.seen.bar.time_ms == ended.decided_ms)
    assert dict(bar.features)["RSI 14"] == found.seen.features.rsi
    weighted = [float(words.partition("= ")[2]) for _, _, words in bar.domains[:4]]
    assert sum(weighted) == pytest.approx(found.seen.domains.fusion, abs=3e-3)
    assert ended.decided_ms in {candle.open_ms for candle in bar.candles}


def test_the_newest_bar_opens_and_one_that_is_not_kept_says_so(seen: Driver) -> None:
    newest = view(seen, msgspec.structs.replace(LISTED, coin="BTC")).bar
    assert newest is not None
    assert newest.bar_ms == seen.core.screening.coins["BTC"].bars[-1].time_ms
    gone = view(seen, msgspec.structs.replace(LISTED, coin="BTC", bar_ms=HOUR_MS)).bar
    assert gone is not None
    assert "not kept" in gone.trouble
    nobody = view(seen, msgspec.structs.replace(LISTED, coin="NOPE")).bar
    assert nobody is not None
    assert "not followed" in nobody.trouble


def test_a_coin_whose_past_is_asked_for_says_so_and_so_does_one_that_failed() -> None:
    driver = looking()
    assert (coin_row(driver).trouble, coin_row(driver).awaits) == ("", "its last 30 days are asked for")
    asked = next(r for r in driver.asked.requests if (r.subject, r.variant) == ("BTC", SCREEN_HOURS))
    driver.answer(asked, b"", status=500)
    assert coin_row(driver).trouble.startswith("its past hours did not come (said 500); they are asked for again in")
    assert coin_row(driver).awaits == ""


def test_a_coin_without_hours_with_few_or_with_a_gap_says_what_it_needs() -> None:
    asked_for = ("BTC", SCREEN_HOURS)
    troubles = {}
    for name, told in (("none", []), ("few", [(30, 30)]), ("gap", [(720, 300), (400, 400)])):
        driver = looking()
        asked = next(r for r in driver.asked.requests if (r.subject, r.variant) == asked_for)
        end_ms = whole_hour(driver)
        driver.answer(asked, [row for ago, count in told for row in hours("BTC", end_ms - ago * HOUR_MS, count)])
        work_off(driver)
        troubles[name] = coin_row(driver).trouble
    assert troubles["none"].startswith("the venue tells no closed hour of it")
    assert troubles["few"].startswith("not enough history: 30 hours, and the score needs 480")
    assert troubles["gap"].startswith("20 of 720 hours are missing")


def test_hours_that_stop_coming_are_told(seen: Driver) -> None:
    driver = looking()
    answer_past(driver)
    work_off(driver)
    assert coin_row(driver).trouble == ""
    driver.tick(4 * 3_600)
    assert coin_row(driver).trouble.startswith("no hour has closed for")


def test_before_anything_is_known_the_list_says_what_it_waits_for() -> None:
    fresh = ScreenerViews().of(Core("live", Driver().settings), LISTED)
    assert fresh.waiting_for == "Waiting for the markets whose hours are screened"
    driver = looking()
    assert view(driver).waiting_for.startswith("The past 30 days of 2 of 2 coins are on their way")


def test_a_tape_without_hours_says_so_and_how_to_have_them() -> None:
    driver = looking()
    core = Core("tape", driver.settings)
    for record in driver.records:
        core.dispatch(record)
    shown = ScreenerViews().of(core, LISTED)
    assert shown.waiting_for.startswith("No hour is on the tape")
    assert {row.trouble.partition(",")[0] for row in shown.coins} == {"no hour of it is on the tape"}


def test_rows_are_kept_while_nothing_was_seen(seen: Driver) -> None:
    views = ScreenerViews()
    first, second = views.of(seen.core, LISTED), views.of(seen.core, LISTED)
    assert first.candidates is second.candidates


def test_settings_in_force_are_named(seen: Driver) -> None:
    said = " ".join(view(seen).rules)
    assert "score ≥ 0.5" in said
    assert "confidence ≥ 0.1" in said
    assert "slippage 1 bp a fill" in said
