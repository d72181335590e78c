"""The four domains of the strategy, −1 (short) to 1 (long) at each close: passes in the subset that numba compiles.

Each remembers a fixed number of values, however long the series. docs/screener.md defines them.
"""

import math

from app.screener.columns import BarColumns, Column, DomainColumns, FeatureColumns

SWING_BARS = 2
"""So many bars on either side make a swing; it is known when the last of them has closed."""
EVENT_KEPT, SWEEP_KEPT = 0.85, 0.8
"""What a sign of strength and a sweep are worth a bar later, as a share."""


def swing_pass(
    highs: Column, lows: Column, first: int, last: int, state: Column, swing_high: Column, swing_low: Column,
    shape: Column,
) -> None:  # fmt: skip
    """The newest swings that are known, and their shape: 1 where both rose, −1 where both fell, 0 otherwise."""
    seen, high, high_before, low, low_before = int(state[0]), state[1], state[2], state[3], state[4]
    for place in range(first, last):
        if seen >= 2 * SWING_BARS:
            top, bottom = highs[place - 2], lows[place - 2]
            if (top > highs[place - 4] and top > highs[place - 3]) and (
                top >= highs[place - 1] and top >= highs[place]
            ):
                high_before, high = high, top
            if (bottom < lows[place - 4] and bottom < lows[place - 3]) and (
                bottom <= lows[place - 1] and bottom <= lows[place]
            ):
                low_before, low = low, bottom
        known = high_before > 0.0 and low_before > 0.0
        rose, fell = high > high_before and low > low_before, high < high_before and low < low_before
        shape[place] = (1.0 if known and rose else 0.0) - (1.0 if known and fell else 0.0)
        swing_high[place] = high if high > 0.0 else math.nan
        swing_low[place] = low if low > 0.0 else math.nan
        seen += 1
    state[0], state[1], state[2], state[3], state[4] = seen, high, high_before, low, low_before


def structure_pass(
    bars: BarColumns, features: FeatureColumns, domains: DomainColumns, first: int, last: int, state: Column
) -> None:
    """Structure in Wyckoff's sense: markup or markdown by the swings, and signs of strength or weakness: a close beyond
    the newest swing on more volume than usual."""
    closes, volumes, usual = bars.closes, bars.volumes, features.volume_mean
    highs, lows, shape, structure = domains.swing_high, domains.swing_low, domains.shape, domains.structure
    event = state[0]
    for place in range(first, last):
        event *= EVENT_KEPT
        effort = volumes[place] > usual[place]
        event = 1.0 if effort and closes[place] > highs[place] else event
        event = -1.0 if effort and closes[place] < lows[place] else event
        structure[place] = 0.6 * shape[place] + 0.4 * event
    state[0] = event


def liquidity_pass(
    bars: BarColumns, features: FeatureColumns, domains: DomainColumns, first: int, last: int, state: Column
) -> None:
    """Liquidity sweeps: a bar that reached beyond the newest swing and closed back inside, by how many ATRs."""
    highs, lows, closes, atr = bars.highs, bars.lows, bars.closes, features.atr
    liquidity = domains.liquidity
    sweep, level_high, level_low = state[0], state[1], state[2]
    for place in range(first, last):
        sweep *= SWEEP_KEPT
        high, low, close, unit = highs[place], lows[place], closes[place], atr[place]
        # The level is the one known before this bar: its own swing is not there to be swept.
        if level_high > 0.0 and high > level_high and close < level_high and unit > 0.0:
            depth = 0.5 + (high - level_high) / unit
            sweep = -(1.0 if depth > 1.0 else depth)
        if level_low > 0.0 and low < level_low and close > level_low and unit > 0.0:
            depth = 0.5 + (level_low - low) / unit
            sweep = 1.0 if depth > 1.0 else depth
        level_high = domains.swing_high[place] if domains.swing_high[place] > 0.0 else 0.0
        level_low = domains.swing_low[place] if domains.swing_low[place] > 0.0 else 0.0
        liquidity[place] = sweep
    state[0], state[1], state[2] = sweep, level_high, level_low


def blocks_pass(
    bars: BarColumns, features: FeatureColumns, domains: DomainColumns, first: int, last: int, state: Column
) -> None:
    """Order blocks and fair-value gaps: the newest of each kind and side, touched and held by this bar.

    A gap is what three bars leave open between the first and the third; a block the last bar of the other colour before
    one whose body is larger than the ATR. A close beyond a zone ends it.
    """
    highs, lows, atr, blocks = bars.highs, bars.lows, features.atr, domains.blocks
    seen = int(state[0])
    gap_low, gap_high, gap_under, gap_over = state[1], state[2], state[3], state[4]
    block_low, block_high, block_under, block_over = state[5], state[6], state[7], state[8]
    down_low, down_high, up_low, up_high = state[9], state[10], state[11], state[12]
    for place in range(first, last):
        high, low, close, body = highs[place], lows[place], bars.closes[place], bars.closes[place] - bars.opens[place]
        score = 0.5 if gap_high > 0.0 and low <= gap_high and close >= gap_low else 0.0
        score += 0.5 if block_high > 0.0 and low <= block_high and close >= block_low else 0.0
        score -= 0.5 if gap_over > 0.0 and high >= gap_under and close <= gap_over else 0.0
        score -= 0.5 if block_over > 0.0 and high >= block_under and close <= block_over else 0.0
        blocks[place] = score
        gap_high = 0.0 if close < gap_low else gap_high
        block_high = 0.0 if close < block_low else block_high
        gap_over = 0.0 if close > gap_over else gap_over
        block_over = 0.0 if close > block_over else block_over
        if seen >= 2 and low > highs[place - 2]:
            gap_low, gap_high = highs[place - 2], low
        if seen >= 2 and high < lows[place - 2]:
            gap_under, gap_over = high, lows[place - 2]
        if body > atr[place]:
            block_low, block_high = down_low, down_high
        if -body > atr[place]:
            block_under, block_over = up_low, up_high
        if body < 0.0:
            down_low, down_high = low, high
        if body > 0.0:
            up_low, up_high = low, high
        seen += 1
    state[0] = seen
    state[1], state[2], state[3], state[4] = gap_low, gap_high, gap_under, gap_over
    state[5], state[6], state[7], state[8] = block_low, block_high, block_under, block_over
    state[9], state[10], state[11], state[12] = down_low, down_high, up_low, up_high


def momentum_pass(
    bars: BarColumns, features: FeatureColumns, domains: DomainColumns, first: int, last: int, _state: Column
) -> None:
    """Momentum: convergence in quarters of an ATR, strength around 50, and the place within Bollinger's bands."""
    for place in range(first, last):
        unit, wide = 0.25 * features.atr[place], 2.0 * features.deviation[place]
        apart = features.macd[place] - features.macd_signal[place]
        turn = apart / unit if unit > 0.0 else 0.0 * apart
        turn = 1.0 if turn > 1.0 else (-1.0 if turn < -1.0 else turn)
        push = (features.rsi[place] - 50.0) * 0.05
        push = 1.0 if push > 1.0 else (-1.0 if push < -1.0 else push)
        off = bars.closes[place] - features.sma_20[place]
        band = off / wide if wide > 0.0 else 0.0 * off
        band = 1.0 if band > 1.0 else (-1.0 if band < -1.0 else band)
        domains.momentum[place] = 0.4 * turn + 0.4 * push + 0.2 * band
