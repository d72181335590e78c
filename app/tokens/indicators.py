"""Indicators of the candles that there are: intervals without trades are left out, as venues' charts leave them out.

Each needs a number of closes before it is known, and is NaN until then. All are free of the price's unit.
"""

import numpy as np

from app.measures.returns import Floats

INDICATORS = ("rsi_14", "macd_line", "macd_signal", "macd_histogram", "ema_12", "ema_26", "bollinger_width")

RSI, FAST, SLOW, SIGNAL, BANDS, DEVIATIONS = 14, 12, 26, 9, 20, 2


def indicators(closes: Floats) -> Floats:
    """One value each of `INDICATORS` at the last of `closes` (positive, oldest first); NaN where it is not known.

    rsi_14           relative strength index, −1 (only falls) to 1 (only rises): (RSI − 50) / 50
    macd_line        (EMA 12 − EMA 26) / close
    macd_signal      EMA 9 of EMA 12 − EMA 26, / close
    macd_histogram   the difference of both
    ema_12, ema_26   ln(close / EMA)
    bollinger_width  (upper − lower band) / middle: 4 standard deviations of 20 closes over their mean
    """
    if not len(closes):
        return np.full(len(INDICATORS), np.nan)
    # In units of the last close: prices of 1e-12 and of 1e6 then give the same bits but for the division's rounding.
    relative = closes / closes[-1]
    fast, slow = exponential_average(relative, FAST), exponential_average(relative, SLOW)
    line = (fast - slow)[SLOW - 1 :]
    signal = exponential_average(line, SIGNAL)
    last_line, last_signal = _last(line), _last(signal)
    return np.array(
        [
            (relative_strength(relative) - 50) / 50,
            last_line,
            last_signal,
            last_line - last_signal,
            -np.log(_last(fast)),
            -np.log(_last(slow)),
            bollinger_width(relative),
        ]
    )


def exponential_average(values: Floats, period: int) -> Floats:
    """Exponential moving average with weight 2 / (period + 1), begun at the mean of the first `period` values.

    As long as `values`; NaN before its beginning.
    """
    averages = np.full(len(values), np.nan)
    if len(values) < period:
        return averages
    weight = 2 / (period + 1)
    average = float(values[:period].mean())
    averages[period - 1] = average
    for place, value in enumerate(values[period:].tolist(), start=period):
        average += weight * (value - average)
        averages[place] = average
    return averages


def relative_strength(closes: Floats) -> float:
    """Relative strength index over 14 changes, 0 to 100, smoothed as its inventor does; 50 where nothing moved.

    J. Welles Wilder, New Concepts in Technical Trading Systems, 1978. NaN for fewer than 15 closes.
    """
    if len(closes) <= RSI:
        return float("nan")
    changes = np.diff(closes)
    rise, fall = (float(np.maximum(sign * changes[:RSI], 0).mean()) for sign in (1, -1))
    for change in changes[RSI:].tolist():
        rise += (max(change, 0.0) - rise) / RSI
        fall += (max(-change, 0.0) - fall) / RSI
    return 100 * rise / (rise + fall) if rise + fall > 0 else 50.0


def bollinger_width(closes: Floats) -> float:
    """Distance of the bands over the middle one; deviations are those of a population. NaN for fewer than 20 closes."""
    if len(closes) < BANDS:
        return float("nan")
    recent = closes[-BANDS:]
    return float(2 * DEVIATIONS * recent.std() / recent.mean())


def _last(values: Floats) -> float:
    return float(values[-1]) if len(values) else float("nan")
