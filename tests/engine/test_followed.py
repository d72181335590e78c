"""Everyone who is followed, and a coin's signal, as a command takes them from an engine over its link."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest
from whale_driver import WhaleDriver, address, settings

from app.core.clock import SystemClock
from app.core.errors import UsageError, VenueError
from app.engine.core import Core
from app.engine.engine import Engine
from app.engine.followed_view import followed_view
from app.engine.followed_watch import followed, missing, signal_report, whales_report
from app.engine.freeze import Outside, freeze
from app.engine.local_link import LocalLink
from app.engine.protocol import (
    PROTOCOL_VERSION,
    Command,
    CommandResult,
    FeedView,
    Snapshot,
    SourceView,
    Welcome,
)
from app.engine.protocol_whales import LookAtFollowed, TrackTrader
from app.engine.reach import Reach

HERE = SourceView("live", "LIVE", "venue.example")
_LIMIT_S = 20.0


class HandRun:
    """A run whose inputs come by hand."""

    def __init__(self, driver: WhaleDriver) -> None:
        self.driver = driver
        self.source = HERE

    @property
    def core(self) -> Core:
        return self.driver.core

    def outside(self) -> Outside:
        return Outside()

    async def start(self, changed: Callable[[], None]) -> None:
        changed()

    async def finished(self) -> None:
        await asyncio.Event().wait()

    def command(self, command: Command) -> tuple[bool, str]:
        return self.driver.command(command)

    async def stop(self) -> None:
        """Nothing to end."""


class ToldLink:
    """Tells these snapshots and ends; `sent` are commands, each with how many had been told before it."""

    def __init__(self, snapshots: list[Snapshot]) -> None:
        self.snapshots = snapshots
        self.told = 0
        self.sent: list[tuple[int, Command]] = []

    async def connect(self) -> Welcome:
        return Welcome(PROTOCOL_VERSION, "1", HERE)

    async def snapshot(self) -> Snapshot | None:
        if self.told == len(self.snapshots):
            return None
        self.told += 1
        return self.snapshots[self.told - 1]

    async def send(self, command: Command) -> CommandResult:
        self.sent.append((self.told, command))
        return CommandResult(0, True, "")

    async def close(self) -> None:
        """Nothing to close."""


def taken(driver: WhaleDriver, coin: str = "", limit_s: float = _LIMIT_S) -> Snapshot:
    async def take() -> Snapshot:
        link = LocalLink(Engine(HandRun(driver), SystemClock(), snapshot_hz=1_000))
        await link.connect()
        try:
            return await followed(link, coin, limit_s, whole=False)
        finally:
            await link.close()

    return asyncio.run(take())


def holding() -> WhaleDriver:
    """Eight traders: 0-5 long of BTC by ever less, 6 short, 7 holds ETH."""
    driver = WhaleDriver(settings())
    for number in range(6):
        driver.held[address(number)] = {"BTC": 60_000.0 - 10_000.0 * number}
    driver.held[address(6)] = {"BTC": -20_000.0}
    driver.held[address(7)] = {"ETH": 100_000.0}
    driver.follow()
    return driver


def test_everyone_is_listed_by_rank_with_what_is_known() -> None:
    driver = holding()
    view = followed_view(driver.whales, "", driver.now_ms)
    assert [row.trader for row in view.traders] == [address(number) for number in range(8)]
    assert [row.rank for row in view.traders] == list(range(1, 9))
    first = view.traders[0]
    assert (first.windows, first.positions, first.equity_usd, first.tier) == (4, 1, 12e6, "≥ $10 M")
    assert first.score is not None
    assert first.weight is not None
    assert first.age_s is not None
    assert 0 < first.weight <= 1
    assert 0 <= first.age_s < 20
    assert (view.signal, view.long, view.short) == (None, (), ())


def test_a_trader_followed_by_hand_stands_last_and_nothing_is_made_up_of_it() -> None:
    driver = holding()
    driver.refused = {"clearinghouseState", "portfolio"}
    assert driver.command(TrackTrader("0x" + "9" * 40, tracked=True))[0]
    last = followed_view(driver.whales, "BTC", driver.now_ms).traders[-1]
    assert (last.trader, last.rank, last.standing) == ("0x" + "9" * 40, None, "added by hand")
    assert (last.score, last.windows, last.positions, last.age_s, last.equity_usd) == (None, None, None, None, None)


def test_why_rows_were_refused_is_told_and_outlives_a_restart() -> None:
    driver = holding()
    view = followed_view(driver.whales, "", driver.now_ms)
    assert view.leaderboard is not None
    assert (view.leaderboard.rows, view.leaderboard.kept, view.leaderboard.refused) == (13, 10, 3)
    assert view.leaderboard.refused_by == {"small": 3}
    later = WhaleDriver(driver.settings, driver.whales.saving.memory(), driver.now_ms + 5_000)
    later.restore()
    restored = followed_view(later.whales, "", later.now_ms).leaderboard
    assert restored is not None
    assert restored.refused_by == {"small": 3}


def test_behind_a_signal_stand_the_largest_shares_of_each_side() -> None:
    driver = holding()
    view = followed_view(driver.whales, "BTC", driver.now_ms)
    assert view.signal is not None
    assert [row.trader for row in view.long] == [address(number) for number in range(6)]
    assert [row.trader for row in view.short] == [address(6)]
    assert {row.side for row in view.long} == {1}
    assert {row.side for row in view.short} == {-1}
    shares = [row.share for row in view.long]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) - view.short[0].share == pytest.approx(view.signal.bias)
    assert sum(shares) + view.short[0].share == pytest.approx(1)
    assert shares[0] == pytest.approx(view.signal.concentration)
    assert view.short[0].value_usd == 2e6


def test_once_enough_are_fresh_a_snapshot_with_the_list_comes() -> None:
    report = whales_report(taken(holding()))
    assert (report.source, report.partial, len(report.traders), report.tracker.in_signals) == (HERE, "", 8, 8)
    signal = signal_report(taken(holding(), "BTC"), "BTC")
    assert (signal.signal.lean, signal.tracked, signal.fresh, signal.partial) == ("LONG", 8, 8, "")
    assert len(signal.long) == 6
    assert signal.price == pytest.approx(100.0)


def test_what_is_not_fresh_when_the_time_is_over_is_told_as_partial() -> None:
    driver = WhaleDriver(settings())
    driver.refused = {"clearinghouseState"}
    driver.follow()
    report = whales_report(taken(driver, limit_s=0.05))
    assert report.partial == "positions of 0 of 8 traders are known and fresh"
    assert signal_report(taken(driver, "NOPE", 0.05), "NOPE").partial == report.partial


def test_positions_of_a_former_run_are_not_taken_for_fresh_ones() -> None:
    driver = holding()
    later = WhaleDriver(driver.settings, driver.whales.saving.memory(), driver.now_ms + 5_000)
    later.restore()
    view = later.view()
    assert view.tracker.fresh == 8
    assert missing(view) == "positions of 0 of 8 traders are known and fresh"


@pytest.mark.parametrize(("whole", "looked_after"), [(False, 1), (True, 3)])
def test_the_whole_time_is_waited_for_where_that_was_asked(whole: bool, looked_after: int) -> None:
    link = ToldLink([freeze(holding().core, HERE, Outside())] * 3)
    with pytest.raises(VenueError, match="the engine has ended"):
        asyncio.run(followed(link, "BTC", _LIMIT_S, whole=whole))
    assert link.sent == [(looked_after, LookAtFollowed(listed=True, coin="BTC"))]


def test_without_a_leaderboard_nobody_waits_on() -> None:
    driver = WhaleDriver(settings())
    driver.refused = {"leaderboard"}
    driver.follow(3)
    link = ToldLink([freeze(driver.core, HERE, Outside())] * 3)
    with pytest.raises(VenueError, match="the engine has ended"):
        asyncio.run(followed(link, "", _LIMIT_S, whole=False))
    assert [told for told, _ in link.sent] == [1]
    snapshot = taken(driver)
    with pytest.raises(VenueError, match="nobody is followed: No leaderboard: said 403"):
        whales_report(snapshot)


def test_a_coin_nobody_knows_is_usage_and_one_nobody_holds_is_neutral() -> None:
    driver = holding()
    with pytest.raises(UsageError, match=r"NOPE is not among the markets here, and no .* holds it; they hold BTC, ETH"):
        signal_report(taken(driver, "NOPE"), "NOPE")
    driver.held[address(7)] = {}
    driver.run(130)
    signal = signal_report(taken(driver, "ETH"), "ETH").signal
    assert (signal.lean, signal.bias, signal.long_traders, signal.short_traders) == ("NEUTRAL", 0.0, 0, 0)


def test_a_venue_out_of_reach_is_given_up_and_one_that_was_reached_is_not() -> None:
    snapshot = freeze(holding().core, HERE, Outside())
    down = (FeedView(name="hyperliquid", state="down"),)

    def at(seconds: int, **fields: object) -> Snapshot:
        told = {"markets": (), "feeds": down, **fields}
        return msgspec.structs.replace(snapshot, wall_ms=seconds * 1_000, **told)

    reach = Reach()
    assert [reach.is_lost(at(second)) for second in (1, 8, 9)] == [False, False, True]
    assert not reach.is_lost(at(10, feeds=(*down, FeedView(name="requests", state="ok"))))
    assert [reach.is_lost(at(second)) for second in (11, 18)] == [False, False]
    assert not reach.is_lost(at(30, markets=snapshot.markets))
