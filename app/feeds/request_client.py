"""An engine's requests to a venue over HTTP: each ends in an answer or a failure, which are inputs of the engine.

How many are under way, when they may leave and whether they are tried again is the carrier's business.
"""

import asyncio
from collections import Counter
from typing import NamedTuple, Protocol

import msgspec

from app.core.errors import DataError
from app.core.record import REQUEST_CONNECTION, WITHDRAWN, Answer, Connected, Dropped, Kind, Request
from app.core.text import SafeText
from app.feeds.inbox import Inbox
from app.feeds.statuses import is_answering

MOST_BEGUN = 2
"""How often a request is begun: one that a worker fails at again and again would end it for good."""
GIVEN_UP = f"asking it failed {MOST_BEGUN} times here; the event log says why"
_pack = msgspec.msgpack.encode


class Carried(NamedTuple):
    """The outcome of a question: a body, or why there is none. `status` is HTTP's, 0 when no answer can be used."""

    status: int
    body: bytes
    error: SafeText
    tries: int


class RequestCarrier(Protocol):
    """Whoever asks the venue."""

    async def carry_request(self, request: Request) -> Carried:
        """What came of a request; any number at once. Raises `DataError` for one that asks nothing of this venue."""

    async def close(self) -> None:
        """Close all connections."""


class RequestClient:
    """Of one `venue`, as connections name it. `run` works until cancelled; `request` and `withdraw` never block."""

    def __init__(self, venue: str, carrier: RequestCarrier, inbox: Inbox) -> None:
        self._venue = venue
        self._carrier = carrier
        self._inbox = inbox
        self._waiting: asyncio.Queue[Request] = asyncio.Queue()
        self._outstanding: dict[int, Request] = {}
        self._begun: Counter[int] = Counter()
        self._under_way: dict[int, asyncio.Task[None]] = {}
        # None before the first answer: a venue that cannot be reached at all is told of, too.
        self._is_up: bool | None = None

    def outstanding(self) -> list[Request]:
        """Requests that were asked and have not been answered."""
        return list(self._outstanding.values())

    def request(self, request: Request) -> None:
        """Ask; the answer, or the failure after some tries, arrives as an input with the request's id."""
        self._outstanding[request.request_id] = request
        self._put(Kind.REQUEST, request)
        self._waiting.put_nowait(request)

    def withdraw(self, request_id: int) -> None:
        """Answer a request that still waits as failed, whether it is under way or not."""
        self._answered(Answer(request_id, 0, b"", WITHDRAWN))
        task = self._under_way.get(request_id)
        if task is not None:
            task.cancel()

    async def run(self) -> None:
        """Carry out what is asked; the carrier says how many at a time and when.

        Run again after a failure it begins with all that has no answer yet, also what was under way.
        """
        self._waiting = asyncio.Queue()
        for request in self._outstanding.values():
            self._waiting.put_nowait(request)
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    request = await self._waiting.get()
                    if request.request_id in self._outstanding:
                        self._start(request, tasks)
        finally:
            await self._carrier.close()

    def _start(self, request: Request, tasks: asyncio.TaskGroup) -> None:
        self._begun[request.request_id] += 1
        if self._begun[request.request_id] > MOST_BEGUN:
            self._answered(Answer(request.request_id, 0, b"", GIVEN_UP))
            return
        task = tasks.create_task(self._carry_out(request))
        self._under_way[request.request_id] = task
        # A task that is cancelled before it began runs nothing of its own.
        task.add_done_callback(lambda _: self._under_way.pop(request.request_id, None))

    async def _carry_out(self, request: Request) -> None:
        self._answered(await self._answer_to(request))

    async def _answer_to(self, request: Request) -> Answer:
        try:
            carried = await self._carrier.carry_request(request)
        except DataError as error:
            return Answer(request.request_id, 0, b"", str(error))
        self._tell(carried.status, carried.error, carried.tries)
        return Answer(request.request_id, carried.status, carried.body, carried.error)

    def _tell(self, status: int, error: str, tries: int) -> None:
        """Tell when the venue begins to answer and when it stops; what it refuses of one question is an answer."""
        answers = is_answering(status)
        if answers and not self._is_up:
            self._put(Kind.CONNECT, Connected(self._venue, REQUEST_CONNECTION, tries))
        elif self._is_up is not False and not answers:
            self._put(Kind.DROP, Dropped(self._venue, REQUEST_CONNECTION, error))
        self._is_up = answers

    def _answered(self, answer: Answer) -> None:
        self._begun.pop(answer.request_id, None)
        if self._outstanding.pop(answer.request_id, None) is not None:
            self._put(Kind.ANSWER, answer)

    def _put(self, kind: Kind, payload: msgspec.Struct) -> None:
        self._inbox.put(0, kind, _pack(payload))
