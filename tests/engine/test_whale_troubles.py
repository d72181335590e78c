"""Followed traders when what comes is old, ahead of time, of no use, or does not come at all."""

from typing import Any

import pytest
from whale_driver import STRANGER, WhaleDriver, address, settings

from app.core.record import Request
from app.engine.protocol_whales import TrackTrader

WHALE = address(0)


def followed(driver: WhaleDriver | None = None, seconds: float = 20) -> WhaleDriver:
    one = driver or WhaleDriver(settings())
    one.held[WHALE] = {"BTC": 50_000.0}
    one.follow(seconds)
    return one


class WithoutAPast(WhaleDriver):
    """The venue tells no history of the first trader, and answers nonsense instead."""

    def reply(self, request: Request) -> None:
        if request.channel == "portfolio" and request.subject == WHALE:
            self.answer(request, [])
        else:
            super().reply(request)


def test_a_trader_whose_history_cannot_be_read_does_not_starve_the_others() -> None:
    driver = followed(WithoutAPast(settings()), 180)
    known = {trader for trader in driver.whales.roster.members if driver.whales.weighing.record(trader) is not None}
    assert known == {address(number) for number in range(1, 8)}
    asked = [request for _, request in driver.asked_at if request.channel == "portfolio"]
    assert sum(request.subject == WHALE for request in asked) == 1


def test_a_trader_added_by_hand_has_no_size_before_its_account_is_seen_and_its_own_then() -> None:
    driver = followed()
    driver.refused.add("clearinghouseState")
    driver.command(TrackTrader(address(77), True))
    driver.run(2)
    weights = driver.whales.weighing.weights
    assert weights[address(77)].dimensions[1].value is None
    driver.refused.clear()
    driver.run(5)
    assert weights[address(77)].dimensions[1].value == pytest.approx(2.5 / 3)
