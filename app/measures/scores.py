"""How well calibrated probabilities were, and how sure one can be of a rate."""

from collections.abc import Iterable
from math import fsum, sqrt

CALIBRATION_BINS = 10


class Calibration:
    """Probabilities against what came of them, kept up one by one in ten bins of equal width."""

    def __init__(self) -> None:
        self.n = 0
        self._promised = [0.0] * CALIBRATION_BINS
        self._happened = [0] * CALIBRATION_BINS

    def add(self, probability: float, *, happened: bool) -> None:
        """What became of a probability, 0 to 1."""
        place = min(CALIBRATION_BINS - 1, int(CALIBRATION_BINS * probability))
        self.n += 1
        self._promised[place] += probability
        self._happened[place] += happened

    @property
    def error(self) -> float | None:
        """Expected calibration error, 0 to 1: the mean distance of probability and share, each bin by how many it
        holds. None before the first. Naeini, Cooper and Hauskrecht, AAAI (2015)."""
        if not self.n:
            return None
        pairs = zip(self._promised, self._happened, strict=True)
        return fsum(abs(promised - happened) for promised, happened in pairs) / self.n


def calibration_error(probabilities: Iterable[float], outcomes: Iterable[bool]) -> float:
    """The expected calibration error of all these at once (`Calibration`). Raises `ValueError` when there is nothing to
    score or the lengths differ."""
    calibration = Calibration()
    for probability, happened in zip(probabilities, outcomes, strict=True):
        calibration.add(probability, happened=happened)
    if calibration.error is None:
        raise ValueError("no forecasts to score: give at least one")
    return calibration.error


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
