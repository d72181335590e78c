"""A run that follows fewer traders than the one before it, or more."""

from test_whale_restarts import WHALE, begun
from whale_driver import WhaleDriver, address
from whale_driver import settings as whale_settings

from app.engine.protocol_whales import TrackTrader


def resized(driver: WhaleDriver, tracked: int) -> WhaleDriver:
    """A second run that follows so many."""
    later = WhaleDriver(whale_settings(tracked=tracked), driver.whales.saving.memory(), driver.now_ms + 5_000)
    later.held = driver.held
    later.follow()
    return later


def test_a_run_that_follows_fewer_keeps_those_added_by_hand_and_the_best() -> None:
    driver = begun()
    assert driver.command(TrackTrader(address(9), True))[0]
    later = resized(driver, 3)
    assert set(later.whales.roster.members) == {address(9), address(0), address(1)}
    asked = {request.subject for _, request in later.asked_at if request.channel == "clearinghouseState"}
    assert asked == set(later.whales.roster.members)
    assert all(request.channel != "leaderboard" for _, request in later.asked_at)
    assert later.view().tracker.fresh == 3


def test_a_run_that_follows_more_than_were_chosen_asks_for_the_leaderboard_at_once() -> None:
    fewer = resized(begun(), 3)
    assert resized(fewer, 3).view().tracker.tracked == 3
    more = resized(fewer, 8)
    assert [request.channel for _, request in more.asked_at].count("leaderboard") == 1
    assert more.view().tracker.tracked == 8
    # All that the leaderboard has to offer are followed: asking again would bring no more.
    all_of_them = resized(more, 50)
    assert all_of_them.view().tracker.tracked == 10
    assert all(request.channel != "leaderboard" for _, request in resized(all_of_them, 50).asked_at)


def test_whales_who_are_followed_no_more_did_not_turn() -> None:
    driver = WhaleDriver(whale_settings())
    driver.held = {address(number): {"BTC": 50_000.0 if number < 3 else -90_000.0} for number in range(8)}
    driver.follow()
    assert driver.whales.alerting.desk.state().rules.anchors[0].furthest < 0
    later = resized(driver, 3)
    later.trades(WHALE, "BTC", 51_000.0)
    later.run(1)
    assert "whale_bias_flip" not in {alert.kind for alert in later.alerts}
    assert {one.state.trader for one in later.whales.positions.known.known()} == set(later.whales.roster.members)
