"""The worker processes of the pool: as many as wanted, on the bundle that is pointed to, started again when lost.

None is wanted before the first question: until then the bundle is only verified. One more is wanted whenever what
waited at the last tick still waits. Lost workers are replaced at once, a few times a minute; beyond that all are ended,
the pool is told that there is no model, and now and then one worker is tried again. When another bundle is pointed to,
one worker is started on it while the others go on; only when that one is ready are they replaced, one by one, each
after the answer it is at.
"""

import asyncio
import contextlib
import functools
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Protocol

from app.config.token_settings import TokenModelSettings
from app.core.clock import Clock
from app.core.errors import BundleRefused
from app.engine.inference_health import Uptime
from app.engine.inference_member import Member
from app.engine.inference_process import StartWorker
from app.engine.inference_requests import FailureKind, Request
from app.engine.inference_target import Target, misnamed, pointed_target, verified
from app.tokens.worker_protocol import Answer, Failed, FromWorker, Numbers, Ready, Refused

TICK_S = 0.25
START_TIMEOUT_S = 30.0
_PING_S, _WINDOW_S, _SHORTEST_HANG_S = 5.0, 60.0, 0.5
_NO_BUNDLE = "no bundle is published; run `tapedeck train tokens`"
Report = Callable[[str], None]


class Desk(Protocol):
    """Who hands out the work."""

    def free(self) -> None:
        """Some worker is idle."""

    def answered(self, member: Member, batch: list[Request], numbers: Numbers) -> str:
        """A worker answered. Returns what is wrong with the answer; empty for nothing."""

    def unanswered(self, batch: list[Request], kind: FailureKind, reason: str) -> None:
        """A worker failed, or was lost with, a batch."""

    def changed(self) -> None:
        """Another bundle answers, or none."""

    def is_behind(self) -> bool:
        """Whether what has waited longest waited at the last look already."""


class Crew:
    """Keeps the workers: `wanted` at present, `most` at most.

    `halted` says why there are none; empty while there are, or will be once wanted. `bundle` is the one that answers,
    or would; `answering` is that of the worker that was ready last, None before the first.
    """

    def __init__(
        self,
        settings: TokenModelSettings,
        most: int,
        roots: Sequence[Path],
        clock: Clock,
        start: StartWorker,
        report: Report,
    ) -> None:
        self.wanted, self.most = 0, most
        self.members: list[Member] = []
        self.halted = ""
        self.serving: Target | None = None
        self.bundle: Ready | None = None
        self.restarts = self.reloads = self.refused = 0
        self.refused_reason = ""
        self.uptime = Uptime()
        self._settings = settings
        self._roots = roots
        self._clock = clock
        self._start = start
        self._report = report
        self._desk: Desk | None = None
        self._hang_s = max(_SHORTEST_HANG_S, settings.timeout_ms / 2_000)
        self._lost_s: deque[float] = deque()
        self._next_look_s = self._next_try_s = 0.0
        self._candidate: Target | None = None
        self._unfit: Target | None = None
        self.answering: Target | None = None
        self._examined: Target | None = None
        self._decided = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, desk: Desk) -> None:
        """Keep workers until cancelled; then end them all, and return when they are gone."""
        self._desk = desk
        self._next_look_s = self._next_try_s = 0.0
        try:
            while True:
                self._tick()
                await asyncio.sleep(TICK_S)
        finally:
            self.halted = "it was stopped"
            self._decided.set()
            await self._end_all()
            desk.changed()
            self._desk = None

    def call(self, count: int = 1) -> None:
        """Have `count` workers at least, as far as there may be so many, from now on."""
        if min(count, self.most) > self.wanted:
            self.wanted = min(count, self.most)
            if self._desk is not None:
                self._bring_in()

    async def first_start(self) -> None:
        """Call a worker if none was, and wait, at most 30 s, until the first one of all is ready or none will be."""
        if not self.halted:
            self.call()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._decided.wait()

    def idle(self) -> Member | None:
        """A worker that can be asked now, of the bundle that answers if there is one; None while there is none."""
        other = None
        for member in self.members:
            if member.is_idle:
                if member.target == self.serving:
                    return member
                other = member
        return other

    @property
    def ready(self) -> list[Member]:
        """The workers that answer."""
        return [member for member in self.members if member.is_serving]

    # What time brings.

    def _tick(self) -> None:
        for member in list(self.members):
            self._watch(member)
        now_s = self._now_s()
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + self._settings.reload_s
            self._look()
        if self.ready and self._told().is_behind():
            self.call(self.wanted + 1)
        self._bring_in()

    def _bring_in(self) -> None:
        """Start what is wanted and missing."""
        is_due = self._now_s() >= self._next_try_s
        if self.wanted and (self.halted or self.serving is None) and is_due and not self.members:
            self._try_one()
        self._fill()

    def _watch(self, member: Member) -> None:
        if member.state == "busy" and member.for_s > self._hang_s:
            member.kill(f"it did not answer within {self._hang_s:g} s")
        elif member.state == "starting" and member.for_s > START_TIMEOUT_S:
            member.kill(f"it was not ready within {START_TIMEOUT_S:g} s")
        elif member.is_idle and member.for_s > _PING_S:
            member.ask(())

    def _look(self) -> None:
        """Follow the pointer: a bundle that is not known to be unfit gets a worker to try it."""
        pointed, why_none = self._pointed()
        if not self.wanted:
            self._examine(pointed, why_none)
            return
        if pointed is None or pointed == self._unfit:
            return
        self._unfit = None
        is_other = pointed != self.serving
        if self.halted or self.serving is None:
            self._next_try_s = 0.0 if is_other else self._next_try_s
        elif not is_other:
            self._candidate = None
        elif pointed != self._candidate:
            self._candidate = pointed
            self._open(pointed)

    def _examine(self, pointed: Target | None, why_none: str) -> None:
        """Verify what is pointed to before a worker is wanted; what was refused, again after a while."""
        is_due = self._now_s() >= self._next_try_s
        if pointed is None and self.serving is None and is_due:
            self._halt(why_none)
        elif pointed is not None and (pointed != self._examined or (self.halted and is_due)):
            self._examined = pointed
            self._run(self._verify(pointed))

    async def _verify(self, target: Target) -> None:
        ready, flaw = await verified(target)
        if self.wanted or target != self._examined:
            return  # a worker tries it by now, or another one is pointed to
        if flaw:
            self._refuse(target, f"bundle {target.version}: {flaw}")
            if self.serving is None:
                self._halt(self.refused_reason)
        else:
            self.halted, self.serving, self.bundle = "", target, ready
            self._unfit, self._next_try_s = None, 0.0
            self._told().changed()

    def _pointed(self) -> tuple[Target | None, str]:
        """The bundle that the first root with a pointer points to, or why there is none."""
        try:
            return pointed_target(self._roots), _NO_BUNDLE
        except BundleRefused as error:
            self._refuse(None, f"the pointer: {error}")
            return None, self.refused_reason

    def _try_one(self) -> None:
        self._next_try_s = self._now_s() + self._settings.retry_s
        pointed, why_none = self._pointed()
        if pointed is None:
            self._halt(why_none)
        else:
            self.serving, self.bundle = pointed, None
            self._open(pointed)

    def _fill(self) -> None:
        """Start what is missing; while workers of an older bundle go on, one more than wanted, and one at a time."""
        if self.halted or self.serving is None or self._now_s() < self._next_try_s:
            return
        staying = [member for member in self.members if member.state != "leaving"]
        new = [member for member in staying if member.target == self.serving]
        room = self.wanted + (len(new) < len(staying)) - len(staying)
        for _ in range(min(room, self.wanted - len(new))):
            self._open(self.serving)

    # What becomes of a worker.

    def _open(self, target: Target) -> None:
        member = Member(target)
        self.members.append(member)
        self._run(self._bring_up(member))

    async def _bring_up(self, member: Member) -> None:
        hear, ended = functools.partial(self._hear, member), functools.partial(self._ended, member)
        try:
            member.link = await self._start(member.target.folder, hear, ended)
        except OSError as error:
            self._ended(member, f"it could not be started ({error.strerror or error})")
        else:
            if member.state == "leaving":
                await member.link.close()

    def _hear(self, member: Member, said: FromWorker, numbers: Numbers) -> None:
        member.hear()
        match said:
            case Answer(id=number) | Failed(id=number) if member.state != "starting" and number == member.number:
                self._settle(member, said, numbers)
            case Ready(version=version) if member.state == "starting" and version != member.target.version:
                member.refused = misnamed(version)
                member.kill(member.refused)
            case Ready() if member.state == "starting":
                self._welcome(member, said)
            case Refused(reason=reason) if member.state == "starting":
                member.refused = reason
            case _:
                member.kill("it said what it was not asked")

    def _welcome(self, member: Member, ready: Ready) -> None:
        member.ready = ready
        if member.target not in (self.serving, self._candidate):
            self._close(member)
            return
        member.enter("idle")
        if self.halted or member.target != self.answering:
            self._take_over(member, ready)
        self.uptime.note(self._clock.monotonic_ns(), is_up=True)
        self._dismiss_one()
        self._fill()
        self._told().free()

    def _take_over(self, member: Member, ready: Ready) -> None:
        """From now on its bundle is the one that answers."""
        self.reloads += self.answering not in (None, member.target)
        self._report(f"bundle {ready.version} ({ready.origin}) answers")
        self.halted, self.serving, self._candidate = "", member.target, None
        self.answering, self.bundle = member.target, ready
        self._decided.set()
        self._lost_s.clear()
        self._next_try_s = 0.0
        self._told().changed()

    def _settle(self, member: Member, said: Answer | Failed, numbers: Numbers) -> None:
        batch = member.take()
        flaw = said.reason if isinstance(said, Failed) else ""
        if not flaw and batch:
            flaw = self._told().answered(member, batch, numbers) if len(numbers) == len(batch) else "rows are missing"
        if batch or flaw:
            member.note(failed=bool(flaw))
        if flaw:
            self._told().unanswered(batch, "model", f"the model failed: {flaw}")
        if member.state == "busy":
            member.enter("idle")
            if flaw and member.mostly_fails:
                member.enter("leaving")
                self._lose("more than half of its answers failed")
                self._close(member)
        self._told().free()

    def _ended(self, member: Member, reason: str) -> None:
        if member not in self.members:
            return
        self.members.remove(member)
        was_up = member.ready is not None
        state, batch = member.state, member.take()
        if not self.ready:
            self.uptime.note(self._clock.monotonic_ns(), is_up=False)
        if batch:
            self._told().unanswered(batch, "worker", f"a worker was lost: {reason}")
        if state == "leaving":
            self._fill()
        elif was_up or (member.target == self.serving and not member.refused and not self.halted):
            self._lose(reason)
        else:
            self._never_ready(member, reason)

    def _never_ready(self, member: Member, reason: str) -> None:
        """A bundle could not be used, or a worker not be started. Those that answer go on."""
        if member.target == self._candidate:
            self._candidate = None
        words = f"bundle {member.target.version}: {member.refused or reason}"
        if member.refused or member.target != self.serving:
            self._refuse(member.target if member.refused else None, words)
        if member.target == self.serving:
            self._next_try_s = self._now_s() + self._settings.retry_s
            if not self.ready:
                self._halt(words)

    def _refuse(self, unfit: Target | None, reason: str) -> None:
        """Count and tell it unless it is as before. What is `unfit` is left alone until the pointer moves."""
        self._unfit = unfit or self._unfit
        if reason != self.refused_reason:
            self.refused += 1
            self.refused_reason = reason
            self._report(f"a bundle was refused. {reason}")

    def _lose(self, reason: str) -> None:
        """A worker that answered, or should have, is gone: replace it, or give up for a while."""
        now_s = self._now_s()
        while self._lost_s and self._lost_s[0] <= now_s - _WINDOW_S:
            self._lost_s.popleft()
        if self.halted:
            return
        if len(self._lost_s) >= self._settings.restarts_a_minute:
            self._halt(f"workers were lost {len(self._lost_s) + 1} times in {_WINDOW_S:g} s, at last because {reason}")
            return
        self._lost_s.append(now_s)
        self.restarts += 1
        self._fill()

    def _halt(self, reason: str) -> None:
        if self.halted != reason:
            self._report(f"strategy-only: {reason}")
        self.halted = reason
        self._decided.set()
        self._next_try_s = self._now_s() + self._settings.retry_s
        for member in list(self.members):
            self._told().unanswered(member.take(), "worker", f"a worker was lost: {reason}")
            self._close(member)
        self.uptime.note(self._clock.monotonic_ns(), is_up=False)
        self._told().changed()

    def _dismiss_one(self) -> None:
        """One worker of an older bundle leaves, if there are enough without it."""
        old = [member for member in self.ready if member.target != self.serving]
        if old and len(self.ready) > self.wanted:
            self._close(old[0])

    def _close(self, member: Member) -> None:
        member.enter("leaving")
        if member.link is not None:
            self._run(member.link.close())

    async def _end_all(self) -> None:
        for member in list(self.members):
            self._close(member)
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _told(self) -> Desk:
        if self._desk is None:
            raise AssertionError("a worker speaks before the crew runs")
        return self._desk

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9
