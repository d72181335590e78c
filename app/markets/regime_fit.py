"""How a trader does in times like these: the regime part of a trader's weight."""

from collections.abc import Sequence

import msgspec
import numpy as np

from app.markets.hourly_bars import HOUR_MS
from app.markets.regime import RegimeHour, RegimeState
from app.markets.regime_model import REGIMES

PRIOR_PERIODS = 20.0
"""So many periods in a regime count half, the other half is the trader's record in all times."""
LEAST_PERIODS = 3
"""With fewer periods in the regime nothing is said. A month of days holds each of six regimes for four or five."""


class RegimeFit(msgspec.Struct, frozen=True, gc=False):
    """How often a trader's periods were profitable: `won` of `among` in the regime of now, `won_ever` of `periods`.

    `value` is the part of its weight, 0-1; None where it cannot be said.
    """

    value: float | None = None
    won: int = 0
    among: int = 0
    won_ever: int = 0
    periods: int = 0


class PastRegimes:
    """Which regime was in force for most of a stretch of time; made once for all traders."""

    def __init__(self, hours: Sequence[RegimeHour] = ()) -> None:
        """`hours` are those that have a regime, oldest first."""
        self._ends = np.array([hour.end_ms for hour in hours], dtype=np.int64)
        self._regimes = np.array([hour.regime for hour in hours], dtype=np.int64)
        marks = self._regimes[:, None] == np.arange(len(REGIMES))
        self._counts = np.concatenate([np.zeros((1, len(REGIMES)), np.int64), marks.cumsum(axis=0)])

    def between(self, times_ms: Sequence[int]) -> Sequence[int | None]:
        """The regime of each period between neighbouring times (rising), None where none is known.

        It is that of most hours that ended in (start, end], of equally many the first in `REGIMES`; where none did,
        that of the hour under way at the end.
        """
        bounds = self._ends.searchsorted(np.array(times_ms, dtype=np.int64), side="right")
        counts = np.diff(self._counts[bounds], axis=0)
        known = zip(counts.sum(axis=1).tolist(), counts.argmax(axis=1).tolist(), times_ms[1:], strict=True)
        return [regime if hours else self._under_way(end_ms) for hours, regime, end_ms in known]

    def _under_way(self, at_ms: int) -> int | None:
        place = int(self._ends.searchsorted(at_ms))
        within = place < len(self._ends) and self._ends[place] - at_ms < HOUR_MS
        return int(self._regimes[place]) if within else None


def regime_fit(times_ms: Sequence[int], results: Sequence[float], past: PastRegimes, state: RegimeState) -> RegimeFit:
    """How often a trader's periods were profitable in the regime of now.

    `times_ms` are the bounds of the periods, rising, one more than there are `results`, the result of each period in
    any unit; one of 0 is neither won nor lost and takes no part. With w of n periods of this regime profitable and a
    share s of all, (w + P·s) / (n + P), P = `PRIOR_PERIODS`; then the state's multiplier decides how far to go from s
    to it. Its value is None when the regime is unknown or n is below `LEAST_PERIODS`.

    Raises `ValueError` when the lengths do not fit.
    """
    if len(times_ms) != len(results) + 1 and (times_ms or results):
        raise ValueError(f"{len(results)} results need {len(results) + 1} times, not {len(times_ms)}")
    if state.regime is None or not results:
        return RegimeFit()
    current = REGIMES.index(state.regime)
    moved = [(each > 0, regime) for each, regime in zip(results, past.between(times_ms), strict=True) if each]
    among = [won for won, regime in moved if regime == current]
    fit = RegimeFit(None, sum(among), len(among), sum(won for won, _ in moved), len(moved))
    return msgspec.structs.replace(fit, value=_value(fit, state.multiplier))


def _value(fit: RegimeFit, multiplier: float) -> float | None:
    if fit.among < LEAST_PERIODS:
        return None
    usual = fit.won_ever / fit.periods
    here = (fit.won + PRIOR_PERIODS * usual) / (fit.among + PRIOR_PERIODS)
    return usual + multiplier * (here - usual)
