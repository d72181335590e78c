"""One rule that other programs replay too: a fused score at each close, a stop of 2 ATR, a target of 4 ATR, fees.

The passes are written like the screener's and compiled by the same compiler; uncompiled, on lists, they are the plain
Python that a ratio is against, equal in every bit.
"""

import math

from app.screener.columns import Column

FEE, ENTRY = 0.0004, 0.45
STARTING_CASH = 10_000.0
SESSION_BARS = 24
_SHORT, _LONG, _FAST, _SLOW, _SIGNAL = 1 / 14, 1 / 100, 2 / 13, 2 / 27, 2 / 10
_SHORT_KEPT, _LONG_KEPT, _FAST_KEPT, _SLOW_KEPT, _SIGNAL_KEPT = 13 / 14, 99 / 100, 11 / 13, 25 / 27, 8 / 10
_KNOWN_FROM = 49
_TINY = 1e-300


def score_pass(highs: Column, lows: Column, closes: Column, scores: Column, ranges: Column) -> None:
    """The score of each bar, −1 to 1 or a little beyond, and its average true range.

    SMA 20 against 50, RSI 14, MACD, Bollinger's bands and a break of the session's range, halved in a calm market.
    """
    base = closes[0]
    total_20 = total_50 = squares = short = long = gains = losses = apart = 0.0
    before, fast, slow, top, bottom, bar = base, base, base, highs[0], lows[0], 0
    for place in range(len(closes)):
        close, high, low = closes[place], highs[place], lows[place]
        shifted = close - base
        total_20 += shifted
        total_50 += shifted
        squares += shifted * shifted
        if place >= 20:
            gone = closes[place - 20] - base
            total_20 -= gone
            squares -= gone * gone
        if place >= 50:
            total_50 -= closes[place - 50] - base
        change = close - before
        reach = (high if high > before else before) - (low if low < before else before)
        short = short * _SHORT_KEPT + reach * _SHORT
        long = long * _LONG_KEPT + reach * _LONG
        gains = gains * _SHORT_KEPT + (change if change > 0.0 else 0.0) * _SHORT
        losses = losses * _SHORT_KEPT + (-change if change < 0.0 else 0.0) * _SHORT
        fast = fast * _FAST_KEPT + close * _FAST
        slow = slow * _SLOW_KEPT + close * _SLOW
        line = fast - slow
        apart = apart * _SIGNAL_KEPT + line * _SIGNAL
        broken = 0.0
        if bar == 0:
            top, bottom = high, low
        else:
            broken = (1.0 if close > top else 0.0) - (1.0 if close < bottom else 0.0)
            top = high if high > top else top
            bottom = low if low < bottom else bottom
        bar += 1
        if bar == SESSION_BARS:
            bar = 0
        mean = total_20 * 0.05
        variance = squares * 0.05 - mean * mean
        wide = 2.0 * math.sqrt(variance if variance > _TINY else _TINY)
        strength = gains / (gains + losses + _TINY)
        score = (0.3 if mean > total_50 * 0.02 else -0.3) + 0.2 * (strength * 2.0 - 1.0)
        score += (0.2 if line > apart else -0.2) + 0.15 * (shifted - mean) / wide + 0.15 * broken
        scores[place] = score * (1.0 if short > long else 0.5) if place >= _KNOWN_FROM else 0.0
        ranges[place] = short
        before = close


def replay_pass(
    opens: Column, highs: Column, lows: Column, closes: Column, scores: Column, ranges: Column, equity: Column
) -> int:  # fmt: skip
    """Replay the rule with the whole account each time: how many trades ended, and in `equity` each close's account."""
    cash, coins, entry, stop, target = STARTING_CASH, 0.0, 0.0, 0.0, 0.0
    wanted = side = 0.0
    trades = 0
    for place in range(len(closes)):
        if wanted != 0.0:
            side, entry = wanted, opens[place]
            coins = side * cash / entry
            cash -= side * coins * entry * FEE
            stop = entry - side * 2.0 * ranges[place - 1]
            target = entry + side * 4.0 * ranges[place - 1]
            wanted = 0.0
        if side != 0.0:
            opened, price = opens[place], 0.0
            worst, best = lows[place], highs[place]
            if side < 0.0:
                worst, best = best, worst
            if side * (worst - stop) <= 0.0:
                price = opened if side * (opened - stop) < 0.0 else stop
            elif side * (best - target) >= 0.0:
                price = target
            if price > 0.0:
                cash += coins * (price - entry) - side * coins * price * FEE
                trades += 1
                coins = side = 0.0
        close = closes[place]
        if side == 0.0:
            wanted = (1.0 if scores[place] > ENTRY else 0.0) - (1.0 if scores[place] < -ENTRY else 0.0)
        equity[place] = cash + coins * (close - entry)
    return trades
