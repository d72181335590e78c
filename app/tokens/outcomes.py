"""What becomes of predictions: which are open, what must be asked to label them, and the labels. Pure, no clock.

A prediction is labelled twice: after its hour (rises, gains) and after its day (falls, drains), by `tokens/labels.py`.
Candles of watched tokens come by themselves; what else is needed is asked for here, also of tokens that are over by
then: a pool without candles kept its price, an emptied one says so. What cannot be known gets its reason instead.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from app.core.calls import SET_BACK
from app.core.tokens import PoolState
from app.feeds import token_questions as ask
from app.feeds.token_questions import BIRDEYE, DEXSCREENER, GECKOTERMINAL, MOST_CANDLES, MOST_PAIRS, Question
from app.feeds.token_rows import Rows
from app.tokens.answers import Answer, Candles, Pools
from app.tokens.candles import SLOT_S, CandleTable, table_of
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S, RUG_REMAINS, Entry, Labels, Levels, labels
from app.tokens.pages import TOO_SHORT, Pages, TokenPool, reason_of

SETTLED_S = 10
"""So long after a horizon its last candle is there."""
LOOK_S = 900
"""The liquidity of pools with open predictions is asked for this often."""
PATIENCE_S = {RISE_HORIZON_S: 7_200, RUG_HORIZON_S: 43_200}
"""Without candles by so long after its horizon, a prediction is given up."""
MOST_OPEN = 20_000
"""Predictions that may be open."""
_BY_THEMSELVES_S = 1_200
"""Candles of a token that is watched come within so long after an hour."""
_TOGETHER_S = 6 * 3_600
"""Days of a token that end within so long are looked at together: one page of candles holds 83 hours."""
_NEAR_END_S = 3_600
_PACE_S, _LOST_S, _THIN_S = 5, 600, 600
NO_PRICE = "no price or no pool was known"
TOO_MANY = "too many predictions were open"
NO_CANDLES = "candles could not be had"
NO_LIQUIDITY = "the liquidity at entry was not known"
NOT_TOLD = "the liquidity at the end was not told"
GONE = "its pool was listed no longer"


class Said(NamedTuple):
    """What a bundle of the model said: the probability of a rise within the hour, and of a rug within the day."""

    version: str
    p_rise: float
    p_rug: float


class Predicted(NamedTuple):
    """A prediction that waits: whose, when it was made, where one could have bought, and what was said."""

    mint: str
    pool: str
    at_ms: int
    entry: Entry
    said: Said

    @property
    def traded(self) -> TokenPool:
        """Where the token is traded: price, candles and liquidity of other pools say nothing of this one."""
        return TokenPool(self.mint, self.pool)


class Labelled(NamedTuple):
    """What became of a prediction within a horizon; where something of it is not known, `reason` says why."""

    predicted: Predicted
    horizon_s: int
    labels: Labels
    reason: str = ""

    @property
    def happened(self) -> bool | None:
        """Whether what the model gave a probability of came true; None where nobody knows."""
        return self.labels.happened(self.horizon_s)


class _Asked(NamedTuple):
    """When a question was asked, and whose candles it is to bring; None for looks at pools."""

    at_s: int
    about: TokenPool | None


_UNKNOWN = Labels(None, None, None, None, None)


class Outcomes:
    """The open predictions of a run."""

    def __init__(self, *, has_key: bool = False) -> None:
        """`has_key`: Birdeye may be asked for candles that GeckoTerminal does not give."""
        self._pages = Pages(has_key=has_key)
        self._open: dict[int, dict[TokenPool, list[Predicted]]] = {RISE_HORIZON_S: {}, RUG_HORIZON_S: {}}
        self._waited_for: set[tuple[int, str, int]] = set()
        """Horizon, token and time of each open prediction."""
        self._levels: dict[str, list[tuple[int, float]]] = {}
        self._gone: set[str] = set()
        self._looked_s: dict[str, int] = {}
        self._asked: dict[Question, _Asked] = {}
        self._now_s = self._next_s = self._begun_s = 0
        self.labelled = 0
        self.unknown: Counter[str] = Counter()
        """Horizons of which something is not known, by reason."""

    @property
    def open(self) -> int:
        """How many labels are waited for."""
        return sum(len(each) for waiting in self._open.values() for each in waiting.values())

    def take(self, predicted: Predicted) -> list[Labelled]:
        """A prediction was made; what can never be labelled is so at once."""
        if not predicted.entry.price > 0 or not predicted.pool:
            return self._given_up(predicted, NO_PRICE)
        if self.open >= 2 * MOST_OPEN:
            return self._given_up(predicted, TOO_MANY)
        for horizon_s in self._open:
            self._wait_for([predicted], horizon_s)
        return []

    def _wait_for(self, of_pool: list[Predicted], horizon_s: int) -> None:
        if of_pool:
            mint, pool = traded = of_pool[0].traded
            self._open[horizon_s].setdefault(traded, []).extend(of_pool)
            self._waited_for.update([(horizon_s, mint, each.at_ms) for each in of_pool])
            self._levels.setdefault(pool, [])
            self._looked_s.setdefault(mint, of_pool[0].entry.at_s)

    def restore(self, open_before: Iterable[tuple[int, Iterable[Predicted]]], now_s: int) -> None:
        """Take up predictions of earlier runs: horizons, and the predictions of a pool that wait for each, oldest
        first. Candles are waited for at least as long as if all horizons ended now."""
        self._begun_s = now_s
        for horizon_s, of_pool in open_before:
            self._wait_for([each for each in of_pool if each.entry.price > 0], horizon_s)

    def waiting(self) -> dict[Predicted, frozenset[int]]:
        """Each open prediction, with the horizons that it waits for."""
        found: dict[Predicted, frozenset[int]] = {}
        for horizon_s, waiting in self._open.items():
            for each in (each for of_pool in waiting.values() for each in of_pool):
                found[each] = found.get(each, frozenset()) | {horizon_s}
        return found

    def waits(self, mint: str, at_ms: int, horizon_s: int) -> bool:
        """Whether a label of the prediction made of a token at a time is waited for."""
        return (horizon_s, mint, at_ms) in self._waited_for

    def levels(self, pool: str) -> Levels | None:
        """The liquidity of a pool as it was told so far; None where it never was."""
        told = self._levels.get(pool)
        if not told:
            return None
        return Levels(np.array([at for at, _ in told], np.int64), np.array([value for _, value in told], np.float64))

    def clock_set_back(self, now_s: int) -> list[Labelled]:
        """The time went back to `now_s`: nothing was asked or told later.

        By a candle or more, and what is open is given up: which candles came after a prediction is not known any more.
        """
        self._next_s, self._begun_s = min(self._next_s, now_s), min(self._begun_s, now_s)
        self._asked = {asked: each._replace(at_s=min(each.at_s, now_s)) for asked, each in self._asked.items()}
        self._looked_s = {mint: min(at_s, now_s) for mint, at_s in self._looked_s.items()}
        for told in self._levels.values():
            told[:] = [(min(at_s, now_s), value) for at_s, value in told]
        self._pages.clock_set_back(now_s)
        back_s, self._now_s = self._now_s - now_s, now_s
        return self._give_up_all(SET_BACK) if back_s >= SLOT_S else []

    # What to ask.

    def questions(self, now_s: int) -> list[Question]:
        """What to ask now, one question a venue at a time: discovery goes on beside it."""
        self._now_s = now_s
        if now_s < self._next_s:
            return []
        self._next_s = now_s + _PACE_S
        self._asked = {asked: each for asked, each in self._asked.items() if now_s - each.at_s < _LOST_S}
        busy = {question.venue for question in self._asked}
        wanted: dict[Question, TokenPool | None] = dict.fromkeys([] if DEXSCREENER in busy else self._pairs(now_s))
        wanted |= self._candles(now_s, [venue for venue in (GECKOTERMINAL, BIRDEYE) if venue not in busy])
        self._asked |= {question: _Asked(now_s, about) for question, about in wanted.items()}
        return list(wanted)

    def _pairs(self, now_s: int) -> list[Question]:
        """Once a pool is due, those that will be soon go along."""
        mints = dict.fromkeys(traded.mint for traded in self._open[RUG_HORIZON_S])
        stalest = sorted(mints, key=lambda mint: self._looked_s[mint])[:MOST_PAIRS]
        if not stalest or now_s - self._looked_s[stalest[0]] < LOOK_S:
            return []
        return [ask.pairs([mint for mint in stalest if now_s - self._looked_s[mint] >= LOOK_S / 2])]

    def _candles(self, now_s: int, free: list[str]) -> dict[Question, TokenPool]:
        """Questions for pages of candles, each with whose they are to be."""
        late = (each[0] for each in self._open[RISE_HORIZON_S].values() if _is_late(each, now_s))
        over = (each[0] for each in self._open[RUG_HORIZON_S].values() if _are_over(each, now_s))
        found: dict[Question, TokenPool] = {}
        for first in (*late, *over):
            wanted = self._pages.wanted(first.traded, first.entry.at_s, now_s, free)
            found |= dict.fromkeys(wanted, first.traded)
            free = [venue for venue in free if venue not in {question.venue for question in found}]
            if not free:
                break
        return found

    # What was answered.

    def is_mine(self, question: Question) -> bool:
        """Whether nobody else waits for this answer, which has not been taken yet."""
        is_page = dict(question.query).get("limit") == str(MOST_CANDLES)
        return question.name == "candles" and (is_page or question in self._asked)

    def answered(self, question: Question, answer: Answer, now_s: int) -> list[Labelled]:
        """An answer has come, whoever asked for it; what it labels."""
        about = self._about(question) if self.is_mine(question) else None
        self._asked.pop(question, None)
        if isinstance(answer, Pools) and question.name == "pairs":
            self._states(question.parts[0].split(","), answer.rows, now_s)
        if about is None:
            return []
        table = self._page(about, answer)
        if table is None:
            why = TOO_SHORT if isinstance(answer, Candles) else reason_of(answer)
            self._pages.failed(about, question.venue, why, now_s)
            return []
        return [*self.candles(about, table, now_s), *self._day(about, table, now_s)]

    def _about(self, question: Question) -> TokenPool | None:
        """Whose candles a question was to bring; None where no prediction waits for them.

        On a tape that begins midway the question may be missing: a pool's then tells by its subject.
        """
        asked = self._asked.get(question)
        if asked is not None:
            return asked.about if asked.about is not None and self._waits_for(asked.about) else None
        every = (traded for waiting in self._open.values() for traded in waiting)
        return next((traded for traded in every if traded.pool == question.subject), None)

    def _waits_for(self, about: TokenPool) -> bool:
        return any(about in waiting for waiting in self._open.values())

    def _page(self, about: TokenPool, answer: Answer) -> CandleTable | None:
        """The candles of a pool in an answer; None unless they reach back to its oldest open prediction.

        A pool that died keeps the candles from before it did: without these a page tells of nothing.
        """
        try:
            table = table_of(answer.rows.rows, SLOT_S) if isinstance(answer, Candles) else None
        except ValueError:
            # Times that are no slots'.
            return None
        oldest = (waiting[about][0].entry.at_s for waiting in self._open.values() if about in waiting)
        if table is None or not len(table.time_s) or int(table.time_s[0]) > min(oldest, default=0):
            return None
        return table

    def candles(self, about: TokenPool, table: CandleTable, now_s: int) -> list[Labelled]:
        """The newest candles of a pool: the hours that they label, which are those that they reach back to."""
        found = []
        for each in self._take_due(RISE_HORIZON_S, about, table, now_s):
            became = labels(each.entry, table, self.levels(each.pool), now_s)
            found.append(self._told(each, RISE_HORIZON_S, became, ""))
        return found

    def _day(self, about: TokenPool, table: CandleTable, now_s: int) -> list[Labelled]:
        found = []
        for each in self._take_due(RUG_HORIZON_S, about, table, now_s):
            why = self._why_not_told(each)
            became = labels(each.entry, table, None if why else self.levels(each.pool), now_s)
            found.append(self._told(each, RUG_HORIZON_S, became, why))
        self._forget(about)
        return found

    def _why_not_told(self, predicted: Predicted) -> str:
        """Why nobody can say whether the pool drained within the day; empty where it is known.

        A drained pool stays so: what counts is a look at it near the day's end.
        """
        entry, end_s = predicted.entry, predicted.entry.at_s + RUG_HORIZON_S
        if not entry.liquidity:
            return NO_LIQUIDITY
        drained = [(at, value <= RUG_REMAINS * entry.liquidity) for at, value in self._levels.get(predicted.pool, ())]
        if any(is_drained for at, is_drained in drained if entry.at_s < at <= end_s):
            return ""
        near = next(((at, is_drained) for at, is_drained in drained if at >= end_s - _NEAR_END_S), None)
        if near is not None and (near[0] <= end_s or not near[1]):
            return ""
        return GONE if predicted.pool in self._gone else NOT_TOLD

    def _states(self, mints: Iterable[str], rows: Rows[PoolState], now_s: int) -> None:
        told, asked = {state.pool: state.liquidity_usd for state in rows.rows}, set(mints)
        for mint, pool in self._open[RUG_HORIZON_S]:
            if mint in asked:
                self._looked_s[mint] = now_s
                self._note(pool, pool in told, told.get(pool), now_s)

    def _note(self, pool: str, is_listed: bool, liquidity: float | None, now_s: int) -> None:
        (self._gone.discard if is_listed else self._gone.add)(pool)
        known = self._levels[pool]
        if liquidity is None:
            return
        if not known or now_s - known[-1][0] >= _THIN_S or liquidity < known[-1][1] / 2:
            known.append((now_s, liquidity))

    # What ends.

    def overdue(self, now_s: int) -> Iterator[Labelled]:
        """Predictions whose candles did not come."""
        for horizon_s, waiting in self._open.items():
            late_s = now_s - SETTLED_S - PATIENCE_S[horizon_s]
            ends_s = {about: max(each[0].entry.at_s + horizon_s, self._begun_s) for about, each in waiting.items()}
            for about in [about for about, end_s in ends_s.items() if end_s < late_s]:
                why = f"{NO_CANDLES}: {self._pages.why(about)}"
                [late] = self._take_out(horizon_s, about, waiting[about][:1])
                yield self._told(late, horizon_s, _UNKNOWN, why)
                self._forget(about)

    def _give_up_all(self, reason: str) -> list[Labelled]:
        given_up = [
            self._told(each, horizon_s, _UNKNOWN, reason)
            for horizon_s, waiting in self._open.items()
            for about in list(waiting)
            for each in self._take_out(horizon_s, about, waiting[about])
        ]
        for about in {each.predicted.traded for each in given_up}:
            self._forget(about)
        return given_up

    def _given_up(self, predicted: Predicted, reason: str) -> list[Labelled]:
        return [self._told(predicted, horizon_s, _UNKNOWN, reason) for horizon_s in self._open]

    def _told(self, predicted: Predicted, horizon_s: int, became: Labels, reason: str) -> Labelled:
        self.labelled += not reason
        if reason:
            self.unknown[reason] += 1
        return Labelled(predicted, horizon_s, became, reason)

    def _take_due(self, horizon_s: int, about: TokenPool, table: CandleTable, now_s: int) -> list[Predicted]:
        since_s = int(table.time_s[0]) if len(table.time_s) else now_s
        waiting = self._open[horizon_s].get(about, [])
        due = [each for each in waiting if now_s >= _due_s(each, horizon_s) and each.entry.at_s >= since_s]
        return self._take_out(horizon_s, about, due)

    def _take_out(self, horizon_s: int, about: TokenPool, done: list[Predicted]) -> list[Predicted]:
        """These are waited for no longer."""
        taken = set(done)
        self._waited_for -= {(horizon_s, each.mint, each.at_ms) for each in done}
        left = [each for each in self._open[horizon_s].get(about, ()) if each not in taken]
        if left:
            self._open[horizon_s][about] = left
        else:
            self._open[horizon_s].pop(about, None)
        return done

    def _forget(self, about: TokenPool) -> None:
        """What is known of pools that nothing waits for goes."""
        if self._waits_for(about):
            return
        if all(traded.mint != about.mint for waiting in self._open.values() for traded in waiting):
            self._looked_s.pop(about.mint, None)
        self._pages.forget(about)
        wanted = {traded.pool for traded in self._open[RUG_HORIZON_S]}
        self._levels = {pool: told for pool, told in self._levels.items() if pool in wanted}
        self._gone &= wanted


def _due_s(predicted: Predicted, horizon_s: int) -> int:
    return predicted.entry.at_s + horizon_s + SETTLED_S


def _is_late(waiting: list[Predicted], now_s: int) -> bool:
    return now_s >= _due_s(waiting[0], RISE_HORIZON_S) + _BY_THEMSELVES_S


def _are_over(waiting: list[Predicted], now_s: int) -> bool:
    """Whether the days of a token should be looked at now: all have ended, or the first has long ago."""
    first_s, last_s = (_due_s(each, RUG_HORIZON_S) for each in (waiting[0], waiting[-1]))
    return now_s >= last_s or now_s >= first_s + _TOGETHER_S
