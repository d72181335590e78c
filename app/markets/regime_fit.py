"""How a trader does in times like these: the regime part of a trader's weight."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence

from app.markets.hourly_bars import HOUR_MS
from app.markets.regime import RegimeHour, RegimeState
from app.markets.regime_model import REGIMES

PRIOR_PERIODS = 20.0
"""So many periods in a regime count half, the other half is the trader's record in all times."""
LEAST_PERIODS = 5
"""With fewer periods in the regime nothing is said."""


def regime_fit(
    times_ms: Sequence[int], results: Sequence[float], hours: Sequence[RegimeHour], state: RegimeState
) -> float | None:
    """How often a trader's periods were profitable in the regime of now, 0-1; None where it cannot be said.

    `times_ms` are the bounds of the periods, rising, one more than there are `results`, the result of each period in
    any unit. A period belongs to the regime that was in force for most of its `hours`. With w of n periods of this
    regime profitable and a share s of all, (w + P·s) / (n + P), P = `PRIOR_PERIODS`; then the state's multiplier
    decides how far to go from s to it. None when the regime is unknown or n is below `LEAST_PERIODS`.

    Raises `ValueError` when the lengths do not fit.
    """
    if len(times_ms) != len(results) + 1 and (times_ms or results):
        raise ValueError(f"{len(results)} results need {len(results) + 1} times, not {len(times_ms)}")
    if state.regime is None or not results:
        return None
    current = REGIMES.index(state.regime)
    ends = [hour.end_ms for hour in hours]
    among = [
        result > 0
        for start, end, result in zip(times_ms, times_ms[1:], results, strict=False)
        if _regime_between(ends, hours, start, end) == current
    ]
    if len(among) < LEAST_PERIODS:
        return None
    usual = sum(result > 0 for result in results) / len(results)
    here = (sum(among) + PRIOR_PERIODS * usual) / (len(among) + PRIOR_PERIODS)
    return usual + state.multiplier * (here - usual)


def _regime_between(ends: Sequence[int], hours: Sequence[RegimeHour], start_ms: int, end_ms: int) -> int | None:
    """The regime of most hours that ended in (start, end]; where none did, that of the hour under way at the end."""
    first, last = bisect_right(ends, start_ms), bisect_right(ends, end_ms)
    counts = Counter(hour.regime for hour in hours[first:last])
    if counts:
        return counts.most_common(1)[0][0]
    place = bisect_left(ends, end_ms)
    within = place < len(ends) and ends[place] - end_ms < HOUR_MS
    return hours[place].regime if within else None
