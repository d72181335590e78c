"""What waits for an answer of the model: in order of arrival, each with a deadline, in batches for whoever is free."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Literal

import msgspec

from app.core.errors import TapedeckError
from app.tokens.worker_protocol import LARGEST_BATCH

FailureKind = Literal["deadline", "worker", "model", "strategy-only", "too many"]
TRIES = 3
"""A request whose worker was lost, or failed, is asked again, so often in all, and alone: one row that kills must not
take others with it."""


class PredictionError(TapedeckError):
    """A request to the token model ended without an answer. `kind` is what is counted."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Prediction(msgspec.Struct, frozen=True, gc=False):
    """What the token model says: see `app.tokens.heads`. `version` and `origin` are the bundle's."""

    p_rise: float
    gain_pct: float
    p_rug: float
    version: str
    origin: Literal["SIMULATED", "REAL"]


class Request:
    """A row of features, as it travels, and the future that its answer goes to."""

    __slots__ = ("answer", "failed", "failed_s", "is_kept", "row")

    def __init__(self, row: bytes, answer: "asyncio.Future[Prediction]", *, is_kept: bool = True) -> None:
        self.row = row
        self.answer = answer
        self.is_kept = is_kept
        """Whether its answer is worth keeping for who asks the same again."""
        self.failed = 0
        self.failed_s = 0.0
        """How often, and when last in seconds of the loop, it came back without an answer."""

    def give(self, prediction: Prediction) -> None:
        """Its answer; nothing happens when nobody waits any more."""
        if not self.answer.done():
            self.answer.set_result(prediction)

    def fail(self, kind: FailureKind, message: str) -> None:
        """It ends without one."""
        if not self.answer.done():
            self.answer.set_exception(PredictionError(kind, message))


class RequestQueue:
    """Requests that wait for a worker."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[Request] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether no more should enter."""
        return len(self._waiting) >= self._most

    @property
    def oldest(self) -> Request | None:
        """The one that is next; None when nobody waits."""
        return self._waiting[0] if self._waiting else None

    def enter(self, request: Request) -> None:
        """Wait at the end."""
        self._waiting.append(request)

    def again(self, batch: Iterable[Request], kind: FailureKind, message: str) -> None:
        """Wait at the front, in the order they had; those that have been tried often enough fail as named."""
        now_s = asyncio.get_running_loop().time()
        for request in reversed(list(batch)):
            request.failed += 1
            request.failed_s = now_s
            if request.failed >= TRIES:
                request.fail(kind, message)
            elif not request.answer.done():
                self._waiting.appendleft(request)

    @property
    def wants_heard_since_s(self) -> float:
        """The next one goes only to a worker that was heard since then: where one was lost, others may be as well."""
        return self._waiting[0].failed_s if self._waiting else 0.0

    def batch(self) -> list[Request]:
        """The next ones to ask together: somebody waits for each; empty when nobody waits."""
        taken: list[Request] = []
        while self._waiting and len(taken) < LARGEST_BATCH:
            request = self._waiting.popleft()
            if request.answer.done():
                continue
            taken.append(request)
            if request.failed:
                break
        return taken

    def fail_all(self, kind: FailureKind, message: str) -> None:
        """All that wait end without an answer."""
        while self._waiting:
            self._waiting.popleft().fail(kind, message)
