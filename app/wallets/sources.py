"""Where wallets come from: leaderboards, holders of markets, large recent trades, a list. Pure.

A source is a starting point and no proof of anything. A wallet that several sources name is one candidate.
"""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from app.core.prediction_market import Holder, LeaderboardRow, WalletActivity, wallet_of
from app.core.text import SafeText, clean
from app.feeds.polymarket import questions
from app.feeds.polymarket.pages import Page
from app.feeds.polymarket.questions import Question
from app.feeds.polymarket.walk import Walk
from app.wallets.answers import Answer, NoAnswer
from app.wallets.funnel import KnownWallet

Kind = Literal["leaderboard", "market", "trades", "list"]

_PAGES = 200
_MARKETS_FOUND = 20


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet and where it was found first. `board` names a leaderboard with its figures of the wallet there."""

    wallet: str
    origin: str
    board: str = ""
    board_pnl: float | None = None
    board_volume: float | None = None

    def has_not_traded_since(self, known: KnownWallet) -> bool:
        """Whether the same leaderboard tells the same volume as before."""
        is_same_board = self.board != "" and self.board == known.board
        return is_same_board and self.board_volume is not None and self.board_volume == known.board_volume


class Refused(NamedTuple):
    """An entry of a list that is no wallet's address."""

    text: SafeText
    reason: SafeText


class SourceTrouble(NamedTuple):
    """A source that did not answer, and why."""

    name: str
    reason: SafeText


def parse_list(text: str) -> list[str]:
    """The entries of a file of wallets: one a line, the first word of it; empty lines and `#` comments are left out."""
    lines = (line.partition("#")[0].replace(",", " ").split() for line in text.splitlines())
    return [words[0] for words in lines if words]


class Sources:
    """Asks the sources one page at a time, in order, for as long as more wallets are wanted.

    `finders` are among the questions asked; of their answers only the markets count, whose holders are asked for then.
    """

    def __init__(self, asked: Sequence[Question], listed: Sequence[str], finders: Collection[Question] = ()) -> None:
        self.troubles: list[SourceTrouble] = []
        self.refused: list[Refused] = []
        self._walks = deque(Walk[Any](question, _PAGES) for question in asked)
        self._finders = frozenset(finders)
        self._under_way: Question | None = None
        self._seen: set[str] = set()
        self._candidates: deque[Candidate] = deque()
        self._take_list(listed)

    @property
    def is_empty(self) -> bool:
        """Whether nothing more can come."""
        return not self._walks and not self._candidates

    def question(self) -> Question | None:
        """The next page to ask for; None while one is under way or when there is none."""
        if self._under_way is not None or not self._walks:
            return None
        self._under_way = self._walks[0].question
        return self._under_way

    def take(self, answer: Answer) -> None:
        """The answer to `question`."""
        question, self._under_way = self._under_way, None
        walk = self._walks[0]
        if question is None or isinstance(answer, NoAnswer) or not isinstance(answer, Page):
            reason = answer.reason if isinstance(answer, NoAnswer) else clean("the venue has none")
            self.troubles.append(SourceTrouble(_name(question), reason))
            self._walks.popleft()
            return
        walk.take(answer)
        if question in self._finders:
            self._walks.popleft()
            self._walks.extendleft(Walk(each, _PAGES) for each in reversed(_holders_of(answer.rows)))
            return
        for row in answer.rows:
            self._add(_candidate(row, question))
        if walk.question is None:
            self._tell(walk, question)
            self._walks.popleft()

    def next(self) -> Candidate | None:
        """The next wallet, each once; None when more pages are needed or there is no more."""
        return self._candidates.popleft() if self._candidates else None

    @property
    def waiting(self) -> int:
        """Candidates that were found and not fetched yet."""
        return len(self._candidates)

    def close(self) -> None:
        """No more wallets are wanted."""
        self._walks.clear()
        self._candidates.clear()
        self._under_way = None

    def _tell(self, walk: Walk[Any], question: Question) -> None:
        result = walk.result()
        if result.refused:
            self.troubles.append(
                SourceTrouble(_name(question), clean(f"{result.refused} rows cannot be read: {result.refusal}", 200))
            )

    def _take_list(self, listed: Iterable[str]) -> None:
        for text in listed:
            wallet = wallet_of(text.strip())
            if wallet is None:
                self.refused.append(Refused(clean(text, 64), clean("not a wallet's address: 0x and 40 hex digits")))
            else:
                self._add(Candidate(wallet=wallet, origin="list"))

    def _add(self, candidate: Candidate) -> None:
        if candidate.wallet not in self._seen:
            self._seen.add(candidate.wallet)
            self._candidates.append(candidate)


def _name(question: Question | None) -> str:
    return "a source" if question is None else f"{question.name} {question.variant or question.subject}".strip()


def _candidate(row: LeaderboardRow | Holder | WalletActivity, question: Question) -> Candidate:
    if isinstance(row, LeaderboardRow):
        volume = row.volume_usdc if row.volume_usdc is not None else row.volume_shares
        return Candidate(
            wallet=row.wallet,
            origin="leaderboard",
            board=question.variant,
            board_pnl=row.pnl_usdc,
            board_volume=volume,
        )
    return Candidate(wallet=row.wallet, origin="market" if isinstance(row, Holder) else "trades")


def _holders_of(trades: Iterable[WalletActivity]) -> list[Question]:
    """Questions for the holders of the markets that were traded last."""
    conditions = dict.fromkeys(trade.condition_id for trade in reversed(list(trades)) if trade.condition_id)
    return [questions.holders(condition) for condition in list(conditions)[:_MARKETS_FOUND]]


def leaderboards(windows: Iterable[str], categories: Iterable[str]) -> list[Question]:
    """Leaderboards by profit: every category of the first window, then of the next."""
    known: tuple[questions.Window, ...] = ("day", "week", "month", "all")
    wanted = list(windows)
    chosen = [window for window in known if window in wanted]
    chosen.sort(key=wanted.index)
    return [questions.leaderboard(window, category) for window in chosen for category in categories]
