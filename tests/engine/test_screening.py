"""The bar strategy in the engine: what hours give live, they give in a replay of its inputs and in a file of bars."""

import json

import numpy as np
import pytest
from core_driver import Driver

from app.config.screener_settings import BatchModeSettings, FusionSettings
from app.config.settings import MarketsSettings, Settings
from app.core.record import Kind, Record
from app.engine.core import Core
from app.engine.protocol import SetRecording
from app.engine.protocol_screen import LookAtScreener
from app.engine.screener_view import missing_hours
from app.engine.screening import ASK_AGAIN_MS, BARS_AN_INPUT, HOUR_MS, CoinScreen
from app.feeds.hyperliquid.limits import SCREEN_HOURS
from app.markets.bar_table import BarTable
from app.screener.backtesting import backtest
from app.screener.bars import Bars, check_bars
from app.screener.screen import candidates, screen

SETTINGS = Settings(
    markets=MarketsSettings(favourites=("BTC",), top=2),
    batch_mode=BatchModeSettings(minimum_score=0.5, maximum_missing=1.0),
    fusion=FusionSettings(entry_threshold_confidence=0.1, aligned_trends=1),
)
PAST_HOURS = 720


def hours(coin: str, first_ms: int, count: int, seed: int = 5) -> list[dict[str, object]]:
    """A price that wanders, as the venue tells it."""
    rng, price, told = np.random.default_rng(seed), 2_000.0, []
    for place in range(count):
        opened, price = price, price * float(np.exp(rng.normal(0, 6e-3)))
        high, low = max(opened, price) * 1.002, min(opened, price) * 0.998
        prices = {"o": str(opened), "h": str(high), "l": str(low), "c": str(price)}
        start_ms = first_ms + place * HOUR_MS
        told.append(
            {"t": start_ms, "T": start_ms + HOUR_MS - 1, "s": coin, "i": "1h", **prices}
            | {"v": str(float(rng.lognormal(8, 0.6))), "n": 9}
        )
    return told


def whole_hour(driver: Driver) -> int:
    return driver.now_ms - driver.now_ms % HOUR_MS


def looking(*, looks_first: bool = True) -> Driver:
    """An engine that follows two coins and screens their hours."""
    driver = Driver(SETTINGS)
    driver.start()
    driver.list_markets()
    for channel in ("trades", "bbo"):
        driver.open(channel, "BTC")
    if looks_first:
        look(driver)
    return driver


def look(driver: Driver) -> None:
    driver.put(Kind.COMMAND, LookAtScreener(listed=True))
    driver.tick(1)
    driver.tick(1)


def answer_past(driver: Driver, coin: str = "BTC", count: int = PAST_HOURS) -> None:
    asked = next(each for each in driver.asked.requests if (each.subject, each.variant) == (coin, SCREEN_HOURS))
    span = json.loads(asked.body)["req"]
    assert span["startTime"] == whole_hour(driver) - PAST_HOURS * HOUR_MS
    driver.answer(asked, hours(coin, whole_hour(driver) - count * HOUR_MS, count))


def work_off(driver: Driver, coin: str = "BTC") -> CoinScreen:
    screening = driver.core.screening.coins[coin]
    while screening.waiting:
        before = screening.waiting
        driver.tick(0.1)
        assert 0 < before - screening.waiting <= BARS_AN_INPUT
    return screening


def live_hours(driver: Driver, count: int) -> None:
    """Hours that close before our eyes, made of trades."""
    rng, price = np.random.default_rng(8), 2_000.0
    for number in range(count * 4):
        price *= float(np.exp(rng.normal(0, 8e-3)))
        driver.trade("BTC", round(price, 2), number + 1)
        driver.tick(HOUR_MS / 4_000)
        driver.tick(1)


def bars_of(screening: CoinScreen) -> Bars:
    times, *columns = (np.array(column) for column in zip(*screening.bars, strict=True))
    names = ("open", "high", "low", "close", "volume")
    return check_bars("of the engine", BarTable(times, dict(zip(names, columns, strict=True))))


def check_against_a_file(screening: CoinScreen) -> None:
    """The engine's candidates and entries are those of a backtest over the same bars."""
    bars = bars_of(screening)
    screened = screen(bars, SETTINGS.batch_mode, 0, 1 << 42)
    whole = backtest(screened, SETTINGS)
    kept = screening.found.maxlen or 0
    assert [found.told for found in screening.found] == candidates(screened, SETTINGS.batch_mode)[-kept:]
    over = [trade for trade in whole.replay.trades if trade.reason != "end of bars"]
    assert [ended.trade for ended in screening.ended] == over[-(screening.ended.maxlen or 0) :]
    opened = [(int(bars.times[trade.entry_place]), int(bars.times[trade.exit_place])) for trade in over]
    assert [(ended.opened_ms, ended.closed_ms) for ended in screening.ended] == opened[-len(screening.ended) :]
    assert (screening.trades, screening.won) == (len(over), sum(trade.pnl > 0 for trade in over))
    entered = {int(bars.times[trade.entry_place - 1]): trade.side for trade in whole.replay.trades}
    signals = {found.seen.bar.time_ms: found.seen.entry for found in screening.found if found.seen.entry}
    first_ms = screening.found[0].seen.bar.time_ms
    # What is entered at the open after the last bar is not in a file that ends with it.
    last_ms = int(bars.times[-1])
    signals.pop(last_ms, None)
    assert signals == {time_ms: side for time_ms, side in entered.items() if time_ms >= first_ms}
    assert signals


def replayed(records: list[Record]) -> Core:
    core = Core("tape", SETTINGS)
    for record in records:
        core.dispatch(record)
    return core


def test_the_same_bars_give_the_same_live_in_a_replay_and_in_a_file() -> None:
    driver = looking()
    answer_past(driver)
    work_off(driver)
    live_hours(driver, 12)
    screening = work_off(driver)
    assert len(screening.bars) >= PAST_HOURS + 11
    check_against_a_file(screening)
    twin = replayed(driver.records).screening.coins["BTC"]
    assert (twin.bars, list(twin.found)) == (screening.bars, list(screening.found))
    assert twin.newest == screening.newest


def test_it_does_not_matter_when_somebody_begins_to_look() -> None:
    early, late = looking(), looking(looks_first=False)
    answer_past(early)
    live_hours(early, 3)
    for _ in range(2):
        late.tick(1)
    live_hours(late, 3)
    look(late)
    asked = next(each for each in late.asked.requests if each.variant == SCREEN_HOURS and each.subject == "BTC")
    end_ms = whole_hour(early) - 3 * HOUR_MS
    late.answer(asked, hours("BTC", end_ms - PAST_HOURS * HOUR_MS, PAST_HOURS))
    one, other = work_off(early), work_off(late)
    assert one.bars == other.bars
    assert list(one.found) == list(other.found)


def test_nothing_is_asked_and_nothing_done_before_somebody_looks() -> None:
    driver = looking(looks_first=False)
    live_hours(driver, 2)
    assert not driver.core.screening.coins
    assert all(request.variant != SCREEN_HOURS for request in driver.asked.requests)


def test_an_hour_that_the_venue_corrects_has_the_past_looked_at_again() -> None:
    driver = looking()
    answer_past(driver)
    screening = work_off(driver)
    before = screening.bars[-1].close
    told = hours("BTC", whole_hour(driver) - 2 * HOUR_MS, 2, seed=9)
    asked = next(r for r in driver.asked.requests if (r.subject, r.variant) == ("BTC", "1h"))
    driver.answer(asked, told)
    driver.tick(1)
    driver.tick(1)
    screening = work_off(driver)
    assert screening.bars[-1].close == float(str(told[-1]["c"])) != before
    assert screening.newest is not None
    assert screening.newest.bar == screening.bars[-1]
    check_against_a_file(screening)


@pytest.mark.parametrize("body", [b"[", json.dumps(hours("ETH", 0, 2)).encode()])
def test_an_answer_of_no_use_is_counted_and_told(body: bytes) -> None:
    driver = looking()
    asked = next(r for r in driver.asked.requests if (r.subject, r.variant) == ("BTC", SCREEN_HOURS))
    refused = driver.core.connections.data.parse_errors
    driver.answer(asked, body)
    assert driver.core.connections.data.parse_errors == refused + 1
    assert driver.core.screening.coins["BTC"].trouble


def test_a_venue_that_does_not_answer_is_told() -> None:
    driver = looking()
    asked = next(r for r in driver.asked.requests if (r.subject, r.variant) == ("BTC", SCREEN_HOURS))
    driver.answer(asked, b"", status=500)
    assert driver.core.screening.coins["BTC"].trouble == "said 500"


def test_a_past_that_did_not_come_is_asked_for_again_after_some_minutes() -> None:
    driver = looking()
    asked = [r for r in driver.asked.requests if (r.subject, r.variant) == ("BTC", SCREEN_HOURS)]
    driver.answer(asked[0], b"", status=500)
    driver.tick(ASK_AGAIN_MS / 1_000 - 5)
    driver.tick(1)
    assert [r for r in driver.asked.requests if (r.subject, r.variant) == ("BTC", SCREEN_HOURS)] == asked
    for _ in range(6):
        driver.tick(1)
    again = [r for r in driver.asked.requests if (r.subject, r.variant) == ("BTC", SCREEN_HOURS)]
    assert len(again) == 2
    driver.answer(again[1], hours("BTC", whole_hour(driver) - 30 * HOUR_MS, 30))
    for _ in range(2 * ASK_AGAIN_MS // 1_000 // 60):
        driver.tick(60)
    assert [r for r in driver.asked.requests if (r.subject, r.variant) == ("BTC", SCREEN_HOURS)] == again
    assert not driver.core.screening.coins["BTC"].trouble


def test_a_recording_that_begins_midway_has_the_past_again_and_its_replay_screens_the_same() -> None:
    driver = looking()
    answer_past(driver)
    work_off(driver)
    begun = len(driver.records)
    # What a run notes on a tape that begins now.
    driver.put(Kind.COMMAND, LookAtScreener(listed=True))
    driver.list_markets()
    driver.put(Kind.COMMAND, SetRecording(on=True))
    for _ in range(2):
        driver.tick(1)
    asked = [r for r in driver.asked.requests if (r.subject, r.variant) == ("BTC", SCREEN_HOURS)]
    assert len(asked) == 2
    driver.answer(asked[1], hours("BTC", whole_hour(driver) - PAST_HOURS * HOUR_MS, PAST_HOURS))
    screening = work_off(driver)
    twin = replayed(driver.records[begun:]).screening.coins["BTC"]
    assert twin.bars == screening.bars
    twin.work(twin.waiting)
    assert list(twin.found) == list(screening.found)


def test_of_hours_that_nobody_asked_for_none_is_taken() -> None:
    driver = looking()
    answer_past(driver, count=4 * PAST_HOURS)
    screening = work_off(driver)
    assert PAST_HOURS < len(screening.bars) <= PAST_HOURS + 48
    assert missing_hours(screening) == 0


def test_prices_next_to_nothing_are_no_bars() -> None:
    driver = looking()
    asked = next(r for r in driver.asked.requests if (r.subject, r.variant) == ("BTC", SCREEN_HOURS))
    told = hours("BTC", whole_hour(driver) - 9 * HOUR_MS, 9)
    told[3] |= dict.fromkeys("ohlc", "5e-324")
    driver.answer(asked, told)
    screening = driver.core.screening.coins["BTC"]
    assert (screening.refused, missing_hours(screening)) == (1, 1)


def test_a_clock_that_is_set_back_does_not_put_off_the_next_question() -> None:
    driver = looking()
    asked = [r for r in driver.asked.requests if r.variant == SCREEN_HOURS]
    driver.now_ms += 30 * 24 * HOUR_MS
    for each in asked:
        driver.answer(each, b"", status=500)
    driver.now_ms -= 30 * 24 * HOUR_MS
    driver.tick(1)
    driver.tick(1)
    assert len([r for r in driver.asked.requests if r.variant == SCREEN_HOURS]) == 2 * len(asked)
