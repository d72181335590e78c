"""An engine that follows whales through faults, kills and restarts, held against what the whales really did.

A kill leaves what a database holds on disk at that moment: its files are copied, and the next engine opens the copy.
Whatever the killed one writes afterwards goes to files nobody opens again.
"""

import asyncio
import contextlib
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from accounts import FrameCounts, FrameTally
from checker import check_limits
from fault_plan import FaultPlan, plan_of
from proxy import FaultProxy
from quiet_venue import QuietMarket
from virtual_loop import EPOCH_NS, VirtualClock, VirtualLoop, run_virtual, sqlite_at_once
from whale_venue import STARTS_S, WhaleVenue, whale

from app.config.settings import HyperliquidSettings, MarketsSettings, ScalperSettings, Settings
from app.config.whale_settings import AlertsSettings, WhalesSettings
from app.core.whale_events import TraderMoved, WhaleAlert
from app.engine.protocol_whales import TrackTrader
from app.engine.venue_run import RunFiles, VenueRun, live_source
from app.store.whale_tables import TRADER_MOVES
from app.whales.alert_desk import AlertDesk

COINS = ("BTC", "ETH", "SOL")
WHALES = 10
STORM_S = 1_500.0
CALM_S = 200.0
"""In the end nothing goes wrong and nobody trades, so that everything can be learned."""
_OF_MOVES = frozenset({"whale_move", "trader_move", "whales_together"})
_EPOCH_MS = EPOCH_NS // 1_000_000
_decode_alert = msgspec.msgpack.Decoder(WhaleAlert).decode


class Saved(NamedTuple):
    """What a database holds: moves in the order they were learned, alerts by their ids."""

    moves: tuple[TraderMoved, ...]
    alerts: Mapping[str, WhaleAlert]


class Life(NamedTuple):
    """One engine from its start to its end: what it told, and what stood on disk at its end."""

    ended: str
    lasted_s: float
    moves: tuple[TraderMoved, ...]
    alerts: tuple[WhaleAlert, ...]
    saved: Saved
    unaccounted: tuple[str, ...]
    """What is wrong with where its frames went."""


class Weathered(NamedTuple):
    """What came of a storm."""

    plan: FaultPlan
    lives: tuple[Life, ...]
    changes: int
    violations: tuple[str, ...]

    def __str__(self) -> str:
        """What happened, in order."""
        lives = (f"  {life.ended} after {life.lasted_s:.1f} s, {len(life.moves)} moves told" for life in self.lives)
        return "\n".join((*self.violations[:20], str(self.plan), f"{self.changes} changes", *lives))


def weather(seed: int, folder: Path) -> Weathered:
    """Live through the storm of a seed, in virtual time; databases go below `folder`."""
    with sqlite_at_once():
        return run_virtual(lambda loop: _weather(loop, seed, folder))


def storm_settings() -> Settings:
    """Whales are followed by hand, so that no leaderboard is needed; cool-downs end within a storm."""
    return Settings(
        markets=MarketsSettings(favourites=COINS[:2], top=2),
        scalper=ScalperSettings(enabled=False),
        whales=WhalesSettings(user_streams=4),
        alerts=AlertsSettings(cool_down_s=60.0, together_s=60.0),
    )


async def _weather(loop: VirtualLoop, seed: int, folder: Path) -> Weathered:
    clock, plan = VirtualClock(loop), plan_of(seed, day_s=STORM_S, quiet_s=CALM_S)
    market = QuietMarket(seed, COINS, lambda _: False)
    venue = WhaleVenue(market, clock, seed, WHALES, STORM_S - CALM_S)
    proxy = FaultProxy(plan, venue.sockets.websocket_url, venue.sockets.rest_url)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(venue.running())
        await stack.enter_async_context(proxy.running())
        urls = HyperliquidSettings(websocket_url=proxy.websocket_url, rest_url=proxy.rest_url)
        settings = msgspec.structs.replace(storm_settings(), hyperliquid=urls)
        lives = tuple([life async for life in _lives(loop, clock, settings, seed, folder)])
    opened_ms = [_EPOCH_MS + round(opened.at_s * 1000) for opened in proxy.opened if opened.port == "stream"]
    violations = (*_violations(lives, venue, settings), *check_limits(market.truth, opened_ms))
    return Weathered(plan, lives, venue.changes, tuple(violations))


async def _lives(
    loop: VirtualLoop, clock: VirtualClock, settings: Settings, seed: int, folder: Path
) -> AsyncIterator[Life]:
    generator = np.random.default_rng([seed, 6])
    database = folder / "life_0" / "live.sqlite"
    number = 0
    while loop.time() < STORM_S:
        is_first, left_s = number == 0, STORM_S - loop.time()
        lasts_s = float(generator.exponential(90.0)) + (STARTS_S if is_first else 0.2)
        if lasts_s > left_s - CALM_S:
            lasts_s = left_s
        is_killed = bool(generator.random() < 0.7) and lasts_s < left_s
        number += 1
        copied = folder / f"life_{number}" / "live.sqlite"
        yield await _live(clock, settings, generator, database, copied if is_killed else None, lasts_s)
        database = copied if is_killed else database
        await asyncio.sleep(float(generator.exponential(8.0)))


async def _live(
    clock: VirtualClock, settings: Settings, generator: np.random.Generator, database: Path, copy_to: Path | None,
    lasts_s: float,
) -> Life:  # fmt: skip
    """One life. With `copy_to` it is killed, else it is stopped as `q` stops it."""
    database.parent.mkdir(parents=True, exist_ok=True)
    run = VenueRun(live_source(settings), settings, clock, RunFiles(database=database), generator=generator)
    run._urls = msgspec.structs.replace(run._urls, leaderboard_url="")
    moves: list[TraderMoved] = []
    alerts: list[WhaleAlert] = []
    run.core.bus.subscribe(TraderMoved, moves.append)
    run.core.bus.subscribe(WhaleAlert, alerts.append)
    tally = run._sequencer.recorder = FrameTally(run.core)
    await run.start(lambda: _follow(run))
    frames = FrameCounts(run)
    await asyncio.sleep(lasts_s)
    told = tuple(moves), tuple(alerts)
    if copy_to is not None:
        shutil.copytree(database.parent, copy_to.parent, ignore=shutil.ignore_patterns("*-shm", "*lock*"))
    await run.stop()
    tally.settle()
    unaccounted = (*tally.violations, *frames.violations())
    saved = saved_in(copy_to or database)
    return Life("stopped" if copy_to is None else "killed", lasts_s, *told, saved, unaccounted)


def _follow(run: VenueRun) -> None:
    """Have everybody followed, as soon as it is known who was."""
    followed = run.core.whales.roster.members
    if run.core.whales.is_restored and len(followed) < WHALES:
        for number in range(WHALES):
            run.command(TrackTrader(whale(number), tracked=True))


def saved_in(database: Path) -> Saved:
    """What a database that nobody writes any more holds of moves and alerts."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            f"{TRADER_MOVES.columns_sql().join(('SELECT ', ' FROM trader_moves'))} ORDER BY rowid"
        )
        moves = tuple(TRADER_MOVES.read(row) for row in rows)
        alerts = [_decode_alert(alert) for (alert,) in connection.execute("SELECT alert FROM whale_alerts")]
    return Saved(moves, {alert.alert_id: alert for alert in alerts})


def _violations(lives: Sequence[Life], venue: WhaleVenue, settings: Settings) -> Iterator[str]:
    saved = lives[-1].saved
    yield from check_chains(saved.moves, venue.opening, venue.held)
    yield from check_never_again(lives)
    yield from check_alerts(saved, settings)
    for number, life in enumerate(lives):
        yield from (f"life {number}: {text}" for text in life.unaccounted)


def check_chains(
    moves: Sequence[TraderMoved], opening: Mapping[str, Mapping[str, float]], held: Mapping[str, Mapping[str, float]]
) -> Iterator[str]:
    """The moves of each account and coin lead from what it held at first to what it holds, without a step missing.

    Only over a time longer than a gap a change may be taken over untold.
    """
    steps: dict[tuple[str, str], list[TraderMoved]] = defaultdict(list)
    for move in moves:
        steps[move.trader, move.coin].append(move)
    for trader, coins in held.items():
        for coin, size in coins.items():
            of_coin = steps.pop((trader, coin), [])
            if of_coin != sorted(of_coin, key=lambda move: move.venue_ms):
                yield f"{trader} {coin}: moves were learned in another order than they were made"
            sizes = [
                opening[trader].get(coin, 0.0),
                *(m for move in of_coin for m in (move.size_before, move.size_after)),
            ]
            for before, after in zip(sizes[::2], (*sizes[1::2], size), strict=True):
                if before != after:
                    yield f"{trader} {coin}: a change from {before:g} to {after:g} was never told"
    for trader, coin in steps:
        yield f"{trader} {coin}: moves were told of what was never held"


def check_never_again(lives: Sequence[Life]) -> Iterator[str]:
    """What stood on disk when an engine ended was told by no later one; no engine told anything twice."""
    moves: set[str] = set()
    alerts: dict[str, int] = {}
    for number, life in enumerate(lives):
        told = Counter(move.move_id for move in life.moves)
        times = Counter((alert.alert_id, alert.times) for alert in life.alerts)
        yield from (f"life {number} told move {one} {count} times" for one, count in told.items() if count > 1)
        yield from (f"life {number} told alert {one} {count} times" for one, count in times.items() if count > 1)
        yield from (f"life {number} told move {one} again" for one in told.keys() & moves)
        yield from (f"life {number} told alert {one} again" for one, at in times if at <= alerts.get(one, 0))
        moves |= {move.move_id for move in life.saved.moves}
        alerts.update((one.alert_id, one.times) for one in life.saved.alerts.values())


def check_alerts(saved: Saved, settings: Settings) -> Iterator[str]:
    """The alerts about moves are those that one desk, which was never interrupted, makes of the same moves."""
    followed = {move.trader for move in saved.moves}
    desk = AlertDesk(settings.alerts, followed, lambda trader: trader, lambda _: None)
    expected: dict[str, WhaleAlert] = {}
    for move in saved.moves:
        for taken in desk.moved(move, move.at_ms):
            if taken.alert is not None:
                expected[taken.alert.alert_id] = taken.alert
    found = {one: alert for one, alert in saved.alerts.items() if alert.kind in _OF_MOVES}
    yield from (f"never told: {_short(expected[one])}" for one in expected.keys() - found.keys())
    yield from (f"told without a cause: {_short(found[one])}" for one in found.keys() - expected.keys())
    for one in expected.keys() & found.keys():
        if (expected[one].times, expected[one].moves) != (found[one].times, found[one].moves):
            yield f"told otherwise: {_short(found[one])}, expected {_short(expected[one])}"


def _short(alert: WhaleAlert) -> str:
    return f"{alert.kind} {alert.coin} at {alert.at_ms - _EPOCH_MS} ms, {alert.times} times: {alert.moves}"
