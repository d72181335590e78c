"""How sure one can be of a rate whose observations overlap in time: effective n and block-bootstrap intervals.

Observations that look at the same stretch of time are not independent, whatever they are observations of. So time is
cut into blocks, all that begins in a block stays together, and blocks are what is counted and drawn again.
"""

import math
from statistics import NormalDist

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.measures.returns import Floats
from app.measures.scores import wilson_interval

Integers = NDArray[np.int64]

FEWEST_BLOCKS = 10
RESAMPLES = 1_000


class Estimate(msgspec.Struct, frozen=True):
    """A measured value, the bounds of its 95 % interval, and how many blocks it rests on.

    None where there was nothing to measure, or too little for an interval.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    blocks: int = 0

    def side_of(self, level: float) -> int | None:
        """+1 or −1 when the interval lies wholly above or below `level`, 0 when it covers it, None without one."""
        if self.low is None or self.high is None:
            return None
        return int(self.low > level) - int(self.high < level)

    def as_rate(self) -> "Estimate":
        """The same for a rate. Where all draws would be alike (0 or 1), the bounds are Wilson's for the blocks."""
        if self.low is None or self.value not in (0.0, 1.0):
            return self
        low, high = wilson_interval(round(self.value) * self.blocks, self.blocks)
        return Estimate(self.value, low, high, self.blocks)


def block_starts(times_ms: Integers, length_ms: int) -> Integers:
    """Where blocks of `length_ms` begin in times that never fall: at the first time, then at the first one outside.

    With the length of the observations themselves, the number of blocks is the greatest number of observations of
    which no two overlap: the effective n.
    """
    starts: list[int] = []
    first = 0
    while first < len(times_ms):
        starts.append(first)
        first = int(np.searchsorted(times_ms, times_ms[first] + length_ms, side="left"))
    return np.array(starts, dtype=np.int64)


def block_length_ms(effective_n: int, horizon_ms: int) -> int:
    """How long blocks should be: the horizon times the cube root of effective n, rounded.

    Neighbouring blocks still share a horizon at their border, so blocks grow with the data, at the rate of Hall,
    Horowitz and Jing, Biometrika 82 (1995). Never shorter than the horizon.
    """
    return horizon_ms * max(1, round(math.cbrt(effective_n)))


def ratio_estimates(
    numerators: Floats, denominators: Floats, starts: Integers, generator: np.random.Generator
) -> list[Estimate]:
    """Σ numerator / Σ denominator of each column, with a 95 % interval from drawing whole blocks again.

    Rows are observations in order of time, `starts` the rows where blocks begin; a row takes no part in a column where
    its denominator is 0, and denominators are not negative. There is no interval where fewer than `FEWEST_BLOCKS`
    blocks take part, no value where none does. `RESAMPLES` draws of as many blocks as there are; Künsch, Annals of
    Statistics 17 (1989), with blocks that do not overlap.
    """
    columns = numerators.shape[1]
    if not len(starts):
        return [Estimate()] * columns
    over = np.add.reduceat(numerators, starts, axis=0)
    under = np.add.reduceat(denominators, starts, axis=0)
    blocks = len(starts)
    drawn = generator.multinomial(blocks, np.full(blocks, 1 / blocks), size=RESAMPLES).astype(np.float64)
    drawn_over, drawn_under = drawn @ over, drawn @ under
    return [
        _estimate(over[:, column], under[:, column], drawn_over[:, column], drawn_under[:, column])
        for column in range(columns)
    ]


def _estimate(over: Floats, under: Floats, drawn_over: Floats, drawn_under: Floats) -> Estimate:
    taking_part = int(np.count_nonzero(under))
    if not taking_part:
        return Estimate()
    value = float(over.sum() / under.sum())
    if taking_part < FEWEST_BLOCKS:
        return Estimate(value, blocks=taking_part)
    some = drawn_under > 0
    low, high = expanded_interval(drawn_over[some] / drawn_under[some], taking_part)
    return Estimate(value, low, high, taking_part)


def expanded_interval(estimates: Floats, blocks: int) -> tuple[float, float]:
    """The 95 % percentile interval of bootstrap estimates from `blocks` blocks (≥ 2), widened for few of them.

    Its tails are Φ(−t·√(n / (n − 1))), t the 97.5 % quantile of Student's t with n − 1 degrees of freedom: the plain
    percentiles are too narrow in small samples (Hesterberg, The American Statistician 69, 2015).
    """
    reach = student_quantile(blocks - 1) * math.sqrt(blocks / (blocks - 1))
    tail = NormalDist().cdf(-reach)
    low, high = np.quantile(estimates, [tail, 1 - tail])
    return float(low), float(high)


def student_quantile(degrees: int, z: float = 1.959964) -> float:
    """Quantile of Student's t where the normal one is `z` (default: 97.5 %); good to 1 % from 4 `degrees` on.

    Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.5.
    """
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / float(degrees) ** power for power, term in enumerate(terms, start=1))
