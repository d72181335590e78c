"""Paper positions in approved tokens: risk checks before a position, looks at its pool, and what is told of both.

Everything here is a function of the inputs: looks leave as requests, their answers are inputs. The positions are the
paper ledger's (`paper/token_book.py`); they share its account, its day and its breaker.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from app.config.settings import Settings
from app.core.text import clean
from app.core.tokens import PoolState
from app.engine.papering import Papering
from app.engine.watch import MarketWatch
from app.feeds.token_questions import MOST_PAIRS, Question, pairs, request_body
from app.markets.market import Market
from app.paper.events import PaperEvent, TokenRefused, TokenRule
from app.paper.token_state import TokenRules, TokenWanted

if TYPE_CHECKING:
    from app.tokens.decision import Verdict
    from app.tokens.watched import Seen

MARKETS = ("SOL", "BTC")
"""Whose day counts: the first that is followed."""
ENDED_MS = 6 * 3_600_000
"""Tokens that ended so lately say what becomes of tokens now."""
LEAST_ENDED = 10
DRAINED = "drained"
_MOST_ENDED = 5_000
_URGENT_MS, _LOST_MS = 10_000, 60_000


class TokenPapering:
    """Opens nothing unless `token_paper.open_positions` is on; what is open is looked at to its end."""

    def __init__(
        self, settings: Settings, watch: MarketWatch, papering: Papering, markets: Mapping[str, Market]
    ) -> None:
        self._settings = settings.token_paper
        self.rules = TokenRules(settings.token_paper, settings.token_sizing, settings.paper.latency_ms)
        self._every_ms = round(1_000 * settings.tokens.refresh_s)
        self._watch, self._papering, self._markets = watch, papering, markets
        self._ended: deque[tuple[int, bool]] = deque(maxlen=_MOST_ENDED)
        self._asked_ms: int | None = None
        self._is_open = False
        self.refused: Counter[str] = Counter()
        """Approved tokens that opened no position in this run, by the check that was against it."""
        self.last_refusal = ""

    def judged(self, seen: "Seen", verdict: "Verdict", now_ms: int) -> None:
        """A token was judged: one that was approved is bought on paper, unless a risk check is against it."""
        if not self._settings.open_positions or verdict.ruling != "APPROVED" or verdict.combined is None:
            return
        listed = seen.listed
        wanted = TokenWanted(
            mint=listed.mint,
            pool=listed.pool,
            name=clean(listed.name or listed.mint[:8], 40),
            by="strategies" if verdict.p_rise is None else "model",
            combined=verdict.combined,
            liquidity_usd=seen.liquidity_usd,
        )
        ledger, against = self._papering.ledger, self._against(now_ms)
        if against is not None:
            self._take([TokenRefused(wanted.mint, wanted.name, now_ms, *against)])
        elif ledger is not None:
            self._take(ledger.want_token(wanted, self.rules, now_ms))

    def _against(self, now_ms: int) -> tuple[TokenRule, str] | None:
        """What of the times speaks against any position."""
        if self._papering.ledger is None:
            return "not begun", "the paper ledger is being read"
        return self._market_against(now_ms) or self._pools_against(now_ms)

    def _market_against(self, now_ms: int) -> tuple[TokenRule, str] | None:
        most_pct = self._settings.market_fall_pct
        if not most_pct:
            return None
        market = next((self._markets[coin] for coin in MARKETS if coin in self._markets), None)
        change = None if market is None or market.stale(now_ms) else market.change_24h
        if market is None or change is None:
            return "market", f"the change of {' or '.join(MARKETS)} in 24 hours is not known"
        if 100 * change > -most_pct:
            return None
        return "market", f"{market.coin} fell {-100 * change:.1f} % in 24 hours"

    def _pools_against(self, now_ms: int) -> tuple[TokenRule, str] | None:
        # What a clock that was ahead has dated is forgotten as soon as what it has dated too early.
        lately = [drained for at_ms, drained in self._ended if abs(now_ms - at_ms) <= ENDED_MS]
        drained, most = sum(lately), self._settings.drained_share
        if len(lately) < LEAST_ENDED or drained <= most * len(lately):
            return None
        return "drained pools", f"{drained} of {len(lately)} tokens that ended in the last six hours were drained"

    def ended(self, reason: str, now_ms: int) -> None:
        """A token is watched no longer."""
        self._ended.append((now_ms, reason == DRAINED))

    # Looks.

    def every_second(self, now_ms: int) -> None:
        """Let time pass, and ask about the pools of positions when a look is due."""
        ledger = self._papering.ledger
        if ledger is None:
            return
        self._take(ledger.tokens.pass_time(self.rules, now_ms))
        mints = ledger.tokens.mints[:MOST_PAIRS]
        if mints and self._is_due(now_ms, urgent=ledger.tokens.is_urgent):
            self._asked_ms, self._is_open = now_ms, True
            question = pairs(mints)
            self._watch.ask_of(question.venue, question.name, request_body(question), question.subject)

    def _is_due(self, now_ms: int, *, urgent: bool) -> bool:
        if self._asked_ms is None or now_ms < self._asked_ms:
            return True
        waited_ms = now_ms - self._asked_ms
        if self._is_open and waited_ms < _LOST_MS:
            return False
        return waited_ms >= (min(_URGENT_MS, self._every_ms) if urgent else self._every_ms)

    def looked(self, question: Question, states: Sequence[PoolState] | None, now_ms: int) -> None:
        """DexScreener has told of pools, whoever asked; `states` is None where it did not answer."""
        self._is_open = False
        ledger = self._papering.ledger
        if ledger is None or states is None or not ledger.tokens.mints:
            return
        mints = question.parts[0].split(",")
        events = ledger.tokens.look(mints, states, self.rules, now_ms)
        self._take(ledger.book(events, now_ms))

    def _take(self, events: Sequence[PaperEvent]) -> None:
        for event in events:
            if isinstance(event, TokenRefused):
                self.refused[event.rule] += 1
                self.last_refusal = f"{event.name}: {event.why}"
        self._papering.take(events)
