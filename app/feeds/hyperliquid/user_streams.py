"""Streams of a few accounts on a socket of their own: what they trade, and what they hold afterwards.

Which of the wanted accounts the venue takes comes back as inputs: a `StreamOpened` for each stream, again on each new
connection. Its refusals are counted and told once.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from app.core.clock import Clock
from app.core.record import TRADERS_CONNECTION
from app.feeds.budget import WeightBudget
from app.feeds.hyperliquid.admission import Admission, Step
from app.feeds.hyperliquid.classify import Key
from app.feeds.hyperliquid.streams import Lane, StreamClient
from app.feeds.hyperliquid.wire import WireSubscription
from app.feeds.inbox import Inbox
from app.feeds.websocket import ConnectionSettings

TRADERS_LANE = Lane(TRADERS_CONNECTION, 2_000_001)
_FILLS, _STATE = "userFills", "clearinghouseState"
_CAP = re.compile(rb"Cannot track more than \d+ total users")
_MOST_TOLD = 32
"""Errors of different words that are told; more than that is a flood of its own."""


class UserStreams(StreamClient):
    """As a `StreamClient`, but what is wanted are accounts; `want` never blocks."""

    def __init__(
        self,
        settings: ConnectionSettings,
        inbox: Inbox,
        clock: Clock,
        generator: np.random.Generator,
        new_sockets: WeightBudget,
    ) -> None:
        """`new_sockets` is the budget of new connections that all sockets to the venue share."""
        self._admission = Admission()
        self._clock = clock
        self._changed = asyncio.Event()
        self._told: set[int] = set()
        """Hashes of errors that were told: the frames themselves may be megabytes."""
        self.refusals = 0
        """How often the venue said that it takes no more accounts."""
        self.untold_errors = 0
        """Errors of the venue that said again what one before them had said."""
        super().__init__(TRADERS_LANE, settings, inbox, clock, generator, new_sockets)

    @property
    def streamed(self) -> tuple[str, ...]:
        """Accounts that the venue streams."""
        return tuple(self._admission.streamed)

    @property
    def most(self) -> int | None:
        """How many accounts the venue takes; None as long as it has refused none."""
        return self._admission.most

    def want(self, traders: Sequence[str]) -> None:
        """Want these accounts from now on and no others, the most important first."""
        self._admission.want(traders)
        self._note_wanted()
        self._changed.set()

    async def run(self) -> None:
        """Keep the socket up, and as many of the wanted accounts on it as the venue takes."""
        async with asyncio.TaskGroup() as group:
            group.create_task(super().run())
            group.create_task(self._admit())

    def connected(self, attempt: int) -> None:
        """The socket is open: accounts are asked for one after another."""
        before = dict(self._wanted)
        self._begin()
        super().connected(attempt)
        self._wanted_before = before

    def fell_back(self) -> None:
        """The socket before goes on, with the accounts that it streams."""
        self._wanted = dict(self._wanted_before)
        self._admission.resume()
        self._changed.set()

    def dropped(self, reason: str, retry_in_s: float) -> None:
        """The socket is gone."""
        self._begin()
        super().dropped(reason, retry_in_s)

    def received(self, frame: bytes) -> bool:
        """As for any socket; but accounts may rest for hours, so that whatever the venue says is a sign of life."""
        super().received(frame)
        return True

    async def _admit(self) -> None:
        while True:
            self._changed.clear()
            now_ns = self._clock.monotonic_ns()
            while self._connected and (step := self._admission.step(now_ns)) is not None:
                self._take(step)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._admission.wait_s(now_ns) if self._connected else None):
                    await self._changed.wait()

    def _take(self, step: Step) -> None:
        if step.action == "ask":
            self.subscribe([WireSubscription(type=_FILLS, user=step.trader)])
        else:
            self.unsubscribe([WireSubscription(type=channel, user=step.trader) for channel in (_FILLS, _STATE)])

    def _begin(self) -> None:
        self._admission.begin()
        self._wanted.clear()
        self._changed.set()

    def _is_anything_wanted(self) -> bool:
        return bool(self._admission.wanted)

    def _accepted(self, key: Key) -> None:
        if key in self._streams:
            self._tell(key)
        super()._accepted(key)
        if key.channel == _FILLS:
            self._admission.accepted(key.subject)
            # A second stream of the same account takes no place.
            self.subscribe([WireSubscription(type=_STATE, user=key.subject)])
            self._changed.set()

    def _said(self, frame: bytes) -> None:
        if _CAP.search(frame):
            self.refusals += 1
            refused = self._admission.refused(self._clock.monotonic_ns())
            if refused:
                self._wanted.pop(Key(_FILLS, refused), None)
                self._changed.set()
        said = hash(frame)
        if said in self._told or len(self._told) >= _MOST_TOLD:
            self.untold_errors += 1
            self.control_frames += 1
            return
        self._told.add(said)
        super()._said(frame)
