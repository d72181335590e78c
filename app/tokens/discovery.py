"""Finds new tokens and keeps what is known of them fresh (docs/tokens.md, “Discovery”).

A state machine without a clock and without I/O: it is told the time and the answers, and says what to ask and what has
come of it. How fast a venue may be asked is its client's business: here no more is asked than a few questions at a
time, so that what is most wanted goes next.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator

from app.config.token_venues import TokensSettings
from app.core.tokens import PoolState
from app.feeds import token_questions as ask
from app.feeds.token_questions import BIRDEYE, DEXSCREENER, GECKOTERMINAL, MOST_PAIRS, Question
from app.tokens.answers import Answer, Candles, Holders, NoAnswer, Pools
from app.tokens.candles import SLOT_S, SLOTS
from app.tokens.found import (
    CandlesCame,
    Counts,
    Ended,
    Event,
    HoldersBack,
    HoldersMissing,
    StatesBack,
    StatesMissing,
    Unknown,
)
from app.tokens.held import LOST_S, HeldTokens
from app.tokens.waiting import WaitingTokens
from app.tokens.watched import AGAIN_S, Listed, Watched

AT_ONCE = {GECKOTERMINAL: 3, DEXSCREENER: 2, BIRDEYE: 2}
"""Questions that may be open at a venue."""
MOST_ASKED = 50
"""So many tokens that somebody asked for by hand are watched beside the others."""
HOLDER_FAILURES = 5
"""So many tokens in a row without a number of holders are told of, once."""
FRESH_REFRESHES, FRESHEST_S = 3, 600
"""A state counts for so many times `tokens.refresh_s`, and no longer than so many seconds."""
_PAGES = 10


class Discovery:
    """`questions` says what to ask now, `answered` takes what came; both give nothing that depends on anything else."""

    def __init__(self, settings: TokensSettings, least_candles: int, *, has_key: bool) -> None:
        """`least_candles` five-minute candles make a token ready; `has_key`: Birdeye may be asked."""
        self._settings = settings
        self._least_candles = least_candles
        self._has_key = has_key
        self._waiting = WaitingTokens(settings)
        self.watched: dict[str, Watched] = {}
        self._held = HeldTokens()
        self._open: dict[Question, int] = {}
        self._listing_due_s = 0
        self._page = 1
        self._checks_due_s = 0
        self._birdeye: OrderedDict[Question, None] = OrderedDict()
        self._holder_failures = 0
        self._fresh_s = min(FRESH_REFRESHES * settings.refresh_s, FRESHEST_S)
        self._states_missing = False
        self._ended_by: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._refused_rows = 0

    def counts(self) -> Counts:
        """Figures for whoever shows them."""
        return Counts(
            len(self._waiting),
            len(self.watched),
            dict(self._waiting.passed_over),
            dict(self._ended_by),
            self._refused_rows,
            dict(self._failed),
        )

    def want(self, mint: str, now_s: int) -> bool:
        """Somebody wants this token judged now. False: too many were asked for already."""
        token = self.watched.get(mint)
        if token is not None:
            token.ask_anew(now_s)
            return True
        if sum(listed.asked_s > 0 for listed in self._known()) >= MOST_ASKED:
            return False
        self._waiting.want(mint, now_s)
        return True

    def hold(self, mint: str, until_s: int) -> None:
        """Have the candles of a token that is watched asked for once more then, also if it is over before."""
        token = self.watched.get(mint)
        if token is not None:
            token.held_until_s = until_s

    def questions(self, now_s: int) -> list[Question]:
        """What to ask now; each is open from now on, until it is answered."""
        # On a tape begun midway answers may be missing.
        self._open = {question: asked_s for question, asked_s in self._open.items() if now_s - asked_s < LOST_S}
        asked = []
        for venue, wanted in (
            (GECKOTERMINAL, self._of_gecko(now_s)),
            (DEXSCREENER, self._of_screener(now_s)),
            (BIRDEYE, iter(list(self._birdeye))),
        ):
            room = AT_ONCE[venue] - sum(question.venue == venue for question in self._open)
            for question in wanted:
                if room <= 0:
                    break
                if question not in self._open:
                    self._open[question] = now_s
                    self._birdeye.pop(question, None)
                    asked.append(question)
                    room -= 1
        return asked

    def answered(self, question: Question, answer: Answer, now_s: int) -> list[Event]:
        """Take an answer, or why there is none; what has come of it. One that nobody waits for is taken as well."""
        self._open.pop(question, None)
        if isinstance(answer, NoAnswer):
            self._failed[question.venue] += 1
        elif isinstance(answer, Pools | Candles):
            self._refused_rows += answer.rows.refused
        match question.name:
            case "new_pools":
                return self._listing(question, answer, now_s)
            case "pairs":
                return self._states(question, answer, now_s)
            case "candles":
                return self._candles(question, answer, now_s)
            case _:
                return self._holders(question, answer, now_s)

    def clock_set_back(self, now_s: int) -> None:
        """The time went back to `now_s`: nothing was asked later, and what was due later is due now."""
        self._open = {question: min(asked_s, now_s) for question, asked_s in self._open.items()}
        self._listing_due_s, self._checks_due_s = min(self._listing_due_s, now_s), min(self._checks_due_s, now_s)
        self._waiting.clock_set_back(now_s)
        for token in self.watched.values():
            token.clock_set_back(now_s)

    # What to ask.

    def _of_gecko(self, now_s: int) -> Iterator[Question]:
        """The most wanted first: what is new, what a token still lacks to be judged, tokens never looked at, older
        pages of new pools, then whatever is longest due."""
        if now_s >= self._listing_due_s:
            yield ask.new_pools(1)
        lacking = [token for token in self.watched.values() if token.holders_due_s <= now_s]
        yield from (_holders_of(token) for token in lacking if token.candles_s is not None and not token.holders_tried)
        due = [token for token in self.watched.values() if token.candles_due_s <= now_s]
        yield from (_candles_of(token) for token in due if token.candles_s is None)
        if self._page > 1:
            yield ask.new_pools(self._page)
        held = [token for token in self._held if token.candles_due_s <= now_s]
        seen = [token for token in due if token.candles_s is not None]
        yield from map(_candles_of, sorted((*held, *seen), key=lambda token: token.candles_due_s))
        yield from (_holders_of(token) for token in lacking if token.holders_tried)

    def _of_screener(self, now_s: int) -> Iterator[Question]:
        """Tokens that have become old enough, then the state of those that are watched, 30 a question."""
        open_mints = {mint for question in self._open if question.name == "pairs" for mint in _mints_of(question)}
        checked = [listed.mint for listed in self._waiting if self._is_old_enough(listed, now_s)]
        if now_s < self._checks_due_s:
            checked = [listed.mint for listed in self._waiting if listed.asked_s]
        refreshed = self._stale(now_s)
        for mints in (checked, refreshed):
            wanted = [mint for mint in mints if mint not in open_mints]
            for first in range(0, len(wanted), MOST_PAIRS):
                yield ask.pairs(wanted[first : first + MOST_PAIRS])

    def _stale(self, now_s: int) -> list[str]:
        """Once the state of one is due, those of all that will be soon: 30 fit into a question."""
        stale = sorted(self.watched.values(), key=lambda token: token.state_asked_s)
        ages = [(token.listed.mint, now_s - token.state_asked_s) for token in stale]
        refresh_s = self._settings.refresh_s
        return [mint for mint, age in ages if age >= refresh_s / 2] if ages and ages[0][1] >= refresh_s else []

    def _is_old_enough(self, listed: Listed, now_s: int) -> bool:
        return listed.asked_s > 0 or now_s - listed.created_s >= self._least_candles * SLOT_S

    # What was answered.

    def _listing(self, question: Question, answer: Answer, now_s: int) -> list[Event]:
        page = _page_of(question)
        rows = answer.rows.rows if isinstance(answer, Pools) else ()
        new = [pool for pool in rows if pool.mint not in self.watched and not self._waiting.knows(pool.mint)]
        for pool in new:
            self._waiting.take_in(pool, now_s)
        if page == 1:
            self._listing_due_s = now_s + (round(self._settings.refresh_s) if rows else AGAIN_S)
            # The newest page holds nothing that was known: there may be more of it on the next ones.
            self._page = 2 if self._page == 1 and len(new) == len(rows) > 0 else self._page
        else:
            self._page = page + 1 if new and page < _PAGES else 1
        return []

    def _states(self, question: Question, answer: Answer, now_s: int) -> list[Event]:
        mints = _mints_of(question)
        if not isinstance(answer, Pools):
            return self._without_state(mints, answer, now_s)
        events: list[Event] = [StatesBack()] if self._states_missing else []
        self._states_missing = False
        for mint in mints:
            states = [state for state in answer.rows.rows if state.mint == mint]
            token = self.watched.get(mint)
            if token is not None:
                events += self._state_of(token, states, now_s)
            elif mint in self._waiting:
                events += self._check(mint, states, now_s)
        return events

    def _state_of(self, token: Watched, states: list[PoolState], now_s: int) -> list[Event]:
        was_fresh = token.has_fresh_state(now_s)
        token.take_states(states, now_s)
        ended = self._end_if_over(token, now_s)
        # Candles that came while the state was too old wait for this one.
        return ended if ended or was_fresh else self._ready(token, now_s)

    def _without_state(self, mints: Iterable[str], answer: Answer, now_s: int) -> list[Event]:
        """Nothing was told of these: of those that are watched it is asked again, others are given up at last."""
        self._checks_due_s = now_s + AGAIN_S
        reason = answer.reason if isinstance(answer, NoAnswer) else "no state was told"
        events: list[Event] = []
        for mint in mints:
            if mint in self.watched:
                events += self._still_without_state(self.watched[mint], reason, now_s)
            elif mint in self._waiting and self._waiting.is_given_up(mint):
                events += self._pass_over(mint, "its state cannot be had", reason)
        return events

    def _still_without_state(self, token: Watched, reason: str, now_s: int) -> list[Event]:
        token.state_asked_s = now_s
        is_first = not self._states_missing and not token.has_fresh_state(now_s)
        self._states_missing = self._states_missing or is_first
        return [StatesMissing(round(self._fresh_s), reason)] if is_first else []

    def _check(self, mint: str, states: list[PoolState], now_s: int) -> list[Event]:
        """Watch a token that is old enough, if it is worth it and there is room."""
        listed = self._waiting[mint]
        state = _pair_of(listed, states)
        if state is None:
            return self._pass_over(mint, "unknown to DexScreener", "DexScreener knows no pair of it")
        if not listed.asked_s:
            reason = self._unfit(state) or self._no_room_for(state)
            if reason:
                return self._pass_over(mint, reason, reason)
        self._waiting.take_out(mint)
        created_s = listed.created_s if state.created_s is None else min(state.created_s, now_s)
        name, exchange = listed.name or state.name, listed.exchange or state.dex
        found = listed._replace(pool=state.pool, name=name, exchange=exchange, created_s=created_s)
        self.watched[mint] = Watched(found, state, now_s, self._fresh_s, self._held.release(mint))
        return self._make_room(now_s)

    def _unfit(self, state: PoolState) -> str:
        if state.price_usd is None:
            return "no price"
        if state.trades_1h == 0:
            return "no trades"
        liquidity, least = state.liquidity_usd, self._settings.minimum_liquidity_usd
        return "little liquidity" if liquidity is not None and liquidity < least else ""

    def _no_room_for(self, state: PoolState) -> str:
        least = self._least_traded() if self._watched_by_themselves() >= self._settings.watched else None
        return "no room" if least is not None and (state.volume_24h_usd or 0.0) <= least.volume_24h else ""

    def _make_room(self, now_s: int) -> list[Event]:
        least = self._least_traded() if self._watched_by_themselves() > self._settings.watched else None
        return [] if least is None else self._end(least, "made room", now_s)

    def _least_traded(self) -> Watched | None:
        others = (token for token in self.watched.values() if not token.listed.asked_s and not token.is_wanted)
        return min(others, key=lambda token: token.volume_24h, default=None)

    def _watched_by_themselves(self) -> int:
        return sum(not token.listed.asked_s for token in self.watched.values())

    def _candles(self, question: Question, answer: Answer, now_s: int) -> list[Event]:
        token = self._about(question.subject)
        if token is None:
            return []
        if isinstance(answer, Candles):
            try:
                self._refused_rows += token.take_candles(answer.rows, now_s)
            except ValueError:
                # Times that are no slots' are a venue's fault like any other.
                self._failed[question.venue] += 1
            else:
                return self._with_candles(token, now_s)
        asks_birdeye = self._has_key and question.venue == GECKOTERMINAL
        if asks_birdeye:
            span_s = (SLOTS + 2) * SLOT_S
            self._ask_birdeye(ask.token_candles(token.listed.mint, now_s // SLOT_S * SLOT_S - span_s, now_s))
        token.candles_due_s = now_s + AGAIN_S
        if self._held.has(token):
            self._held.answered(token, now_s, is_last=not asks_birdeye)
        return []

    def _with_candles(self, token: Watched, now_s: int) -> list[Event]:
        mint = token.listed.mint
        came = CandlesCame(mint, token.listed.pool, token.table)
        if self._held.has(token):
            self._held.answered(token, now_s, is_last=True)
            return [came]
        return [came, *self._ready(token, now_s), *self._end_if_over(token, now_s)]

    def _holders(self, question: Question, answer: Answer, now_s: int) -> list[Event]:
        token = self.watched.get(question.subject)
        if token is None:
            return []
        told = answer.told if isinstance(answer, Holders) else None
        is_last = question.venue == BIRDEYE or not self._has_key
        if (told is None or told.count is None) and not is_last:
            token.holders_due_s = now_s + LOST_S
            self._ask_birdeye(ask.overview(question.subject))
            return []
        known = token.take_holders(told, now_s)
        reason = answer.reason if isinstance(answer, NoAnswer) else "the venues do not say"
        return [*self._count_holders(known, reason), *self._ready(token, now_s)]

    def _count_holders(self, known: bool, reason: str) -> list[Event]:
        failures, self._holder_failures = self._holder_failures, 0 if known else self._holder_failures + 1
        if known:
            return [HoldersBack()] if failures >= HOLDER_FAILURES else []
        return [HoldersMissing(HOLDER_FAILURES, reason)] if self._holder_failures == HOLDER_FAILURES else []

    def _ready(self, token: Watched, now_s: int) -> list[Event]:
        seen = token.ready(now_s, self._least_candles)
        return [] if seen is None else [seen]

    def _ask_birdeye(self, question: Question) -> None:
        for other in [each for each in self._birdeye if (each.name, each.subject) == (question.name, question.subject)]:
            del self._birdeye[other]
        self._birdeye[question] = None
        while len(self._birdeye) > 2 * (self._settings.watched + MOST_ASKED):
            self._birdeye.popitem(last=False)

    # What ends.

    def _end_if_over(self, token: Watched, now_s: int) -> list[Event]:
        reason = token.ending(now_s, self._settings.watch_h * 3_600)
        return self._end(token, reason, now_s) if reason else []

    def _end(self, token: Watched, reason: str, now_s: int) -> list[Event]:
        mint = token.listed.mint
        del self.watched[mint]
        self._held.take(token, now_s)
        self._ended_by[reason] += 1
        self._waiting.over(mint, reason)
        return [Ended(mint, reason)]

    def _pass_over(self, mint: str, reason: str, words: str) -> list[Event]:
        listed = self._waiting.pass_over(mint, reason)
        return [Unknown(mint, words)] if listed.asked_s else []

    def _known(self) -> Iterator[Listed]:
        yield from self._waiting
        yield from (token.listed for token in self.watched.values())

    def _about(self, subject: str) -> Watched | None:
        """The token that a question about its mint or pool is about."""
        if subject in self.watched:
            return self.watched[subject]
        every = (*self.watched.values(), *self._held)
        return next((token for token in every if subject in (token.listed.pool, token.listed.mint)), None)


def _page_of(question: Question) -> int:
    # On a tape anything may have been asked.
    text = dict(question.query).get("page", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1


def _candles_of(token: Watched) -> Question:
    return ask.pool_candles(token.listed.pool, SLOTS + 2)


def _holders_of(token: Watched) -> Question:
    return ask.holders(token.listed.mint)


def _mints_of(question: Question) -> list[str]:
    return question.parts[0].split(",")


def _pair_of(listed: Listed, states: list[PoolState]) -> PoolState | None:
    """The pair of its pool; of a token that somebody asked for, else the one with the most in it."""
    own = next((state for state in states if state.pool == listed.pool), None)
    if own is not None or (listed.pool and not listed.asked_s):
        return own
    return max(states, key=lambda state: state.liquidity_usd or 0.0, default=None)
