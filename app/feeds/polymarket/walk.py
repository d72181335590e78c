"""Walking an answer page by page, whoever carries the questions. Pure.

A list that is walked while it changes may repeat rows; a venue that is out of order may repeat a cursor for ever. Rows
that came on an earlier page are left out and counted; a walk that cannot end well says why.
"""

from collections.abc import Hashable
from itertools import chain
from typing import Generic, NamedTuple, TypeVar

from app.core.text import SafeText
from app.feeds.polymarket.limits import ROUTES
from app.feeds.polymarket.pages import NO_REFUSAL, Page
from app.feeds.polymarket.questions import Question

Row = TypeVar("Row")
PAGE_CAP = 40
"""Pages of one walk unless told otherwise: 40 000 trades, 20 000 positions."""


class Walked(NamedTuple, Generic[Row]):
    """What a walk brought: rows of activity oldest first, others in the venue's order.

    `is_whole` says that the last page was reached; otherwise `stopped` says why not. `repeated` rows came twice and are
    in `rows` once; `refused` and `passed_over` are as in `Page`.
    """

    rows: tuple[Row, ...]
    pages: int
    is_whole: bool
    stopped: SafeText = NO_REFUSAL
    repeated: int = 0
    refused: int = 0
    refusal: SafeText = NO_REFUSAL
    passed_over: int = 0


class Walk(Generic[Row]):
    """The pages of one question: ask `question`, give its page to `take`, until `question` is None."""

    def __init__(self, question: Question, page_cap: int = PAGE_CAP) -> None:
        self.question: Question | None = question
        self._first = question
        self._page_cap = page_cap
        self._pages: list[tuple[Row, ...]] = []
        self._cursors: set[str] = set()
        self._keys: set[Hashable] = set()
        self._repeated = self._refused = self._passed_over = 0
        self._refusal = self._stopped = NO_REFUSAL

    def take(self, page: Page[Row]) -> None:
        """The answer to `question`."""
        # Two rows of one page that look alike are two: a wallet may buy the same twice in a second.
        new = [place for place, key in enumerate(page.keys) if key not in self._keys]
        self._keys.update(page.keys)
        self._pages.append(tuple(page.rows[place] for place in new))
        self._repeated += len(page.rows) - len(new)
        self._refused += page.refused
        self._refusal = self._refusal or page.refusal
        self._passed_over += page.passed_over
        self._go_on(page, is_all_known=bool(page.rows) and not new)

    def result(self) -> Walked[Row]:
        """What came until now."""
        pages = reversed(self._pages) if ROUTES[self._first.name].newest_first else self._pages
        return Walked(
            rows=tuple(chain.from_iterable(pages)),
            pages=len(self._pages),
            is_whole=self.question is None and not self._stopped,
            stopped=self._stopped,
            repeated=self._repeated,
            refused=self._refused,
            refusal=self._refusal,
            passed_over=self._passed_over,
        )

    def _go_on(self, page: Page[Row], *, is_all_known: bool) -> None:
        cursor = page.next_cursor
        if not cursor:
            self.question = None
        elif cursor in self._cursors:
            self._stop("the venue gave a cursor twice")
        elif is_all_known:
            self._stop("the venue gave a page twice")
        elif len(self._pages) >= self._page_cap:
            self._stop(f"more than {self._page_cap} pages")
        else:
            self._cursors.add(cursor)
            self.question = self._first.after(cursor)

    def _stop(self, reason: str) -> None:
        self._stopped = SafeText(reason)
        self.question = None
