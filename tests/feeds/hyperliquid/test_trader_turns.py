"""Questions about traders: who has just traded goes first, markets before all, and the venue's limit always holds."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import numpy as np
import pytest
from aiohttp import web
from virtual_loop import VirtualClock, VirtualLoop, run_virtual

from app.core.record import Kind, Request
from app.demo.limits import SlidingBudget
from app.feeds.http import HttpClient
from app.feeds.hyperliquid.leaderboard import LeaderboardRules, parse_rules
from app.feeds.hyperliquid.limits import BODY_BYTES, VENUE, request_weight
from app.feeds.hyperliquid.requests import RequestClient
from app.feeds.hyperliquid.trader_questions import ask_for_fills, ask_for_leaderboard, ask_for_portfolio, ask_for_state
from app.feeds.inbox import Inbox

LIMIT = 1_200
FEW_MS = 77
"""A span in which nobody has traded."""
INTERVALS_MS = {"1m": 60_000, "5m": 300_000, "1h": 3_600_000}


def items_of(question: dict[str, Any]) -> int:
    """How many items the venue answers with."""
    if question["type"] == "candleSnapshot":
        return int(question["req"]["endTime"] // INTERVALS_MS[question["req"]["interval"]])
    return 2_000 if question["type"] == "userFillsByTime" and question["endTime"] != FEW_MS else 0


def trader(number: int) -> str:
    return f"0x{number:040x}"


class House:
    """A client of a venue that counts weights as the real one does and answers after `latency_s`."""

    def __init__(self, client: RequestClient, inbox: Inbox, clock: VirtualClock) -> None:
        self.client = client
        self.inbox = inbox
        self.asked: list[tuple[str, str, float]] = []
        self.news = asyncio.Condition()
        self.latency_s = 0.05
        self.under_way = self.most_under_way = 0
        self.most_used = 0
        self.refused = 0
        self._budget = SlidingBudget(LIMIT)
        self._clock = clock
        self._began_ms = clock.now_ms()
        self._number = 0

    async def info(self, request: web.Request) -> web.Response:
        question = msgspec.json.decode(await request.read())
        kind, subject = question["type"], question.get("user") or question.get("req", {}).get("coin", "")
        async with self.news:
            self.asked.append((kind, subject, self.seconds))
            self.news.notify_all()
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self.latency_s)
        self.under_way -= 1
        items = items_of(question)
        if not self._budget.spend(request_weight(kind, items), self._clock.now_ms()):
            self.refused += 1
            return web.Response(status=429)
        self.most_used = max(self.most_used, self._budget.used(self._clock.now_ms()))
        return web.Response(body=msgspec.json.encode([{"t": number} for number in range(items)]))

    @property
    def seconds(self) -> float:
        return (self._clock.now_ms() - self._began_ms) / 1_000

    def put(self, make: Callable[..., Request], *about: Any, **how: Any) -> int:
        self._number += 1
        self.client.request(make(self._number, *about, **how))
        return self._number

    def candles(self, coin: str, interval: str = "1m") -> None:
        self._number += 1
        span = {"coin": coin, "interval": interval, "startTime": 0, "endTime": 360 * INTERVALS_MS[interval]}
        body = msgspec.json.encode({"type": "candleSnapshot", "req": span})
        self.client.request(Request(self._number, VENUE, "candleSnapshot", body, coin, interval))

    def times(self, kind: str, subject: str = "") -> list[float]:
        return [at_s for what, whom, at_s in self.asked if what == kind and subject in ("", whom)]

    async def until_asked(self, kind: str, subject: str) -> float:
        async with self.news:
            await self.news.wait_for(lambda: self.times(kind, subject))
        return self.times(kind, subject)[0]


def in_house(check: Callable[[House], Coroutine[Any, Any, None]]) -> None:
    async def main(loop: VirtualLoop) -> None:
        clock, application = VirtualClock(loop), web.Application()
        inbox = Inbox(clock)
        houses: list[House] = []

        async def info(request: web.Request) -> web.Response:
            return await houses[0].info(request)

        application.router.add_post("/info", info)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        http = HttpClient(f"http://127.0.0.1:{runner.addresses[0][1]}", timeout_s=10, body_cap=BODY_BYTES)
        client = RequestClient(http, LIMIT, inbox, clock, np.random.default_rng(1))
        houses.append(House(client, inbox, clock))
        worker = asyncio.create_task(client.run())
        try:
            await check(houses[0])
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            await runner.cleanup()

    run_virtual(main)


def test_turns_of_all_traders_come_at_an_even_pace_within_two_minutes() -> None:
    async def check(house: House) -> None:
        for number in range(500):
            house.put(ask_for_state, trader(number))
        await asyncio.sleep(118)
        assert house.client.outstanding() == []
        times = house.times("clearinghouseState")
        assert len(times) == 500
        # Never more than a second's worth at once: the rest of the budget is free again at every moment.
        assert max(Counter(int(at_s) for at_s in times).values()) <= 7
        assert house.most_under_way <= 3

    in_house(check)


def test_who_has_just_traded_does_not_wait_for_turns_or_histories() -> None:
    async def check(house: House) -> None:
        for number in range(500):
            house.put(ask_for_state, trader(number))
            house.put(ask_for_portfolio, trader(number))
        await asyncio.sleep(90)
        for number in range(10_000, 10_060):
            house.put(ask_for_state, trader(number), has_traded=True)
            await asyncio.sleep(0.5)
            (at_s,) = house.times("clearinghouseState", trader(number))
            assert house.seconds - at_s >= 0.4
        for number in range(20_000, 20_080):
            house.put(ask_for_state, trader(number), has_traded=True)
        began_s = house.seconds
        assert await house.until_asked("clearinghouseState", trader(20_079)) - began_s < 2
        assert house.refused == 0

    in_house(check)


def test_who_is_overdue_does_not_wait_for_turns_and_who_has_traded_goes_first() -> None:
    """A minute's worth of turns waits; of the budget that their pace leaves, the overdue have what they need."""

    async def check(house: House) -> None:
        for number in range(300):
            house.put(ask_for_state, trader(number))
        await asyncio.sleep(5)
        for number in range(300, 360):
            house.put(ask_for_state, trader(number), is_overdue=True)
        house.put(ask_for_state, trader(399), has_traded=True)
        await asyncio.sleep(8)
        overdue = [house.times("clearinghouseState", trader(number)) for number in range(300, 360)]
        assert all(len(times) == 1 and times[0] < 13 for times in overdue)
        assert house.times("clearinghouseState", trader(399))[0] < 6
        assert house.refused == 0

    in_house(check)


def test_a_question_that_waits_is_asked_once_and_as_early_as_the_last_one_would() -> None:
    async def check(house: House) -> None:
        for number in range(400):
            house.put(ask_for_state, trader(number))
        await asyncio.sleep(5)
        house.put(ask_for_state, trader(399), has_traded=True)
        house.put(ask_for_state, trader(399), has_traded=True)
        house.put(ask_for_state, trader(399))
        assert await house.until_asked("clearinghouseState", trader(399)) < 5.5
        await asyncio.sleep(115)
        assert len(house.times("clearinghouseState", trader(399))) == 1
        assert house.client.outstanding() == []

    in_house(check)


def test_a_trade_while_a_question_is_under_way_is_asked_about_again() -> None:
    async def check(house: House) -> None:
        house.latency_s = 2
        first = house.put(ask_for_state, trader(1), has_traded=True)
        await asyncio.sleep(1)
        left_out = house.put(ask_for_state, trader(1))
        second = house.put(ask_for_state, trader(1), has_traded=True)
        house.put(ask_for_state, trader(1), has_traded=True)
        assert [each.request_id for each in house.client.outstanding()] == [first, second]
        await asyncio.sleep(6)
        assert len(house.times("clearinghouseState", trader(1))) == 2
        assert house.client.outstanding() == []
        house.put(ask_for_state, trader(1))
        await asyncio.sleep(3)
        assert len(house.times("clearinghouseState", trader(1))) == 3
        assert left_out not in [each.request_id for each in house.client.outstanding()]

    in_house(check)


def test_histories_have_a_fifth_of_the_traders_share_and_are_never_starved() -> None:
    async def check(house: House) -> None:
        for number in range(100):
            house.put(ask_for_portfolio, trader(number))
        for minute in range(5):
            for number in range(500):
                house.put(ask_for_state, trader(number), has_traded=number < 60)
            await asyncio.sleep(62)
            asked = [at_s for at_s in house.times("portfolio") if minute * 62 <= at_s < (minute + 1) * 62]
            assert 8 <= len(asked) <= 0.2 * 0.85 * LIMIT / 20 + 1

    in_house(check)


def test_pages_of_few_fills_are_not_held_up_by_what_they_might_have_weighed() -> None:
    async def check(house: House) -> None:
        for number in range(10):
            house.put(ask_for_fills, trader(number), 1, FEW_MS)
        # The pace is that of their 20 each, as for portfolios: 204 a minute, and not of the 120 that is set aside.
        await asyncio.sleep(60)
        assert len(house.times("userFillsByTime")) >= 9

    in_house(check)


def test_a_history_that_somebody_opens_goes_at_once() -> None:
    async def check(house: House) -> None:
        for number in range(100):
            house.put(ask_for_portfolio, trader(number))
        await asyncio.sleep(10)
        house.client.hurry("portfolio", trader(99), "")
        assert await house.until_asked("portfolio", trader(99)) < 10.3

    in_house(check)


def test_what_somebody_waits_for_of_a_market_goes_before_all_traders() -> None:
    async def check(house: House) -> None:
        for round_ in range(8):
            for number in range(500):
                house.put(ask_for_state, trader(number), has_traded=number % 2 == 0)
            await asyncio.sleep(10)
            wanted_s = house.seconds
            house.candles(f"C{round_}", "5m")
            assert await house.until_asked("candleSnapshot", f"C{round_}") - wanted_s < 0.3

    in_house(check)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_venues_limit_holds_whatever_is_asked(seed: int) -> None:
    """Storms of every kind of question for ten minutes: never above the limit, never a refusal."""

    async def check(house: House) -> None:
        generator = np.random.default_rng(seed)
        for coin in range(30):
            house.candles(f"C{coin}")
            house.candles(f"C{coin}", "1h")
        while house.seconds < 600:
            house.latency_s = float(generator.uniform(0.01, 0.8))
            for _ in range(generator.integers(0, 12)):
                number = int(generator.integers(0, 500))
                kind = generator.integers(0, 10)
                if kind == 0:
                    house.put(ask_for_fills, trader(number), 1, 2)
                elif kind == 1:
                    house.put(ask_for_portfolio, trader(number))
                elif kind == 2:
                    house.candles(f"C{number % 30}", "5m")
                else:
                    house.put(ask_for_state, trader(number), has_traded=bool(kind < 6), is_overdue=bool(kind > 7))
            await asyncio.sleep(float(generator.exponential(1.0)))
        assert house.refused == 0
        assert LIMIT * 0.7 < house.most_used <= LIMIT
        assert house.client.allowance.used("traders") <= 0.85 * LIMIT

    in_house(check)


def test_all_is_answered_once_with_the_number_it_was_asked_under() -> None:
    async def check(house: House) -> None:
        numbers = [house.put(ask_for_state, trader(number)) for number in range(20)]
        numbers.append(house.put(ask_for_portfolio, trader(1)))
        await asyncio.sleep(30)
        kinds = Counter(arrival.kind for arrival in await house.inbox.fetch())
        assert (kinds[Kind.REQUEST], kinds[Kind.ANSWER]) == (len(numbers), len(numbers))

    in_house(check)


def test_questions_say_whom_they_are_about() -> None:
    address = "0xAB" + "0" * 38
    state, traded = ask_for_state(1, address), ask_for_state(2, address, has_traded=True)
    assert msgspec.json.decode(state.body) == {"type": "clearinghouseState", "user": address.lower()}
    assert (state.body, state.subject, state.variant) == (traded.body, traded.subject, "")
    assert (traded.channel, traded.variant) == ("clearinghouseState", "traded")
    fills = ask_for_fills(3, address, 5, 9)
    assert msgspec.json.decode(fills.body) == {
        "type": "userFillsByTime", "user": address.lower(), "startTime": 5, "endTime": 9
    }  # fmt: skip
    assert fills.variant != ask_for_fills(4, address, 5).variant
    newest = ask_for_fills(5, address)
    assert msgspec.json.decode(newest.body) == {"type": "userFills", "user": address.lower()}
    board = ask_for_leaderboard(5, LeaderboardRules(keep=9))
    assert (board.channel, parse_rules(board.body)) == ("leaderboard", LeaderboardRules(keep=9))
