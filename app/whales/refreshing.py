"""Which followed trader is asked for next. Pure: told of trades, answers and time, it says whom to ask.

Five reasons, in this order: `urgent` (older than a share of the oldest allowed), `hand` (somebody wants the stalest
seen now), `trade` (a trade was seen that the known state does not show) by turns with `first` (nothing is known yet),
`poll` (the most valuable and oldest). Trades of the most valuable go before all of them. `urgent` is a promise, `trade`
is what alerts wait for, `poll` is paced. docs/whale-alerts.md has the numbers and why.
"""

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush, nlargest, nsmallest
from itertools import islice
from math import inf

import msgspec

from app.config.whale_settings import WhalesSettings
from app.core.events import Trade
from app.whales.by_hand import AskedByHand
from app.whales.moves import believed_ms
from app.whales.tracked import Reason, Tracked, TrackedChange, TrackedTraders

URGENT_SHARE = 0.85
"""Of the oldest age allowed: whoever is older is asked before anybody else, and has the rest for his answer."""
SOONEST_SHARE = 1 / 12
"""Of the same: nobody is polled again before."""
LEVELS = 6
"""A trader whose trades show nothing worth telling is asked half as often each time, down to 1/2⁶."""
CALM_MS = 10_000
"""After so long without a trade the next one counts as the first."""
STREAM_LEAD = 2
"""A stream has so many times the settling time to tell of a trade before its trader is asked for after all."""
RETRY_MS = 1_000
RETRY_DOUBLINGS = 5
"""After a failure, or an answer that was no newer than what was known, a trader waits one second, then 2, 4 … 32."""
ANSWER_MS = 30_000
"""A question that is not over after so long is taken for lost."""


class AskFor(msgspec.Struct, frozen=True):
    """A question to send now: the state of `trader`, and why."""

    trader: str
    reason: Reason


class RefreshCounts(msgspec.Struct, frozen=True):
    """Trades of followed traders that were seen, and of them those that joined a question already due or in flight.

    Then questions by reason, answers older than the newest trade seen (asked for again), and failures.
    """

    trades: int = 0
    joined: int = 0
    trade: int = 0
    urgent: int = 0
    hand: int = 0
    first: int = 0
    poll: int = 0
    behind: int = 0
    failed: int = 0


class Refreshing:
    """Keeps the followed traders' states fresh under a budget that others count."""

    def __init__(self, settings: WhalesSettings) -> None:
        self._settle_ms = settings.settle_ms
        self._urgent_ms = round(settings.oldest_s * 1_000 * URGENT_SHARE)
        self._soonest_ms = round(settings.oldest_s * 1_000 * SOONEST_SHARE)
        self.tracked = TrackedTraders()
        self._due: dict[str, Tracked] = {}
        self._oldest: list[tuple[int, str]] = []
        self._in_flight: dict[str, int] = {}
        self._was_first = False
        self.by_hand = AskedByHand()
        self.counts = RefreshCounts()

    def follow(self, values: Mapping[str, float], now_ms: int) -> TrackedChange:
        """From now on exactly these traders are followed, each with how much a fresh state of it is worth (≥ 0)."""
        change = self.tracked.follow(values, now_ms)
        for trader in change.removed:
            self._due.pop(trader, None)
            self.by_hand.forget(trader)
        for one in map(self.tracked.get, change.added):
            if one is not None:
                one.asked_ms = self._in_flight.get(one.trader)
        self._rank_by_age()
        return change

    def restore(self, known_ms: Mapping[str, int], now_ms: int) -> None:
        """States of these venue times are known already; whoever they belong to is asked soon, not as a first time."""
        for trader, at_ms in known_ms.items():
            self._learn(self.tracked.get(trader), at_ms, now_ms)

    def follow_by_stream(self, traders: Iterable[str]) -> None:
        """Exactly these have streams of their own: they are not polled unless they grow too old, or trade unheard."""
        streamed = frozenset(traders)
        for one in self.tracked.all():
            one.by_stream = one.trader in streamed

    def ask_stalest(self, count: int) -> int:
        """Somebody wants the `count` traders of whom nothing newer has been known longest seen anew; how many they are.

        This round takes the place of one that is not over.
        """
        stalest = nsmallest(count, self.tracked.all(), key=lambda one: (one.since_ms, one.trader))
        self.by_hand = AskedByHand(one.trader for one in stalest)
        return self.by_hand.size

    def saw_trade(self, trade: Trade, now_ms: int) -> tuple[str, ...]:
        """A public trade; the followed among its buyer and seller."""
        sides = {trade.buyer: None, trade.seller: None}
        followed = tuple(trader for trader in sides if trader in self.tracked)
        for trader in followed:
            one = self.tracked.get(trader)
            lead = STREAM_LEAD if one is not None and one.by_stream else 1
            self._trigger(one, trade.time_ms, now_ms, lead * self._settle_ms)
        return followed

    def does_not_wait(self, traders: Iterable[str], first_from: float) -> None:
        """These trade in a size that may be worth telling: of them, those of such a value are asked for at once.

        Otherwise who makes markets is asked for ever more rarely.
        """
        for one in map(self.tracked.get, traders):
            if one is not None and one.value >= first_from:
                one.level = 0

    def saw_fill(self, trader: str, at_ms: int, now_ms: int) -> None:
        """The trader's own stream told a fill, but not what is held now: it is asked for like after a trade."""
        self._trigger(self.tracked.get(trader), at_ms, now_ms, self._settle_ms)

    def learned(self, trader: str, venue_ms: int, now_ms: int, is_news: bool) -> None:
        """A state of the trader is known as of the venue's time: an answer or a stream's.

        `is_news` tells that it held something worth telling: trades of such a trader are followed up at once, those of
        one that only makes markets ever more slowly.
        """
        one = self.tracked.get(trader)
        if one is None:
            return
        one.level = 0 if is_news else one.level
        self._learn(one, venue_ms, now_ms)

    def answered(self, trader: str, now_ms: int) -> None:
        """The question about the trader is over and was good for a state (which `learned` was told of before)."""
        asked_ms = self._in_flight.pop(trader, None)
        self.by_hand.seen(trader)
        one = self.tracked.get(trader)
        if one is None or asked_ms is None:
            return
        if one.known_ms is not None and one.known_ms > one.asked_since_ms:
            one.failures = 0
        else:
            self._put_off(one, now_ms)
        self.counts = msgspec.structs.replace(self.counts, behind=self.counts.behind + one.is_behind())
        self._land(one, now_ms)

    def failed(self, trader: str, now_ms: int) -> None:
        """The question about the trader came to nothing: refused, lost, or not decoded."""
        asked_ms = self._in_flight.pop(trader, None)
        if asked_ms is None:
            return
        self.counts = msgspec.structs.replace(self.counts, failed=self.counts.failed + 1)
        self.by_hand.forget(trader)
        one = self.tracked.get(trader)
        if one is not None:
            self._put_off(one, now_ms)
            self._land(one, now_ms)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`: what is dated after that counts as of now."""
        for one in self.tracked.all():
            one.clock_set_back(now_ms)
        self._in_flight = {trader: min(asked_ms, now_ms) for trader, asked_ms in self._in_flight.items()}
        self._rank_by_age()

    def in_flight(self) -> int:
        """How many questions are not over."""
        return len(self._in_flight)

    def forget_lost(self, now_ms: int) -> None:
        """Questions without an end for too long failed; whoever counts those in flight calls this first."""
        for trader in [trader for trader, asked_ms in self._in_flight.items() if asked_ms <= now_ms - ANSWER_MS]:
            self.failed(trader, now_ms)

    def ask(self, now_ms: int, allowed: int, polls: int, first_from: float = inf) -> tuple[AskFor, ...]:
        """Whom to ask now: at most `allowed`, of them at most `polls` that could as well wait.

        Trades of traders whose value is at least `first_from` go before all else, even before those who grow too old.
        """
        self.forget_lost(now_ms)
        chosen = self._ask_due(now_ms, allowed, first_from)
        chosen += self._ask_urgent(now_ms, allowed - len(chosen))
        chosen += self._ask_by_hand(now_ms, allowed - len(chosen))
        while len(chosen) < allowed and (more := self._ask_in_turn(now_ms)):
            chosen += more
        chosen += self._ask_polls(now_ms, min(polls, allowed - len(chosen)))
        return tuple(chosen)

    def next_ms(self, now_ms: int) -> int | None:
        """When the next question after a trade becomes due; None where none waits."""
        waiting = (max(one.due_ms or 0, one.not_before_ms) for one in self._due.values() if one.asked_ms is None)
        return max(now_ms, soonest) if (soonest := min(waiting, default=None)) is not None else None

    def _ask_urgent(self, now_ms: int, allowed: int) -> list[AskFor]:
        chosen: list[AskFor] = []
        held_back: list[Tracked] = []
        while self._oldest and self._oldest[0][0] <= now_ms - self._urgent_ms and len(chosen) < allowed:
            since_ms, trader = heappop(self._oldest)
            one = self.tracked.get(trader)
            if one is None or one.since_ms != since_ms or one.asked_ms is not None:
                continue
            if one.can_be_asked(now_ms):
                chosen.append(self._asked(one, "urgent", now_ms))
            else:
                held_back.append(one)
        for one in held_back:
            self._rank(one)
        return chosen

    def _ask_by_hand(self, now_ms: int, allowed: int) -> list[AskFor]:
        waiting = (one for one in map(self.tracked.get, self.by_hand.waiting) if one is not None)
        ready = (one for one in waiting if one.can_be_asked(now_ms))
        return [self._asked(one, "hand", now_ms) for one in islice(ready, max(0, allowed))]

    def _ask_in_turn(self, now_ms: int) -> list[AskFor]:
        """One question after a trade, or a first one, by turns where both wait: neither holds the other up."""
        turns = (self._ask_due, self._ask_first) if self._was_first else (self._ask_first, self._ask_due)
        chosen = turns[0](now_ms, 1) or turns[1](now_ms, 1)
        self._was_first = any(question.reason == "first" for question in chosen)
        return chosen

    def _ask_due(self, now_ms: int, allowed: int, least: float = 0.0) -> list[AskFor]:
        """The traders whose trades have settled, those first where value times waiting is most.

        Who makes markets all day comes after those who moved once, and counts half as much each time.
        """
        due = (one for one in self._due.values() if one.value >= least and (one.due_ms or 0) <= now_ms)
        ready = [one for one in due if one.can_be_asked(now_ms)]
        first = nlargest(max(0, allowed), ready, key=lambda one: self._waiting(one, now_ms))
        return [self._asked(one, "trade", now_ms) for one in first]

    def _ask_first(self, now_ms: int, allowed: int) -> list[AskFor]:
        """The traders nothing is known of, the most valuable first."""
        if allowed <= 0:
            return []
        ready = [one for one in self.tracked.all() if one.known_ms is None and one.can_be_asked(now_ms)]
        return [self._asked(one, "first", now_ms) for one in nlargest(allowed, ready, key=lambda one: one.value)]

    def _ask_polls(self, now_ms: int, allowed: int) -> list[AskFor]:
        """The traders whose value times age is most."""
        if allowed <= 0:
            return []
        ready = [one for one in self.tracked.all() if self._may_be_polled(one, now_ms)]
        first = nlargest(allowed, ready, key=lambda one: self._staleness(one, now_ms))
        return [self._asked(one, "poll", now_ms) for one in first]

    def _may_be_polled(self, one: Tracked, now_ms: int) -> bool:
        if one.by_stream or one.due_ms is not None or not one.can_be_asked(now_ms):
            return False
        return one.known_ms is not None and now_ms - one.known_ms >= self._soonest_ms

    def _waiting(self, one: Tracked, now_ms: int) -> tuple[bool, float, int]:
        waited_ms = now_ms - (one.due_ms or 0) + self._settle_ms + 1
        return one.level == 0, one.value * waited_ms / 2**one.level, waited_ms

    def _staleness(self, one: Tracked, now_ms: int) -> tuple[float, int]:
        age_ms = now_ms - one.since_ms
        return one.value * age_ms, age_ms

    def _asked(self, one: Tracked, reason: Reason, now_ms: int) -> AskFor:
        # Whatever the reason, the answer shows the trades seen so far: they need no question of their own.
        self._due.pop(one.trader, None)
        one.asked_ms, one.asked_since_ms, one.due_ms = now_ms, one.known_ms or 0, None
        self._in_flight[one.trader] = now_ms
        if reason == "trade":
            one.level = min(one.level + 1, LEVELS)
        self.counts = msgspec.structs.replace(self.counts, **{reason: getattr(self.counts, reason) + 1})
        return AskFor(one.trader, reason)

    def _trigger(self, one: Tracked | None, told_ms: int, now_ms: int, wait_ms: int) -> None:
        venue_ms = believed_ms(told_ms, now_ms)
        if one is None or venue_ms <= one.state_venue_ms:
            return
        if one.traded_ms is not None and now_ms - one.traded_ms > CALM_MS:
            one.level = 0
        one.traded_ms = now_ms
        one.traded_venue_ms = max(one.traded_venue_ms, venue_ms)
        joins = one.due_ms is not None or one.asked_ms is not None
        self.counts = msgspec.structs.replace(
            self.counts, trades=self.counts.trades + 1, joined=self.counts.joined + joins
        )
        if one.asked_ms is None:
            self._make_due(one, now_ms, wait_ms)

    def _make_due(self, one: Tracked, now_ms: int, wait_ms: int) -> None:
        """A burst is one question: the first trade sets its time, later ones join it. A fill may bring it forward."""
        due_ms = now_ms + min(CALM_MS, wait_ms * 2**one.level)
        one.due_ms = due_ms if one.due_ms is None else min(one.due_ms, due_ms)
        self._due[one.trader] = one

    def _put_off(self, one: Tracked, now_ms: int) -> None:
        one.not_before_ms = now_ms + RETRY_MS * 2 ** min(one.failures, RETRY_DOUBLINGS)
        one.failures += 1

    def _land(self, one: Tracked, now_ms: int) -> None:
        one.asked_ms = None
        self._rank(one)
        if one.is_behind():
            self._make_due(one, now_ms, self._settle_ms)

    def _learn(self, one: Tracked | None, venue_ms: int, now_ms: int) -> None:
        if one is None or venue_ms <= one.state_venue_ms:
            return
        one.state_venue_ms = venue_ms
        one.known_ms = min(venue_ms, now_ms)
        self.by_hand.seen(one.trader)
        self._rank(one)
        if not one.is_behind():
            one.due_ms = None
            self._due.pop(one.trader, None)

    def _rank(self, one: Tracked) -> None:
        # Entries of before stay until they come up and are passed over; a heap of nothing else is made anew.
        heappush(self._oldest, (one.since_ms, one.trader))
        if len(self._oldest) > 4 * len(self.tracked) + 64:
            self._rank_by_age()

    def _rank_by_age(self) -> None:
        self._oldest = [(one.since_ms, one.trader) for one in self.tracked.all()]
        heapify(self._oldest)
