"""Carries questions to one token venue: evenly paced, again where that may help, with its key where it wants one."""

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from app.config.secrets import Secret
from app.core.clock import Clock
from app.core.errors import VenueError
from app.core.record import Request
from app.core.text import SafeText, clean
from app.feeds.backoff import Backoff
from app.feeds.birdeye.parse import parse_error as birdeye_error
from app.feeds.budget import Pace
from app.feeds.geckoterminal.parse import parse_error as gecko_error
from app.feeds.html import HTML, is_html
from app.feeds.http import HttpAnswer, HttpClient, TooLargeError, UnreachableError
from app.feeds.request_client import Carried
from app.feeds.statuses import TOO_MANY, retry_after_s
from app.feeds.token_questions import BIRDEYE, GECKOTERMINAL, ROUTES, Question, from_request

_TRIES, _TRIES_UNREACHED = 4, 2
_FIRST_WAIT_S, _LONGEST_WAIT_S = 4.0, 60.0
_PATIENCE_S = 120.0
"""A venue that wants to be left alone for longer has failed, as far as a question is concerned."""
_UNREACHED = 0
_CONNECTIONS = 2


class TokenCarrierSettings(NamedTuple):
    """What is needed to reach a venue: its base URL, calls a minute, the seconds a call may take, and the key that each
    call carries. What the venue tells of the key is told to nobody."""

    url: str
    per_minute: int
    timeout_s: float
    key: Secret | None = None


class _Try(NamedTuple):
    status: int
    body: bytes = b""
    error: str = ""
    tries: int = 1
    """How often a question may be tried that ends like this."""


def _plain_error(body: bytes) -> SafeText:
    return clean(body[:400].decode("utf-8", "replace"), 160)


_ERRORS: Mapping[str, Callable[[bytes], SafeText]] = {GECKOTERMINAL: gecko_error, BIRDEYE: birdeye_error}


class TokenCarrier:
    """`carry` may be called by many tasks at once: calls leave one by one, `per_minute` at most, never in a burst.

    A venue that says "too many" is left alone for a while that doubles with each refusal, whatever it says of how long:
    GeckoTerminal says 0 seconds and refuses again.
    """

    def __init__(
        self, venue: str, settings: TokenCarrierSettings, clock: Clock, generator: np.random.Generator
    ) -> None:
        self.venue = venue
        self.calls = self.refusals = 0
        self._clock = clock
        self._generator = generator
        self._pace = Pace(settings.per_minute, clock)
        self._line = asyncio.Lock()
        self._refused = Backoff(generator, first_s=_FIRST_WAIT_S, longest_s=_LONGEST_WAIT_S)
        self._closed_until_ns = 0
        self._key = settings.key
        self._headers = {} if self._key is None else {"X-API-KEY": self._key.reveal(), "x-chain": "solana"}
        self._reached = False
        caps = {name: route.body_cap for name, route in ROUTES[venue].items()}
        self._http = HttpClient(
            settings.url, timeout_s=settings.timeout_s, body_cap=max(caps.values()), connections=_CONNECTIONS
        )

    async def carry_request(self, request: Request) -> Carried:
        """What came of an engine's request. Raises `DataError` for one that asks nothing of a token venue."""
        return await self.carry(from_request(request))

    async def carry(self, question: Question) -> Carried:
        """The venue's answer, after some tries; never raises for what the venue does."""
        backoff = Backoff(self._generator, first_s=_FIRST_WAIT_S, longest_s=_LONGEST_WAIT_S)
        while True:
            tried = await self._try(question)
            if backoff.failures + 1 >= tried.tries:
                return Carried(tried.status, tried.body, clean(tried.error, 240), backoff.failures + 1)
            await asyncio.sleep(backoff.next_s())

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def _try(self, question: Question) -> _Try:
        closed_s = await self._afford()
        if closed_s:
            return _Try(TOO_MANY, error=f"the venue takes no calls for {closed_s:.0f} s")
        self.calls += 1
        try:
            answer = await self._http.get(question.path, question.query, self._headers)
        except TooLargeError as error:
            return _Try(_UNREACHED, error=str(error))
        except UnreachableError as error:
            return _Try(_UNREACHED, error=str(error), tries=_TRIES if self._reached else _TRIES_UNREACHED)
        except VenueError as error:
            return _Try(_UNREACHED, error=str(error), tries=_TRIES)
        self._reached = True
        if self._key is not None:
            answer = answer._replace(body=self._key.conceal(answer.body))
        asked_s = retry_after_s(answer.headers, self._clock.wall_ns()) or 0.0
        if answer.status == TOO_MANY or (answer.status >= 500 and asked_s):
            return self._close_for(asked_s, answer)
        self._refused.reset()
        return _sound(answer) if answer.status == 200 else self._refusal(answer)

    async def _afford(self) -> float:
        """Wait for a turn and take it. More than 0: how long the venue is closed, and no turn was taken."""
        async with self._line:
            while True:
                delay_s = self._delay_s()
                if delay_s <= 0:
                    self._pace.spend(1)
                    return 0.0
                if delay_s > _PATIENCE_S:
                    return delay_s
                await asyncio.sleep(delay_s)

    def _delay_s(self) -> float:
        closed_s = (self._closed_until_ns - self._clock.monotonic_ns()) / 1e9
        return max(0.0, closed_s, self._pace.delay_s())

    def _close_for(self, asked_s: float, answer: HttpAnswer) -> _Try:
        """Leave the venue alone: as long as it says, and at least a wait of our own that grows."""
        self.refusals += 1
        wait_s = max(asked_s, self._refused.next_s())
        # Of calls that were under way together one may have been told a longer time than another.
        self._closed_until_ns = max(self._closed_until_ns, self._clock.monotonic_ns() + round(wait_s * 1e9))
        return self._refusal(answer)

    def _refusal(self, answer: HttpAnswer) -> _Try:
        words = _ERRORS.get(self.venue, _plain_error)(answer.body) or "no reason given"
        may_help = answer.status == TOO_MANY or answer.status >= 500
        return _Try(answer.status, b"", f"the venue answered {answer.status}: {words}", _TRIES if may_help else 1)


def _sound(answer: HttpAnswer) -> _Try:
    is_page = is_html(answer.body, answer.headers.get("content-type", ""))
    return _Try(_UNREACHED, error=HTML) if is_page else _Try(200, answer.body)
