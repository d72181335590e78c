"""Scans wallets on a venue: carries the questions of a `Scan` and keeps what it says."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from app.config.wallet_settings import ScannerSettings
from app.core.clock import Clock
from app.core.errors import FrameError
from app.core.text import SafeText, clean
from app.feeds.polymarket.carrier import Carrier
from app.feeds.polymarket.questions import Question
from app.feeds.request_client import Carried
from app.wallets.answers import Answer, NoAnswer, read_answer
from app.wallets.caches import BodyCache, BoundedCache, CacheFigures
from app.wallets.funnel import Evidence, StageJudge
from app.wallets.keeping import KeptRows, Shelf
from app.wallets.scan import Scan
from app.wallets.scan_report import ScanReport, Work, calls_of, split
from app.wallets.scan_values import STAGE_OF, Ask, Finished, ScanPlan, ScanProgress
from app.wallets.silence import HOPELESS, Silence

OnProgress = Callable[[ScanProgress], None]
OnFinished = Callable[[Finished], None]

_SOURCES = frozenset({"leaderboard", "holders", "market_trades"})
_OK, _UNREACHED = 200, 0
_NOTHING = Question("stats", ())
_NO_NEWS = Carried(0, b"", clean("cancelled"), 0)


class Memory(NamedTuple):
    """How large the program is, and how large it may be, in bytes."""

    resident_bytes: Callable[[], int]
    limit_bytes: int

    @property
    def is_over(self) -> bool:
        """Whether it is larger now than it may be."""
        return self.resident_bytes() > self.limit_bytes


class Caches:
    """Answers and verdicts in memory, for all scans of a program."""

    def __init__(self, settings: ScannerSettings) -> None:
        limit = settings.cache_mb * 1_000_000
        self.answers: BodyCache[Question] = BodyCache(ttl_s=settings.cache_s, limit_bytes=limit)
        self.verdicts: BoundedCache[str, KeptRows] = BoundedCache(ttl_s=settings.holds_h * 3_600, limit_bytes=limit)

    def figures(self, now_s: float) -> dict[str, CacheFigures]:
        """What each holds."""
        return {"answers": self.answers.figures(now_s), "verdicts": self.verdicts.figures(now_s)}

    def clear(self) -> None:
        """Give memory back."""
        self.answers.clear()
        self.verdicts.clear()


class Scanner:
    """One scan under way. `carrier`, `shelf` and `caches` may serve several, one after another."""

    def __init__(
        self,
        plan: ScanPlan,
        judge: StageJudge,
        carrier: Carrier,
        shelf: Shelf,
        caches: Caches,
        clock: Clock,
        *,
        memory: Memory | None = None,
        on_progress: OnProgress | None = None,
        on_finished: OnFinished | None = None,
    ) -> None:
        self.scan = Scan(plan, judge)
        self._plan = plan
        self._carrier, self._shelf, self._caches, self._clock = carrier, shelf, caches, clock
        self._memory = memory
        self._on_progress, self._on_finished = on_progress, on_finished
        self._work = Work()
        self._finished: list[Finished] = []
        self._answers: asyncio.Queue[tuple[Ask, Carried]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._checked = 0
        self._silence = Silence()
        self._is_held = self._is_reached = False
        self._fault: BaseException | None = None
        self._stopped = SafeText("")
        self._started_ns = clock.monotonic_ns()
        self._first_wallet_ns: int | None = None

    def cancel(self, reason: str = "cancelled") -> None:
        """End the scan; what is finished stays. `run` returns soon."""
        self._stopped = clean(reason, 200)
        self.scan.cancel()
        # Wakes `run`; nobody waits for an answer of this number.
        self._answers.put_nowait((Ask(0, _NOTHING), _NO_NEWS))

    async def run(self) -> ScanReport:
        """Scan to the end. Never raises for what the venue does."""
        stored = await self._shelf.begin(self._plan, self._now_ms())
        for market, seen_s in await self._shelf.markets():
            self.scan.desk.know(market, seen_s)
        self._started_ns = self._clock.monotonic_ns()
        try:
            self.scan.begin(self._now_s())
            await self._go()
        finally:
            self._keep()
            await self._end_tasks()
        report = self._report()
        if not self._stopped:
            await self._shelf.end(stored, self._now_ms(), len(report.verdicts), len(report.not_scored))
        return report

    async def _go(self) -> None:
        while True:
            await self._look_up()
            self._keep()
            self._carry_all()
            if self.scan.is_over or self.scan.is_cancelled:
                return
            self._take(*await self._answers.get())
            if self._fault is not None:
                raise self._fault
            self._mind_memory()

    async def _look_up(self) -> None:
        while wallets := self.scan.lookups():
            if self._first_wallet_ns is None:
                self._first_wallet_ns = self._clock.monotonic_ns()
            known = await self._shelf.known(wallets, self._now_ms())
            began_ns = self._clock.monotonic_ns()
            self.scan.know(known, self._now_s())
            self._work.by_stage[1] += self._clock.monotonic_ns() - began_ns

    def _carry_all(self) -> None:
        for ask in self.scan.asks():
            body = self._caches.answers.body(ask.question, self._now_s()) if _is_cached(ask.question) else None
            if body is not None:
                self._answers.put_nowait((ask, Carried(_OK, body, SafeText(""), 0)))
                continue
            task = asyncio.create_task(self._carry(ask))
            self._tasks.add(task)
            task.add_done_callback(self._carried)

    async def _carry(self, ask: Ask) -> None:
        self._answers.put_nowait((ask, await self._carrier.carry(ask.question)))

    def _carried(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._fault = task.exception()
            self._answers.put_nowait((Ask(0, _NOTHING), _NO_NEWS))

    def _take(self, ask: Ask, carried: Carried) -> None:
        began_ns = self._clock.monotonic_ns()
        self.scan.take(ask.number, self._read(ask.question, carried), self._now_s())
        self._work.by_stage[STAGE_OF.get(ask.question.name, 0)] += self._clock.monotonic_ns() - began_ns

    def _read(self, question: Question, carried: Carried) -> Answer:
        is_gone = self._silence.is_hopeless_after(carried.status)
        self._is_reached |= carried.status != _UNREACHED or carried.tries <= 1
        if is_gone and not self.scan.is_cancelled:
            self.cancel(f"{HOPELESS} calls in a row failed: {carried.error}")
        elif not self._is_reached and not self.scan.is_cancelled:
            # All others would only wait as long for the same.
            self.cancel(carried.error)
        if carried.error:
            return NoAnswer(clean(f"{carried.error} ({carried.tries} tries)", 240))
        try:
            answer = read_answer(question, carried.body)
        except FrameError as error:
            return NoAnswer(clean(str(error), 240))
        # What cannot be read is asked for again by the next scan.
        if _is_cached(question) and carried.tries:
            self._caches.answers.keep(question, carried.body, self._now_s())
        return answer

    def _keep(self) -> None:
        """Verdicts are kept as they come, so that a crash loses none but the last fraction of a second."""
        now_ms = self._now_ms()
        self._shelf.keep_markets(self.scan.desk.news())
        finished = self.scan.finished()
        for each in finished:
            self._shelf.keep(each, now_ms)
            if self._on_finished is not None:
                self._on_finished(each)
        # The report needs verdicts and origins; what they rest on would grow with every wallet.
        self._finished += [each._replace(evidence=Evidence(each.evidence.wallet)) for each in finished]
        if finished and self._on_progress is not None:
            self._on_progress(self.scan.progress())

    def _mind_memory(self) -> None:
        """After each batch: above the limit caches are emptied, and no wallet is begun until it is smaller."""
        if self._memory is None or (len(self._finished) < self._checked + self._plan.batch_size and not self._is_held):
            return
        self._checked = len(self._finished)
        is_over = self._memory.is_over
        if is_over:
            self._caches.clear()
            self.scan.forget()
            is_over = self._memory.is_over
        if is_over and self.scan.progress().under_way == 0 and not self.scan.is_over:
            # Waiting would free nothing: no wallet under way is left to end.
            self.cancel("the program stays above scanner.memory_mb; raise it or lower scanner.limit")
        elif is_over != self._is_held:
            self._is_held = is_over
            self.scan.hold(self._now_s(), held=is_over)

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _report(self) -> ScanReport:
        progress = self.scan.progress()
        made = calls_of(self._carrier.windows.usage())
        verdicts, unscored = split(self._finished)
        return ScanReport(
            wallets=progress.finished,
            wallets_per_minute=self._wallets_per_minute(progress.finished),
            elapsed_s=round((self._clock.monotonic_ns() - self._started_ns) / 1e9, 3),
            calls=made.calls,
            calls_allowed_pct=made.calls_allowed_pct,
            tightest=made.tightest,
            limits=made.limits,
            stages=self._work.stages(progress),
            unchanged=progress.unchanged,
            resumed=self._shelf.is_resumed,
            targets=progress.targets,
            watchlist=progress.watchlist,
            verdicts=verdicts,
            not_scored=unscored,
            origins={each.candidate.wallet: each.candidate.origin for each in self._finished},
            troubles=tuple(self.scan.troubles),
            retries=self._carrier.retries,
            failures=self._carrier.failures,
            caches=self._caches.figures(self._now_s()),
            average_ms=self._work.average_ms(progress.finished),
            stopped=self._stopped,
            damaged=self._shelf.damaged,
        )

    def _wallets_per_minute(self, wallets: int) -> float:
        if self._first_wallet_ns is None:
            return 0.0
        scanning_s = (self._clock.monotonic_ns() - self._first_wallet_ns) / 1e9
        return round(wallets / scanning_s * 60, 1) if scanning_s else 0.0

    def _now_s(self) -> int:
        return self._clock.wall_ns() // 1_000_000_000

    def _now_ms(self) -> int:
        return self._clock.wall_ns() // 1_000_000


def _is_cached(question: Question) -> bool:
    """Sources are asked anew each time: what is new is what a scan is for."""
    return question.name not in _SOURCES
