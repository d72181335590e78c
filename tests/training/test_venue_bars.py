"""Hours asked of the venue by commands, inside what it allows; time is virtual."""

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import pytest
from aiohttp import web
from virtual_loop import VirtualClock, VirtualLoop, run_virtual

from app.core.errors import VenueError
from app.feeds.http import HttpClient
from app.markets.hourly_bars import HOUR_MS
from app.training.venue_bars import HoursAsker, fetch_bars, http_of

COINS = tuple(f"C{number}" for number in range(13))


class Counter:
    """A venue that knows every coin, says no as often as it is told to, and counts weight by the second."""

    def __init__(self, clock: VirtualClock) -> None:
        self.refusals = 0
        self.asked: list[tuple[float, int]] = []
        self._clock = clock

    async def info(self, request: web.Request) -> web.Response:
        span = msgspec.json.decode(await request.read())["req"]
        hours = (span["endTime"] - span["startTime"]) // HOUR_MS
        self.asked.append((self._clock.now_ms() / 1_000, 20 + hours // 60))
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=429, headers={"Retry-After": "30"})
        start_ms = span["startTime"] - span["startTime"] % HOUR_MS + HOUR_MS
        prices = {"o": "1", "h": "1", "l": "1", "c": "1", "v": "1", "n": 1}
        told = [
            {"t": time_ms, "T": time_ms + HOUR_MS - 1, "s": span["coin"], "i": "1h", **prices}
            for time_ms in range(start_ms, start_ms + 3 * HOUR_MS, HOUR_MS)
        ]
        return web.Response(body=msgspec.json.encode(told))

    def heaviest_minute(self) -> int:
        return max(sum(weight for at, weight in self.asked if 0 <= at - begin < 60) for begin, _ in self.asked)


def at_venue(check: Callable[[Counter, HttpClient, HoursAsker, VirtualClock], Coroutine[Any, Any, None]]) -> None:
    async def main(loop: VirtualLoop) -> None:
        clock, application = VirtualClock(loop), web.Application()
        venue = Counter(clock)
        application.router.add_post("/info", venue.info)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        http = http_of(f"http://127.0.0.1:{runner.addresses[0][1]}", 10.0)
        try:
            await check(venue, http, HoursAsker(1_200, 0.5, clock), clock)
        finally:
            await http.close()
            await runner.cleanup()

    run_virtual(main)


def test_many_markets_take_half_of_what_the_venue_allows_a_minute() -> None:
    async def check(venue: Counter, http: HttpClient, asker: HoursAsker, clock: VirtualClock) -> None:
        fetched = await fetch_bars(http, asker, COINS, clock)
        assert ([bars.coin for bars in fetched.bars], fetched.failed) == (list(COINS), {})
        assert 500 < venue.heaviest_minute() <= 600

    at_venue(check)


def test_a_refusal_is_waited_out_and_more_than_some_are_told_as_what_they_are() -> None:
    async def check(venue: Counter, http: HttpClient, asker: HoursAsker, clock: VirtualClock) -> None:
        now_ms = clock.now_ms()
        venue.refusals = 1
        assert len(await asker.whole_hours(http, "C0", now_ms - 5 * HOUR_MS, now_ms, now_ms)) == 3
        (first_s, _), (again_s, _) = venue.asked
        assert again_s - first_s >= 30
        venue.refusals = 3
        with pytest.raises(VenueError, match="refuses requests of this address"):
            await asker.whole_hours(http, "C0", now_ms - 5 * HOUR_MS, now_ms, now_ms)

    at_venue(check)
