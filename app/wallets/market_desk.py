"""What markets are about, asked for many wallets at once: fifty markets fit in one call. Pure.

The venue tells of resolved and of open markets in separate calls. Resolved ones are asked for first, because nearly all
bets of a record are on those; what is not among them is asked for among the open ones.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from app.core.prediction_market import PredictionMarket
from app.core.text import SafeText
from app.feeds.polymarket.limits import KEYS_IN_A_CALL
from app.feeds.polymarket.pages import Page
from app.feeds.polymarket.questions import Question, markets
from app.wallets.answers import NoAnswer
from app.wallets.funnel import ToldMarkets

Ids = tuple[str, ...]
SeenMarket = tuple[PredictionMarket, float]
"""A market and when it was told of (epoch seconds)."""


class MarketDesk:
    """Knows markets and asks for those it does not know. `fresh_s`: an open market is asked for again after so long."""

    def __init__(self, fresh_s: float) -> None:
        self.markets: dict[str, PredictionMarket] = {}
        self.failures: dict[str, SafeText] = {}
        self._fresh_s = fresh_s
        self._seen_s: dict[str, float] = {}
        # Ordered, so that the same inputs give the same questions.
        self._wanted: dict[bool, dict[str, None]] = {True: {}, False: {}}
        self._asked: dict[Question, tuple[Ids, bool]] = {}
        self._under_way: set[str] = set()
        self._new: list[SeenMarket] = []

    def know(self, market: PredictionMarket, seen_s: float) -> None:
        """A market that was seen before, at `seen_s`."""
        self.markets[market.condition_id] = market
        self._seen_s[market.condition_id] = seen_s

    def want(self, condition_ids: Iterable[str], now_s: float) -> frozenset[str]:
        """Have these markets asked for as far as they are not known; those that have to be waited for."""
        missing = frozenset(each for each in condition_ids if each and not self._is_known(each, now_s))
        for each in sorted(missing - self._under_way):
            self.failures.pop(each, None)
            self._under_way.add(each)
            self._wanted[True][each] = None
        return missing

    def questions(self, *, now: bool) -> list[Question]:
        """Calls that are full, or with `now` all that there is to ask."""
        asked = []
        for closed, wanted in self._wanted.items():
            while len(wanted) >= KEYS_IN_A_CALL or (now and wanted):
                ids = tuple(wanted)[:KEYS_IN_A_CALL]
                for each in ids:
                    del wanted[each]
                question = markets(ids, closed=closed)
                self._asked[question] = ids, closed
                asked.append(question)
        return asked

    def take(self, question: Question, answer: Page[PredictionMarket] | NoAnswer, now_s: float) -> frozenset[str]:
        """The answer to one of `questions`; the markets nobody has to wait for any more."""
        ids, closed = self._asked.pop(question)
        if isinstance(answer, NoAnswer):
            self.failures.update(dict.fromkeys(ids, answer.reason))
            self._under_way.difference_update(ids)
            return frozenset(ids)
        found = {market.condition_id: market for market in answer.rows if market.condition_id in ids}
        for market in found.values():
            self.know(market, now_s)
            self._new.append((market, now_s))
        missing = [each for each in ids if each not in found]
        if closed:
            self._wanted[False].update(dict.fromkeys(missing))
            return self._settled(found, now_s)
        return self._settled(ids, now_s)

    def told(self, failed: Iterable[str] = ()) -> ToldMarkets:
        """All that is known, with the failures of those named."""
        return ToldMarkets(self.markets, self._seen_s, {each: self.failures[each] for each in failed})

    def news(self) -> list[SeenMarket]:
        """Markets that were told of since the last time, to be kept."""
        new, self._new = self._new, []
        return new

    def forget(self, wanted: AbstractSet[str]) -> None:
        """Give memory back: forget all markets but those `wanted` by somebody who is about to be told of them."""
        self.markets = {each: market for each, market in self.markets.items() if each in wanted}
        self._seen_s = {each: seen_s for each, seen_s in self._seen_s.items() if each in wanted}
        self.failures.clear()

    def _settled(self, ids: Iterable[str], now_s: float) -> frozenset[str]:
        settled = frozenset(ids)
        self._under_way -= settled
        # Those that the venue does not know, too: they are not asked for again and again.
        self._seen_s.update(dict.fromkeys(settled, now_s))
        return settled

    def _is_known(self, condition_id: str, now_s: float) -> bool:
        market = self.markets.get(condition_id)
        if market is not None and market.payouts is not None:
            return True
        if condition_id in self.failures:
            return False
        seen_s = self._seen_s.get(condition_id)
        return seen_s is not None and abs(now_s - seen_s) <= self._fresh_s
