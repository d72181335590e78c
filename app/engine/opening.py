"""One wallet opened up in a run: looked at to the end, whatever a scan said first, with what copying it would bring.

As in `scanning.py`: questions leave as requests, answers are inputs, everything is a function of them.
"""

from app.core.errors import FrameError
from app.core.prediction_market import WalletActivity
from app.core.record import Answer, Request
from app.core.text import clean
from app.engine.asker import Asker, read_told
from app.engine.protocol_wallets import PastVerdictView
from app.engine.shelf_questions import unpack_history
from app.engine.shelf_venue import STORE_VENUE
from app.feeds.polymarket import questions
from app.feeds.polymarket.parse import parse_activity
from app.feeds.polymarket.questions import from_request
from app.feeds.polymarket.walk import Walk
from app.wallets.explaining import (
    NOT_FOLLOWED,
    PRINT_PAGES,
    Explanation,
    Onward,
    copies_of,
    explanation_of,
    newest_conditions,
)
from app.wallets.funnel import Evidence
from app.wallets.judging import Judging
from app.wallets.scan import Scan
from app.wallets.scan_values import Finished, ScanPlan
from app.wallets.values import CopyResult


class Opening:
    """A wallet that is opened up, from the first question to the last answer."""

    def __init__(self, wallet: str, judging: Judging, position_pages: int, asker: Asker, now_ms: int) -> None:
        self.wallet = wallet
        self.began_ms = now_ms
        self.explained: Explanation | None = None
        """What stands behind its verdict; None until all of it is known."""
        self.history: tuple[PastVerdictView, ...] = ()
        self.copies: tuple[CopyResult, ...] = ()
        self.copies_missing = ""
        """Why it is not known what copying it would bring; empty while that is asked, or known."""
        self._judging, self._asker = judging, asker
        self._judge = Onward(judging)
        self._scan = Scan(ScanPlan(listed=(wallet,), limit=1, position_pages=position_pages), self._judge)
        self._evidence: Evidence | None = None
        self._prints: Walk[WalletActivity] | None = None
        asker.ask_store("history", b"", wallet)
        self._scan.begin(now_ms // 1000)
        self._go_on(now_ms)

    @property
    def has_failed(self) -> bool:
        """Whether the venue did not tell what is needed to judge it."""
        return self.explained is not None and self.explained.opened is None

    @property
    def waiting_for(self) -> str:
        """What is still being asked for; empty when nothing is."""
        if self.explained is None:
            return "Asking the venue for all it knows of this wallet"
        return "" if self._prints is None else "Asking for the trades that others made after its own"

    def answered(self, request: Request, answer: Answer, now_ms: int) -> None:
        """An answer has come; one to another's question changes nothing."""
        number = self._asker.answered(request, answer)
        if number is None:
            return
        if request.venue == STORE_VENUE:
            self._told_history(answer)
        elif number:
            self._scan.take(number, read_told(from_request(request), answer), now_ms // 1000)
            self._go_on(now_ms)
        else:
            self._told_prints(answer, now_ms)

    def close(self) -> None:
        """Nobody wants to know any more: what was asked is withdrawn."""
        self._asker.withdraw_all()

    def _go_on(self, now_ms: int) -> None:
        while self._scan.lookups():
            self._scan.know({}, now_ms // 1000)
        for ask in self._scan.asks():
            self._asker.ask(ask.question, ask.number)
        for finished in self._scan.finished():
            self._explain(finished, now_ms)

    def _explain(self, finished: Finished, now_ms: int) -> None:
        self._evidence = finished.evidence
        self.explained = explanation_of(finished, self._judge.first, self._judging, now_ms // 1000)
        conditions = newest_conditions(finished.evidence.trades or ())
        if not conditions:
            self.copies_missing = "no trades of it are known"
            return
        self._prints = Walk(questions.market_trades(conditions, limit=1_000), PRINT_PAGES)
        self._ask_for_prints()

    def _ask_for_prints(self) -> None:
        if self._prints is not None and self._prints.question is not None:
            self._asker.ask(self._prints.question)

    def _told_prints(self, answer: Answer, now_ms: int) -> None:
        walk, evidence = self._prints, self._evidence
        if walk is None or evidence is None:
            return
        try:
            if answer.status != 200:
                raise FrameError(answer.error or f"the venue answered {answer.status}")
            walk.take(parse_activity(answer.body))
        except FrameError as error:
            self._end_copies((), clean(str(error), 160))
            return
        if walk.question is not None:
            self._ask_for_prints()
            return
        copies = copies_of(evidence, walk.result().rows, self._judging, now_ms // 1000)
        self._end_copies(copies, "" if copies else NOT_FOLLOWED)

    def _end_copies(self, copies: tuple[CopyResult, ...], missing: str) -> None:
        self.copies, self.copies_missing = copies, missing
        self._prints = self._evidence = None

    def _told_history(self, answer: Answer) -> None:
        if answer.status == 200:
            rows = unpack_history(answer.body)
            self.history = tuple(
                PastVerdictView(row.at_ms, clean(row.wallet_class, 16), row.stage, row.score) for row in rows
            )
