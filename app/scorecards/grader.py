"""Grades calls as quotes go by: a function of the sequence of what it is told, so that a replay grades the same."""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from math import inf
from typing import NamedTuple, TypeVar

from app.core.calls import SET_BACK, Call, Outcome
from app.scorecards.grading import Event, Touch, graded, moved_its_way, ungraded

HOLE = "feed hole inside the horizon"
STALE = "data was stale when it could first be acted on"
ENDED = "run ended before the horizon"


class Graded(NamedTuple):
    """A call and what became of it."""

    call: Call
    outcome: Outcome


class _Waiting(NamedTuple):
    """A call that was not entered yet. On a heap the moment it waits for comes first, then its number of filing."""

    next_ms: int
    number: int
    call: Call


class _Held(NamedTuple):
    """A call that was entered and waits for its horizon."""

    next_ms: int
    number: int
    call: Call
    entry: Touch


_Open = _Waiting | _Held
_Kept = TypeVar("_Kept", _Waiting, _Held)


class _Coin(NamedTuple):
    """The open calls of one coin: two heaps."""

    entering: list[_Waiting]
    holding: list[_Held]


class Grader:
    """Holds open calls until their horizon and grades them by the quotes it is told.

    All times are of one clock, the engine's, and never run backwards but through `clock_set_back`. A quote says what a
    coin's best bid and ask were at that time, by data fresh enough to know; without such data there is none. About one
    a second and coin is enough: entry and exit are the first quotes at or after `available_at_ms` and
    `available_at_ms` + horizon, each at most `tolerance_ms` late. A call on input older than `stale_after_ms` is not
    graded, nor one beyond `open_cap` open ones.

    `events` says, by kind of call, how to tell that the claim came true; other kinds claim that the mid is beyond the
    reference price in the call's direction.
    """

    def __init__(
        self,
        *,
        tolerance_ms: int = 5_000,
        stale_after_ms: int = 15_000,
        open_cap: int = 20_000,
        events: Mapping[str, Event] | None = None,
    ) -> None:
        self._tolerance_ms = tolerance_ms
        self._stale_after_ms = stale_after_ms
        self._open_cap = open_cap
        self._events = dict(events or {})
        self._coins: dict[str, _Coin] = {}
        self._decided: list[tuple[int, int, Graded]] = []
        self._filed = 0
        self._open = 0
        late = f"no quote within {tolerance_ms / 1000:g} s of"
        self._no_entry = f"{late} when it could first be acted on: gap"
        self._no_exit = f"{late} the horizon: gap"

    def file(self, call: Call) -> None:
        """Take a call. One that can never be graded is decided at once."""
        self._filed += 1
        waiting = _Waiting(call.available_at_ms, self._filed, call)
        refusal = self._refusal(call)
        self._open += 1
        if refusal:
            self._leave(waiting, refusal, call.available_at_ms)
            return
        heappush(self._coins.setdefault(call.subject, _Coin([], [])).entering, waiting)

    def quote(self, coin: str, bid: float, ask: float, time_ms: int) -> None:
        """The best bid and ask of a coin at `time_ms`. One that is crossed or not a number counts as none."""
        book = self._coins.get(coin)
        if book is None:
            return
        self._expire(book, time_ms)
        touch = Touch(bid, ask, time_ms)
        if not touch.usable:
            return
        while book.entering and book.entering[0].next_ms <= time_ms:
            waiting = heappop(book.entering)
            heappush(book.holding, _Held(_due_ms(waiting.call), waiting.number, waiting.call, touch))
        while book.holding and book.holding[0].next_ms <= time_ms:
            self._grade(heappop(book.holding), touch)

    def hole(self, coin: str, from_ms: int, to_ms: int) -> None:
        """Data of a coin is missing from `from_ms` to `to_ms`: open calls whose horizon it touches are not graded."""
        book = self._coins.get(coin)
        if book is None:
            return
        self._expire(book, to_ms)
        self._tear(book.entering, from_ms, to_ms)
        self._tear(book.holding, from_ms, to_ms)

    def advance(self, now_ms: int) -> list[Graded]:
        """What was decided up to `now_ms`, each call once, in order of time decided and then of filing."""
        for coin, book in list(self._coins.items()):
            self._expire(book, now_ms)
            if not book.entering and not book.holding:
                del self._coins[coin]
        return self._release(now_ms)

    def finish(self, now_ms: int) -> list[Graded]:
        """The same at the end of a run; what is still open is not graded."""
        ended = self.advance(now_ms)
        self._leave_all(ENDED, now_ms)
        return ended + self._release(inf)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`: it no longer tells when a call is due, so none is graded."""
        self._leave_all(SET_BACK, now_ms)
        self._decided = [(min(at_ms, now_ms), number, decided) for at_ms, number, decided in self._decided]
        heapify(self._decided)

    def _leave_all(self, reason: str, now_ms: int) -> None:
        for book in self._coins.values():
            still_open: tuple[_Open, ...] = (*book.entering, *book.holding)
            for left in still_open:
                self._leave(left, reason, now_ms)
        self._coins.clear()

    def _expire(self, book: _Coin, now_ms: int) -> None:
        self._drop_late(book.entering, self._no_entry, now_ms)
        self._drop_late(book.holding, self._no_exit, now_ms)

    def _drop_late(self, heap: list[_Kept], reason: str, now_ms: int) -> None:
        while heap and heap[0].next_ms + self._tolerance_ms < now_ms:
            late = heappop(heap)
            # One past the last moment a quote would have counted: after whatever that moment decides.
            self._leave(late, reason, late.next_ms + self._tolerance_ms + 1)

    def _tear(self, heap: list[_Kept], from_ms: int, to_ms: int) -> None:
        torn = [kept for kept in heap if kept.call.available_at_ms < to_ms and from_ms < _due_ms(kept.call)]
        for kept in torn:
            heap.remove(kept)
            self._leave(kept, HOLE, max(to_ms, kept.call.available_at_ms))
        heapify(heap)

    def _grade(self, held: _Held, touch: Touch) -> None:
        event = self._events.get(held.call.kind, moved_its_way)
        self._decide(held, graded(held.call, held.entry, touch, event))

    def _leave(self, left: _Open, reason: str, at_ms: int) -> None:
        self._decide(left, ungraded(left.call, reason, at_ms))

    def _decide(self, decided: _Open, outcome: Outcome) -> None:
        self._open -= 1
        heappush(self._decided, (outcome.decided_at_ms, decided.number, Graded(decided.call, outcome)))

    def _release(self, now_ms: float) -> list[Graded]:
        released = []
        while self._decided and self._decided[0][0] <= now_ms:
            released.append(heappop(self._decided)[2])
        return released

    def _refusal(self, call: Call) -> str:
        """Why a call can never be graded; empty when it can."""
        known = call.kind in self._events
        checks = (
            (self._open >= self._open_cap, f"more than {self._open_cap} calls are open"),
            (not _sound(call), "a number of the call is out of range"),
            (not known and not call.direction, "the claim has no direction to check the mid against"),
            (not known and call.reference_kind != "mid", "the reference price is not a mid"),
            (call.horizon_s * 1000 <= self._tolerance_ms, "the horizon is not longer than the tolerance"),
            (call.input_age_ms > self._stale_after_ms, STALE),
        )
        return next((reason for holds, reason in checks if holds), "")


def _due_ms(call: Call) -> int:
    return call.available_at_ms + call.horizon_s * 1000


def _sound(call: Call) -> bool:
    costs = (call.cost.taker_fee_bps, call.cost.slippage_bps)
    return (
        call.direction in (-1, 0, 1)
        and 0 <= call.probability <= 1
        and 0 < call.reference_price < inf
        and all(0 <= cost < inf for cost in costs)
    )
