"""Carries questions to Polymarket: inside its limits, a bounded number at a time, again where that may help."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from app.core.clock import Clock
from app.core.errors import VenueError
from app.core.record import Request
from app.core.text import clean
from app.feeds.backoff import Backoff
from app.feeds.html import HTML, is_html
from app.feeds.http import HttpAnswer, HttpClient, TooLargeError, UnreachableError
from app.feeds.polymarket import limits
from app.feeds.polymarket.parse import parse_error
from app.feeds.polymarket.questions import Question, from_request
from app.feeds.request_client import Carried
from app.feeds.statuses import TOO_MANY, retry_after_s
from app.feeds.windows import CallWindows

_TRIES = 5
_TRIES_UNREACHED = 2
"""Of a host that no call of this carrier ever reached: nothing says that it is there, and somebody waits to be told."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 15.0
_REFUSED_WAIT_S = 10.0
"""How long the limits of a route stay closed after a 429 that names no time: until any window is over."""
_PATIENCE_S = 120.0
"""A venue that wants to be left alone for longer has failed, as far as a question is concerned."""
_UNREACHED = 0


class CarrierSettings(msgspec.Struct, frozen=True):
    """What is needed to reach the venue; see `PolymarketSettings` for the meaning of each."""

    data_url: str
    gamma_url: str
    request_timeout_s: float
    connections: int


class _Try(NamedTuple):
    status: int
    body: bytes = b""
    error: str = ""
    tries: int = 1
    """How often a question may be tried that ends like this."""
    wait_s: float = 0.0


class Carrier:
    """`carry` may be called by many tasks at once. It decides nothing about what answers mean.

    `calls` is what the venue allows, by group: its published limits, or those of a simulated venue.
    """

    def __init__(
        self,
        settings: CarrierSettings,
        clock: Clock,
        generator: np.random.Generator,
        calls: Mapping[str, int] = limits.CALLS,
    ) -> None:
        self.windows = CallWindows(calls, limits.WINDOW_S, clock)
        self.retries = 0
        self.failures = 0
        self._clock = clock
        self._generator = generator
        self._reached: set[limits.Api] = set()
        self._room = asyncio.Semaphore(settings.connections)
        # Whoever waits for a route's limits waits in line: all would wake for the one place that is free.
        self._lines: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        urls: dict[limits.Api, str] = {"data": settings.data_url, "gamma": settings.gamma_url}
        self._http = {
            api: HttpClient(
                url,
                timeout_s=settings.request_timeout_s,
                body_cap=limits.BODY_BYTES,
                connections=settings.connections,
            )
            for api, url in urls.items()
        }

    async def carry(self, question: Question) -> Carried:
        """The venue's answer, after some tries; never raises for what the venue does."""
        backoff = Backoff(self._generator, first_s=_FIRST_WAIT_S, longest_s=_LONGEST_WAIT_S)
        while True:
            tried = await self._try(question)
            if backoff.failures + 1 >= tried.tries or tried.wait_s > _PATIENCE_S:
                break
            self.retries += 1
            await asyncio.sleep(max(backoff.next_s(), tried.wait_s))
        self.failures += bool(tried.error)
        return Carried(tried.status, tried.body, clean(tried.error, 240), backoff.failures + 1)

    async def carry_request(self, request: Request) -> Carried:
        """The same for an engine's request. Raises `DataError` for one that asks nothing of this venue."""
        return await self.carry(from_request(request))

    async def close(self) -> None:
        """Close all connections."""
        for http in self._http.values():
            await http.close()

    async def _try(self, question: Question) -> _Try:
        groups, api = question.route.groups, question.route.api
        closed_s = await self._afford(question)
        if closed_s:
            return _Try(TOO_MANY, error=f"the venue takes no calls for {closed_s:.0f} s")
        try:
            answer = await self._http[api].get(question.route.path, question.query)
        except TooLargeError as error:
            return _Try(_UNREACHED, error=str(error))
        except UnreachableError as error:
            return _Try(_UNREACHED, error=str(error), tries=_TRIES if api in self._reached else _TRIES_UNREACHED)
        except VenueError as error:
            return _Try(_UNREACHED, error=str(error), tries=_TRIES)
        finally:
            self.windows.end(groups)
            self._room.release()
        self._reached.add(api)
        if answer.status == 200:
            return _sound(answer)
        tried = _refused(answer, retry_after_s(answer.headers, self._clock.wall_ns()))
        if tried.wait_s:
            self.windows.close_for(groups, tried.wait_s)
        return tried

    async def _afford(self, question: Question) -> float:
        """Wait until a call may go and begin it. More than 0: how long the venue is closed, and no call was begun."""
        groups = question.route.groups
        async with self._lines[question.name]:
            while True:
                await self._room.acquire()
                delay_s = self.windows.delay_s(groups)
                if delay_s <= 0:
                    self.windows.begin(groups)
                    return 0.0
                self._room.release()
                if delay_s > _PATIENCE_S:
                    return delay_s
                await asyncio.sleep(delay_s)


def _sound(answer: HttpAnswer) -> _Try:
    is_page = is_html(answer.body, answer.headers.get("content-type", ""))
    return _Try(_UNREACHED, error=HTML) if is_page else _Try(200, answer.body)


def _refused(answer: HttpAnswer, asked_s: float | None) -> _Try:
    told = parse_error(answer.body)
    words = f"{told.code} {told.error}".strip() if told is not None else "no reason given"
    is_busy = answer.status == TOO_MANY
    may_help = is_busy or (answer.status >= 500 and (told is None or told.retryable is not False))
    may_close = is_busy or answer.status >= 500
    wait_s = asked_s if asked_s is not None and may_close else (_REFUSED_WAIT_S if is_busy else 0.0)
    return _Try(answer.status, b"", f"the venue answered {answer.status}: {words}", _TRIES if may_help else 1, wait_s)
