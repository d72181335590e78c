"""Averages, strength, ranges and convergence of bars: passes in the subset of Python that numba compiles.

`app.screener.kernel` puts them together and says what a pass is.
"""

import math

from app.screener.columns import FAST, KEEP, LONG_WINDOW, PERIOD, RANKED, SIGNAL, SLOW, SUM_AGAIN, TAKE, WINDOW, Column

_FAST_TAKE, _SLOW_TAKE, _SIGNAL_TAKE = 2 / (FAST + 1), 2 / (SLOW + 1), 2 / (SIGNAL + 1)
_FAST_KEEP, _SLOW_KEEP, _SIGNAL_KEEP = 1 - _FAST_TAKE, 1 - _SLOW_TAKE, 1 - _SIGNAL_TAKE
_FAST_FROM, _SIGNAL_AT = SLOW - FAST, SLOW + SIGNAL - 2
_PART, _LONG_PART, _RANK_PART = 1 / WINDOW, 1 / LONG_WINDOW, 1 / RANKED


def spread_pass(values: Column, first: int, last: int, state: Column, mean: Column, deviation: Column) -> None:
    """Mean and population deviation of the last `WINDOW` values."""
    seen, base, total, squares = int(state[0]), state[1], state[2], state[3]
    for place in range(first, last):
        gone = 0.0
        if seen % SUM_AGAIN == 0:
            base, total, squares = values[place], 0.0, 0.0
            for near in range(place - min(seen, WINDOW - 1), place):
                shifted = values[near] - base
                total += shifted
                squares += shifted * shifted
        elif seen >= WINDOW:
            gone = values[place - WINDOW] - base
        shifted = values[place] - base
        total += shifted - gone
        squares += shifted * shifted - gone * gone
        seen += 1
        average = total * _PART
        variance = squares * _PART - average * average
        mean[place] = base + average if seen >= WINDOW else math.nan
        deviation[place] = (math.sqrt(variance) if variance > 0.0 else 0.0) if seen >= WINDOW else math.nan
    state[0], state[1], state[2], state[3] = seen, base, total, squares


def average_pass(values: Column, first: int, last: int, state: Column, mean: Column) -> None:
    """Mean of the last `LONG_WINDOW` values."""
    seen, base, total = int(state[0]), state[1], state[2]
    for place in range(first, last):
        gone = 0.0
        if seen % SUM_AGAIN == 0:
            base, total = values[place], 0.0
            for near in range(place - min(seen, LONG_WINDOW - 1), place):
                total += values[near] - base
        elif seen >= LONG_WINDOW:
            gone = values[place - LONG_WINDOW] - base
        total += (values[place] - base) - gone
        seen += 1
        mean[place] = base + total * _LONG_PART if seen >= LONG_WINDOW else math.nan
    state[0], state[1], state[2] = seen, base, total


def strength_pass(closes: Column, first: int, last: int, state: Column, rsi: Column) -> None:
    """Relative strength index (Wilder 1978): the first averages are plain ones; 50 where nothing moved at all."""
    seen, before, gains, losses = int(state[0]), state[1], state[2], state[3]
    for place in range(first, last):
        close = closes[place]
        change = close - before if seen > 0 else 0.0
        gain = change if change > 0.0 else 0.0
        loss = -change if change < 0.0 else 0.0
        keep = KEEP if seen > PERIOD else 1.0
        gains = gains * keep + gain * TAKE
        losses = losses * keep + loss * TAKE
        moved = gains + losses
        known = 100.0 * gains / moved if moved > 0.0 else 50.0
        rsi[place] = known if seen >= PERIOD else math.nan
        before = close
        seen += 1
    state[0], state[1], state[2], state[3] = seen, before, gains, losses


def ranges_pass(highs: Column, lows: Column, closes: Column, first: int, last: int, state: Column, atr: Column) -> None:
    """Average true range (Wilder 1978): the first is the plain average of the first `PERIOD` ranges."""
    seen, before, average = int(state[0]), state[1], state[2]
    for place in range(first, last):
        high, low = highs[place], lows[place]
        top = high if high > before else before
        bottom = low if low < before else before
        reach = top - bottom if seen > 0 else 0.0
        average = average * (KEEP if seen > PERIOD else 1.0) + reach * TAKE
        atr[place] = average if seen >= PERIOD else math.nan
        before = closes[place]
        seen += 1
    state[0], state[1], state[2] = seen, before, average


def rank_pass(atr: Column, first: int, last: int, rank: Column) -> None:
    """The share of the `RANKED` values before it that each value is above; nan while there are fewer."""
    for place in range(first, last):
        value, below = atr[place], 0
        if place < RANKED or math.isnan(atr[place - RANKED]):
            rank[place] = math.nan
            continue
        window = atr[place - RANKED : place]
        for near in range(RANKED):
            below += window[near] < value
        rank[place] = below * _RANK_PART


def convergence_pass(closes: Column, first: int, last: int, state: Column, line: Column, signal: Column) -> None:
    """Moving average convergence divergence 12, 26, 9; each exponential average begins with a plain one."""
    seen, fast, slow, smooth = int(state[0]), state[1], state[2], state[3]
    for place in range(first, last):
        close = closes[place]
        if seen >= SLOW:
            fast = fast * _FAST_KEEP + close * _FAST_TAKE
            slow = slow * _SLOW_KEEP + close * _SLOW_TAKE
        else:
            fast += close / FAST if seen >= _FAST_FROM else 0.0
            slow += close / SLOW
        apart = fast - slow
        if seen > _SIGNAL_AT:
            smooth = smooth * _SIGNAL_KEEP + apart * _SIGNAL_TAKE
        elif seen >= SLOW - 1:
            smooth += apart / SIGNAL
        line[place] = apart if seen >= _SIGNAL_AT else math.nan
        signal[place] = smooth if seen >= _SIGNAL_AT else math.nan
        seen += 1
    state[0], state[1], state[2], state[3] = seen, fast, slow, smooth
