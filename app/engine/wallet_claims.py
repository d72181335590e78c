"""Claims about TARGETs: filed when one is found, graded when their 30 days are over. A function of the inputs."""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from app.core.bus import Bus
from app.core.calls import SET_BACK, Call, CostModel
from app.core.record import Answer, Request
from app.core.text import clean
from app.engine.protocol import Mode
from app.engine.wallet_book import CLAIM_MS, CLAIMANT, MOST_CLAIMS, WalletBook
from app.engine.watch import MarketWatch
from app.scorecards.grader import Graded
from app.scorecards.grading import ungraded
from app.scorecards.profits import NO_ROOM, NOT_TOLD, WALLET_PROFIT, profit_graded

if TYPE_CHECKING:
    from app.engine.asker import Asker
    from app.wallets.values import WalletVerdict

_DAY_MS = 86_400_000
_AGAIN_MS = 3_600_000
"""How long after a question without an answer the same is asked again."""
_PATIENCE_MS = 30 * _DAY_MS
"""How long after its horizon a call is given up."""


class WalletClaims:
    """The calls about TARGETs. A wallet has one that looks ahead at most.

    A day after its horizon, when the venue's day is complete, the venue is asked what the wallet made, one call at a
    time. Nothing is asked before `begin`.
    """

    def __init__(self, mode: Mode, book: WalletBook, watch: MarketWatch, bus: Bus) -> None:
        self._mode, self._book, self._watch, self._bus = mode, book, watch, bus
        self._looks: list[tuple[int, str]] = []
        self._asker: Asker | None = None
        self._asked: Call | None = None

    def begin(self, now_ms: int) -> None:
        """What was saved is known: its open calls are graded from now on. Told again, it is the same."""
        waiting = [call for call in self._book.open_claims.values() if call != self._asked]
        self._looks = [(_due_ms(call), call.call_id) for call in waiting]
        heapify(self._looks)
        self.clock_set_back(now_ms)

    def clock_set_back(self, now_ms: int) -> None:
        """It is `now_ms`: a call of a time to come was dated by a clock that was wrong, and is not graded."""
        ahead = [call for call in self._book.open_claims.values() if call.made_at_ms > now_ms]
        self._book.claims = {wallet: made_ms for wallet, made_ms in self._book.claims.items() if made_ms <= now_ms}
        if not ahead:
            return
        if self._asked in ahead:
            self._asked = None
        for call in ahead:
            self._decide(Graded(call, ungraded(call, SET_BACK, now_ms)))
        self._looks = [look for look in self._looks if look[1] in self._book.open_claims]
        heapify(self._looks)

    def file_all(self, verdicts: "Iterable[WalletVerdict]", now_ms: int) -> None:
        """TARGETs of a command that scanned while no engine ran, which files no calls."""
        for verdict in list(verdicts):
            if verdict.verdict == "TARGET" and now_ms - verdict.judged_s * 1_000 < CLAIM_MS:
                self.file(verdict, now_ms)

    def file(self, verdict: "WalletVerdict", now_ms: int) -> None:
        """File the call of a TARGET, unless one about this wallet looks ahead still."""
        ahead = {wallet: made_ms for wallet, made_ms in self._book.claims.items() if now_ms - made_ms < CLAIM_MS}
        self._book.claims = ahead
        if verdict.wallet in ahead:
            return
        call = target_call(verdict, self._mode, now_ms)
        ahead[verdict.wallet] = now_ms
        self._bus.publish(call)
        if len(self._book.open_claims) >= MOST_CLAIMS:
            self._bus.publish(Graded(call, ungraded(call, NO_ROOM, now_ms)))
            return
        self._book.open_claims[call.call_id] = call
        heappush(self._looks, (_due_ms(call), call.call_id))

    def work(self, now_ms: int) -> None:
        """Ask about the call that is due, if one is."""
        if self._asked is not None or not self._looks or self._looks[0][0] > now_ms:
            return
        from app.engine.asker import Asker
        from app.feeds.polymarket import questions

        self._asker = self._asker or Asker(self._watch)
        self._asked = self._book.open_claims.get(heappop(self._looks)[1])
        if self._asked is not None:
            self._asker.ask(questions.pnl(self._asked.subject))

    def answered(self, request: Request, answer: Answer, now_ms: int) -> None:
        """An answer of the venue; one to another's question changes nothing."""
        call, asker = self._asked, self._asker
        if call is None or asker is None or asker.answered(request, answer) is None:
            return
        from app.engine.asker import read_told
        from app.feeds.polymarket.pages import Page
        from app.feeds.polymarket.questions import from_request

        self._asked = None
        told = read_told(from_request(request), answer)
        if isinstance(told, Page):
            self._decide(Graded(call, profit_graded(call, told.rows, now_ms)))
        elif now_ms < _due_ms(call) + _PATIENCE_MS:
            heappush(self._looks, (now_ms + _AGAIN_MS, call.call_id))
        else:
            self._decide(Graded(call, ungraded(call, NOT_TOLD, now_ms)))

    def _decide(self, decided: Graded) -> None:
        if self._book.open_claims.pop(decided.call.call_id, None) is not None:
            self._bus.publish(decided)


def target_call(verdict: "WalletVerdict", mode: Mode, now_ms: int) -> Call:
    """The claim of a TARGET: that it makes a profit over the next 30 days. Its probability is the score's confidence.

    A wallet's profit has no bid and ask: `reference_price` is its profit so far in USDC, both others are 0.
    """
    profit = verdict.measures.pnl_usdc if verdict.measures is not None else 0.0
    return Call(
        source=mode,
        claimant=CLAIMANT,
        claimant_version=clean(verdict.profile, 32),
        kind=WALLET_PROFIT,
        subject=verdict.wallet,
        claim="its profit over the next 30 days is above zero",
        probability=min(1.0, max(0.0, verdict.confidence or 0.0)),
        direction=1,
        made_at_ms=now_ms,
        available_at_ms=now_ms,
        input_age_ms=max(0, now_ms // 1_000 - verdict.judged_s) * 1_000,
        reference_kind=WALLET_PROFIT,
        reference_price=profit,
        bid=0.0,
        ask=0.0,
        horizon_s=CLAIM_MS // 1_000,
        cost=CostModel(0.0, 0.0),
    )


def _due_ms(call: Call) -> int:
    return call.available_at_ms + call.horizon_s * 1_000 + _DAY_MS
