"""What a run asks of the venue of wallets: its client, the answers it remembers, and the database behind one door."""

from collections.abc import Mapping

import numpy as np

from app.config.settings import Settings
from app.core.clock import Clock
from app.core.text import SafeText
from app.engine.protocol_wallets import BudgetView, CacheView
from app.engine.wallet_shelf import WalletShelf
from app.feeds.inbox import Inbox
from app.feeds.polymarket.carrier import Carrier, CarrierSettings
from app.feeds.polymarket.limits import CALLS, VENUE
from app.feeds.polymarket.questions import PAID_NOW, Question
from app.feeds.request_client import Carried, RequestClient
from app.store.store import Store
from app.wallets.caches import BodyCache, CacheFigures

_ANEW = frozenset({"leaderboard", "holders", "market_trades", "activity"})
"""Asked anew each time: sources, for what is new is what a scan is for, and what a followed wallet does."""
_OK = 200


class RememberingCarrier(Carrier):
    """A carrier that gives an answer of the last `scanner.cache_s` again instead of asking."""

    def __init__(
        self, settings: CarrierSettings, clock: Clock, generator: np.random.Generator,
        answers: BodyCache[Question], calls: Mapping[str, int] = CALLS,
    ) -> None:  # fmt: skip
        super().__init__(settings, clock, generator, calls)
        self._answers = answers
        self._wall = clock

    async def carry(self, question: Question) -> Carried:
        """The venue's answer, or the same one it gave a moment ago."""
        if question.name in _ANEW or question.variant == PAID_NOW:
            return await super().carry(question)
        body = self._answers.body(question, self._now_s())
        if body is not None:
            return Carried(_OK, body, SafeText(""), 1)
        carried = await super().carry(question)
        if not carried.error:
            self._answers.keep(question, carried.body, self._now_s())
        return carried

    def _now_s(self) -> float:
        return self._wall.wall_ns() / 1e9


class WalletCalls:
    """The client of the venue of wallets and the shelf, with their figures. Nothing is asked before somebody does."""

    def __init__(
        self, urls: tuple[str, str], settings: Settings, store: Store, inbox: Inbox, clock: Clock,
        generator: np.random.Generator,
    ) -> None:  # fmt: skip
        """`urls` are those of the Data API and of gamma."""
        polymarket, scanner = settings.polymarket, settings.scanner
        self._answers: BodyCache[Question] = BodyCache(ttl_s=scanner.cache_s, limit_bytes=scanner.cache_mb * 1_000_000)
        self._clock = clock
        carrier_settings = CarrierSettings(*urls, polymarket.request_timeout_s, polymarket.connections)
        self.carrier = RememberingCarrier(carrier_settings, clock, generator, self._answers)
        self.client = RequestClient(VENUE, self.carrier, inbox)
        self.shelf = WalletShelf(store, scanner, inbox, clock)

    def budgets(self) -> tuple[BudgetView, ...]:
        """The limits that calls were made under, the most used first."""
        used = [BudgetView(name, self.carrier.windows.used(name), limit) for name, limit in CALLS.items()]
        tried = [budget for budget in used if budget.used]
        return tuple(sorted(tried, key=lambda budget: (-budget.used / budget.limit, budget.name)))

    def halve(self) -> None:
        """Give back the older half of what is remembered."""
        self._answers.halve()
        self.shelf.halve()

    def caches(self) -> tuple[CacheView, ...]:
        """What is remembered; what is too old to be given again is not any more."""
        now_s = self._clock.wall_ns() / 1e9
        self._answers.drop_expired(now_s)
        return (_cache("answers", self._answers.figures(now_s)), _cache("verdicts", self.shelf.figures()))


def _cache(name: str, figures: CacheFigures) -> CacheView:
    return CacheView(
        name=name,
        entries=figures.entries,
        bytes=figures.bytes,
        limit_bytes=figures.limit_bytes,
        hits=figures.hits,
        misses=figures.misses,
        evictions=figures.evictions,
        hit_ratio=figures.hit_ratio,
        oldest_age_s=figures.oldest_age_s,
    )
