"""Pages of candles for outcomes: whose are wanted, where to ask for them, and why they could not be had. Pure.

GeckoTerminal is asked first; where it does not give what is needed, Birdeye is, if it may be asked. What fails is asked
for again after a wait that doubles, so that tokens nobody tells of do not spend a venue's calls.
"""

from collections.abc import Sequence
from typing import NamedTuple

from app.feeds import token_questions as ask
from app.feeds.token_questions import BIRDEYE, GECKOTERMINAL, MOST_CANDLES, Question
from app.tokens.answers import Answer, NoAnswer
from app.tokens.candles import SLOT_S
from app.tokens.watched import QUIET_S

AGAIN_S, LONGEST_AGAIN_S = 300, 4_800
"""A page that could not be had is asked for again after so long, then twice as long, up to the second."""
NOT_ASKED = "nobody was asked in time"
TOO_SHORT = "its candles do not reach back so far"
_NAMES = {GECKOTERMINAL: "GeckoTerminal", BIRDEYE: "Birdeye"}
_PLAIN = {
    0: "cannot be reached",
    200: "gave what cannot be used",
    404: "knows no such pool",
    429: "takes no more calls",
}


class TokenPool(NamedTuple):
    """A token in one of the pools that it is traded in."""

    mint: str
    pool: str


class Pages:
    """What was tried for each pool. Times are epoch seconds."""

    def __init__(self, *, has_key: bool) -> None:
        """`has_key`: Birdeye may be asked."""
        self._has_key = has_key
        self._due_s: dict[TokenPool, int] = {}
        self._failures: dict[TokenPool, int] = {}
        self._why: dict[TokenPool, str] = {}
        self._birdeye: dict[TokenPool, None] = {}

    def is_due(self, about: TokenPool, now_s: int) -> bool:
        """Whether a page of a pool may be asked for (again)."""
        return now_s >= self._due_s.get(about, 0)

    def wanted(self, about: TokenPool, entry_s: int, now_s: int, free: Sequence[str]) -> list[Question]:
        """The question for the candles of a pool from the last one before `entry_s` on, at one of the `free` venues;
        empty for not now."""
        if about in self._birdeye:
            if BIRDEYE not in free:
                return []
            del self._birdeye[about]
            # What is watched has traded within `QUIET_S`: its last candle before the prediction is in there.
            return [ask.token_candles(about.mint, entry_s // SLOT_S * SLOT_S - QUIET_S - SLOT_S, now_s)]
        if GECKOTERMINAL not in free or not self.is_due(about, now_s):
            return []
        self._due_s[about] = now_s + AGAIN_S
        return [ask.pool_candles(about.pool, MOST_CANDLES)]

    def failed(self, about: TokenPool, venue: str, why: str, now_s: int) -> None:
        """A venue did not give what is needed: the other one is asked next, and later both again."""
        self._why[about] = f"{_NAMES.get(venue, venue)} {why}" if why != TOO_SHORT else why
        if venue == GECKOTERMINAL:
            failures = self._failures[about] = self._failures.get(about, 0) + 1
            self._due_s[about] = now_s + min(LONGEST_AGAIN_S, AGAIN_S * 2 ** min(failures - 1, 10))
            if self._has_key:
                self._birdeye[about] = None

    def why(self, about: TokenPool) -> str:
        """Why the last page of a pool could not be had."""
        return self._why.get(about, NOT_ASKED)

    def clock_set_back(self, now_s: int) -> None:
        """The time went back to `now_s`: what was due later is due now."""
        self._due_s = {about: min(due_s, now_s) for about, due_s in self._due_s.items()}

    def forget(self, about: TokenPool) -> None:
        """Nothing is wanted of a pool any more."""
        for known in (self._due_s, self._failures, self._why, self._birdeye):
            known.pop(about, None)


def reason_of(answer: Answer) -> str:
    """Why an answer gives no candles, in one of a few ways."""
    status = answer.status if isinstance(answer, NoAnswer) else 200
    return _PLAIN.get(status, f"answers {status}")
