"""The venue's own candles of the past: which were asked for, which came, and what a chart waits for. Pure."""

from collections.abc import Collection
from typing import Literal

import msgspec

from app.core.record import Request
from app.core.text import clean

_REASON_CELLS = 80
_SHOWN_FROM_S = 0.5


class PastState(msgspec.Struct, frozen=True):
    """How the past of one coin and interval stands; `reason` says why it "failed"."""

    state: Literal["here", "asked", "unasked", "failed"]
    reason: str = ""


class RequestsState(msgspec.Struct, frozen=True):
    """What holds up questions to the venue: no budget for `budget_wait_s`, a `trouble`, the next try in `retry_in_s`.

    On a tape nothing can be asked.
    """

    on_tape: bool = False
    budget_wait_s: float = 0.0
    trouble: str = ""
    retry_in_s: float | None = None


class CandlePast:
    """Knows each coin and interval by what became of the question for its past."""

    def __init__(self) -> None:
        # In the order they were first asked, which is that of their worth; at most one for each coin and interval.
        self._wanted: dict[tuple[str, str], None] = {}
        self._here: set[tuple[str, str]] = set()
        self._failed: dict[tuple[str, str], str] = {}

    def ask(self, coin: str, interval: str) -> bool:
        """Whether this past has to be asked for; from now on it is."""
        key = coin, interval
        if key in self._wanted:
            return False
        self._wanted[key] = None
        self._failed.pop(key, None)
        return True

    def is_waited_for(self, coin: str, interval: str) -> bool:
        """Whether it was asked for and has not come."""
        return (coin, interval) in self._wanted and (coin, interval) not in self._here

    def came(self, coin: str, interval: str) -> None:
        """The venue's candles are here."""
        self._here.add((coin, interval))
        self._failed.pop((coin, interval), None)

    def failed(self, coin: str, interval: str, reason: str) -> None:
        """The answer was of no use: it may be asked for again."""
        self._wanted.pop((coin, interval), None)
        self._failed[coin, interval] = reason

    def missed(self) -> Collection[tuple[str, str]]:
        """All that were asked for, after a break that they do not cover: they are not here any more."""
        self._here.difference_update(self._wanted)
        return tuple(self._wanted)

    def may_be_asked_again(self) -> None:
        """Let each be asked for once more; what is here stays."""
        self._wanted.clear()

    def state(self, coin: str, interval: str, outstanding: Collection[Request]) -> PastState:
        """How a past stands that somebody looks at, given the questions that the venue has not answered."""
        key = coin, interval
        if key in self._here:
            return PastState("here")
        if any(r.channel == "candleSnapshot" and (r.subject, r.variant) == key for r in outstanding):
            return PastState("asked")
        return PastState("failed", reason=self._failed[key]) if key in self._failed else PastState("unasked")


def waiting_sentence(interval: str, past: PastState, requests: RequestsState) -> str:
    """What the candles of an interval wait for, cleaned and in a sentence; empty when their past is here."""
    what = f"{clean(interval, 8)} history"
    match past.state:
        case "here":
            return ""
        case "failed":
            again = "" if requests.on_tape else "; change the candles and come back to ask again"
            return f"The {what} did not come: {clean(past.reason, _REASON_CELLS)}{again}"
        case "unasked" if requests.on_tape:
            return f"This tape has no {what}: these candles are made of its trades"
    return _asked_sentence(what, requests)


def _asked_sentence(what: str, requests: RequestsState) -> str:
    if requests.retry_in_s is not None and requests.trouble:
        trouble = clean(requests.trouble, _REASON_CELLS)
        return f"The {what} waits: {trouble}; next try in {requests.retry_in_s:.0f} s"
    if requests.budget_wait_s >= _SHOWN_FROM_S:
        return f"The {what} waits for the request budget: {requests.budget_wait_s:.0f} s"
    return f"The {what} is asked for…"
