"""Followed traders and a coin's signal, taken from an engine over its link once enough of them are fresh."""

import asyncio

import msgspec

from app.core.errors import UsageError, VenueError
from app.core.text import clean
from app.core.whale_events import SmartMoneySignal
from app.engine.link import EngineLink
from app.engine.protocol import Snapshot, SourceView
from app.engine.protocol_whales import (
    ContributorRow,
    FollowedRow,
    FollowedView,
    LeaderboardView,
    LookAtFollowed,
    RegimeView,
    TrackerView,
    WhaleAlertRow,
    WhalesView,
)
from app.engine.reach import Reach

ENOUGH_FRESH = 0.9
"""Once so large a share of the followed counts in the signals, what is told is whole."""
_LISTED_WITHIN_S = 10.0
_NAMED = 8


class WhalesReport(msgspec.Struct, frozen=True, kw_only=True):
    """Who is followed and what was told of them. `partial` says what is missing, and is empty when nothing is."""

    source: SourceView
    at_ms: int
    tracker: TrackerView
    leaderboard: LeaderboardView | None
    regime: RegimeView | None
    alerts: tuple[WhaleAlertRow, ...]
    traders: tuple[FollowedRow, ...]
    unsaved: str
    partial: str


class SignalReport(msgspec.Struct, frozen=True, kw_only=True):
    """The signal of one coin beside its baseline, and who is behind it; `partial` as above. `price` is the mid."""

    source: SourceView
    at_ms: int
    price: float | None
    tracked: int
    fresh: int
    signal: SmartMoneySignal
    long: tuple[ContributorRow, ...]
    short: tuple[ContributorRow, ...]
    partial: str


async def followed(link: EngineLink, coin: str, limit_s: float, *, whole: bool) -> Snapshot:
    """A snapshot with the followed, over a connected link: once enough are fresh, or after `limit_s` seconds.

    With `whole` the time is waited for in any case. Raises `VenueError` where the venue is out of reach or the engine
    ends.
    """
    try:
        async with asyncio.timeout(limit_s):
            await _enough(link, for_ever=whole)
    except TimeoutError:
        pass
    await link.send(LookAtFollowed(listed=True, coin=coin))
    try:
        async with asyncio.timeout(_LISTED_WITHIN_S):
            while (snapshot := await link.snapshot()) is not None:
                if snapshot.followed is not None:
                    return snapshot
    except TimeoutError as error:
        raise VenueError("the engine does not answer; `tapedeck doctor` looks at it") from error
    raise VenueError("the engine has ended before it told of traders; start it again")


async def _enough(link: EngineLink, *, for_ever: bool) -> None:
    """Wait until enough is known, or the engine ends."""
    reach = Reach()
    while (snapshot := await link.snapshot()) is not None:
        if reach.is_lost(snapshot):
            raise VenueError(f"the venue cannot be reached: {snapshot.waiting_for}")
        if not for_ever and snapshot.whales is not None and _is_settled(snapshot.whales):
            return


def _is_settled(whales: WhalesView) -> bool:
    """Whether waiting brings no more: enough is known, or there is nobody to follow."""
    return not missing(whales) or (not whales.tracker.tracked and bool(whales.tracker.message))


def missing(whales: WhalesView) -> str:
    """What is missing to tell of the followed: empty once enough of them are fresh."""
    tracker = whales.tracker
    if not tracker.tracked:
        return tracker.message or whales.waiting_for or "nothing is known of any trader yet"
    if tracker.in_signals >= ENOUGH_FRESH * tracker.tracked:
        return ""
    return f"positions of {tracker.in_signals} of {tracker.tracked} traders are known and fresh"


def whales_report(snapshot: Snapshot) -> WhalesReport:
    """What a snapshot with the followed tells. Raises `VenueError` where nobody is followed."""
    whales, listed = _parts(snapshot)
    return WhalesReport(
        source=snapshot.source,
        at_ms=snapshot.wall_ms,
        tracker=whales.tracker,
        leaderboard=listed.leaderboard,
        regime=whales.regime,
        alerts=whales.alerts,
        traders=listed.traders,
        unsaved=whales.unsaved,
        partial=missing(whales),
    )


def signal_report(snapshot: Snapshot, coin: str) -> SignalReport:
    """The signal a snapshot with the followed tells.

    Raises `VenueError` where nobody is followed, `UsageError` for a coin that is no market here and nobody holds.
    """
    whales, listed = _parts(snapshot)
    market = next((row for row in snapshot.markets if row.coin == coin), None)
    signal = listed.signal
    if signal is None:
        raise AssertionError("a coin was named")
    partial = missing(whales)
    if market is None and not partial and not signal.long_traders + signal.short_traders:
        held = sorted(whales.signals, key=lambda row: (-row.value_usd, row.coin))
        names = ", ".join(row.coin for row in held[:_NAMED]) or "nothing"
        raise UsageError(
            f"{clean(coin, 32)} is not among the markets here, and no followed trader holds it; they hold {names}"
        )
    return SignalReport(
        source=snapshot.source,
        at_ms=snapshot.wall_ms,
        price=None if market is None else market.price,
        tracked=whales.tracker.tracked,
        fresh=whales.tracker.in_signals,
        signal=signal,
        long=listed.long,
        short=listed.short,
        partial=partial,
    )


def _parts(snapshot: Snapshot) -> tuple[WhalesView, FollowedView]:
    whales, listed = snapshot.whales, snapshot.followed
    if whales is None or listed is None or not listed.traders:
        why = "" if whales is None else missing(whales)
        raise VenueError(f"nobody is followed: {why or 'the engine tells of no traders'}")
    return whales, listed
