"""Daily returns against a plain walk through the account."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.measures.days import DAY_MS, daily_returns


@given(
    st.lists(st.tuples(st.integers(1, 40 * 3_600_000), st.floats(-50, 5_000)), min_size=1, max_size=60),
    st.integers(0, 10 * DAY_MS),
)
def test_each_day_returns_what_its_last_account_makes_of_that_of_the_day_before(
    steps: list[tuple[int, float]], start_ms: int
) -> None:
    times = np.cumsum([start_ms, *(step for step, _ in steps[1:])])
    equity = np.array([value for _, value in steps])
    by_day = dict(zip((times // DAY_MS).tolist(), equity.tolist(), strict=True))
    expected, account = [], 1_000.0
    for day in range(min(by_day), max(by_day) + 1):
        after = max(by_day.get(day, account), 0.0) if account > 0 else 0.0
        expected.append(after / account - 1 if account > 0 else 0.0)
        account = after
    assert daily_returns(times, equity, 1_000.0).tolist() == pytest.approx(expected)
