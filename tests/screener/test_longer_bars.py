"""Longer bars: what they hold, and that none is seen before it has closed."""

import numpy as np
import pytest
from bar_samples import START_MS, market, some_bars
from hypothesis import given
from hypothesis import strategies as st
from longer_bars import resample

from app.screener.bars import HOUR_MS, Bars

DAY_MS = 24 * HOUR_MS
widths = st.sampled_from([4 * HOUR_MS, DAY_MS])


def plainly(bars: Bars, width_ms: int) -> dict[int, tuple[float, ...]]:
    """Longer bars by when they open, also one that has not closed, without one that begins before the series."""
    rows: dict[int, list[tuple[float, ...]]] = {}
    for time, *values in zip(*(column.tolist() for column in bars[3:]), strict=True):
        rows.setdefault(time // width_ms * width_ms, []).append(tuple(values))
    if bars.times[0] % width_ms:
        rows.pop(int(bars.times[0]) // width_ms * width_ms)
    return {
        opened: (part[0][0], max(row[1] for row in part), min(row[2] for row in part), part[-1][3],
                 sum(row[4] for row in part))
        for opened, part in rows.items()
    }  # fmt: skip


@given(some_bars(longest=200), widths)
def test_longer_bars_hold_what_the_shorter_ones_held(bars: Bars, width_ms: int) -> None:
    longer, _ = resample(bars, width_ms)
    expected = plainly(bars, width_ms)
    assert longer.times.tolist() == list(expected)[: longer.length]
    assert len(expected) - longer.length <= 1
    for place, opened in enumerate(longer.times.tolist()):
        assert tuple(column[place] for column in longer[4:]) == pytest.approx(expected[opened], rel=1e-12)


@given(some_bars(longest=200), widths)
def test_a_longer_bar_is_seen_once_it_has_closed_and_never_before(bars: Bars, width_ms: int) -> None:
    longer, closed = resample(bars, width_ms)
    ends = longer.times + width_ms
    for place, count in enumerate(closed.tolist()):
        closes_at = bars.times[place] + bars.interval_ms
        assert (ends[:count] <= closes_at).all()
        assert (ends[count:] > closes_at).all()


@given(some_bars(longest=120), widths, st.integers(1, 119))
def test_what_comes_later_changes_no_longer_bar(bars: Bars, width_ms: int, cut: int) -> None:
    cut = min(cut, bars.length - 1)
    whole, closed = resample(bars, width_ms)
    part, closed_then = resample(bars.until(int(bars.times[cut])), width_ms)
    assert closed[: cut + 1].tolist() == closed_then.tolist()
    for column, known in zip(whole[3:], part[3:], strict=True):
        np.testing.assert_array_equal(column[: part.length], known)


def test_hours_become_four_hours_and_days() -> None:
    bars = market(49, 1)
    four, closed = resample(bars, 4 * HOUR_MS)
    assert four.length == 12
    assert closed[:9].tolist() == [0, 0, 0, 1, 1, 1, 1, 2, 2]
    assert (four.highs[0], four.opens[1]) == (bars.highs[:4].max(), bars.opens[4])
    day, closed = resample(bars, DAY_MS)
    assert day.times.tolist() == [START_MS, START_MS + DAY_MS]
    assert closed[[22, 23, 46, 47, 48]].tolist() == [0, 1, 1, 2, 2]
