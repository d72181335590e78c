"""The queue of questions to Hyperliquid, worked off inside the budget, each ending in an answer or a failure."""

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
from app.feeds.hyperliquid.allowance import Allowance, Claim
from app.feeds.hyperliquid.candle_question import CHANNEL, spanning
from app.feeds.hyperliquid.limits import VENUE
from app.feeds.inbox import Inbox
from app.feeds.statuses import retry_after_s

_REQUEST_TRIES_S = (1.0, 15.0)
_REQUEST_TRIES = 5
_REFUSED_WAIT_S = {418: 300.0, 429: 10.0}
"""How long the budget stays closed when the venue names no time; 418 is a ban."""

_pack = msgspec.msgpack.encode


class _Place:
    """A place in the queue, kept until its question is answered."""

    def __init__(self, request: Request, backoff: Backoff) -> None:
        self.request = request
        self.claim = limits.claim_of(request)
        self.weight = limits.heaviest(request)
        self.is_about_trader = limits.is_about_trader(request)
        self.backoff = backoff
        self.not_before_ns = 0
        """When it may be tried again after a try that failed."""
        self.under_way = False
        self.patience: asyncio.Timeout | None = None

    def widen(self, request: Request) -> bool:
        """Ask for what `request` asks for as well; whether that is more."""
        wider = spanning(self.request, request)
        if wider.body == self.request.body:
            return False
        self.request, self.weight = wider, limits.heaviest(wider)
        return True


class RequestClient:
    """`run` works until it is cancelled; `request`, `hurry` and `withdraw` never block."""

    def __init__(
        self,
        http: HttpClient,
        weight_per_minute: int,
        inbox: Inbox,
        clock: Clock,
        generator: np.random.Generator,
        *,
        traders_share: float = 0.85,
        histories_share: float = 0.2,
    ) -> None:
        """`traders_share` of the weight is for following traders, `histories_share` of that for their histories."""
        self._inbox = inbox
        self._clock = clock
        self._generator = generator
        self.allowance = Allowance(
            weight_per_minute, clock, traders_share=traders_share, histories_share=histories_share
        )
        self._http = http
        self._changed = asyncio.Event()
        self._asked: dict[tuple[str, str, str], _Place] = {}
        self._places: dict[int, _Place] = {}
        self._rest_until_ns = 0

    @property
    def budget(self) -> WeightBudget:
        """What was spent of the venue's limit."""
        return self.allowance.total

    @property
    def urgent_wait_s(self) -> float:
        """Seconds until the request budget lets the next question go that somebody waits for."""
        return self.allowance.delay_s(limits.WAITED_FOR, limits.request_weight("candleSnapshot"))

    def outstanding(self) -> list[Request]:
        """Requests that were asked and have not been answered."""
        return [place.request for place in self._places.values()]

    async def run(self) -> None:
        """Work off the queue of requests inside the budget: one about markets at a time, and some about traders."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(about_traders=False))
                for _ in range(limits.TRADERS_AT_ONCE):
                    group.create_task(self._carry(about_traders=True))
        finally:
            await self._http.close()

    def request(self, request: Request) -> None:
        """Queue a request; its answer, or its failure after some tries, arrives as an input with its id.

        One that asks what a waiting one asks is left out; the waiting one then goes as early as it would have, and
        asks for the candles of both. If it is under way, its answer may be from before: then candles of another span,
        and what is asked of a trader who has just traded, are asked for again.
        """
        question = _question(request)
        asked = self._asked.get(question)
        if asked is not None and not (asked.under_way and _needs_its_own(request, asked.request)):
            if not asked.under_way and asked.widen(request):
                self._put(0, Kind.REQUEST, asked.request)
            asked.claim = min(asked.claim, limits.claim_of(request), key=lambda claim: claim.rank)
            self._changed.set()
            return
        backoff = Backoff(self._generator, first_s=_REQUEST_TRIES_S[0], longest_s=_REQUEST_TRIES_S[1])
        self._asked[question] = self._places[request.request_id] = _Place(request, backoff)
        self._put(0, Kind.REQUEST, request)
        self._changed.set()

    def hurry(self, channel: str, subject: str, variant: str) -> None:
        """Somebody waits for the answer to this question now: it goes before those that nobody waits for."""
        place = self._asked.get(_question_of(channel, subject, variant))
        if place is not None:
            place.claim = limits.hurried(place.request)
            self._changed.set()

    def withdraw(self, request_id: int) -> None:
        """Answer a request that still waits as failed, whether it is under way or not."""
        place = self._places.get(request_id)
        if place is None:
            return
        self._answered(Answer(request_id, 0, b"", WITHDRAWN))
        self._changed.set()
        if place.patience is not None:
            place.patience.reschedule(asyncio.get_running_loop().time())

    async def _carry(self, *, about_traders: bool) -> None:
        while True:
            place = await self._next(about_traders)
            place.under_way = True
            try:
                await self._carry_out(place)
            finally:
                place.under_way, place.patience = False, None

    async def _next(self, about_traders: bool) -> _Place:
        """Whose turn it is, once the budget has room for it; one that comes in the meantime may go before it."""
        while True:
            self._changed.clear()
            place, delay_s = self._choose(about_traders)
            if place is not None:
                return place
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._changed.wait()

    def _choose(self, about_traders: bool) -> tuple[_Place | None, float | None]:
        """The first that may go now; else None, and in how many seconds one may (None: nothing waits)."""
        now_ns = self._clock.monotonic_ns()
        first: dict[Claim, _Place] = {}
        delays_s: list[float] = []
        for place in self._places.values():
            if place.under_way or place.is_about_trader is not about_traders:
                continue
            rest_ns = self._rests_until_ns(place) - now_ns
            if rest_ns > 0:
                delays_s.append(rest_ns / 1e9)
            elif place.claim not in first or place.request.request_id < first[place.claim].request.request_id:
                first[place.claim] = place
        for claim, place in sorted(first.items(), key=lambda item: item[0].rank):
            delay_s = self.allowance.delay_s(claim, place.weight)
            if delay_s == 0:
                return place, 0.0
            delays_s.append(delay_s)
        return None, min(delays_s, default=None)

    def _rests_until_ns(self, place: _Place) -> int:
        """Until when a place is passed over: after a try of its own that failed, or that of another.

        What nobody waits for rests with it: a venue that is gone is not asked for everything at once.
        """
        return place.not_before_ns if place.claim.is_waited_for else max(place.not_before_ns, self._rest_until_ns)

    async def _carry_out(self, place: _Place) -> None:
        """One try, after which the question is answered or back in the queue."""
        # It ends early when the request is withdrawn, and then has been answered.
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as place.patience:
                self._tried(place, await self._try(place))

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
            if self._asked.get(_question(place.request)) is place:
                del self._asked[_question(place.request)]
            self._put(0, Kind.ANSWER, answer)

    async def _try(self, place: _Place) -> Answer:
        """One try; status 0 when nothing usable came."""
        request, claim = place.request, place.claim
        spent = self.allowance.spend(claim, place.weight)
        try:
            answer = await self._http.post_json("/info", request.body)
        except VenueError as error:
            # Whether the venue has counted it is not known.
            return Answer(request.request_id, 0, b"", str(error))
        base = limits.request_weight(request.channel)
        self.allowance.settle(claim, spent, base, _extra_weight(request, answer))
        self._changed.set()
        if answer.status in _REFUSED_WAIT_S or answer.status >= 500:
            asked_s = retry_after_s(answer.headers, self._clock.wall_ns())
            self.budget.close_for(asked_s or _REFUSED_WAIT_S.get(answer.status, 0.0))
        if answer.status in _REFUSED_WAIT_S:
            return Answer(request.request_id, answer.status, b"", f"the venue refuses requests ({answer.status})")
        if answer.status != 200:
            return Answer(request.request_id, answer.status, b"", f"the venue answered {answer.status}")
        return Answer(request.request_id, 200, answer.body)

    def _put(self, stream: int, kind: Kind, payload: msgspec.Struct) -> None:
        self._inbox.put(stream, kind, _pack(payload))


def _needs_its_own(request: Request, asked: Request) -> bool:
    """Whether the answer to a question that is under way may lack what is asked for now."""
    return request.variant == limits.TRADED or (request.channel == CHANNEL and request.body != asked.body)


def _question(request: Request) -> tuple[str, str, str]:
    """What two requests have in common that ask the same."""
    return _question_of(request.channel, request.subject, request.variant)


def _question_of(channel: str, subject: str, variant: str) -> tuple[str, str, str]:
    # A trader's state is the same whyever it is asked for.
    return channel, subject, "" if variant in (limits.TRADED, limits.OVERDUE) else variant


def _extra_weight(request: Request, answer: HttpAnswer) -> int:
    """What the venue adds for the items it returned."""
    items = answer.body.count(b"},{") + 1 if answer.body.startswith(b"[{") else 0
    return limits.request_weight(request.channel, items) - limits.request_weight(request.channel)
