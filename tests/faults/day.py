"""One run of the engine against the quiet venue through the fault proxy, on virtual time."""

import asyncio
import contextlib
from bisect import bisect_right
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import msgspec
import numpy as np
from accounts import FrameCounts
from checker import check_limits, check_recovery, check_trades
from evidence import Tap
from fault_plan import MOMENTS, FaultPlan
from proxy import FaultProxy
from quiet_venue import QuietMarket, QuietVenue
from virtual_loop import EPOCH_NS, VirtualClock, VirtualLoop, run_virtual, sqlite_at_once

from app.config.settings import EngineSettings, HyperliquidSettings, MarketsSettings, ScalperSettings, Settings
from app.config.whale_settings import WhalesSettings
from app.core.events import FeedHole, Trade
from app.core.record import Kind
from app.engine.venue_run import VenueRun, live_source

COINS = ("BTC", "ETH")
CALM_TICK_S = 60.0
_WATCHED_S = 45.0
_SETTLING_MS = 5_000
_EPOCH_MS = EPOCH_NS // 1_000_000


class Outcome(NamedTuple):
    """What came of a run: counts that must be the same for the same seed, and what was violated."""

    published: int
    used: int
    duplicates: int
    missing: int
    holes: tuple[FeedHole, ...]
    frames: int
    drops: tuple[str, ...]
    log_sha256: str
    violations: tuple[str, ...]


class WatchedRun(VenueRun):
    """A run whose timer ticks densely while a fault is near and slowly when nothing happens for hours.

    Frames, answers and drops are dispatched as always: only how often time is an input of its own differs.
    """

    near: Callable[[float], bool]

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        dense_s = self._settings.engine.tick_ms / 1000
        while True:
            await asyncio.sleep(dense_s if self.near(loop.time()) else CALM_TICK_S)
            self._inbox.put(0, Kind.TIMER, b"")


class Nearness:
    """When a fault is on, about to come, or has just been."""

    def __init__(self, plan: FaultPlan) -> None:
        self._starts: list[float] = []
        self._ends: list[float] = []
        for fault in plan.faults:
            start_s, end_s = fault.at_s - CALM_TICK_S, fault.ends_s + _WATCHED_S
            if self._ends and start_s <= self._ends[-1]:
                self._ends[-1] = max(end_s, self._ends[-1])
            else:
                self._starts.append(start_s)
                self._ends.append(end_s)

    def __call__(self, now_s: float) -> bool:
        """Whether `now_s` is such a time."""
        place = bisect_right(self._starts, now_s) - 1
        return place >= 0 and now_s <= self._ends[place]


class Trial(NamedTuple):
    """What a run is made of. `beat_s` is how often the venue sends quotes whether anybody trades or not.

    Trade is busy around faults, and otherwise too where `always_busy`.
    """

    plan: FaultPlan
    day_s: float
    settings: Settings
    coins: tuple[str, ...] = COINS
    beat_s: float = 90.0
    always_busy: bool = False


def live_through(plan: FaultPlan, day_s: float) -> Outcome:
    """Live `day_s` virtual seconds under a plan, cheaply: few pings, slow ticks."""
    return watch_through(Trial(plan, day_s, quiet_settings())).outcome()


def watch_through(trial: Trial, beside: Callable[["Watched"], Coroutine[Any, Any, None]] | None = None) -> "Watched":
    """Live through a trial and look at everything; `beside` runs along with it."""
    with sqlite_at_once():
        return run_virtual(lambda loop: _live(loop, trial, beside))


def quiet_settings() -> Settings:
    """Settings that make a day cheap, and tapes that hold all of it."""
    return Settings(
        markets=MarketsSettings(favourites=COINS, tape_length=100_000),
        hyperliquid=HyperliquidSettings(ping_every_s=300.0, silence_limit_s=200.0, renew_after_h=4.0),
        engine=EngineSettings(tick_ms=2_000),
        scalper=ScalperSettings(enabled=False),
        whales=WhalesSettings(enabled=False),
    )


def usual_settings() -> Settings:
    """The settings of a user who has no model."""
    return Settings(
        markets=MarketsSettings(favourites=COINS, tape_length=100_000),
        scalper=ScalperSettings(enabled=False),
        whales=WhalesSettings(enabled=False),
    )


async def _live(
    loop: VirtualLoop, trial: Trial, beside: Callable[["Watched"], Coroutine[Any, Any, None]] | None
) -> "Watched":
    clock, near = VirtualClock(loop), Nearness(trial.plan)
    market = QuietMarket(trial.plan.seed, trial.coins, lambda now_s: trial.always_busy or near(now_s))
    venue = QuietVenue(market, clock, trial.beat_s)
    proxy = FaultProxy(trial.plan, venue.sockets.websocket_url, venue.sockets.rest_url)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(venue.running())
        await stack.enter_async_context(proxy.running())
        urls = msgspec.structs.replace(
            trial.settings.hyperliquid, websocket_url=proxy.websocket_url, rest_url=proxy.rest_url
        )
        settings = msgspec.structs.replace(trial.settings, hyperliquid=urls)
        generator = np.random.default_rng([trial.plan.seed, 3])
        run = WatchedRun(live_source(settings), settings, clock, generator=generator)
        run.near = near
        watched = Watched(run, proxy, venue, clock)
        await run.start(watched.tap.look_at_rows)
        watched.frames = FrameCounts(run)
        if beside is not None:
            stack.callback(asyncio.create_task(beside(watched)).cancel)
        await asyncio.sleep(trial.day_s)
        watched.end_ms = clock.now_ms()
        await run.stop()
        watched.stopping_ms = clock.now_ms() - watched.end_ms
    watched.tap.settle()
    return watched


class Watched:
    """A run with its witnesses."""

    frames: FrameCounts
    """Of a run that was started."""

    def __init__(self, run: WatchedRun, proxy: FaultProxy, venue: QuietVenue, clock: VirtualClock) -> None:
        self.run = run
        self.proxy = proxy
        self.venue = venue
        self.truth = venue.market.truth
        self.clock = clock
        self.end_ms = 0
        self.stopping_ms = 0
        self.tap = Tap(run.core)
        run._sequencer.recorder = self.tap

    def used(self, coin: str) -> tuple[Trade, ...]:
        """The trades the run holds of a coin."""
        market = self.run.core.markets.get(coin)
        return () if market is None else market.tape.trades()

    def is_live(self) -> bool:
        """Whether at the end every coin's row says that its data is fresh."""
        core = self.run.core
        return bool(core.markets) and not any(market.stale(core.now_ms) for market in core.markets.values())

    @property
    def epoch_ms(self) -> int:
        """Wall time at which virtual time began."""
        return _EPOCH_MS

    def attempts_s(self) -> list[float]:
        """When the client opened a stream connection, in virtual seconds."""
        return [opened.at_s for opened in self.proxy.opened if opened.port == "stream"]

    def violations(self) -> list[str]:
        """Everything that was promised and not kept."""
        tap, until_ms = self.tap, self.end_ms - _SETTLING_MS
        found = [*tap.violations, *self.frames.violations()]
        for coin, from_ms in tap.first_acknowledged_ms.items():
            found += check_trades(self.truth.trades[coin], self.used(coin), tap.holes, from_ms, until_ms)
        found += check_limits(self.truth, [_EPOCH_MS + round(at_s * 1000) for at_s in self.attempts_s()])
        found += check_recovery(tap.dropped_ms, tap.connected_ms, tap.arrived_ms, disturbed(self.proxy.plan))
        return found

    def outcome(self) -> Outcome:
        """Counts, and what was violated."""
        tap, core, truth = self.tap, self.run.core, self.truth
        used = sum(len(self.used(coin)) for coin in truth.trades)
        return Outcome(
            truth.count(),
            used,
            sum(market.tape.duplicates for market in core.markets.values()),
            truth.count() - used,
            tuple(tap.holes),
            self.frames.seen.total(),
            tuple(reason.replace(self.proxy.websocket_url, "the venue") for reason in tap.reasons),
            core.journal.log_sha256,
            tuple(self.violations()),
        )


def disturbed(plan: FaultPlan) -> list[tuple[int, int]]:
    """Wall-clock intervals in which lasting faults were on."""
    return [
        (_EPOCH_MS + round(fault.at_s * 1000), _EPOCH_MS + round(fault.ends_s * 1000))
        for fault in plan.faults
        if fault.kind not in MOMENTS
    ]
