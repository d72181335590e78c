"""All features of a series of bars, in the subset of Python that numba compiles.

Each function goes once over the bars from `first` to before `last` and leaves in its `state` what the next call needs
to go on. So one source is three programs: over all bars at once, over each new bar as it comes, and compiled; they do
the same operations on doubles in the same order, and agree in every bit. Columns are lists or arrays as long as the
bars; `nan` stands where there are too few bars. Nothing but sums, products, quotients and square roots: those are
rounded alike everywhere. docs/screener.md defines every feature.
"""

import math
from collections.abc import Callable

from app.screener.columns import (
    ATR_REGIME,
    DAY_MS,
    FOUR_HOURS_MS,
    SESSION_BREAK,
    SMA_20_CROSS,
    SMA_50_CROSS,
    VOLUME_SPIKE,
    BarColumns,
    Column,
    FeatureColumns,
    Function,
    HigherColumns,
    States,
    Thresholds,
)
from app.screener.longer_passes import fused_gather, look_up_pass, movement_pass, trend_pass
from app.screener.measure_passes import (
    average_pass,
    convergence_pass,
    ranges_pass,
    rank_pass,
    spread_pass,
    strength_pass,
)

AT_ONCE = 16_384
"""So many bars go through all passes before the next ones, so that what they share is still in a cache."""
_THIRD = 1 / 3


def watch_pass(
    bars: BarColumns, features: FeatureColumns, first: int, last: int, state: Column, thresholds: Thresholds
) -> None:
    """Sentinels: what changed at each bar that makes it worth a look."""
    times, closes, volumes = bars.times, bars.closes, bars.volumes
    sma_20, sma_50, atr_rank, sentinels = features.sma_20, features.sma_50, features.atr_rank, features.sentinels
    means, deviations = features.volume_mean, features.volume_deviation
    time, above_20, above_50, high = state[0], state[1], state[2], state[3]
    usual, spread = state[4], state[5]
    for place in range(first, last):
        close, found = closes[place], 0
        side = (1.0 if close > sma_20[place] else 0.0) - (1.0 if close < sma_20[place] else 0.0)
        found += SMA_20_CROSS if side * above_20 < 0.0 else 0
        above_20 = side if side != 0.0 else above_20
        side = (1.0 if close > sma_50[place] else 0.0) - (1.0 if close < sma_50[place] else 0.0)
        found += SMA_50_CROSS if side * above_50 < 0.0 else 0
        above_50 = side if side != 0.0 else above_50
        rank = atr_rank[place]
        regime = (1.0 if rank >= thresholds.high_rank else 0.0) - (1.0 if rank < thresholds.high_rank else 0.0)
        found += ATR_REGIME if regime * high < 0.0 else 0
        high = regime if regime != 0.0 else high
        # A bar is judged by the volumes before it: its own would raise what it is compared with.
        found += VOLUME_SPIKE if time > 0.0 and volumes[place] > usual + thresholds.volume_sigma * spread else 0
        usual, spread = means[place], deviations[place]
        gap = times[place] - (time + thresholds.interval_ms)
        found += SESSION_BREAK if time > 0.0 and gap > thresholds.session_gap_ms else 0
        time = float(times[place])
        sentinels[place] = found
    state[0], state[1], state[2], state[3] = time, above_20, above_50, high
    state[4], state[5] = usual, spread


def score_pass(features: FeatureColumns, first: int, last: int, thresholds: Thresholds) -> None:
    """The proto-fusion score, 0 to 1, and the side that most of the three trends are on."""
    sma_20, sma_50, strength, atr_rank = features.sma_20, features.sma_50, features.rsi, features.atr_rank
    adx, direction, trend, score, side = (
        features.adx, features.direction, features.trend, features.score, features.side,
    )  # fmt: skip
    for place in range(first, last):
        fast, slow = sma_20[place], sma_50[place]
        near = (1.0 if fast > slow else 0.0) - (1.0 if fast < slow else 0.0)
        votes = near + direction[place] + trend[place]
        aligned = (votes if votes > 0.0 else -votes) * _THIRD
        strong = adx[place] * 0.02
        strong = 1.0 if strong > 1.0 else strong
        push = (strength[place] - 30.0) * 0.025
        push = 1.0 if push > 1.0 else (0.0 if push < 0.0 else push)
        rank = atr_rank[place]
        calm = 1.0 if rank < thresholds.high_rank else (0.0 if rank >= thresholds.high_rank else math.nan)
        score[place] = 0.3 * strong + 0.2 * push + 0.3 * aligned + 0.2 * calm
        side[place] = (1.0 if votes > 0.0 else 0.0) - (1.0 if votes < 0.0 else 0.0)


def fused(decorate: Callable[[Function], Function], rank: Function = rank_pass) -> Function:
    """All passes over the bars, every function of them put through `decorate` (nothing, or numba's compiler).

    What comes of it takes bars, features, bars of 4 h and of a day, states, thresholds, and from where to where.
    """
    spread, average, strength, ranges = (
        decorate(each) for each in (spread_pass, average_pass, strength_pass, ranges_pass)
    )
    convergence, movement, daily = (decorate(each) for each in (convergence_pass, movement_pass, trend_pass))
    look_up, watch, score, ranked = (decorate(each) for each in (look_up_pass, watch_pass, score_pass, rank))
    gather = fused_gather(decorate)

    def block(
        bars: BarColumns, features: FeatureColumns, hours: HigherColumns, days: HigherColumns, states: States,
        thresholds: Thresholds, first: int, last: int,
    ) -> None:  # fmt: skip
        """All passes from the bar at `first` to before `last`, in the order in which they need each other."""
        spread(bars.closes, first, last, states.spread, features.sma_20, features.deviation)
        average(bars.closes, first, last, states.average, features.sma_50)
        spread(bars.volumes, first, last, states.volume, features.volume_mean, features.volume_deviation)
        strength(bars.closes, first, last, states.strength, features.rsi)
        ranges(bars.highs, bars.lows, bars.closes, first, last, states.ranges, features.atr)
        ranked(features.atr, first, last, features.atr_rank)
        convergence(bars.closes, first, last, states.macd, features.macd, features.macd_signal)
        before = int(states.four_hours[0])
        gather(bars, first, last, states.four_hours, FOUR_HOURS_MS, thresholds.interval_ms, hours.bars, hours.closed)
        after = int(states.four_hours[0])
        movement(hours.bars.highs, hours.bars.lows, hours.bars.closes, before, after, states.adx, hours.one, hours.two)
        look_up(hours.closed, hours.one, first, last, features.adx)
        look_up(hours.closed, hours.two, first, last, features.direction)
        before = int(states.day[0])
        gather(bars, first, last, states.day, DAY_MS, thresholds.interval_ms, days.bars, days.closed)
        after = int(states.day[0])
        spread(days.bars.closes, before, after, states.trend, days.one, days.two)
        daily(days.bars.closes, days.one, before, after, days.two)
        look_up(days.closed, days.two, first, last, features.trend)
        watch(bars, features, first, last, states.watch, thresholds)
        score(features, first, last, thresholds)

    blockwise = decorate(block)

    def advance(
        bars: BarColumns, features: FeatureColumns, hours: HigherColumns, days: HigherColumns, states: States,
        thresholds: Thresholds, first: int, last: int, at_once: int,
    ) -> None:  # fmt: skip
        for start in range(first, last, at_once):
            blockwise(bars, features, hours, days, states, thresholds, start, min(start + at_once, last))

    return decorate(advance)
