"""Following many traders for a day takes no more memory in the end than after its first hours."""

import pytest
from whale_day import LongDriver, Sample

MEGABYTE = 1_000_000


def growth(samples: list[Sample], since: int) -> float:
    """By how many megabytes the most of the later samples is above the one numbered `since`."""
    return (max(sample.memory for sample in samples[since:]) - samples[since].memory) / MEGABYTE


def test_what_is_kept_of_traders_stays_within_bounds() -> None:
    """Twenty minutes of sixty traders: what that is counted by age or number has begun to give way."""
    driver = LongDriver(60, seed=1)
    samples = driver.live(0.3, 6)
    assert samples[-1].moves > 800
    assert samples[-1].alerts > 400
    assert growth(samples, 2) < 12


@pytest.mark.nightly
def test_a_day_of_five_hundred_traders_takes_no_more_and_more() -> None:
    samples = LongDriver(500, seed=2).live(24.0, 24)
    assert samples[-1].moves > 100_000
    assert growth(samples, 5) < 15, samples
