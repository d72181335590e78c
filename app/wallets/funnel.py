"""One wallet's way through the stages: says what to ask next, is told the answers, ends in a verdict. Pure.

Stages are ordered by what a call costs (docs/wallets.md). A wallet stops at the first verdict that later data cannot
change. Answers may come in any order; the same answers in the same order give the same verdict.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from app.core.prediction_market import (
    PnlPoint,
    PositionStatus,
    PredictionMarket,
    WalletActivity,
    WalletPosition,
    WalletStats,
)
from app.core.text import SafeText, clean
from app.feeds.polymarket import questions
from app.feeds.polymarket.dated import AHEAD_S, not_ahead
from app.feeds.polymarket.pages import Page
from app.feeds.polymarket.questions import Question
from app.feeds.polymarket.walk import Walk, Walked
from app.wallets.answers import Answer, NoAnswer
from app.wallets.position_lists import STATUSES, listed_positions
from app.wallets.values import Stage, WalletVerdict

TRADES = 100
"""Recent trades that are looked at: one page, which is one call."""
_DAY_S = 86_400


class Evidence(NamedTuple):
    """All that is known of a wallet so far. What was not asked yet is None; `unknown` says what stays unknown.

    `positions_in_part` says that a list of positions went on: `positions` are the newest alone. `stats_s` is when the
    totals came (epoch seconds, 0 for none).
    """

    wallet: str
    stats: WalletStats | None = None
    trades: tuple[WalletActivity, ...] | None = None
    markets: Mapping[str, PredictionMarket] = {}
    pnl: tuple[PnlPoint, ...] | None = None
    positions: tuple[WalletPosition, ...] | None = None
    positions_in_part: bool = False
    unknown: tuple[SafeText, ...] = ()
    stats_s: int = 0


class KnownWallet(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier scan left of a wallet.

    `verdict` is given again when nothing happened since, or with `holds` in any case; None when it must be judged
    anew. `evidence` is what need not be asked for again. `board` names the leaderboard it was found on, with its volume
    there.
    """

    verdict: WalletVerdict | None = None
    evidence: Evidence | None = None
    board: str = ""
    board_volume: float | None = None
    holds: bool = False


_NOTHING_KNOWN = KnownWallet()


class ToldMarkets(NamedTuple):
    """What is known of markets, when each was told (epoch seconds), and why others are not known."""

    markets: Mapping[str, PredictionMarket]
    seen_s: Mapping[str, float]
    failures: Mapping[str, SafeText]


class StageJudge(Protocol):
    """The verdicts, as pure functions of what is known. None: the next stage is needed."""

    profile: str

    def stats(self, evidence: Evidence, now_s: int) -> WalletVerdict | None:
        """After stage 1: from the totals alone."""

    def trades(self, evidence: Evidence, now_s: int) -> WalletVerdict | None:
        """After stage 2: from recent trades and their markets."""

    def record(self, evidence: Evidence, now_s: int) -> WalletVerdict:
        """After stage 3: from everything."""


class Funnel:
    """One wallet under way.

    `position_pages` is how many pages of 500 positions of each status are looked at. `known` is what was learned
    before; with `is_current` the wallet has not traded since. `is_old` says that the verdict is the one known before.
    """

    def __init__(
        self,
        wallet: str,
        judge: StageJudge,
        *,
        position_pages: int,
        known: KnownWallet = _NOTHING_KNOWN,
        is_current: bool = False,
    ) -> None:
        self.wallet = wallet
        self.stage: Stage = 1
        self.verdict: WalletVerdict | None = None
        self.is_old = False
        self.evidence = known.evidence or Evidence(wallet)
        # Totals move with every trade: who fell by them, or is judged anew, is asked for them anew.
        if known.verdict is None or known.verdict.stage == 1:
            self.evidence = self.evidence._replace(stats=None)
        self.wanted_markets: frozenset[str] = frozenset()
        self._judge = judge
        self._known = known
        self._is_current = is_current
        self._position_pages = position_pages
        self._to_ask: list[Question] = []
        self._walks: dict[Question, Walk[WalletPosition]] = {}
        self._lists: dict[PositionStatus, Walked[WalletPosition]] = {}
        self._unanswered = 0

    def begin(self, now_s: int) -> None:
        """Start; a wallet whose totals and trades are known from before begins with what is new."""
        known = self._known.verdict
        if known is not None and (self._known.holds or (self._is_current and known.stage == 1)):
            self._keep_known()
        elif self.evidence.stats is None:
            self._to_ask.append(questions.stats(self.wallet))
        else:
            self._after_stats(now_s)

    def questions(self) -> list[Question]:
        """What is to be asked since the last time."""
        asked, self._to_ask = self._to_ask, []
        self._unanswered += len(asked)
        return asked

    @property
    def is_stuck(self) -> bool:
        """Whether it has no verdict and waits for nothing that could bring one: never, unless the code is wrong."""
        waits = self._to_ask or self._unanswered or self.wanted_markets
        return self.verdict is None and not waits

    def take(self, question: Question, answer: Answer, now_s: int) -> None:
        """The answer to one of `questions`. One that comes after the verdict changes nothing."""
        self._unanswered -= 1
        if self.verdict is not None:
            return
        if isinstance(answer, NoAnswer):
            self._give_up(f"{question.name}: {answer.reason}", now_s)
        elif question.name == "stats":
            self._take_stats(answer, now_s)
        elif not isinstance(answer, Page):
            self._give_up(f"{question.name}: the venue has none", now_s)
        elif question.name == "trades":
            self._take_trades(answer, now_s)
        elif question.name == "pnl":
            self._take_pnl(answer, now_s)
        else:
            self._take_positions(question, answer, now_s)

    def take_markets(self, told: ToldMarkets, now_s: int) -> None:
        """All of `wanted_markets` were asked for."""
        wanted, self.wanted_markets = self.wanted_markets, frozenset()
        failed = sorted(wanted & told.failures.keys())
        if self.verdict is not None:
            return
        if self.stage == 3:
            self._take_paid(wanted, told, now_s)
        elif failed:
            self._give_up(f"what {len(failed)} of its markets are about: {told.failures[failed[0]]}", now_s)
        else:
            self._take_categories(wanted, told, now_s)

    def _take_categories(self, wanted: frozenset[str], told: ToldMarkets, now_s: int) -> None:
        self.evidence = self.evidence._replace(markets=_known_of(wanted, told))
        if self._is_unchanged(told):
            self._keep_known()
            return
        self._end_or(self._judged(self._judge.trades, now_s), now_s, self._ask_record)

    def _take_paid(self, wanted: frozenset[str], told: ToldMarkets, now_s: int) -> None:
        """What the markets of its record paid in the end. A record is judged without, too: positions have results."""
        known = _known_of(wanted, told)
        if len(known) < len(wanted):
            self._note(f"what {len(wanted) - len(known)} markets of its record paid in the end")
        self.evidence = self.evidence._replace(markets={**self.evidence.markets, **known})
        self.verdict = self._judged(self._judge.record, now_s)

    def _is_unchanged(self, told: ToldMarkets) -> bool:
        """Whether it has neither traded since it was judged nor had a market resolved."""
        verdict, known = self._known.verdict, self._known.evidence
        if verdict is None or known is None or self.evidence.trades != known.trades:
            return False
        resolved = (each for each, market in self.evidence.markets.items() if market.payouts is not None)
        return all(told.seen_s.get(each, 0.0) <= verdict.judged_s for each in resolved)

    def _keep_known(self) -> None:
        self.verdict, self.is_old = self._known.verdict, True

    def _take_stats(self, answer: Any, now_s: int) -> None:  # noqa: ANN401 - told apart here
        if not isinstance(answer, WalletStats):
            self._give_up("the venue knows nothing of it", now_s)
            return
        if answer.wallet != self.wallet:
            self._give_up("stats: the venue answered about another wallet", now_s)
            return
        self.evidence = self.evidence._replace(stats=answer, stats_s=now_s)
        self._after_stats(now_s)

    def _after_stats(self, now_s: int) -> None:
        self._end_or(self._judged(self._judge.stats, now_s), now_s, self._ask_trades)

    def _ask_trades(self, now_s: int) -> None:
        self.stage = 2
        known = self._kept_trades(now_s)
        if known and self._is_current:
            self._want_markets(known, now_s)
            return
        # The last second is asked for again: more may have happened in it.
        start_s = min(known[-1].at_s, now_s) if known else None
        self._to_ask.append(questions.trades(self.wallet, start_s, TRADES))

    def _kept_trades(self, now_s: int) -> tuple[WalletActivity, ...]:
        """The trades that are kept of it, oldest first: without those that cannot have happened yet."""
        kept = self.evidence.trades or ()
        known = tuple(trade for trade in kept if trade.at_s - now_s <= AHEAD_S)
        if len(known) < len(kept):
            self._note(f"{len(kept) - len(known)} trades that were kept are dated ahead of this machine's clock")
            self.evidence = self.evidence._replace(trades=known)
        return known

    def _take_trades(self, page: Page[WalletActivity], now_s: int) -> None:
        page = not_ahead(page, now_s)
        new = tuple(trade for trade in page.rows if trade.wallet == self.wallet)
        self._refused("trades", page)
        if len(new) < len(page.rows):
            self._note(f"{len(page.rows) - len(new)} trades that came were another wallet's")
        merged = _merged(self.evidence.trades or (), new)[-TRADES:]
        self.evidence = self.evidence._replace(trades=merged)
        if not merged:
            self._give_up(page.refusal or "the venue has no trades of it", now_s)
            return
        self._want_markets(merged, now_s)

    def _want_markets(self, trades: tuple[WalletActivity, ...], now_s: int) -> None:
        self.wanted_markets = _markets_of(trades)
        if not self.wanted_markets:
            self._give_up("none of its trades names a market", now_s)

    def _ask_record(self, _now_s: int) -> None:
        self.stage = 3
        self._to_ask.append(questions.pnl(self.wallet))
        for status in STATUSES:
            self._walk(status, Walk(questions.positions(self.wallet, status), self._position_pages))

    def _take_pnl(self, page: Page[PnlPoint], now_s: int) -> None:
        # The venue may date a day's result at its end.
        page = not_ahead(page, now_s, _DAY_S + AHEAD_S)
        self._refused("daily results", page)
        self.evidence = self.evidence._replace(pnl=page.rows)
        self._end_when_whole(now_s)

    def _walk(self, status: PositionStatus, walk: Walk[WalletPosition]) -> bool:
        """Ask for the next page; False when there is none."""
        if walk.question is None:
            self._lists[status] = result = walk.result()
            if result.refused:
                self._note(f"{result.refused} {status} positions cannot be read: {result.refusal}")
            if result.stopped:
                self._note(f"{status} positions are looked at in part: {result.stopped}")
            return False
        self._walks[walk.question] = walk
        self._to_ask.append(walk.question)
        return True

    def _take_positions(self, question: Question, page: Page[WalletPosition], now_s: int) -> None:
        walk = self._walks.pop(question)
        walk.take(page)
        status = next(each for each in STATUSES if each == question.variant)
        if not self._walk(status, walk):
            self._end_when_whole(now_s)

    def _end_when_whole(self, now_s: int) -> None:
        """Judge the record when all of it is there."""
        if self._walks or self.evidence.pnl is None:
            return
        rows, in_part = listed_positions(self.wallet, self._lists)
        self.evidence = self.evidence._replace(positions=rows, positions_in_part=in_part)
        over = frozenset(row.condition_id for row in rows if row.status != "OPEN" and row.condition_id)
        self.wanted_markets = over - self.evidence.markets.keys()
        if not self.wanted_markets:
            self.verdict = self._judged(self._judge.record, now_s)

    def _judged(self, judge: Callable[[Evidence, int], WalletVerdict | None], now_s: int) -> WalletVerdict | None:
        """What the judge says; a wallet whose figures no judge can work with is through as well."""
        try:
            return judge(self.evidence, now_s)
        except (ArithmeticError, ValueError) as error:
            reason = f"its figures cannot be judged: {clean(str(error), 120)}"
            return not_scored(self.wallet, reason, self.stage, now_s, self._judge.profile)

    def _end_or(self, verdict: WalletVerdict | None, now_s: int, go_on: Any) -> None:  # noqa: ANN401 - a method
        if verdict is not None:
            self.verdict = verdict
        else:
            go_on(now_s)

    def _give_up(self, reason: str, now_s: int) -> None:
        self.verdict = not_scored(self.wallet, reason, self.stage, now_s, self._judge.profile)

    def _refused(self, name: str, page: Page[Any]) -> None:
        if page.refused:
            self._note(f"{page.refused} {name} cannot be read: {page.refusal}")

    def _note(self, text: str) -> None:
        self.evidence = self.evidence._replace(unknown=(*self.evidence.unknown, clean(text, 200)))


def not_scored(wallet: str, reason: str, stage: Stage, now_s: int, profile: str) -> WalletVerdict:
    """The verdict on a wallet that could not be judged, and why not."""
    return WalletVerdict(
        wallet=clean(wallet, 64),
        verdict="NOT SCORED",
        stage=stage,
        judged_s=now_s,
        profile=profile,
        reason=clean(reason, 240),
    )


def _merged(known: tuple[WalletActivity, ...], new: tuple[WalletActivity, ...]) -> tuple[WalletActivity, ...]:
    """Known trades and those since the last of them, oldest first; its second is told again, so it is dropped."""
    if not known or not new:
        return known or new
    return (*(trade for trade in known if trade.at_s < new[0].at_s), *new)


def _known_of(wanted: frozenset[str], told: ToldMarkets) -> dict[str, PredictionMarket]:
    return {each: told.markets[each] for each in sorted(wanted) if each in told.markets}


def _markets_of(trades: tuple[WalletActivity, ...]) -> frozenset[str]:
    return frozenset(trade.condition_id for trade in trades if trade.condition_id)
