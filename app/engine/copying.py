"""Copies of followed wallets on paper: whose trades are asked for when, and what the answers do to the ledger.

Everything here is a function of the inputs: questions leave as requests, their answers are inputs. A followed wallet's
trades are asked for once in `paper.copy_every_s`; when something is to be opened or closed, or is open, the newest
prints of its markets are asked for, and what was decided happens at those. What a wallet did fills several pages after
a night without the deck: they are read to the last one before anything is done, for an exit may stand on it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.config.settings import PaperSettings
from app.core.prediction_market import PredictionMarket, WalletActivity
from app.core.record import Answer, Request
from app.core.text import clean
from app.engine.journal import Journal
from app.engine.paper_words import short_wallet
from app.engine.papering import Papering
from app.engine.wallet_book import WalletBook
from app.engine.watch import MarketWatch
from app.paper.copying import MOST_COPIES, MOST_CURSORS, Purchase, market_name, newest_prints, print_of
from app.paper.ledger import PaperLedger

if TYPE_CHECKING:
    from app.engine.asker import Asker
    from app.feeds.polymarket.pages import Page
    from app.feeds.polymarket.questions import Question
    from app.feeds.polymarket.walk import Walk, Walked

_SECOND_MS = 1_000
_ROWS = 500
_PATIENCE_MS = 60_000
"""An answer that does not come within this is asked for again."""
_PAYOUTS_EVERY_MS = 300_000
_PAGES = 6
"""Pages of what one wallet did since it was read last: 3 000 things. Behind more there is a hole, which is told."""
_AHEAD = "it is dated {:,.0f} s ahead of this machine's clock"


class Copying:
    """Nothing is asked while no copy is open and `paper.copy_wallets` is off, or nobody is followed."""

    def __init__(
        self, settings: PaperSettings, watch: MarketWatch, book: WalletBook, papering: Papering, journal: Journal
    ) -> None:
        self._settings = settings
        self._watch, self._book, self._papering, self._journal = watch, book, papering, journal
        # What asks is imported when it is needed first: it takes a tenth of a second.
        self._asker: Asker | None = None
        self._due_ms = self._payouts_due_ms = 0
        self._asked_ms: dict[Question, int] = {}
        self._refused: dict[tuple[str, str], int] = {}
        """Rows of the newest answers that could not be used, by what was asked and about what."""
        self._walks: dict[str, Walk[WalletActivity]] = {}
        """What wallets did since they were read last, as far as its pages have come."""

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self.ask_again(now_ms)

    def ask_again(self, now_ms: int) -> None:
        """Ask for all anew, as a run that begins now would: a recording begins, or times are others."""
        self._due_ms = self._payouts_due_ms = now_ms
        self._asked_ms.clear()
        self._walks.clear()

    def work(self, now_ms: int) -> None:
        """After each input: ask what is due."""
        ledger = self._papering.ledger
        if now_ms < self._due_ms or ledger is None:
            return
        self._due_ms = now_ms + round(self._settings.copy_every_s * _SECOND_MS)
        self._give_up_old(ledger, now_ms)
        wallets = self._wallets(ledger)
        self._walks = {wallet: walk for wallet, walk in self._walks.items() if wallet in wallets}
        if not wallets:
            return
        for wallet in wallets:
            self._ask_trades(ledger, wallet, wallets, now_ms)
        if ledger.copies.copies or ledger.copies.pending:
            self._ask_prices(ledger, now_ms)
            if ledger.copies.copies and now_ms >= self._payouts_due_ms:
                self._ask_payouts([copy.condition_id for copy in ledger.copies.copies], now_ms)

    def answered(self, request: Request, answer: Answer, now_ms: int) -> None:
        """An answer of the venue; one to another's question changes nothing."""
        ledger = self._papering.ledger
        if self._asker is None or ledger is None or self._asker.answered(request, answer) is None:
            return
        from app.feeds.polymarket.questions import from_request

        question = from_request(request)
        page = self._page(question, answer, now_ms)
        if question.name == "activity":
            self._take_page(ledger, question, page, now_ms)
        elif page is not None:
            self._tell_refused(question, page, now_ms)
            (self._priced if question.name == "market_trades" else self._paid_out)(ledger, page.rows, now_ms)

    def _take_page(self, ledger: PaperLedger, question: "Question", page: "Page[Any] | None", now_ms: int) -> None:
        """A page of what a wallet did, or none: then it is asked for from the first one at the next time."""
        walk = self._walks.get(question.subject)
        if walk is None or walk.question != question:
            return
        if page is not None:
            walk.take(page)
            if walk.question is not None:
                self._ask(walk.question, now_ms)
                return
            self._walked(ledger, question, walk.result(), now_ms)
        del self._walks[question.subject]

    def _walked(self, ledger: PaperLedger, question: "Question", told: "Walked[WalletActivity]", now_ms: int) -> None:
        """All that a wallet did has come, or as much of it as is read."""
        self._tell_refused(question, told, now_ms)
        self._seen(ledger, question.subject, told.rows, now_ms)
        if told.stopped:
            copies = sum(copy.wallet == question.subject for copy in ledger.copies.copies)
            why = f"a hole in what it did ({told.stopped}): {copies} copies of it may have missed its exit"
            self._tell(question, why, now_ms, f"hole {question.subject}")

    def _wallets(self, ledger: PaperLedger) -> list[str]:
        """Whose trades matter: those with a copy to its end, and those that are followed while copying is on."""
        with_copies = [copy.wallet for copy in ledger.copies.copies]
        followed = [wallet for wallet, note in self._book.notes.items() if note.followed]
        wanted = [*with_copies, *(followed if self._settings.copy_wallets else ())]
        return list(dict.fromkeys(wanted))[:MOST_CURSORS]

    # What is asked.

    def _ask(self, question: "Question", now_ms: int) -> None:
        """Ask, unless the same is being asked for."""
        from app.engine.asker import Asker

        self._asked_ms = {each: at_ms for each, at_ms in self._asked_ms.items() if now_ms - at_ms < _PATIENCE_MS}
        if self._is_under_way(question, now_ms):
            return
        self._asked_ms[question] = now_ms
        if self._asker is None:
            self._asker = Asker(self._watch)
        self._asker.ask(question)

    def _ask_trades(self, ledger: PaperLedger, wallet: str, wanted: Sequence[str], now_ms: int) -> None:
        from app.feeds.polymarket import questions
        from app.feeds.polymarket.walk import Walk

        walk = self._walks.get(wallet)
        if walk is not None and walk.question is not None and self._is_under_way(walk.question, now_ms):
            return
        since_s = ledger.copies.since_s(wallet, now_ms // _SECOND_MS, wanted)
        first = questions.activity(wallet, since_s, _ROWS)
        self._walks[wallet] = Walk(first, _PAGES)
        self._ask(first, now_ms)

    def _ask_prices(self, ledger: PaperLedger, now_ms: int) -> None:
        """Of markets where something waits for a price each by itself: the trades of busy ones fill a page of all."""
        from app.feeds.polymarket import questions

        copies = ledger.copies.copies
        urgent = dict.fromkeys(purchase.trade.condition_id for purchase in ledger.copies.pending)
        urgent |= dict.fromkeys(copy.condition_id for copy in copies if copy.closing)
        others = [each for each in dict.fromkeys(copy.condition_id for copy in copies) if each not in urgent]
        for condition_id in urgent:
            self._ask(questions.market_trades([condition_id], limit=_ROWS), now_ms)
        if others:
            self._ask(questions.market_trades(others[:MOST_COPIES], limit=_ROWS), now_ms)

    def _ask_payouts(self, condition_ids: Sequence[str], now_ms: int) -> None:
        from app.feeds.polymarket import questions

        self._payouts_due_ms = now_ms + _PAYOUTS_EVERY_MS
        self._ask(questions.payouts(list(dict.fromkeys(condition_ids))), now_ms)

    def _is_under_way(self, question: "Question", now_ms: int) -> bool:
        return now_ms - self._asked_ms.get(question, -_PATIENCE_MS) < _PATIENCE_MS

    def _page(self, question: "Question", answer: Answer, now_ms: int) -> "Page[Any] | None":
        """The rows of an answer; None where it has none, which is told."""
        from app.engine.asker import read_told
        from app.feeds.polymarket.dated import not_ahead
        from app.feeds.polymarket.pages import Page
        from app.wallets.answers import NoAnswer

        self._asked_ms.pop(question, None)
        told = read_told(question, answer)
        if isinstance(told, Page):
            return told if question.name == "markets" else not_ahead(told, now_ms // _SECOND_MS)
        self._tell(
            question, str(told.reason if isinstance(told, NoAnswer) else "the venue has none"), now_ms, "unanswered"
        )
        return None

    def _tell_refused(self, question: "Question", told: "Page[Any] | Walked[Any]", now_ms: int) -> None:
        """Say how many rows cannot be used, once for as long as they are not more: the same are asked for again."""
        about = question.name, question.subject
        if told.refused > self._refused.pop(about, 0):
            self._tell(question, f"{told.refused} rows cannot be used: {told.refusal}", now_ms, "rows refused")
        if told.refused:
            self._refused[about] = told.refused

    def _tell(self, question: "Question", why: str, now_ms: int, kind: str) -> None:
        text = f"copies on paper: {question.name} of {short_wallet(question.subject)}: {clean(why, 160)}"
        self._journal.say(now_ms, "warning", "paper", text, kind=f"copies {kind}")

    # What the answers say.

    def _seen(self, ledger: PaperLedger, wallet: str, rows: Sequence[WalletActivity], now_ms: int) -> None:
        """What a wallet did: note what it left, and what it bought that could be copied."""
        fresh = ledger.copies.fresh(wallet, rows, now_ms // _SECOND_MS)
        purchases = ledger.copies.take(wallet, fresh)
        if self._settings.copy_wallets and self._is_followed(wallet):
            for purchase in purchases:
                self._want(ledger, purchase, now_ms)
        copies = ledger.copies.copies
        redeemed = {row.condition_id for row in fresh if row.kind == "REDEEM"}
        paid = [copy.condition_id for copy in copies if copy.condition_id in redeemed]
        if paid:
            self._ask_payouts(paid, now_ms)
        if ledger.copies.pending or any(copy.closing for copy in copies):
            self._ask_prices(ledger, now_ms)
        if fresh:
            self._papering.save_copies(now_ms)

    def _is_followed(self, wallet: str) -> bool:
        note = self._book.notes.get(wallet)
        return note is not None and note.followed

    def _is_left(self, wallet: str) -> bool:
        """Whether the user ended following it: that nothing is known yet of whom he follows, is no end."""
        note = self._book.notes.get(wallet)
        return note is not None and not note.followed

    def _give_up_old(self, ledger: PaperLedger, now_ms: int) -> None:
        """Purchases whose market told no price while they were new enough, and of wallets nobody follows any more."""
        for purchase in ledger.copies.pending:
            age_s = now_ms / _SECOND_MS - purchase.trade.at_s
            if abs(age_s) > self._settings.copy_oldest_s:
                late = "no price of its market came in time"
                self._drop(ledger, purchase, late if age_s > 0 else _AHEAD.format(-age_s), now_ms)
            elif not self._settings.copy_wallets or self._is_left(purchase.trade.wallet):
                self._drop(ledger, purchase, "it is not followed any more", now_ms)

    def _want(self, ledger: PaperLedger, purchase: Purchase, now_ms: int) -> None:
        age_s = now_ms / _SECOND_MS - purchase.trade.at_s
        if abs(age_s) > self._settings.copy_oldest_s:
            late = f"seen {age_s:,.0f} s late"
            self._not_copied(purchase, late if age_s > 0 else _AHEAD.format(-age_s), now_ms)
        elif not ledger.copies.want(purchase):
            self._not_copied(purchase, f"{MOST_COPIES} others wait for a price", now_ms)

    def _drop(self, ledger: PaperLedger, purchase: Purchase, why: str, now_ms: int) -> None:
        ledger.copies.drop(purchase)
        self._papering.save_copies(now_ms)
        self._not_copied(purchase, why, now_ms)

    def _priced(self, ledger: PaperLedger, rows: Sequence[WalletActivity], now_ms: int) -> None:
        """The newest prints are here: value, close and open at them. A wallet's own purchase is a print, too."""
        prints = newest_prints(rows)
        ledger.copies.price(prints, self._settings.copy_slippage, now_ms)
        self._papering.take(ledger.book(ledger.copies.close_due(prints, now_ms), now_ms))
        self._give_up_old(ledger, now_ms)
        named = {row.condition_id for row in rows}
        for purchase in ledger.copies.pending:
            if purchase.trade.condition_id not in named or not self._is_followed(purchase.trade.wallet):
                continue
            newest = prints.get(purchase.trade.token_id, print_of(purchase.trade))
            decision = ledger.copy(purchase, newest, now_ms)
            if decision.refusal:
                self._drop(ledger, purchase, decision.refusal, now_ms)
            else:
                ledger.copies.drop(purchase)
                self._papering.take(decision.events)

    def _paid_out(self, ledger: PaperLedger, rows: Sequence[PredictionMarket], now_ms: int) -> None:
        for market in rows:
            if market.payouts is not None:
                payouts = dict(zip(market.token_ids, market.payouts, strict=False))
                closed = ledger.copies.pay_out(market.condition_id, payouts, now_ms)
                self._papering.take(ledger.book(closed, now_ms))

    def _not_copied(self, purchase: Purchase, why: str, now_ms: int) -> None:
        what = f"{short_wallet(purchase.trade.wallet)}'s purchase of {market_name(purchase.trade)}"
        self._journal.say(now_ms, "info", "paper", f"{what} is not copied on paper: {why}")
