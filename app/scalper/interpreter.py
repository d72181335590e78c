"""Has the scalper's questions answered by Ollama, one at a time; every outcome becomes an input.

One question is under way at most, under a deadline of its own. While the model is being loaded or measured, or when
nobody listens, a question is answered at once as failed: a late read is worth nothing, and the next is seconds away.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
import numpy as np

from app.config.settings import CostsSettings, ScalperSettings
from app.core.clock import Clock
from app.core.record import MODEL_CONNECTION, WITHDRAWN, Answer, Connected, Dropped, Kind, Request
from app.core.text import SafeText, clean
from app.feeds.backoff import Backoff
from app.feeds.inbox import Inbox
from app.scalper.asked_model import LOAD_LIMIT_S, REASON_LENGTH, AskedModel, failure, late_text, open_model
from app.scalper.desk import MODEL_VENUE
from app.scalper.interpreter_view import InterpreterState, InterpreterView, first_state
from app.scalper.models import ModelServerError
from app.scalper.pace import Pace, smaller_model_text

PROBE_LIMIT_S = 60.0
_LOOK_LIMIT_S = 2.0
"""For small questions about the server itself."""
_RETRY_S = (1.0, 10.0)
"""A server that comes back is found within one period of reads."""
_TRY_AGAIN_NS = 1_000_000_000

_pack = msgspec.msgpack.encode
_T = TypeVar("_T")


class Interpreter:
    """Asks Ollama one question at a time. `run` works until cancelled; `request` and `withdraw` never block."""

    def __init__(
        self,
        settings: ScalperSettings,
        costs: CostsSettings,
        inbox: Inbox,
        clock: Clock,
        generator: np.random.Generator | None = None,
    ) -> None:
        """`generator` draws the waiting times between tries (None: another each run)."""
        self._settings = settings
        self._costs = costs
        self._inbox = inbox
        self._clock = clock
        self._generator = np.random.default_rng() if generator is None else generator
        self._pace = Pace(settings)
        self._state, self._trouble = first_state(settings)
        self._model: AskedModel | None = None
        self._loading_since_ns: int | None = None
        self._load_s: float | None = None
        self._connect_failed_ns: int | None = None
        self._current: Request | None = None
        self._expires_at = 0.0
        self._asked = asyncio.Event()
        self._is_open = False
        self._own_business = ""
        self._announced: str | None = None
        self._probing_since_ns: int | None = None
        self._carrying: Request | None = None
        self._limit: asyncio.Timeout | None = None
        self._counts = dict.fromkeys(("asked", "answered", "failed", "timeouts", "not_sent", "withdrawn"), 0)

    def view(self) -> InterpreterView:
        """How it does."""
        billions = self._model.billions if self._model is not None else None
        advice = self._pace.advice(self._settings.model, billions) if self._state == "ready" else ""
        since_ns = self._loading_since_ns
        return InterpreterView(
            state=self._state,
            model=clean(self._settings.model),
            digest=self._model.digest if self._model is not None else SafeText(""),
            message=clean(advice or self._trouble, REASON_LENGTH),
            doing=clean(self._own_business, REASON_LENGTH),
            typical_s=self._pace.typical_s,
            measured_s=self._pace.measured_s,
            load_s=self._load_s if since_ns is None else self._seconds_since(since_ns),
            **self._counts,
        )

    def outstanding(self) -> list[Request]:
        """Requests that were asked and have not been answered."""
        return [] if self._current is None else [self._current]

    def request(self, request: Request) -> None:
        """Ask a question made by `app.scalper.question.ask`; its answer or its failure arrives as an input."""
        self._counts["asked"] += 1
        self._put(Kind.REQUEST, request)
        why_not = self._why_not()
        if why_not:
            self._counts["not_sent"] += 1
            self._put(Kind.ANSWER, failure(request, why_not))
            return
        self._current = request
        self._expires_at = asyncio.get_running_loop().time() + self._settings.deadline_s
        self._asked.set()
        if self._probing_since_ns is not None:
            self._cut_short()

    def withdraw(self, request_id: int) -> None:
        """Answer a question that still waits as failed, and stop asking it."""
        request = self._current
        if request is None or request.request_id != request_id:
            return
        self._counts["withdrawn"] += 1
        self._answer(request, failure(request, WITHDRAWN))
        if self._carrying is request:
            self._cut_short()

    async def run(self) -> None:
        """Make the client, have the model loaded, then answer questions until cancelled.

        Ends at once where no model is to be asked.
        """
        self._announce()
        if self._state in ("off", "refused"):
            return
        self._say("starting", "")
        model = await self._open()
        try:
            self._is_open = True
            await self._work(model)
        finally:
            self._is_open = False
            self._say("starting", "")
            if self._current is not None:
                self._answer(self._current, failure(self._current, "the engine has stopped asking"))
            await model.server.close()

    async def _open(self) -> AskedModel:
        try:
            self._model = await asyncio.to_thread(open_model, self._settings, self._costs)
        except Exception as error:
            self._say("failing", f"the model's client cannot be made ({error!r}); install tapedeck anew")
            raise
        return self._model

    async def _work(self, model: AskedModel) -> None:
        backoff = Backoff(self._generator, first_s=_RETRY_S[0], longest_s=_RETRY_S[1])
        await self._greet(model)
        while True:
            await self._question_within(None if self._state == "ready" else backoff.next_s())
            if self._current is not None:
                await self._carry_out(model, self._current)
            elif self._state != "ready":
                await self._greet(model)
            if self._state == "ready":
                backoff.reset()

    async def _question_within(self, wait_s: float | None) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._asked.wait()
        except TimeoutError:
            return
        self._asked.clear()

    # Questions.

    async def _carry_out(self, model: AskedModel, request: Request) -> None:
        started_ns = self._clock.monotonic_ns()
        self._carrying = request
        try:
            answer = await self._bounded(self._ask(model, request), self._expires_at)
        except TimeoutError:
            if self._current is request:
                self._timed_out(request)
                await self._look_why(model, request)
        except ModelServerError as error:
            self._note(error)
            self._fail(request, str(error), error.status)
        except msgspec.MsgspecError:
            self._fail(request, "the question cannot be read; it was not made by tapedeck")
        else:
            self._succeed(request, answer, self._seconds_since(started_ns))
        finally:
            self._carrying = None

    async def _ask(self, model: AskedModel, request: Request) -> Answer:
        if self._state != "ready":
            await self._identify(model)
        return await model.answer(request)

    def _succeed(self, request: Request, answer: Answer, seconds: float) -> None:
        if self._current is not request:
            return
        self._counts["answered"] += 1
        self._pace.answered(seconds)
        self._say("ready", "")
        self._answer(request, answer)

    def _timed_out(self, request: Request) -> None:
        self._counts["timeouts"] += 1
        self._pace.given_up()
        self._trouble = late_text(self._settings)
        self._fail(request, f"{self._trouble}; if that stays so, a smaller model helps")

    def _fail(self, request: Request, reason: str, status: int = 0) -> None:
        if self._current is request:
            self._counts["failed"] += 1
            self._answer(request, failure(request, reason, status))

    def _answer(self, request: Request, answer: Answer) -> None:
        if self._current is request:
            self._current = None
            self._put(Kind.ANSWER, answer)

    def _why_not(self) -> str:
        """Why a question cannot be asked now; empty when it can."""
        if self._state in ("off", "refused"):
            return self._trouble
        if self._current is not None:
            return "a read is under way"
        if not self._is_open:
            return self._trouble or "the model's client is starting"
        if self._own_business and not self._probe_may_end():
            return self._own_business
        failed_ns = self._connect_failed_ns
        if failed_ns is not None and self._clock.monotonic_ns() - failed_ns < _TRY_AGAIN_NS:
            return self._trouble
        return ""

    def _probe_may_end(self) -> bool:
        """Whether there is a probe that has had a whole period: reads come first then."""
        since_ns = self._probing_since_ns
        return since_ns is not None and self._seconds_since(since_ns) >= self._settings.every_s

    # The server.

    async def _greet(self, model: AskedModel) -> None:
        """Get to know a server, and have it load the model."""
        with self._busy("Ollama is being looked for"):
            try:
                await self._bounded(self._identify(model), self._from_now(_LOOK_LIMIT_S))
                await self._load(model)
            except ModelServerError as error:
                self._note(error)
            except TimeoutError:
                self._say("failing", f"Ollama did not tell its models within {_LOOK_LIMIT_S:g} s; restart it")

    async def _identify(self, model: AskedModel) -> None:
        """Learn which model there is, and that somebody listens again."""
        await model.identify()
        self._connect_failed_ns = None

    async def _load(self, model: AskedModel) -> None:
        """Have the model loaded, and take no questions meanwhile."""
        name = self._settings.model
        with self._busy(f"{name} is being loaded"):
            self._say("loading", "")
            self._loading_since_ns = self._clock.monotonic_ns()
            try:
                await self._bounded(model.load(), self._from_now(LOAD_LIMIT_S))
            except TimeoutError:
                advice = smaller_model_text(name, model.billions)
                self._say("failing", f"{name} was not loaded within {LOAD_LIMIT_S:g} s; {advice}")
            else:
                self._pace.forget()
                self._load_s = self._seconds_since(self._loading_since_ns)
                self._say("ready", "")
            finally:
                self._loading_since_ns = None

    async def _look_why(self, model: AskedModel, request: Request) -> None:
        """After a question that was given up: have a model that was put out of memory loaded; measure a slow one."""
        try:
            with self._busy(f"{self._settings.model} is late; Ollama is asked why"):
                if not await self._is_loaded(model):
                    await self._load(model)
                    return
            self._say("ready", self._trouble)
            if self._pace.wants_probe:
                await self._probe(model, request)
        except ModelServerError as error:
            self._note(error)

    async def _is_loaded(self, model: AskedModel) -> bool:
        """Whether the server has the model in memory; one that does not tell is taken to have it."""
        try:
            return await self._bounded(model.server.is_loaded(), self._from_now(_LOOK_LIMIT_S))
        except TimeoutError:
            return True
        except ModelServerError as error:
            if error.trouble in ("absent", "lost"):
                raise
            return True

    async def _probe(self, model: AskedModel, request: Request) -> None:
        """Ask once more without the deadline, to learn how long the model really takes."""
        with self._busy(f"{self._settings.model} is late; its time is being measured"):
            started_ns = self._probing_since_ns = self._clock.monotonic_ns()
            try:
                reply = await self._bounded(model.server.chat(request.body), self._from_now(PROBE_LIMIT_S))
            except TimeoutError:
                self._pace.probed(self._seconds_since(started_ns), finished=False)
            else:
                # Loading happens once, and is no part of a read.
                seconds = self._seconds_since(started_ns) - reply.load_ms / 1_000
                self._pace.probed(max(0.0, seconds), finished=True)
                self._say("ready", "")
            finally:
                self._probing_since_ns = None

    def _note(self, error: ModelServerError) -> None:
        """What a failure says of the server."""
        if error.trouble == "absent":
            self._connect_failed_ns = self._clock.monotonic_ns()
        if error.trouble in ("absent", "lost"):
            self._say("absent", str(error))
        elif error.trouble == "no model":
            self._say("no model", str(error))
        else:
            self._say("ready" if self._state == "ready" else "failing", str(error))

    # Small things.

    async def _bounded(self, work: Coroutine[Any, Any, _T], until: float) -> _T:
        """What comes of `work`. Raises `TimeoutError` at the loop's time `until`, or when it is cut short."""
        try:
            async with asyncio.timeout_at(until) as self._limit:
                return await work
        finally:
            self._limit = None

    def _cut_short(self) -> None:
        limit = self._limit
        # One that has just run out cannot be moved any more, and need not.
        if limit is not None and not limit.expired():
            limit.reschedule(asyncio.get_running_loop().time())

    @contextmanager
    def _busy(self, why: str) -> Iterator[None]:
        """Take no questions meanwhile: the server works on something of our own."""
        before, self._own_business = self._own_business, why
        try:
            yield
        finally:
            self._own_business = before

    def _say(self, state: InterpreterState, trouble: str) -> None:
        self._state, self._trouble = state, trouble
        self._announce()

    def _announce(self) -> None:
        """Tell the engine that questions are taken from now on, or that they are not, and why."""
        news = "" if self._state == "ready" else self._trouble or f"{self._settings.model}: {self._state}"
        if news == self._announced:
            return
        self._announced = news
        if news:
            self._put(Kind.DROP, Dropped(MODEL_VENUE, MODEL_CONNECTION, clean(news, REASON_LENGTH)))
        else:
            self._put(Kind.CONNECT, Connected(MODEL_VENUE, MODEL_CONNECTION))

    def _from_now(self, seconds: float) -> float:
        return asyncio.get_running_loop().time() + seconds

    def _seconds_since(self, monotonic_ns: int) -> float:
        return (self._clock.monotonic_ns() - monotonic_ns) / 1e9

    def _put(self, kind: Kind, payload: msgspec.Struct) -> None:
        self._inbox.put(0, kind, _pack(payload))
