"""Hourly candles asked of the venue for commands: one question after another, inside what it allows an address."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from app.core.clock import Clock
from app.core.errors import DataError, VenueError
from app.core.events import Candle
from app.core.text import clean
from app.feeds.budget import WeightBudget
from app.feeds.http import HttpAnswer, HttpClient
from app.feeds.hyperliquid.limits import BODY_BYTES, request_weight
from app.feeds.hyperliquid.parse import parse_candles
from app.feeds.statuses import TOO_MANY, retry_after_s
from app.markets.hourly_bars import HOUR_MS, HourlyBars, bars_of_candles
from app.training.regime_training import Provenance

MOST_HOURS = 5_000
"""The venue keeps so many candles of an hour."""


LIVE_SHARE, DEMO_SHARE = 0.5, 1.0
"""Of what the venue allows a minute: a deck of this address may need the rest; nobody else asks a simulated venue."""
_TRIES = 3
_REFUSED_WAIT_S = 20.0
_REFUSED = frozenset({418, TOO_MANY})


class HoursAsker:
    """Asks for candles of an hour, of many markets, as fast as a share of the venue's weight a minute lets it."""

    def __init__(self, weight_per_minute: int, share: float, clock: Clock) -> None:
        self._budget = WeightBudget(weight_per_minute, clock)
        self._share = share
        self._clock = clock

    async def whole_hours(self, http: HttpClient, coin: str, start_ms: int, end_ms: int, now_ms: int) -> list[Candle]:
        """The candles of hours that opened from `start_ms` to `end_ms` and are over at `now_ms`, as the venue tells.

        Raises `VenueError` where it does not, `FrameError` for an answer that is none.
        """
        span = {"coin": coin, "interval": "1h", "startTime": start_ms, "endTime": end_ms}
        body = msgspec.json.encode({"type": "candleSnapshot", "req": span})
        answer = await self._ask(http, body, request_weight("candleSnapshot", (end_ms - start_ms) // HOUR_MS + 1))
        if answer.status in _REFUSED:
            raise VenueError(f"the venue refuses requests of this address ({answer.status}); try again in some minutes")
        if answer.status != 200:
            raise VenueError(f"the venue answered {answer.status}; check the coin's name")
        return [
            candle
            for candle in parse_candles(answer.body)
            if candle.coin == coin and candle.interval == "1h" and candle.open_ms + HOUR_MS <= now_ms
        ]

    async def _ask(self, http: HttpClient, body: bytes, weight: int) -> HttpAnswer:
        """The answer, or the last refusal of some."""
        for _ in range(_TRIES):
            await asyncio.sleep(self._budget.delay_s(weight, self._share))
            self._budget.spend(weight)
            answer = await http.post_json("/info", body)
            if answer.status not in _REFUSED:
                break
            self._budget.close_for(retry_after_s(answer.headers, self._clock.wall_ns()) or _REFUSED_WAIT_S)
        return answer


class FetchedBars(NamedTuple):
    """Bars by coin, and why those of others did not come."""

    bars: list[HourlyBars]
    failed: dict[str, str]


async def fetch_bars(
    http: HttpClient,
    asker: HoursAsker,
    coins: Sequence[str],
    clock: Clock,
    advance: Callable[[float], None] = lambda _done: None,
) -> FetchedBars:
    """The whole hours that the venue tells of each coin. A coin that fails is named, and the others go on."""
    fetched = FetchedBars([], {})
    now_ms = clock.wall_ns() // 1_000_000
    for number, coin in enumerate(coins):
        try:
            fetched.bars.append(await _coin(http, asker, coin, now_ms))
        except (VenueError, DataError) as error:
            fetched.failed[coin] = str(error)
        advance((number + 1) / len(coins))
    return fetched


async def _coin(http: HttpClient, asker: HoursAsker, coin: str, now_ms: int) -> HourlyBars:
    whole = await asker.whole_hours(http, coin, now_ms - MOST_HOURS * HOUR_MS, now_ms, now_ms)
    if not whole:
        raise VenueError("the venue tells no candles of it; check the coin's name")
    return bars_of_candles(coin, whole)


def known_hours(bars: HourlyBars) -> int:
    """How many hours have a price."""
    return int(np.isfinite(bars.close).sum())


def asker_of(mode: Literal["live", "demo"], weight_per_minute: int, clock: Clock) -> HoursAsker:
    """What asks a venue of this kind."""
    return HoursAsker(weight_per_minute, DEMO_SHARE if mode == "demo" else LIVE_SHARE, clock)


def http_of(rest_url: str, timeout_s: float) -> HttpClient:
    """A client of the venue's requests."""
    return HttpClient(rest_url, timeout_s=timeout_s, body_cap=BODY_BYTES)


def provenance_of(mode: Literal["live", "demo"], label: str, bars: Sequence[HourlyBars]) -> Provenance:
    """What a model's card says of candles that a venue told."""
    digest = hashlib.sha256()
    for each in bars:
        digest.update(each.coin.encode())
        for column in each[1:]:
            digest.update(column.tobytes())
    data = (label, *(f"{clean(each.coin, 24)}: {known_hours(each):,} hours" for each in bars[:63]))
    return Provenance(mode.upper(), data, digest.hexdigest())
