"""The queue of questions to Hyperliquid: one at a time, inside the budget, each ending in an answer or a failure."""

import asyncio
from contextlib import suppress
from typing import NamedTuple

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


class _Place(NamedTuple):
    """A place in the queue; `share` is how much of the budget the question may use up."""

    waits: bool
    request_id: int
    share: float


class RequestClient:
    """`run` works until it is cancelled; `request`, `hurry` and `withdraw` never block."""

    def __init__(
        self, http: HttpClient, weight_per_minute: int, inbox: Inbox, clock: Clock, generator: np.random.Generator
    ) -> None:
        self._inbox = inbox
        self._generator = generator
        self.budget = WeightBudget(weight_per_minute, clock)
        self._http = http
        self._requests: asyncio.PriorityQueue[_Place] = asyncio.PriorityQueue()
        self._changed = asyncio.Event()
        self._asked: dict[tuple[str, str, str], Request] = {}
        self._outstanding: dict[int, Request] = {}
        self._carrying = 0
        self._patience: asyncio.Timeout | None = None

    @property
    def urgent_wait_s(self) -> float:
        """Seconds until the request budget lets the next question go that somebody waits for."""
        return self.budget.delay_s(limits.request_weight("candleSnapshot"))

    def outstanding(self) -> list[Request]:
        """Requests that were asked and have not been answered."""
        return list(self._outstanding.values())

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
        question = (request.channel, request.subject, request.variant)
        if question not in self._asked:
            self._asked[question] = request
            self._outstanding[request.request_id] = request
            self._put(0, Kind.REQUEST, request)
            self._queue(_Place(not limits.is_urgent(request), request.request_id, limits.budget_share(request)))

    def hurry(self, channel: str, subject: str, variant: str) -> None:
        """Somebody waits for the answer to this question now: it goes before those that nobody waits for."""
        request = self._asked.get((channel, subject, variant))
        if request is not None:
            # Its old place in the queue is passed over once it has been answered.
            self._queue(_Place(False, request.request_id, 1.0))

    def withdraw(self, request_id: int) -> None:
        """Answer a request that still waits as failed, whether it is under way or not."""
        request = self._outstanding.get(request_id)
        if request is None:
            return
        self._answered(request, Answer(request_id, 0, b"", WITHDRAWN))
        self._changed.set()
        if request_id == self._carrying and self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time())

    def _queue(self, place: "_Place") -> None:
        self._requests.put_nowait(place)
        self._changed.set()

    async def _next(self) -> tuple[Request, float]:
        """The question whose turn it is, with its share, once the budget has room; one that comes may go before it."""
        while True:
            place = await self._requests.get()
            request = self._outstanding.get(place.request_id)
            if request is None:
                continue
            delay = self.budget.delay_s(limits.request_weight(request.channel), place.share)
            if delay <= 0:
                return request, place.share
            self._changed.clear()
            self._requests.put_nowait(place)
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._changed.wait()

    async def _carry_out(self, turn: tuple[Request, float]) -> None:
        request, share = turn
        # It ends early when the request is withdrawn, and then has been answered.
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as self._patience:
                self._carrying = request.request_id
                answer = await self._answer_to(request, share)
                self._answered(request, answer)

    async def _answer_to(self, request: Request, share: float) -> Answer:
        """The answer after some tries."""
        backoff = Backoff(self._generator, first_s=_REQUEST_TRIES_S[0], longest_s=_REQUEST_TRIES_S[1])
        while True:
            await self._afford(request, share)
            answer = await self._try(request)
            if answer.status == 200 or (400 <= answer.status < 500 and answer.status not in _REFUSED_WAIT_S):
                self._put(0, Kind.CONNECT, Connected(VENUE, REQUEST_CONNECTION, backoff.failures + 1))
                return answer
            if backoff.failures + 1 >= _REQUEST_TRIES:
                return answer
            await self._wait_after(answer.error, backoff)

    def _answered(self, request: Request, answer: Answer) -> None:
        if self._outstanding.pop(request.request_id, None) is not None:
            self._asked.pop((request.channel, request.subject, request.variant), None)
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

    async def _afford(self, request: Request, share: float) -> None:
        weight = limits.request_weight(request.channel)
        # The only spender: what is free after the wait is still free now.
        await asyncio.sleep(self.budget.delay_s(weight, share))
        self.budget.spend(weight)

    async def _wait_after(self, reason: str, backoff: Backoff) -> None:
        delay = max(backoff.next_s(), self.budget.delay_s(0))
        self._put(0, Kind.DROP, Dropped(VENUE, REQUEST_CONNECTION, reason, round(delay, 3)))
        await asyncio.sleep(delay)

    def _put(self, stream: int, kind: Kind, payload: msgspec.Struct) -> None:
        self._inbox.put(stream, kind, _pack(payload))


def _extra_weight(request: Request, answer: HttpAnswer) -> int:
    """What the venue adds for the items it returned."""
    items = answer.body.count(b"},{") + 1 if answer.body.startswith(b"[{") else 0
    return limits.request_weight(request.channel, items) - limits.request_weight(request.channel)
