"""How good probabilities turned out, kept up outcome by outcome. Pure."""

import math

from app.measures.scores import Calibration

LEAST_OUTCOMES = 30
"""Of fewer outcomes nothing is said."""
_SURE, _VERY_SURE = 1.96, 2.58


class OutcomeScore:
    """Of one head: probabilities that were given, and whether what they were of came true."""

    def __init__(self) -> None:
        self.n = 0
        self._happened = 0
        self._calibration = Calibration()
        # Sums of a = p² − 2py, which is what an outcome adds to the Brier score beyond y², and of its products.
        self._a = self._a2 = self._ay = 0.0
        self._distance = self._variance = 0.0

    def add(self, p: float, *, happened: bool) -> None:
        """What became of a probability `p`, 0 to 1."""
        y = int(happened)
        a = p * p - 2 * p * y
        self.n += 1
        self._happened += y
        self._a, self._a2, self._ay = self._a + a, self._a2 + a * a, self._ay + a * y
        self._distance += (y - p) * (1 - 2 * p)
        self._variance += (1 - 2 * p) ** 2 * p * (1 - p)
        self._calibration.add(p, happened=happened)

    @property
    def base_rate(self) -> float | None:
        """The share that came true; None before the first outcome."""
        return self._happened / self.n if self.n else None

    @property
    def brier(self) -> float | None:
        """Mean of (p − y)², 0 to 1: 0 is perfect. Brier, Monthly Weather Review 78, 1950."""
        return (self._a + self._happened) / self.n if self.n else None

    @property
    def base_brier(self) -> float | None:
        """The Brier score of who always says the base rate of these very outcomes."""
        base = self.base_rate
        return None if base is None else base * (1 - base)

    @property
    def calibration_error(self) -> float | None:
        """The expected calibration error, as bundles' cards give it (`measures/scores.py`); None before the first."""
        return self._calibration.error

    @property
    def z(self) -> float:
        """By how many of its standard deviations the Brier score is off what these probabilities promise; 0 where they
        promise nothing to go wrong. Spiegelhalter, Statistics in Medicine 5, 1986."""
        if self._variance > 0:
            return self._distance / math.sqrt(self._variance)
        return 0.0 if abs(self._distance) < 1e-12 else math.copysign(math.inf, self._distance)

    @property
    def side_of_base(self) -> int:
        """+1 where its Brier score is better than the base rate's, −1 where it is worse, each by the 95 % interval of
        the paired difference; 0 where that cannot be told, or of too few."""
        base = self.base_rate
        if base is None or self.n < LEAST_OUTCOMES:
            return 0
        # An outcome's difference is a + 2·base·y − base²; the last term has no variance.
        mean = (self._a + 2 * base * self._happened) / self.n - base * base
        square = (self._a2 + 4 * base * self._ay + 4 * base * base * self._happened) / self.n
        deviation = math.sqrt(max(0.0, square - (mean + base * base) ** 2))
        if abs(mean) - _SURE * deviation / math.sqrt(self.n) <= 1e-12:
            return 0
        return -1 if mean > 0 else 1

    def is_off(self, trained: float, most: float) -> bool:
        """Whether the calibration error is more than `most` above the `trained` one, and that is no chance."""
        error = self.calibration_error
        return error is not None and self.n >= LEAST_OUTCOMES and error > trained + most and abs(self.z) > _VERY_SURE
