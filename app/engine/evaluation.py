"""A tape through the engine at full speed, with the reads that it holds, or with a model asked anew on the way.

When a model is asked, the desk decides when and about what, from the tape's own times. The tape stands still until the
answer is there; the answer enters at the time of its question plus what it really took. So what comes out is a function
of the tape, of the answers and of how long they took.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

from app.config.settings import PaperSettings, Settings
from app.core.calls import Call
from app.core.errors import FrameError
from app.core.events import NoRead, ScalperRead
from app.core.record import MODEL_CONNECTION, Answer, Connected, Dropped, Kind, Record, Request
from app.core.text import clean
from app.engine.core import Core
from app.feeds.hyperliquid.wire import WireSubscription
from app.feeds.tape.recording import Recording
from app.scalper.desk import MODEL_VENUE
from app.scalper.question import question_of
from app.scorecards.grader import Graded
from app.scorecards.scorecard import Pair

_RECORDED_NUMBERS = 2**32
"""Added to the numbers of recorded requests where new ones are asked, so that no two are alike."""
_TURN_RECORDS = 500
_LATE_MARGIN_MS = 50
_AI = "ai "
"""How models' names begin as claimants."""
_LIST = "metaAndAssetCtxs"

_pack = msgspec.msgpack.encode
_unpack_request = msgspec.msgpack.Decoder(Request).decode
_unpack_answer = msgspec.msgpack.Decoder(Answer).decode
_unpack_connected = msgspec.msgpack.Decoder(Connected).decode
_unpack_dropped = msgspec.msgpack.Decoder(Dropped).decode
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)

Outcome = Literal["read", "not a read", "late", "not answered"]
"""A read; an answer that is not whole or makes no sense; none within the deadline; a failure of the server."""


class TimedAnswer(NamedTuple):
    """The answer to a question, and the seconds it took."""

    answer: Answer
    seconds: float


class AnswerSource(Protocol):
    """Who answers questions."""

    async def answer(self, request: Request) -> TimedAnswer:
        """The answer to a question, or its failure."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One question with what came of it. Times are the tape's; `why` says in a sentence why there was no read."""

    coin: str
    trigger: str
    asked_ms: int
    at_ms: int
    outcome: Outcome
    model: str = ""
    version: str = ""
    why: str = ""


class _Pending(NamedTuple):
    """An answer that has not entered yet."""

    wall_ns: int
    answer: Answer


class _Questions:
    """Effects that keep the newest question to the model; a tape has what the venue said."""

    def __init__(self) -> None:
        self._newest: Request | None = None

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Nothing to follow: the tape has what was followed."""

    def unsubscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Nothing to give up: the tape has what was followed."""

    def stream_traders(self, traders: Sequence[str]) -> None:
        """Nobody to follow: the tape has what was followed."""

    def watch_trades(self, coins: Sequence[str]) -> None:
        """Nothing to watch: the tape has what was watched."""

    def request(self, request: Request) -> None:
        """Keep a question to the model."""
        if request.venue == MODEL_VENUE:
            self._newest = request

    def hurry(self, channel: str, subject: str, variant: str) -> None:
        """Nothing waits."""

    def withdraw(self, request_id: int) -> None:
        """Nobody withdraws: commands on the tape are left out."""

    def take(self) -> Request | None:
        """The question that waits, if there is one."""
        taken, self._newest = self._newest, None
        return taken


class TapeEvaluation:
    """One pass over a recording. `settings` are those to run under; for a fair comparison the same in every pass.

    With `answers`, questions and answers on the tape are left out, and so are commands: what a user did with what he
    saw then does not belong to what is asked now. Without, the tape is replayed as it is.
    """

    def __init__(self, recording: Recording, settings: Settings, answers: AnswerSource | None = None) -> None:
        self._recording = recording
        self._answers = answers
        self._questions = _Questions()
        self._pending: _Pending | None = None
        self._model_requests: dict[int, Request] = {}
        self._asked_ms: dict[int, int] = {}
        self._newest: ScalperRead | NoRead | None = None
        self._ai_calls: set[str] = set()
        self._left_out: set[int] = set()
        self._has_list = False
        self.core = Core("tape", settings)
        self.core.journal.keep = self._keep
        self.asked: list[Asked] = []
        self.reads: list[ScalperRead] = []
        self.decided: list[Pair] = []
        self.unanswered = 0
        """Questions whose answer would have come after the end of the tape."""

    async def play(self, played: Callable[[float], None] = lambda done: None) -> None:
        """Play to the end; `played` is told the share of the tape that is done. Raises what reading the tape raises."""
        for number, record in enumerate(self._recording.records()):
            if number == 0 and self._answers is not None:
                self.core.start(self._questions)
                self._inject(Kind.CONNECT, record.wall_ns, Connected(MODEL_VENUE, MODEL_CONNECTION))
            self._enter_answers(record.wall_ns)
            self._take(record)
            await self._ask(record.wall_ns)
            if number % _TURN_RECORDS == 0:
                played(self._share(record.wall_ns))
                # A user may interrupt.
                await asyncio.sleep(0)
        self.unanswered = len(self._model_requests)
        self.core.finish()
        played(1.0)

    def twins(self) -> dict[str, Pair]:
        """The calls of all but models, by their ids: where models' calls have their twins."""
        return {pair[1].call_id: pair for pair in self.decided if not pair[0].claimant.startswith(_AI)}

    # Inputs.

    def _take(self, record: Record) -> None:
        if self._answers is None:
            self._note_and_dispatch(record)
        elif (kept := self._without_the_model(record)) is not None:
            self.core.dispatch(kept)
            self._follow_without_a_list(record)

    def _without_the_model(self, record: Record) -> Record | None:
        """A record as it is replayed beside another model; None for one that is left out."""
        if record.kind == Kind.COMMAND or _is_of_the_model(record):
            return None
        request, answer = _request_in(record), _answer_in(record)
        if request is not None:
            self._has_list |= request.channel == _LIST
            if request.venue == MODEL_VENUE:
                self._left_out.add(request.request_id)
                return None
            return _renumbered(record, request)
        if answer is not None:
            return None if answer.request_id in self._left_out else _renumbered(record, answer)
        return record

    def _follow_without_a_list(self, record: Record) -> None:
        """An imported recording has no list of markets: its desk reads of those that are there."""
        if record.kind == Kind.STREAM and not self._has_list:
            self.core.reading.follow(self.core.markets)

    def _note_and_dispatch(self, record: Record) -> None:
        request, answer = _request_in(record), _answer_in(record)
        if request is not None and request.venue == MODEL_VENUE:
            self._note_question(request, record.wall_ns)
        self.core.dispatch(record)
        if answer is not None:
            self._note_answer(answer, record.wall_ns)

    # Questions.

    async def _ask(self, wall_ns: int) -> None:
        request = self._questions.take()
        if request is None or self._answers is None:
            return
        self._note_question(request, wall_ns)
        self._inject(Kind.REQUEST, wall_ns, request)
        answer, seconds = await self._answers.answer(request)
        self._pending = _Pending(wall_ns + round(1e9 * seconds), answer)

    def _enter_answers(self, until_ns: int) -> None:
        if self._pending is not None and self._pending.wall_ns <= until_ns:
            pending, self._pending = self._pending, None
            self._inject(Kind.ANSWER, pending.wall_ns, pending.answer)
            self._note_answer(pending.answer, pending.wall_ns)

    def _inject(self, kind: Kind, wall_ns: int, payload: Request | Answer | Connected) -> None:
        # Calls point at the input that triggered them: the last one of the tape before the answer.
        self.core.dispatch(Record(self.core.sequence, wall_ns, wall_ns, 0, kind, _pack(payload)))

    def _note_question(self, request: Request, wall_ns: int) -> None:
        self._model_requests[request.request_id] = request
        self._asked_ms[request.request_id] = wall_ns // 1_000_000

    def _note_answer(self, answer: Answer, wall_ns: int) -> None:
        request = self._model_requests.pop(answer.request_id, None)
        newest, self._newest = self._newest, None
        if request is None:
            return
        asked_ms = self._asked_ms.pop(answer.request_id)
        # What lies before the beginning of a cut is context.
        if newest is not None and wall_ns >= self._recording.start_ns:
            self.asked.append(self._what_came(request, answer, newest, asked_ms, wall_ns // 1_000_000))

    def _what_came(
        self, request: Request, answer: Answer, newest: ScalperRead | NoRead, asked_ms: int, at_ms: int
    ) -> Asked:
        asked = Asked(
            coin=request.subject,
            trigger=request.variant,
            asked_ms=asked_ms,
            at_ms=at_ms,
            model=_model_of(request),
            outcome="read",
        )
        if isinstance(newest, ScalperRead):
            return msgspec.structs.replace(asked, version=newest.version)
        late = at_ms - asked_ms >= 1_000 * self.core.settings.scalper.deadline_s - _LATE_MARGIN_MS
        outcome: Outcome = "late" if late else "not a read" if answer.status == 200 else "not answered"
        return msgspec.structs.replace(asked, outcome=outcome, why=newest.why)

    # What comes out.

    def _keep(self, event: object) -> None:
        match event:
            case ScalperRead():
                self._newest = event
                self.reads.append(event)
            case NoRead():
                self._newest = event
            case Call() if event.claimant.startswith(_AI):
                self._ai_calls.update((event.call_id, event.baseline_id))
            case Graded() if self._answers is None or event.outcome.call_id in self._ai_calls:
                self.decided.append((event.call, event.outcome))

    def _share(self, wall_ns: int) -> float:
        span_ns = max(1, self._recording.end_ns - self._recording.start_ns)
        return min(1.0, max(0.0, (wall_ns - self._recording.start_ns) / span_ns))


def evaluation_settings(recorded: Settings | None, own: Settings, model: str) -> Settings:
    """The settings a model is asked under: those of the tape, where it has any, with the user's own scalper.

    The ledger of paper positions follows nobody, so that every question is about a market without a position.
    """
    scalper = msgspec.structs.replace(own.scalper, model=model, enabled=True)
    return msgspec.structs.replace(recorded or own, scalper=scalper, paper=PaperSettings())


def _request_in(record: Record) -> Request | None:
    """The request a record holds; None where it holds none, or one that cannot be read."""
    try:
        return _unpack_request(record.payload) if record.kind == Kind.REQUEST else None
    except _UNREADABLE:
        return None


def _answer_in(record: Record) -> Answer | None:
    """The answer a record holds; None where it holds none, or one that cannot be read."""
    try:
        return _unpack_answer(record.payload) if record.kind == Kind.ANSWER else None
    except _UNREADABLE:
        return None


def _is_of_the_model(record: Record) -> bool:
    """Whether a record tells that the recorded model came or went."""
    if record.kind not in (Kind.CONNECT, Kind.DROP):
        return False
    try:
        said = (_unpack_connected if record.kind == Kind.CONNECT else _unpack_dropped)(record.payload)
    except _UNREADABLE:
        return False
    return said.connection == MODEL_CONNECTION


def _renumbered(record: Record, payload: Request | Answer) -> Record:
    moved = msgspec.structs.replace(payload, request_id=payload.request_id + _RECORDED_NUMBERS)
    return msgspec.structs.replace(record, payload=_pack(moved))


def _model_of(request: Request) -> str:
    """The model a question was for, as its reads name it; empty where the question cannot be read."""
    try:
        return str(clean(question_of(request.body).model, 64))
    except FrameError:
        return ""
