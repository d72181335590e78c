"""A scan over many wallets: says what to ask next, is told the answers, gives verdicts as they come. Pure.

It reads no clock and does no I/O: the time comes with each input, and what it does depends on the order of inputs
alone, so that the same answers in the same order give the same verdicts.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping

from app.core.errors import TapedeckError
from app.core.text import clean
from app.feeds.polymarket.pages import Page
from app.feeds.polymarket.questions import Question
from app.wallets.answers import Answer, NoAnswer
from app.wallets.funnel import Evidence, Funnel, KnownWallet, StageJudge, not_scored
from app.wallets.market_desk import MarketDesk
from app.wallets.scan_values import Ask, Finished, ScanPlan, ScanProgress, StageCount
from app.wallets.sources import Candidate, Sources, SourceTrouble
from app.wallets.values import WalletVerdict

BEGIN_AT_ONCE = 4
"""Wallets that an input begins at most, where it is to cost little: a millisecond each where much is known."""


class Scan:
    """One scan. Fetch `asks`, `lookups` and `finished` after every input, until `is_over`."""

    def __init__(self, plan: ScanPlan, judge: StageJudge, *, in_parts: bool = False) -> None:
        """With `in_parts` an answer begins few wallets and judges none for what markets are: `go_on` judges one."""
        self.plan = plan
        everybody = plan.max_concurrent + plan.batch_size
        self._in_parts = in_parts
        self._begin_at_once, self._judge_at_once = (BEGIN_AT_ONCE, 1) if in_parts else (everybody, everybody)
        # Wallets whose markets are told, and those of them that could not be asked for.
        self._released: deque[tuple[str, frozenset[str]]] = deque()
        self.desk = MarketDesk(plan.market_fresh_s)
        self.is_cancelled = False
        self._sources = Sources(plan.sources, plan.listed, plan.finders)
        self._judge = judge
        self._is_held = False
        self._number = 0
        self._asked: dict[int, tuple[Question, str]] = {}
        self._asks: list[Ask] = []
        self._lookups: list[str] = []
        self._looking_up: dict[str, Candidate] = {}
        self._ready: deque[tuple[Candidate, KnownWallet]] = deque()
        self._funnels: dict[str, tuple[Candidate, Funnel]] = {}
        # Wallets that wait to be told what markets are about, and which ones.
        self._waiting: dict[str, set[str]] = {}
        self._new_waiters = 0
        self._finished: list[Finished] = []
        self._counts: Counter[str] = Counter()
        self._stages: dict[str, Counter[int]] = {name: Counter() for name in ("seen", "REJECTED", "NOT SCORED")}

    def begin(self, now_s: int) -> None:
        """Start: entries of the list that are no addresses are through at once."""
        for refused in self._sources.refused[: self.plan.limit]:
            verdict = not_scored(refused.text, refused.reason, 1, now_s, self._judge.profile)
            self._counts["found"] += 1
            self._stages["seen"][1] += 1
            self._finish(Candidate(wallet=refused.text, origin="list"), verdict, Evidence(refused.text))
        self._move(now_s)

    def asks(self) -> list[Ask]:
        """Questions to be carried since the last time."""
        asks, self._asks = self._asks, []
        return asks

    def lookups(self) -> list[str]:
        """Wallets whose `KnownWallet`s are wanted, to be told with `know`."""
        lookups, self._lookups = self._lookups, []
        return lookups

    def finished(self) -> list[Finished]:
        """Wallets that are through since the last time."""
        finished, self._finished = self._finished, []
        return finished

    def know(self, known: Mapping[str, KnownWallet], now_s: int) -> None:
        """What is kept of the wallets that were looked up; those that are missing are new."""
        looked_up, self._looking_up = self._looking_up, {}
        for wallet, candidate in looked_up.items():
            kept = known.get(wallet, KnownWallet())
            self._ready.append((candidate, kept))
        self._move(now_s)

    def take(self, number: int, answer: Answer, now_s: int) -> None:
        """The answer to the question of this number. One that nobody waits for changes nothing."""
        asked = self._asked.pop(number, None)
        if asked is None:
            return
        question, wallet = asked
        if wallet:
            self._take_for(wallet, question, answer, now_s)
        elif question.name == "markets":
            self._take_markets(question, answer, now_s)
        else:
            self._sources.take(answer)
        self._move(now_s)

    @property
    def has_work(self) -> bool:
        """Whether `go_on` has something to do."""
        can_begin = bool(self._ready) and not self._is_held and self._has_room
        return not self.is_cancelled and (bool(self._released) or can_begin)

    def go_on(self, now_s: int) -> None:
        """Do a part of what waits for nothing from outside."""
        self._release(now_s)
        self._move(now_s)

    def hold(self, now_s: int, *, held: bool) -> None:
        """While held no wallet is started; those under way go on."""
        self._is_held = held
        self._move(now_s)

    def forget(self) -> None:
        """Give memory back: markets are asked for again when they are needed."""
        waiting = (*self._waiting, *(wallet for wallet, _ in self._released))
        self.desk.forget({each for wallet in waiting for each in self._funnels[wallet][1].wanted_markets})

    def cancel(self) -> None:
        """End now: what was not finished is left out, and answers that still come change nothing."""
        self.is_cancelled = True
        self._sources.close()
        for pending in (
            self._asked,
            self._asks,
            self._lookups,
            self._looking_up,
            self._ready,
            self._funnels,
            self._released,
        ):
            pending.clear()
        self._waiting.clear()

    @property
    def is_over(self) -> bool:
        """Whether every wallet is through."""
        is_idle = not (self._funnels or self._ready or self._looking_up)
        return is_idle and (self._is_full or (self._sources.is_empty and not self._asked))

    @property
    def troubles(self) -> list[SourceTrouble]:
        """Sources that did not answer, or not in full."""
        return self._sources.troubles

    def progress(self) -> ScanProgress:
        """How far it is."""
        first, second, third = (
            StageCount(*(self._stages[name][stage] for name in ("seen", "REJECTED", "NOT SCORED")))
            for stage in (1, 2, 3)
        )
        return ScanProgress(
            wanted=self.plan.limit,
            found=self._counts["found"] + self._sources.waiting,
            finished=self._counts["finished"],
            unchanged=self._counts["unchanged"],
            under_way=len(self._funnels),
            targets=self._counts["TARGET"],
            watchlist=self._counts["WATCHLIST"],
            not_scored=self._counts["NOT SCORED"],
            stages=(first, second, third),
            is_over=self.is_over,
            is_cancelled=self.is_cancelled,
        )

    @property
    def _has_room(self) -> bool:
        return len(self._funnels) < self.plan.max_concurrent

    @property
    def _is_full(self) -> bool:
        return self._counts["found"] >= self.plan.limit

    def _move(self, now_s: int) -> None:
        """Whatever can be done without another input."""
        if self.is_cancelled:
            return
        self._look_up()
        begun = 0
        while self._ready and self._has_room and not self._is_held and begun < self._begin_at_once:
            begun += 1
            self._start(*self._ready.popleft(), now_s)
            self._look_up()
        if self._sources.waiting < self.plan.batch_size and not self._is_full:
            self._ask_all([question] if (question := self._sources.question()) else [])
        asked = self.desk.questions(now=self._is_time_for_markets())
        if asked:
            self._new_waiters = 0
        self._ask_all(asked)

    def _look_up(self) -> None:
        """Have the next batch looked up as soon as the one before is used up."""
        if self._looking_up or self._ready:
            return
        while len(self._looking_up) < self.plan.batch_size and not self._is_full:
            candidate = self._sources.next()
            if candidate is None:
                break
            self._counts["found"] += 1
            self._looking_up[candidate.wallet] = candidate
        self._lookups.extend(self._looking_up)

    def _start(self, candidate: Candidate, kept: KnownWallet, now_s: int) -> None:
        funnel = Funnel(
            candidate.wallet,
            self._judge,
            position_pages=self.plan.position_pages,
            known=kept,
            is_current=candidate.has_not_traded_since(kept),
        )
        self._funnels[candidate.wallet] = candidate, funnel
        self._stages["seen"][1] += 1
        funnel.begin(now_s)
        self._go_on(candidate.wallet, 1, now_s)

    def _take_for(self, wallet: str, question: Question, answer: Answer, now_s: int) -> None:
        if wallet not in self._funnels:
            return
        funnel = self._funnels[wallet][1]
        stage = funnel.stage
        funnel.take(question, answer, now_s)
        self._go_on(wallet, stage, now_s)

    def _go_on(self, wallet: str, stage: int, now_s: int) -> None:
        """What a wallet wants after an input; `stage` is where it was before."""
        candidate, funnel = self._funnels[wallet]
        if funnel.wanted_markets:
            missing = self.desk.want(funnel.wanted_markets, now_s)
            if missing:
                self._waiting[wallet] = set(missing)
                self._new_waiters += 1
            else:
                funnel.take_markets(self.desk.told(), now_s)
        reached = funnel.verdict.stage if funnel.verdict is not None else funnel.stage
        self._stages["seen"].update(range(stage + 1, reached + 1))
        if funnel.verdict is not None:
            del self._funnels[wallet]
            self._finish(candidate, funnel.verdict, funnel.evidence, is_old=funnel.is_old)
            return
        if funnel.is_stuck:
            raise TapedeckError(f"the scan waits for nothing and {wallet} has no verdict; please report this")
        self._ask_all(funnel.questions(), wallet)

    def _take_markets(self, question: Question, answer: Answer, now_s: int) -> None:
        is_usable = isinstance(answer, Page | NoAnswer)
        settled = self.desk.take(question, answer if is_usable else NoAnswer(clean("the venue has none")), now_s)  # type: ignore[arg-type]
        unsettled = {value for key, value in question.query if key == "condition_ids"} - settled
        for wallet, missing in list(self._waiting.items()):
            # A wallet with a market that could not be asked for is through: it need not wait for the others.
            failed = self.desk.failures.keys() & missing
            self._new_waiters += bool(missing & unsettled)
            missing -= settled
            if failed or not missing:
                del self._waiting[wallet]
                self._released.append((wallet, frozenset(failed)))
        if not self._in_parts:
            self._release(now_s)

    def _release(self, now_s: int) -> None:
        for _ in range(min(len(self._released), self._judge_at_once)):
            wallet, failed = self._released.popleft()
            funnel = self._funnels[wallet][1]
            stage = funnel.stage
            funnel.take_markets(self.desk.told(failed & self.desk.failures.keys()), now_s)
            self._go_on(wallet, stage, now_s)

    def _is_time_for_markets(self) -> bool:
        """Whether a call that is not full should go: many wait for it, or nothing else could fill it."""
        if self._new_waiters * 4 >= self.plan.max_concurrent:
            return True
        return not self._looking_up and all(question.name == "markets" for question, _ in self._asked.values())

    def _ask_all(self, asked: Iterable[Question], wallet: str = "") -> None:
        for question in asked:
            self._number += 1
            self._asked[self._number] = question, wallet
            self._asks.append(Ask(self._number, question))

    def _finish(
        self, candidate: Candidate, verdict: WalletVerdict, evidence: Evidence, *, is_old: bool = False
    ) -> None:
        self._counts["finished"] += 1
        self._counts["unchanged"] += is_old
        self._counts[verdict.verdict] += 1
        if verdict.verdict in self._stages:
            self._stages[verdict.verdict][verdict.stage] += 1
        self._finished.append(Finished(candidate, verdict, evidence, is_old))
