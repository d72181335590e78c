"""Which accounts a venue streams, found by asking for one at a time until it refuses. Pure: time comes with calls.

The venue caps how many accounts one address may follow by streams, documents another number than it keeps, and does not
say which request it refused. So there is never more than one unanswered, and after a refusal nothing is asked for that
would need one place more, except once in a while and ever more rarely: places may have become free.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

_PATIENCE_NS = 15_000_000_000
"""An account that is neither accepted nor refused for so long counts as refused."""
_FIRST_WAIT_S = 5.0
"""The venue takes two seconds to notice that a connection is gone, and its accounts with it."""
_LONGEST_WAIT_S = 3_600.0


class Step(NamedTuple):
    """What is to be done next about an account."""

    action: Literal["ask", "release"]
    trader: str


class Admission:
    """`step` says what to do and takes it for done; `accepted` and `refused` tell what became of it."""

    def __init__(self) -> None:
        self.wanted: tuple[str, ...] = ()
        self.streamed: dict[str, None] = {}
        """Accounts that were accepted, in that order."""
        self.most: int | None = None
        """How many the venue takes; None until it has refused one."""
        self._before: tuple[dict[str, None], int | None] = {}, None
        """What was streamed over the connection before, and the most that the venue took."""
        self._asked = ""
        self._asked_ns = 0
        self._refusals = 0
        self._again_ns = 0

    def want(self, traders: Sequence[str]) -> None:
        """Want these, the most important first; the last ones give way where the venue takes fewer."""
        self.wanted = tuple(dict.fromkeys(traders))

    def begin(self) -> None:
        """A new connection: nothing is streamed over it yet. How many the venue takes is remembered."""
        self._before = self.streamed, self.most
        self.streamed = {}
        self._asked = ""

    def resume(self) -> None:
        """The new connection came to nothing: the one before goes on and streams what it did."""
        self.streamed, self.most = self._before
        self._asked = ""

    def step(self, now_ns: int) -> Step | None:
        """What to do next; None when there is nothing before `wait_s`, or before the venue has answered."""
        surplus = next((trader for trader in self.streamed if trader not in self._targets()), None)
        if surplus is not None:
            del self.streamed[surplus]
            return Step("release", surplus)
        if self._asked and (self._asked not in self.wanted or now_ns - self._asked_ns >= _PATIENCE_NS):
            given_up = self._asked
            if given_up in self.wanted:
                self.refused(now_ns)
            self._asked = ""
            return Step("release", given_up)
        trader = self._next(now_ns)
        if self._asked or trader is None:
            return None
        self._asked, self._asked_ns = trader, now_ns
        return Step("ask", trader)

    def wait_s(self, now_ns: int) -> float | None:
        """Seconds until `step` may have something to do though nothing was told; None for never."""
        if self._asked:
            return max(0, self._asked_ns + _PATIENCE_NS - now_ns) / 1e9
        return max(0, self._again_ns - now_ns) / 1e9 if self._missing() else None

    def accepted(self, trader: str) -> None:
        """The venue streams this account."""
        if trader != self._asked:
            return
        self._asked = ""
        self.streamed[trader] = None
        if self.most is not None and len(self.streamed) > self.most:
            self.most = None

    def refused(self, now_ns: int) -> str:
        """The venue takes no more. The account it refused; empty when none was asked for, which changes nothing."""
        trader, self._asked = self._asked, ""
        if trader:
            # Fewer than it took before: the places of a connection that broke may not be free yet.
            if self.most != len(self.streamed):
                self._refusals = 0
            self.most = len(self.streamed)
            wait_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(self._refusals, 16))
            self._refusals += 1
            self._again_ns = now_ns + round(wait_s * 1e9)
        return trader

    def _targets(self) -> tuple[str, ...]:
        """Those that fit."""
        return self.wanted if self.most is None else self.wanted[: self.most]

    def _missing(self) -> list[str]:
        return [trader for trader in self.wanted if trader not in self.streamed]

    def _next(self, now_ns: int) -> str | None:
        """Whom to ask for: somebody there is a place for, or after a while the first for whom there was none."""
        fitting = next((trader for trader in self._targets() if trader not in self.streamed), None)
        if fitting is not None or now_ns < self._again_ns:
            return fitting
        return next(iter(self._missing()), None)
