"""An engine: one run, and the decks that watch it."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

import msgspec

from app import __version__
from app.core.clock import Clock
from app.core.errors import TapedeckError
from app.engine.core import Core
from app.engine.followed_view import followed_view
from app.engine.freeze import Outside, freeze
from app.engine.looking import LOOKS, Looking
from app.engine.market_detail import MarketDetails
from app.engine.protocol import (
    PROTOCOL_VERSION,
    Command,
    LogLevel,
    Snapshot,
    SourceView,
    Welcome,
)
from app.engine.protocol_screen import StartSweep, StopSweep
from app.engine.pulse import Pulse
from app.engine.research import Research
from app.engine.scalper_detail import ScalperDetails
from app.engine.screener_view import ScreenerViews
from app.engine.tokens_view import TokensViews
from app.engine.vitals import VitalsProbe
from app.engine.wallet_detail import wallet_detail
from app.engine.whale_detail import alert_detail, trader_detail
from app.engine.whales_view import WhalesViews

_CUT_SHARE = 0.95
"""So much of the wait between two snapshots is saved where a model has answered; the rest bounds what that costs."""


class Run(Protocol):
    """A source of inputs with the core they go to: a venue's run or a tape's."""

    @property
    def source(self) -> SourceView:
        """What the header says of the data."""

    @property
    def core(self) -> Core:
        """The core as it stands; a tape that is wound back gets a new one."""

    def outside(self) -> Outside:
        """What the core cannot know."""

    async def start(self, changed: Callable[[], None]) -> None:
        """Begin; `changed` is called after every batch of inputs."""

    async def finished(self) -> None:
        """Wait for the end of the inputs; a venue has none."""

    def command(self, command: Command) -> tuple[bool, str]:
        """Carry out a command; whether it was, and a sentence about it."""

    async def stop(self) -> None:
        """End everything the run started."""


class Engine:
    """Freezes a run into snapshots, at most `snapshot_hz` a second, shared by all who ask."""

    def __init__(self, run: Run, clock: Clock, *, snapshot_hz: float, research: Research | None = None) -> None:
        """Without `research` no sweep can be begun and no backtest is told."""
        self.run = run
        self._research = research
        if research is not None:
            research.changed = self._changed
        self._clock = clock
        self._period_ns = round(1e9 / snapshot_hz)
        self._pulse = Pulse()
        self._heard_pulse = Pulse()
        self._heard_frozen = 0
        self._frozen: tuple[int, Snapshot] | None = None
        self._frozen_ns = 0
        self._outside = Outside()
        self._details = MarketDetails()
        self._scalper_details = ScalperDetails()
        self._whales = WhalesViews()
        self._tokens = TokensViews()
        self._screener = ScreenerViews()
        self._started = False
        self.ended = False
        """True from the moment the engine is told to stop."""
        self._probe = VitalsProbe(clock)
        self._probing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the run; a second call does nothing."""
        if not self._started:
            self._started = True
            self._probing = asyncio.create_task(self._probe.run(), name="vitals")
            await self.run.start(self._changed)

    async def stop(self) -> None:
        """End the run and let every waiter go."""
        if not self.ended:
            self.ended = True
            self._pulse.beat()
            if self._probing is not None:
                self._probing.cancel()
                await asyncio.gather(self._probing, return_exceptions=True)
            ending = None if self._research is None else asyncio.ensure_future(self._research.stop())
            try:
                await self.run.stop()
            finally:
                if ending is not None:
                    await ending

    def welcome(self) -> Welcome:
        """The engine's half of the handshake."""
        return Welcome(PROTOCOL_VERSION, __version__, self.run.source)

    def looked_at(self, snapshot: Snapshot, looking: Looking) -> Snapshot:
        """The snapshot with what a client looks at in detail, as the core stands now."""
        core, look = self.run.core, looking.market
        if looking.wallet.address:
            wallet = wallet_detail(core.wallets, looking.wallet.address, core.now_ms)
            snapshot = msgspec.structs.replace(snapshot, wallet=wallet)
        if looking.trader.address:
            trader = trader_detail(core.whales, looking.trader.address.lower(), core.now_ms)
            snapshot = msgspec.structs.replace(snapshot, trader=trader)
        if looking.alert.alert_id:
            alert = alert_detail(core.whales, looking.alert.alert_id)
            snapshot = msgspec.structs.replace(snapshot, alert=alert)
        if looking.token.mint:
            token = self._tokens.detail(core.tokens, looking.token.mint)
            snapshot = msgspec.structs.replace(snapshot, token=token)
        if looking.followed.listed:
            followed = followed_view(core.whales, looking.followed.coin, core.now_ms)
            snapshot = msgspec.structs.replace(snapshot, followed=followed)
        if looking.screener.listed:
            screener = self._screener.of(core, looking.screener)
            research = None if self._research is None else self._research.view()
            snapshot = msgspec.structs.replace(snapshot, screener=msgspec.structs.replace(screener, research=research))
        if not look.coin:
            return snapshot
        detail = self._details.of(core, look.coin, look.interval, self._outside.urgent_wait_s)
        scalper = self._scalper_details.of(core, look.coin) if look.scalper else None
        return msgspec.structs.replace(snapshot, detail=detail, scalper=scalper)

    async def next_snapshot(self, seen: int) -> tuple[int, Snapshot] | None:
        """The newest snapshot after `seen` (the number of the last one, 0 at first); None when the engine has ended."""
        await self._pulse.beyond(seen)
        wait_ns = self._frozen_ns + self._period_ns - self._clock.monotonic_ns()
        if wait_ns > 0 and (self._frozen is None or self._frozen[0] <= seen):
            await self._rest(wait_ns)
        if self.ended:
            return None
        if self._frozen is None or self._frozen[0] <= seen:
            outside = self._outside = self.run.outside()
            vitals = self._probe.view(outside.waiting_inputs)
            snapshot = freeze(self.run.core, self.run.source, outside, vitals, self._whales, self._tokens)
            if self._research is not None and self._research.sweep is not None:
                snapshot = msgspec.structs.replace(snapshot, sweep=self._research.sweep)
            self._frozen = (self._pulse.count, snapshot)
            self._frozen_ns = self._clock.monotonic_ns()
            self._heard_frozen = self._heard
        return self._frozen

    @property
    def _heard(self) -> int:
        """How often a model has answered, or failed to."""
        journal = self.run.core.journal
        return journal.ai_reads + journal.no_reads

    def _changed(self) -> None:
        if self._heard != self._heard_frozen:
            self._heard_pulse.beat()
        self._pulse.beat()

    async def _rest(self, wait_ns: int) -> None:
        """Wait until the next snapshot is due; what a model said is shown sooner, for it is short-lived."""
        cut_ns = min(wait_ns, round(self._period_ns * _CUT_SHARE))
        await asyncio.sleep((wait_ns - cut_ns) / 1e9)
        if self._heard == self._heard_frozen:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(cut_ns / 1e9):
                    await self._heard_pulse.beyond(self._heard_pulse.count)

    def say(self, level: LogLevel, topic: str, text: str) -> None:
        """Add a line to the event log."""
        core = self.run.core
        core.journal.say(core.now_ms, level, topic, text)
        self._pulse.beat()

    async def command(self, command: Command, client: int = 0) -> tuple[bool, str]:
        """Carry out a command of a client; whether it was, and a sentence about it."""
        if self.ended:
            return False, "The engine has ended"
        if isinstance(command, StartSweep | StopSweep):
            if self._research is None:
                return False, "This engine begins no sweeps; run `tapedeck sweep`"
            return await self._research.command(command)
        if isinstance(command, LOOKS):
            command = msgspec.structs.replace(command, client=client)
        try:
            result = self.run.command(command)
        except TapedeckError as error:
            return False, str(error)
        self._pulse.beat()
        return result
