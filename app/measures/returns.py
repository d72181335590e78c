"""Returns and volatility of a price series."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def log_returns(prices: Floats) -> Floats:
    """ln(p[k] / p[k−1]) for each step; prices are positive. One shorter than `prices`, empty for fewer than two."""
    # A difference of logarithms is finite for all positive prices, the ratio of two prices is not.
    returns: Floats = np.diff(np.log(prices))
    return returns


def exponential_volatility(times_s: Floats, prices: Floats, *, half_life_s: float, longest_step_s: float) -> float:
    """Volatility of log returns for one second (multiply by √t for t seconds), recent steps weighing more.

    √( Σ w·r²/Δt / Σ w ) over the steps between samples, w = 2^(−age / half_life_s), age counted from the last step.
    Returns are not centred: over seconds the mean is noise. Steps longer than `longest_step_s` are gaps and left out.
    `times_s` increases strictly. 0 where there is no step to measure.
    """
    steps = np.diff(times_s)
    kept = steps <= longest_step_s
    if not kept.any():
        return 0.0
    ends = times_s[1:][kept]
    weights = np.exp2((ends - ends[-1]) / half_life_s)
    variances = log_returns(prices)[kept] ** 2 / steps[kept]
    # Not np.dot: the kernel it picks, and with it the last bits, depend on the machine.
    return float(np.sqrt((weights * variances).sum() / weights.sum()))
