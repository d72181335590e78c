"""Scores kept up outcome by outcome are those of all outcomes, and few or lucky ones accuse nobody."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.measures.scores import calibration_error
from app.tokens.outcome_score import LEAST_OUTCOMES, OutcomeScore

OUTCOMES = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80)


def scored(outcomes: list[tuple[float, bool]]) -> OutcomeScore:
    score = OutcomeScore()
    for p, happened in outcomes:
        score.add(p, happened=happened)
    return score


@given(OUTCOMES)
@settings(max_examples=60)
def test_they_are_those_of_all_outcomes_at_once(outcomes: list[tuple[float, bool]]) -> None:
    p, y = (np.array(column, dtype=np.float64) for column in zip(*outcomes, strict=True))
    score, base = scored(outcomes), y.mean()
    assert score.n == len(outcomes)
    assert score.brier == pytest.approx(float(((p - y) ** 2).mean()), abs=1e-12)
    assert score.base_brier == pytest.approx(float(((base - y) ** 2).mean()), abs=1e-12)
    assert score.calibration_error == calibration_error(p.tolist(), [happened for _, happened in outcomes])


@given(OUTCOMES)
@settings(max_examples=60)
def test_the_side_of_the_base_rate_is_by_the_paired_interval(outcomes: list[tuple[float, bool]]) -> None:
    p, y = (np.array(column, dtype=np.float64) for column in zip(*outcomes, strict=True))
    difference = (p - y) ** 2 - (y.mean() - y) ** 2
    half = 1.96 * difference.std() / math.sqrt(len(y))
    side = 0 if len(y) < LEAST_OUTCOMES or abs(difference.mean()) <= half + 1e-9 else -int(np.sign(difference.mean()))
    found = scored(outcomes).side_of_base
    assert found == side or abs(abs(difference.mean()) - half) < 1e-6


def test_what_is_right_is_better_and_what_is_turned_round_is_worse() -> None:
    told = [(0.9, True), (0.1, False), (0.8, True), (0.2, False)] * 10
    assert scored(told).side_of_base == 1
    assert scored([(1 - p, happened) for p, happened in told]).side_of_base == -1
    assert scored(told[: LEAST_OUTCOMES - 1]).side_of_base == 0


def test_only_a_large_error_that_is_no_chance_is_off() -> None:
    honest = [(0.3, place % 10 < 3) for place in range(100)]
    off = [(0.6, place % 10 < 3) for place in range(100)]
    assert not scored(honest).is_off(0.02, 0.10)
    assert scored(off).is_off(0.02, 0.10)
    assert not scored(off).is_off(0.25, 0.10), "it was as bad in training"
    assert not scored(off[: LEAST_OUTCOMES - 1]).is_off(0.02, 0.10)
    lucky = [(0.45, place % 10 < 3) for place in range(LEAST_OUTCOMES)]
    assert (scored(lucky).calibration_error or 0) > 0.12
    assert not scored(lucky).is_off(0.02, 0.10), "30 outcomes may be so by chance"


def test_promises_without_doubt_that_break_are_infinitely_off() -> None:
    assert scored([(1.0, True)] * 40).z == 0
    assert scored([(1.0, False)] * 40).z == math.inf
    assert scored([(1.0, False)] * 40).is_off(0.0, 0.1)


def test_without_outcomes_nothing_is_known() -> None:
    score = OutcomeScore()
    assert (score.brier, score.base_brier, score.calibration_error, score.side_of_base) == (None, None, None, 0)
    assert not score.is_off(0.0, 0.0)
