import subprocess
import sys
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hourly_samples import market, model_by_hand
from hypothesis import given
from hypothesis import strategies as st

from app.markets.hourly_bars import HOUR_MS
from app.markets.regime import (
    CONFIRMED_AFTER,
    LONGEST_GAP_HOURS,
    STALE_MS,
    SURE_AT,
    Hysteresis,
    RegimeTracker,
    multiplier_of,
    regime_hours,
)
from app.markets.regime_model import REGIMES
from app.measures.returns import Floats

MODEL = model_by_hand()
BARS = market(900, 5)
END_MS = int(BARS.open_ms[-1]) + HOUR_MS
NOTHING: Floats = np.full(6, np.nan)


def leading(regime: int, probability: float = 0.4) -> Floats:
    shares: Floats = np.full(6, (1 - probability) / 5)
    shares[regime] = probability
    return shares


def steps(rows: list[Floats]) -> list[int | None]:
    hysteresis = Hysteresis()
    return [hysteresis.step(row) for row in rows]


def test_another_regime_takes_over_when_it_has_led_for_three_hours() -> None:
    assert steps([leading(2)] * 2 + [leading(4)] * 4) == [2, 2, 2, 2, 4, 4]


def test_a_sure_regime_takes_over_at_once() -> None:
    assert steps([leading(2), leading(4, SURE_AT)]) == [2, 4]


def test_leads_that_take_turns_change_nothing() -> None:
    assert steps([leading(2)] + [leading(3), leading(4), leading(3), leading(2)] * 5) == [2] * 21


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0.2, SURE_AT, exclude_max=True)), min_size=1, max_size=60))
def test_without_a_sure_hour_it_never_changes_twice_within_three(rows: list[tuple[int, float]]) -> None:
    told = steps([leading(*row) for row in rows])
    changes = [hour for hour in range(1, len(told)) if told[hour] != told[hour - 1]]
    assert all(later - earlier >= CONFIRMED_AFTER for earlier, later in pairwise(changes))
    for hour in changes:
        assert {row[0] for row in rows[hour - CONFIRMED_AFTER + 1 : hour + 1]} == {told[hour]}


def test_a_gap_breaks_a_lead_and_a_long_one_ends_the_regime() -> None:
    assert steps([leading(2), leading(4), leading(4), NOTHING, leading(4), leading(4), leading(4)])[-2:] == [2, 4]
    assert steps([leading(2), *[NOTHING] * LONGEST_GAP_HOURS])[-2:] == [2, None]


def test_hours_one_by_one_and_all_at_once_give_the_same() -> None:
    whole, slowly = RegimeTracker("ETH", MODEL), RegimeTracker("ETH", MODEL)
    whole.look(BARS)
    for hour in range(1, BARS.hours + 1):
        slowly.look(BARS.part(max(0, hour - 130), hour))
    for one, other in zip(whole.history(), slowly.history(), strict=True):
        assert one[:2] == other[:2]
        assert one.probability == pytest.approx(other.probability)
    assert msgspec.structs.replace(whole.state(END_MS), probability=None, multiplier=0.0) == msgspec.structs.replace(
        slowly.state(END_MS), probability=None, multiplier=0.0
    )


def test_the_tracker_tells_what_the_hours_tell() -> None:
    tracker = RegimeTracker("ETH", MODEL)
    tracker.look(BARS)
    hours = list(regime_hours(MODEL, BARS))
    assert list(tracker.history()) == hours
    state = tracker.state(END_MS)
    assert state.regime == REGIMES[hours[-1].regime]
    assert state.probability == hours[-1].probability
    assert state.multiplier == multiplier_of(hours[-1].probability)
    first = next(place for place in range(len(hours) - 1, 0, -1) if hours[place - 1].regime != hours[-1].regime)
    assert state.since_ms == hours[first].end_ms
    assert not state.since_at_least
    assert state.age_ms(END_MS + 5) == END_MS + 5 - hours[first].end_ms
    assert len({hour.regime for hour in hours}) == 6


def test_hours_that_were_seen_are_not_counted_again() -> None:
    tracker = RegimeTracker("ETH", MODEL)
    tracker.look(BARS)
    before = list(tracker.history())
    tracker.look(BARS.part(0, 500))
    tracker.look(BARS)
    assert list(tracker.history()) == before


def test_the_first_regime_is_at_least_as_old_as_the_data() -> None:
    tracker = RegimeTracker("ETH", MODEL)
    tracker.look(BARS.part(0, 125))
    assert tracker.state(tracker.history()[-1].end_ms).since_at_least


def test_an_old_hour_tells_no_regime() -> None:
    tracker = RegimeTracker("ETH", MODEL)
    tracker.look(BARS)
    assert tracker.state(END_MS + STALE_MS).regime is not None
    old = tracker.state(END_MS + STALE_MS + 1)
    assert (old.regime, old.multiplier, old.since_ms) == (None, 0.0, None)
    assert "too old" in old.why


def test_without_a_usable_model_the_regime_is_unknown() -> None:
    turned = msgspec.structs.replace(MODEL, centroids=MODEL.centroids[::-1])
    for model, why in ((None, "no model"), (turned, "do not hold")):
        tracker = RegimeTracker("ETH", model)
        tracker.look(BARS)
        assert tracker.state(END_MS).regime is None
        assert why in tracker.state(END_MS).why
    few = RegimeTracker("ETH", MODEL)
    few.look(BARS.part(0, 50))
    assert "too few hours" in few.state(END_MS).why


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_multiplier_rises_with_the_probability(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= multiplier_of(low) <= multiplier_of(high) <= 1
    assert multiplier_of(1 / 6) == 0
    assert multiplier_of(1) == 1


def test_serving_needs_no_clustering_library() -> None:
    script = (
        "import sys; import app.markets.regime, app.markets.regime_fit; "
        "print(sorted({'sklearn', 'scipy', 'joblib', 'pyarrow', 'torch'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout == "[]\n"
