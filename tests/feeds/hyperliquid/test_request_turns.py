"""Whose turn it is: what somebody waits for goes at once, the past of coins nobody looks at is spread over minutes."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import numpy as np
import pytest
from aiohttp import web
from virtual_loop import VirtualClock, VirtualLoop, run_virtual

from app.core.record import Request
from app.feeds.http import HttpClient
from app.feeds.hyperliquid.limits import BODY_BYTES, VENUE
from app.feeds.hyperliquid.requests import RequestClient
from app.feeds.inbox import Inbox

COINS = tuple(f"C{number}" for number in range(30))
_CANDLES = {"1m": 360, "1h": 168}


class House:
    """A client of a venue that notes what it was asked, and when."""

    def __init__(self, client: RequestClient, clock: VirtualClock) -> None:
        self.client = client
        self.asked: list[tuple[str, str, float]] = []
        self.spans: list[tuple[int, int]] = []
        self.slow_s = 0.0
        self.failing: set[str] = set()
        self.refusals: list[web.Response] = []
        """What the next questions are answered."""
        self._clock = clock
        self._began_ms = clock.now_ms()

    async def info(self, request: web.Request) -> web.Response:
        wanted = msgspec.json.decode(await request.read())["req"]
        self.asked.append((wanted["coin"], wanted["interval"], self.seconds))
        self.spans.append((wanted["startTime"], wanted["endTime"]))
        await asyncio.sleep(self.slow_s)
        if self.refusals:
            return self.refusals.pop(0)
        if wanted["coin"] in self.failing:
            return web.Response(status=500)
        candles = [{"t": number} for number in range(_CANDLES.get(wanted["interval"], 100))]
        return web.Response(body=msgspec.json.encode(candles))

    @property
    def seconds(self) -> float:
        return (self._clock.now_ms() - self._began_ms) / 1_000

    def ask(self, coin: str, interval: str, *, later_ms: int = 0) -> None:
        number = 1 + len(self.client.outstanding()) + len(self.asked)
        span_ms = _CANDLES.get(interval, 100) * {"1m": 60_000, "5m": 300_000}.get(interval, 3_600_000)
        span = {"coin": coin, "interval": interval, "startTime": later_ms, "endTime": span_ms + later_ms}
        body = {"type": "candleSnapshot", "req": span}
        request = Request(number, VENUE, "candleSnapshot", msgspec.json.encode(body), coin, interval)
        self.client.request(request)

    def ask_for_the_past_of_all(self) -> None:
        for interval in _CANDLES:
            for coin in COINS:
                self.ask(coin, interval)

    async def until_asked(self, coin: str, interval: str) -> float:
        """When the venue was asked this."""
        while True:
            found = next((at_s for *what, at_s in self.asked if what == [coin, interval]), None)
            if found is not None:
                return found
            await asyncio.sleep(0.1)


def in_house(check: Callable[[House], Coroutine[Any, Any, None]]) -> None:
    async def main(loop: VirtualLoop) -> None:
        clock, application = VirtualClock(loop), web.Application()
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        houses: list[House] = []

        async def info(request: web.Request) -> web.Response:
            return await houses[0].info(request)

        application.router.add_post("/info", info)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        http = HttpClient(f"http://127.0.0.1:{runner.addresses[0][1]}", timeout_s=10, body_cap=BODY_BYTES)
        house = House(RequestClient(http, 1_200, Inbox(clock), clock, np.random.default_rng(1)), clock)
        houses.append(house)
        worker = asyncio.create_task(house.client.run())
        try:
            await check(house)
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            await runner.cleanup()

    run_virtual(main)


def test_minutes_come_at_once_and_hours_are_spread() -> None:
    async def check(house: House) -> None:
        house.ask_for_the_past_of_all()
        await asyncio.sleep(10)
        assert [what for *what, _ in house.asked] == [[coin, "1m"] for coin in COINS]
        assert house.client.budget.used == 30 * (20 + 6)
        most = 0
        while house.client.outstanding():
            await asyncio.sleep(1)
            most = max(most, house.client.budget.used if house.seconds > 63 else 0)
        assert most <= 0.3 * 1_200 + 2
        assert 120 < house.seconds < 200
        assert [what for *what, _ in house.asked[30:]] == [[coin, "1h"] for coin in COINS]

    in_house(check)


@pytest.mark.parametrize("headers", [
    {"Retry-After": "40"}, {"Retry-After": "Fri, 06 Nov 2026 12:00:40 GMT", "Date": "Fri, 06 Nov 2026 12:00:00 GMT"}
])  # fmt: skip
@pytest.mark.parametrize("status", [429, 418, 503])
def test_hazard_6_a_venue_that_asks_to_be_left_alone_is_asked_nothing_meanwhile(
    status: int, headers: dict[str, str]
) -> None:
    async def check(house: House) -> None:
        house.refusals = [web.Response(status=status, headers=headers)]
        house.ask("C1", "5m")
        await asyncio.sleep(1)
        house.ask("C2", "5m")
        assert await house.until_asked("C2", "5m") >= 40
        await asyncio.sleep(10)
        assert [coin for coin, *_ in house.asked] == ["C1", "C1", "C2"]
        assert house.seconds < 60

    in_house(check)


def test_what_somebody_waits_for_goes_at_once_while_the_past_waits_for_its_share() -> None:
    async def check(house: House) -> None:
        house.ask_for_the_past_of_all()
        await asyncio.sleep(20)
        house.ask("C9", "5m")
        assert await house.until_asked("C9", "5m") < 20.5

    in_house(check)


def test_a_past_that_somebody_comes_to_look_at_is_hurried_and_asked_once() -> None:
    async def check(house: House) -> None:
        house.ask_for_the_past_of_all()
        await asyncio.sleep(20)
        house.client.hurry("candleSnapshot", "C29", "1h")
        house.client.hurry("candleSnapshot", "C29", "1h")
        house.client.hurry("candleSnapshot", "nobody", "1h")
        assert await house.until_asked("C29", "1h") < 20.5
        await asyncio.sleep(300)
        assert house.client.outstanding() == []
        assert sorted(what[:2] for what in house.asked) == sorted((coin, each) for coin in COINS for each in _CANDLES)

    in_house(check)


def test_a_minute_question_goes_before_an_hour_question_that_waits_for_its_share() -> None:
    async def check(house: House) -> None:
        for coin in COINS[:20]:
            house.ask(coin, "1h")
        await asyncio.sleep(20)
        house.ask("C29", "1m")
        assert await house.until_asked("C29", "1m") < 20.5
        assert len(house.asked) < 21

    in_house(check)


def test_a_question_that_failed_holds_up_nobody_who_waits() -> None:
    async def check(house: House) -> None:
        for coin in COINS[:30]:
            house.ask(coin, "1m")
        house.failing.add("C29")
        failed_s = await house.until_asked("C29", "1m")
        assert house.client.budget.used > 0.6 * 1_200
        house.ask("C1", "5m")
        assert await house.until_asked("C1", "5m") - failed_s < 0.3
        house.failing.clear()
        await asyncio.sleep(70)
        assert house.client.outstanding() == []
        assert [what for *what, _ in house.asked].count(["C29", "1m"]) == 2

    in_house(check)


def test_after_a_failed_try_a_past_that_nobody_waits_for_rests_too() -> None:
    async def check(house: House) -> None:
        house.failing |= set(COINS)
        for coin in COINS[:10]:
            house.ask(coin, "1m")
        await asyncio.sleep(10)
        assert {coin for coin, *_ in house.asked} == {"C0"}
        house.failing.clear()
        await asyncio.sleep(20)
        assert house.client.outstanding() == []

    in_house(check)


def test_a_question_that_was_hurried_stays_so_after_a_failed_try() -> None:
    async def check(house: House) -> None:
        house.failing.add("C19")
        for coin in COINS[:20]:
            house.ask(coin, "1h")
        await asyncio.sleep(20)
        house.client.hurry("candleSnapshot", "C19", "1h")
        assert await house.until_asked("C19", "1h") < 20.5
        house.failing.clear()
        await asyncio.sleep(3)
        assert [what for *what, _ in house.asked].count(["C19", "1h"]) == 2

    in_house(check)


def test_a_question_that_waits_asks_for_the_candles_of_a_break_as_well() -> None:
    async def check(house: House) -> None:
        house.ask_for_the_past_of_all()
        await asyncio.sleep(20)
        waiting = len(house.client.outstanding())
        house.ask("C29", "1h", later_ms=7_200_000)
        assert len(house.client.outstanding()) == waiting
        house.client.hurry("candleSnapshot", "C29", "1h")
        await house.until_asked("C29", "1h")
        assert house.spans[-1] == (0, (168 + 2) * 3_600_000)

    in_house(check)


def test_a_question_under_way_is_from_before_a_break_and_the_one_after_it_is_asked_too() -> None:
    async def check(house: House) -> None:
        house.slow_s = 5.0
        house.ask("C0", "1m")
        await house.until_asked("C0", "1m")
        house.ask("C0", "1m")
        house.ask("C0", "1m", later_ms=60_000)
        await asyncio.sleep(15)
        assert house.client.outstanding() == []
        assert house.spans == [(0, 360 * 60_000), (60_000, 361 * 60_000)]

    in_house(check)
