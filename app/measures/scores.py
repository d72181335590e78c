"""How sure one can be of a rate."""

from math import sqrt


def wilson_interval(hits: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Bounds of the true rate behind `hits` out of `trials`, each 0-1; `z` is the normal quantile (default: 95 %).

    Wilson, Journal of the American Statistical Association 22 (1927). (0, 1) without trials. Trials must be
    independent: count overlapping horizons as one. Raises `ValueError` unless 0 ≤ hits ≤ trials.
    """
    if not 0 <= hits <= trials:
        raise ValueError(f"{hits} hits out of {trials} trials: hits must be between 0 and trials")
    if trials == 0:
        return 0.0, 1.0
    rate = hits / trials
    shrunk = 1 + z * z / trials
    centre = (rate + z * z / (2 * trials)) / shrunk
    half_width = z * sqrt(rate * (1 - rate) / trials + (z / (2 * trials)) ** 2) / shrunk
    return max(0.0, centre - half_width), min(1.0, centre + half_width)
