"""What the rules make of a minute of tape. Pure functions; docs/rules.md explains the formulas and their limits.

Prices are positive and finite, times in milliseconds; the window of a minute is 61 mids a second apart, oldest first.
An empty window means that the minute is not known completely.
"""

from math import log, sqrt, tanh

import msgspec
import numpy as np

from app.core.events import Freshness, RulesRead
from app.measures.returns import Floats

RULES_VERSION = 1
"""Goes up whenever a formula or constant here changes."""

METRIC_DECIMALS = 3
"""More would show the last bits of the machine's own exponential, which differ between machines."""

WINDOW_S = 60
STEP_S = 5
TAPE_HALF_LIFE_S = 15.0
TAPE_PRIOR_TRADES = 3.0
TAPE_WEIGHT = 0.75
BOOK_WEIGHT = 0.25
BOOK_LEVELS = 5
LONGEST_HOLE_MS = 5_000

FRESH_S = 15
DEVELOPING_S = 30
EXTENDED_S = 60
EXHAUSTED_MOVE = 0.005

TREND_POINTS = 5.0
PRESSURE_POINTS = 6.0
EXHAUSTION_POINTS = 4.0

NO_MIDS: Floats = np.empty(0)


class RulesInputs(msgspec.Struct, frozen=True, kw_only=True):
    """All that one read depends on.

    `mids` is the window of the last minute; `volatility` that of log returns for one second; `trades` rows of (time in
    ms, size signed by the aggressor, …) in any order; sizes of the book's best levels, best first; `spread` in price
    units, None where one side is missing.
    """

    coin: str
    at_ms: int
    mids: Floats
    volatility: float
    trades: Floats
    bid_sizes: tuple[float, ...] = ()
    ask_sizes: tuple[float, ...] = ()
    spread: float | None = None


def read_rules(inputs: RulesInputs) -> RulesRead:
    """The rules' read at `inputs.at_ms`. Without a complete minute: no momentum, direction, freshness or claim."""
    direction = move_direction(inputs.mids, inputs.spread)
    momentum_now = momentum(inputs.mids, inputs.volatility)
    pressure_now = pressure(tape_balance(inputs.trades, inputs.at_ms), book_balance(inputs.bid_sizes, inputs.ask_sizes))
    age_s, extent = move_age_and_extent(inputs.mids, direction)
    claim = None
    if direction and inputs.spread is not None and abs(inputs.mids[-1] - inputs.mids[0]) > inputs.spread:
        trend = momentum_now / 100 * (2 * persistence(inputs.mids) - 1)
        claim = continuation(trend, direction * (pressure_now - 50) / 50, exhaustion(age_s, extent))
    return RulesRead(
        coin=inputs.coin,
        at_ms=inputs.at_ms,
        momentum=round(momentum_now, METRIC_DECIMALS) if len(inputs.mids) else None,
        direction=direction,
        pressure=round(pressure_now, METRIC_DECIMALS),
        continuation=None if claim is None else round(claim, METRIC_DECIMALS),
        freshness=freshness(age_s, extent) if direction else None,
    )


def minute_window(times_ms: Floats, mids: Floats, at_ms: int) -> Floats:
    """The 61 mids at `at_ms` − 60 s … `at_ms`, each the newest sample not after its second.

    Empty when for any of them that sample is missing or older than 5 s. `times_ms` increases; samples after `at_ms`
    change nothing.
    """
    if not len(times_ms):
        return NO_MIDS
    grid = at_ms - 1_000.0 * np.arange(WINDOW_S, -1, -1)
    index = np.searchsorted(times_ms, grid, side="right") - 1
    if index[0] < 0 or (grid - times_ms[index] > LONGEST_HOLE_MS).any():
        return NO_MIDS
    window: Floats = mids[index]
    return window


def move_direction(mids: Floats, spread: float | None) -> int:
    """+1 or −1 by the minute's move; 0 where it is not more than half the spread, or unknown."""
    if not len(mids):
        return 0
    move = float(mids[-1] - mids[0])
    return 0 if abs(move) <= (spread or 0.0) / 2 else 1 if move > 0 else -1


def momentum(mids: Floats, volatility: float) -> float:
    """Strength times persistence of the minute's move, 0-100, whatever its direction; 0 for a flat line.

    Strength is tanh(z / 2) with z = |ln(last / first)| / (volatility · √60).
    """
    if not len(mids) or volatility <= 0 or mids[-1] == mids[0]:
        return 0.0
    z = abs(log(mids[-1]) - log(mids[0])) / (volatility * sqrt(WINDOW_S))
    return 100 * tanh(z / 2) * persistence(mids)


def persistence(mids: Floats) -> float:
    """Share of the twelve five-second steps that go the way of the whole move, 0-1; a step without change is half.

    The window is not empty.
    """
    signs = np.sign(np.diff(mids[::STEP_S]))
    return 0.5 + 0.5 * float(np.sign(mids[-1] - mids[0])) * float(signs.mean())


def tape_balance(trades: Floats, at_ms: int) -> float:
    """Who aggresses, −1 (sellers only) to +1 (buyers only), over the minute up to `at_ms`.

    Sizes count by 2^(−age / 15 s). The balance is shrunk by n / (n + 3), n the number of trades counted the same way,
    so that one small print does not shout. Trades after `at_ms` change nothing; 0 without trades.
    """
    ages_s = (at_ms - trades[:, 0]) / 1_000
    kept = (ages_s >= 0) & (ages_s < WINDOW_S)
    weights = np.exp2(-ages_s[kept] / TAPE_HALF_LIFE_S)
    weighted_sizes = weights * trades[kept, 1]
    total = float(np.abs(weighted_sizes).sum())
    if total <= 0:
        return 0.0
    count = float(weights.sum())
    balance = float(weighted_sizes.sum()) / total
    return min(1.0, max(-1.0, balance)) * count / (count + TAPE_PRIOR_TRADES)


def book_balance(bid_sizes: tuple[float, ...], ask_sizes: tuple[float, ...]) -> float:
    """(bids − asks) / (bids + asks) over the best five levels, −1 to +1; 0 for an empty book."""
    bids, asks = sum(bid_sizes[:BOOK_LEVELS]), sum(ask_sizes[:BOOK_LEVELS])
    return (bids - asks) / (bids + asks) if bids + asks > 0 else 0.0


def pressure(tape: float, book: float) -> float:
    """0 (selling) to 100 (buying), 50 balanced: 50 + 50 · (0.75 · tape + 0.25 · book); balances are −1 to +1."""
    return 50 + 50 * (TAPE_WEIGHT * tape + BOOK_WEIGHT * book)


def move_age_and_extent(mids: Floats, direction: int) -> tuple[int, float]:
    """Seconds since the move began, and how far it went since, as |ln(now / price it began at)|.

    A move up begins at the last second of the minute's low, a move down at the last second of its high. (0, 0) without
    a direction.
    """
    if not direction:
        return 0, 0.0
    age_s = int(np.argmin(direction * mids[::-1]))
    return age_s, abs(log(mids[-1]) - log(mids[-1 - age_s]))


def freshness(age_s: int, extent: float) -> Freshness:
    """FRESH below 15 s, DEVELOPING below 30, EXTENDED below 60; EXHAUSTED from there, or beyond 0.5 %."""
    if age_s >= EXTENDED_S or extent > EXHAUSTED_MOVE:
        return "EXHAUSTED"
    return "FRESH" if age_s < FRESH_S else "DEVELOPING" if age_s < DEVELOPING_S else "EXTENDED"


def exhaustion(age_s: int, extent: float) -> float:
    """How used up a move is, 0-1: the larger of its age in minutes and its extent in half percents."""
    return min(1.0, max(age_s / EXTENDED_S, extent / EXHAUSTED_MOVE))


def continuation(trend: float, agreement: float, exhausted: float) -> float:
    """Probability in percent, 35-61, that the mid will be further in the move's direction at the horizon.

    50 + 5 · trend + 6 · agreement − 4 · exhausted. `trend` (momentum / 100, signed by persistence) and `agreement` of
    the pressure with the move are −1 to +1, `exhausted` 0 to 1. The coefficients are priors, not fitted.
    """
    return 50 + TREND_POINTS * trend + PRESSURE_POINTS * agreement - EXHAUSTION_POINTS * exhausted
