"""The queue of questions to Hyperliquid: one at a time, inside the budget, each ending in an answer or a failure."""

import asyncio
from contextlib import suppress

import msgspec
import numpy as np

from app.core.clock import Clock
from app.core.errors import VenueError
from app.core.record import REQUEST_CONNECTION, WITHDRAWN, Answer, Connected, Dropped, Kind, Request
from app.feeds.backoff import Backoff
from app.feeds.budget import WeightBudget
from app.feeds.http import HttpAnswer, HttpClient
from app.feeds.hyperliquid import limits
from app.feeds.hyperliquid.limits import VENUE
from app.feeds.inbox import Inbox
from app.feeds.websocket import retry_after_s

_REQUEST_TRIES_S = (1.0, 15.0)
_REQUEST_TRIES = 5
_REFUSED_WAIT_S = {418: 300.0, 429: 10.0}
"""How long the budget stays closed when the venue names no time; 418 is a ban."""

_pack = msgspec.msgpack.encode


class _Place:
    """A place in the queue; `share` is how much of the budget the question may use up. Kept until it is answered."""

    def __init__(self, request: Request, backoff: Backoff) -> None:
        self.request = request
        self.share = limits.budget_share(request)
        self.backoff = backoff
        self.not_before_ns = 0
        """When it may be tried again after a try that failed."""

    @property
    def turn(self) -> tuple[float, int]:
        """Smaller goes first: what may use up more of the budget never waits behind what may use up less."""
        return -self.share, self.request.request_id


class RequestClient:
    """`run` works until it is cancelled; `request`, `hurry` and `withdraw` never block."""

    def __init__(
        self, http: HttpClient, weight_per_minute: int, inbox: Inbox, clock: Clock, generator: np.random.Generator
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._generator = generator
        self.budget = WeightBudget(weight_per_minute, clock)
        self._http = http
        self._changed = asyncio.Event()
        self._asked: dict[tuple[str, str, str], _Place] = {}
        self._places: dict[int, _Place] = {}
        self._rest_until_ns = 0
        self._carrying = 0
        self._patience: asyncio.Timeout | None = None

    @property
    def urgent_wait_s(self) -> float:
        """Seconds until the request budget lets the next question go that somebody waits for."""
        return self.budget.delay_s(limits.request_weight("candleSnapshot"))

    def outstanding(self) -> list[Request]:
        """Requests that were asked and have not been answered."""
        return [place.request for place in self._places.values()]

    async def run(self) -> None:
        """Work off the queue of requests, one at a time, inside the budget."""
        try:
            while True:
                await self._carry_out(await self._next())
        finally:
            await self._http.close()

    def request(self, request: Request) -> None:
        """Queue a request; its answer, or its failure after some tries, arrives as an input with its id.

        One that asks what a waiting one asks is left out.
        """
        question = _question(request)
        if question not in self._asked:
            backoff = Backoff(self._generator, first_s=_REQUEST_TRIES_S[0], longest_s=_REQUEST_TRIES_S[1])
            self._asked[question] = self._places[request.request_id] = _Place(request, backoff)
            self._put(0, Kind.REQUEST, request)
            self._changed.set()

    def hurry(self, channel: str, subject: str, variant: str) -> None:
        """Somebody waits for the answer to this question now: it goes before those that nobody waits for."""
        place = self._asked.get((channel, subject, variant))
        if place is not None:
            place.share = 1.0
            self._changed.set()

    def withdraw(self, request_id: int) -> None:
        """Answer a request that still waits as failed, whether it is under way or not."""
        if request_id not in self._places:
            return
        self._answered(Answer(request_id, 0, b"", WITHDRAWN))
        self._changed.set()
        if request_id == self._carrying and self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time())

    async def _next(self) -> _Place:
        """Whose turn it is, once the budget has room for it; one that comes in the meantime may go before it."""
        while True:
            self._changed.clear()
            first = min(self._places.values(), key=lambda place: (self._rest_s(place) > 0, place.turn), default=None)
            delay_s = None if first is None else self._delay_s(first)
            if first is not None and delay_s == 0:
                return first
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._changed.wait()

    def _delay_s(self, first: _Place) -> float:
        """Seconds until the first in turn may go, or another that rests now takes its turn."""
        rests = [rest_s for place in self._places.values() if (rest_s := self._rest_s(place)) > 0]
        if self._rest_s(first) > 0:
            return min(rests)
        weight = limits.request_weight(first.request.channel)
        return min([self.budget.delay_s(weight, first.share), *rests])

    def _rest_s(self, place: _Place) -> float:
        """Seconds for which a place is passed over: after a try of its own that failed, or that of another.

        What nobody waits for rests with it: a venue that is gone is not asked for everything at once.
        """
        until_ns = place.not_before_ns if place.share >= 1 else max(place.not_before_ns, self._rest_until_ns)
        return max(0, until_ns - self._clock.monotonic_ns()) / 1e9

    async def _carry_out(self, place: _Place) -> None:
        """One try, after which the question is answered or back in the queue."""
        # It ends early when the request is withdrawn, and then has been answered.
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as self._patience:
                self._carrying = place.request.request_id
                self.budget.spend(limits.request_weight(place.request.channel))
                self._tried(place, await self._try(place.request))

    def _tried(self, place: _Place, answer: Answer) -> None:
        backoff = place.backoff
        if answer.status == 200 or (400 <= answer.status < 500 and answer.status not in _REFUSED_WAIT_S):
            self._put(0, Kind.CONNECT, Connected(VENUE, REQUEST_CONNECTION, backoff.failures + 1))
            self._answered(answer)
        elif backoff.failures + 1 >= _REQUEST_TRIES:
            self._answered(answer)
        else:
            delay_s = max(backoff.next_s(), self.budget.delay_s(0))
            self._put(0, Kind.DROP, Dropped(VENUE, REQUEST_CONNECTION, answer.error, round(delay_s, 3)))
            place.not_before_ns = self._rest_until_ns = self._clock.monotonic_ns() + round(delay_s * 1e9)

    def _answered(self, answer: Answer) -> None:
        place = self._places.pop(answer.request_id, None)
        if place is not None:
            self._asked.pop(_question(place.request), None)
            self._put(0, Kind.ANSWER, answer)

    async def _try(self, request: Request) -> Answer:
        """One try; status 0 when nothing usable came."""
        try:
            answer = await self._http.post_json("/info", request.body)
        except VenueError as error:
            return Answer(request.request_id, 0, b"", str(error))
        if answer.status in _REFUSED_WAIT_S:
            self.budget.close_for(
                retry_after_s(answer.headers.get("retry-after", "")) or _REFUSED_WAIT_S[answer.status]
            )
            return Answer(request.request_id, answer.status, b"", f"the venue refuses requests ({answer.status})")
        if answer.status != 200:
            return Answer(request.request_id, answer.status, b"", f"the venue answered {answer.status}")
        self.budget.spend(_extra_weight(request, answer))
        return Answer(request.request_id, 200, answer.body)

    def _put(self, stream: int, kind: Kind, payload: msgspec.Struct) -> None:
        self._inbox.put(stream, kind, _pack(payload))


def _question(request: Request) -> tuple[str, str, str]:
    """What two requests have in common that ask the same."""
    return request.channel, request.subject, request.variant


def _extra_weight(request: Request, answer: HttpAnswer) -> int:
    """What the venue adds for the items it returned."""
    items = answer.body.count(b"},{") + 1 if answer.body.startswith(b"[{") else 0
    return limits.request_weight(request.channel, items) - limits.request_weight(request.channel)
