"""A tape of the embedded venue, made in virtual time: what a run of a demo would record, without waiting for it."""

from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from app.config.settings import MarketsSettings, ScalperSettings, Settings
from app.config.toml import settings_sha256, to_toml
from app.core.clock import ManualClock
from app.core.errors import VenueError
from app.core.record import MODEL_CONNECTION, Answer, Connected, Kind, Request
from app.demo.session import Session as VenueSession
from app.demo.venue import Venue
from app.engine.core import Core
from app.engine.demo_venue import Urls
from app.engine.evaluation import AnswerSource
from app.engine.sequencer import Sequencer
from app.engine.venue_urls import client_settings
from app.feeds.hyperliquid.client import HyperliquidClient
from app.feeds.hyperliquid.wire import WireClientFrame, WireSubscription
from app.feeds.inbox import Inbox
from app.feeds.tape.format import Session
from app.feeds.tape.writer import TapeWriter
from app.scalper.desk import MODEL_VENUE

_SEED, _START_MS = 7, 1_790_000_000_000
_STEP_MS, _TICK_MS = 50, 250
_UNUSED = Urls("ws://127.0.0.1:9", "http://127.0.0.1:9")


class _Due(NamedTuple):
    """A model's answer that has not come yet."""

    at_ms: int
    answer: Answer


class VirtualDemo:
    """Venue, client and engine of one demo, moved by `advance` alone; a model reads where there are `answers`."""

    def __init__(
        self, coins: int, tape: Path, *, answers: AnswerSource | None = None, scalper: ScalperSettings | None = None
    ) -> None:
        """`scalper` is how the model is asked (None: as by default)."""
        enabled = msgspec.structs.replace(scalper or ScalperSettings(), enabled=answers is not None)
        self.settings = Settings(markets=MarketsSettings(top=coins), scalper=enabled)
        self._answers = answers
        self._question: Request | None = None
        self._question_ms = 0
        self._due: _Due | None = None
        self._clock = ManualClock(_START_MS * 1_000_000)
        self._venue = Venue(seed=_SEED, coins=coins, start_ms=_START_MS)
        self._session, self._books_session = self._connected(), self._connected()
        self._inbox = Inbox(self._clock)
        connection = client_settings(self.settings, _UNUSED)
        self._client = HyperliquidClient(connection, self._inbox, self._clock, np.random.default_rng(_SEED))
        self._asked: deque[Request] = deque()
        self._now_ms = _START_MS
        self.core = Core("demo", self.settings)
        self._sequencer = Sequencer(self._clock, self.core.dispatch)
        self.writer = self._sequencer.recorder = TapeWriter(tape, self._tape_session(), self._clock)
        self._client.data.connected(1)
        if answers is not None:
            self._client.books.connected(1)
            self._inbox.put(0, Kind.CONNECT, msgspec.msgpack.encode(Connected(MODEL_VENUE, MODEL_CONNECTION)))
        self.core.start(self)

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Carry out what the core wants: the frames go straight to the venue."""
        wanted = list(subscriptions)
        self._client.subscribe(wanted)
        self._tell("subscribe", wanted)

    def unsubscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """As `subscribe`, for what the core wants no longer."""
        unwanted = list(subscriptions)
        self._client.unsubscribe(unwanted)
        self._tell("unsubscribe", unwanted)

    def _tell(self, method: str, subscriptions: Iterable[WireSubscription]) -> None:
        for subscription in subscriptions:
            frame = msgspec.json.encode(WireClientFrame(method=method, subscription=subscription))
            (self._books_session if subscription.fast else self._session).receive(frame, self._now_ms)

    def stream_traders(self, traders: Sequence[str]) -> None:
        """No traders are followed here: nothing restores them."""

    def watch_trades(self, coins: Sequence[str]) -> None:
        """No traders are followed here: nothing restores them."""

    def request(self, request: Request) -> None:
        """Note what the core asks; it is answered when the venue's budget allows."""
        self._inbox.put(0, Kind.REQUEST, msgspec.msgpack.encode(request))
        if request.venue == MODEL_VENUE:
            self._question, self._question_ms = request, self._now_ms
        else:
            self._asked.append(request)

    def hurry(self, channel: str, subject: str, variant: str) -> None:
        """Nothing waits: each question is answered at once."""

    def withdraw(self, request_id: int) -> None:
        """Nobody cancels anything here: the question is answered all the same."""

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        until_ms = self._now_ms + round(seconds * 1_000)
        while self._now_ms < until_ms:
            self._now_ms += _STEP_MS
            self._clock.advance(_STEP_MS / 1_000)
            self._enter_answer()
            self._venue.advance(self._now_ms)
            while self._session.pending():
                self._client.data.received(self._session.take(self._now_ms))
            while self._books_session.pending():
                self._client.books.received(self._books_session.take(self._now_ms))
            if self._now_ms % _TICK_MS == 0:
                self._inbox.put(0, Kind.TIMER, b"")
                self._answer()
            if self._inbox.waiting:
                for arrival in await self._inbox.fetch():
                    self._sequencer.put(arrival)
            await self._ask_model()

    async def _ask_model(self) -> None:
        """Carry a question; its answer comes once as much time has passed here as it took."""
        if self._question is not None and self._answers is not None:
            request, self._question = self._question, None
            answer, seconds = await self._answers.answer(request)
            self._due = _Due(self._question_ms + round(1_000 * seconds), answer)

    def _enter_answer(self) -> None:
        if self._due is not None and self._due.at_ms <= self._now_ms:
            self._inbox.put(0, Kind.ANSWER, msgspec.msgpack.encode(self._due.answer))
            self._due = None

    def _answer(self) -> None:
        while self._asked:
            reply = self._venue.request(self._asked[0].body, self._now_ms)
            if reply.status == 429:
                return
            answer = Answer(self._asked.popleft().request_id, reply.status, reply.body)
            self._inbox.put(0, Kind.ANSWER, msgspec.msgpack.encode(answer))

    def _connected(self) -> VenueSession:
        session = self._venue.connect(_START_MS)
        if session is None:
            raise VenueError("the embedded venue takes no connection; run the benchmark again")
        return session

    def _tape_session(self) -> Session:
        return Session(
            created_wall_ns=self._clock.wall_ns(),
            mode="demo",
            label="DEMO simulated",
            seed=_SEED,
            settings_toml=to_toml(self.settings),
            settings_sha256=settings_sha256(self.settings),
        )


async def record_demo(tape: Path, *, coins: int, seconds: float) -> str:
    """Record `seconds` of a demo with `coins` coins; returns the hash of the events derived meanwhile."""
    demo = VirtualDemo(coins, tape)
    with demo.writer:
        await demo.advance(seconds)
    return demo.core.journal.log_sha256
