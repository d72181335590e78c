"""The token model, asked without ever holding the loop: requests wait here for worker processes, up to a deadline."""

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path

from app.config.token_settings import TokenModelSettings
from app.core.clock import Clock
from app.core.processors import usable_processors
from app.engine.inference_cache import TimedCache
from app.engine.inference_crew import Crew, Report
from app.engine.inference_health import InferenceHealth, ModelMode, RequestMeter, share_pct
from app.engine.inference_member import Member
from app.engine.inference_process import Ended, Hear, StartWorker, WorkerLink, start_process, worker_command
from app.engine.inference_requests import FailureKind, Prediction, PredictionError, Request, RequestQueue
from app.tokens.features import Singles
from app.tokens.worker_protocol import Numbers, row_bytes


class InferencePool:
    """Answers what a token's future may be, from worker processes (docs/inference.md).

    `run` keeps the workers; without it nothing is answered. The first question brings the first worker.
    """

    def __init__(
        self,
        settings: TokenModelSettings,
        roots: Sequence[Path],
        clock: Clock,
        report: Report,
        *,
        start: StartWorker | None = None,
        cores: int | None = None,
    ) -> None:
        """`roots` are folders of bundles (`app.tokens.bundle`): the first that points to one is followed. `report` is
        told what a user should hear of. `start` takes the place of real processes, `cores` of the machine's."""
        self._timeout_s = settings.timeout_ms / 1_000
        self._late = f"the token model had no answer within {self._timeout_s:g} s"
        self._clock = clock
        self._queue = RequestQueue(settings.waiting)
        self._meter = RequestMeter()
        self._predictions: TimedCache[bytes, Prediction] = TimedCache(settings.cache_s, settings.cached)
        self._oldest: Request | None = None
        most = min(settings.workers, cores or usable_processors())
        self.crew = Crew(settings, most, roots, clock, start or _starter(settings), report)

    async def run(self) -> None:
        """Keep the workers until cancelled; returns when all are gone and every request has ended."""
        await self.crew.run(self)

    async def predict(self, row: Singles) -> Prediction:
        """What the model says of one row of features (628 float32, finite).

        Raises `PredictionError`, at the latest when the deadline has passed, `ValueError` for what is no row.
        """
        key = row_bytes(row)
        started_ns = self._clock.monotonic_ns()
        kept = self._predictions.get(key, started_ns)
        try:
            prediction = kept or await self._asked(key)
        except PredictionError as error:
            self._meter.failed(error.kind)
            raise
        except asyncio.CancelledError:
            self._meter.cancelled += 1
            raise
        self._meter.answered(started_ns, self._clock.monotonic_ns(), by_worker=kept is None)
        return prediction

    async def predict_together(self, rows: Sequence[Singles]) -> list[Prediction]:
        """What the model says of rows that are no token's own, asked in one go: neither kept nor counted.

        Raises `PredictionError` when one of them has no answer, at the latest when the deadline has passed,
        `ValueError` for what is no row.
        """
        self._admit()
        loop = asyncio.get_running_loop()
        requests = [Request(row_bytes(row), loop.create_future(), is_kept=False) for row in rows]
        deadlines = [loop.call_later(self._timeout_s, each.fail, "deadline", self._late) for each in requests]
        for request in requests:
            self._queue.enter(request)
        self.free()
        try:
            return await asyncio.gather(*(request.answer for request in requests))
        finally:
            for request, deadline in zip(requests, deadlines, strict=True):
                deadline.cancel()
                request.answer.cancel()

    async def _asked(self, row: bytes) -> Prediction:
        self._admit()
        loop = asyncio.get_running_loop()
        request = Request(row, loop.create_future())
        deadline = loop.call_later(self._timeout_s, request.fail, "deadline", self._late)
        self._queue.enter(request)
        self.free()
        try:
            return await request.answer
        finally:
            deadline.cancel()

    def _admit(self) -> None:
        """Refuse what nobody would answer; have a worker come for what may wait."""
        if self.crew.halted:
            raise PredictionError("strategy-only", f"The token model is not asked: {self.crew.halted}")
        self.crew.call()
        if self._queue.is_full:
            raise PredictionError("too many", f"{len(self._queue)} requests wait for the token model; ask again later")

    # What the crew says: see `Desk`.

    def free(self) -> None:
        """Hand out what waits, as long as somebody is idle."""
        if self._queue:
            self.crew.call()
        while self._queue and (member := self.crew.idle()) is not None:
            if member.heard_s < self._queue.wants_heard_since_s:
                member.ask(())
            elif batch := self._queue.batch():
                member.ask(batch)

    def answered(self, member: Member, batch: list[Request], numbers: Numbers) -> str:
        """Give the answers of a batch to those that wait. Returns what is wrong with them; empty for nothing."""
        if not all(map(_is_sound, numbers)):
            return "a probability is not between 0 and 1, or a number not finite"
        ready = member.ready
        if ready is None:
            raise AssertionError("only a worker that was ready is asked")
        now_ns = self._clock.monotonic_ns()
        is_current = member.target == self.crew.serving
        for request, (p_rise, gain_pct, p_rug) in zip(batch, numbers, strict=True):
            prediction = Prediction(p_rise, gain_pct, p_rug, ready.version, ready.origin)
            request.give(prediction)
            if is_current and request.is_kept:
                self._predictions.put(request.row, prediction, now_ns)
        return ""

    def unanswered(self, batch: list[Request], kind: FailureKind, reason: str) -> None:
        """Ask once more what was asked of a worker that failed."""
        self._queue.again(batch, kind, reason)
        self.free()

    def changed(self) -> None:
        """Another bundle answers, or none: what the one before said is forgotten, and nobody waits for none."""
        self._predictions.clear()
        if self.crew.halted:
            self._queue.fail_all("strategy-only", f"The token model is not asked: {self.crew.halted}")

    def is_behind(self) -> bool:
        """Whether what has waited longest waited at the last look already: another worker would have taken it."""
        before, self._oldest = self._oldest, self._queue.oldest
        return self._oldest is not None and self._oldest is before

    def health(self) -> InferenceHealth:
        """The state of the pool, now."""
        crew, meter, now_ns = self.crew, self._meter, self._clock.monotonic_ns()
        ready = crew.ready
        bundle = None if crew.halted else crew.bundle
        mode, reason = self._mode()
        p50, p95, p99 = meter.latencies_ms()
        return InferenceHealth(
            mode=mode,
            mode_reason=reason,
            version=bundle.version if bundle else "",
            origin=bundle.origin if bundle else None,
            made_at_s=bundle.made_at_s if bundle else 0,
            workers=len(ready),
            workers_wanted=crew.wanted,
            restarts=crew.restarts,
            uptime_pct=crew.uptime.percent(now_ns),
            latency_ms_p50=p50,
            latency_ms_p95=p95,
            latency_ms_p99=p99,
            answers=meter.answers,
            answers_per_min=meter.in_last_minute(now_ns),
            cancelled=meter.cancelled,
            waiting=len(self._queue),
            errors={str(kind): count for kind, count in meter.errors.items()},
            error_pct=meter.error_pct(),
            prediction_hit_pct=share_pct(self._predictions.hits, self._predictions.misses),
            reloads=crew.reloads,
            refused=crew.refused,
            refused_reason=crew.refused_reason,
            workers_most=crew.most,
            cached=meter.cached,
        )

    def _mode(self) -> tuple[ModelMode, str]:
        """Whether it would answer, and why not. Before the first question nobody has to be there for it."""
        crew = self.crew
        if crew.halted:
            return "STRATEGY-ONLY", crew.halted
        if crew.ready or (crew.bundle is not None and crew.answering is None):
            return "ML", ""
        if crew.answering is not None:
            return "STRATEGY-ONLY", "its workers are starting"
        return "NOT YET", "its bundle is being verified"


def _starter(settings: TokenModelSettings) -> StartWorker:
    async def start(folder: Path, hear: Hear, ended: Ended) -> WorkerLink:
        return await start_process(worker_command(settings.runtime, settings.memory_mb, folder), hear, ended)

    return start


def _is_sound(prediction: tuple[float, ...]) -> bool:
    p_rise, gain_pct, p_rug = prediction
    return 0 <= p_rise <= 1 and 0 <= p_rug <= 1 and math.isfinite(gain_pct)
