"""Measures of a token model against the plainest reckoning, and intervals that count tokens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.measures.returns import Floats
from app.training import token_scores as measures


def made(seed: int, tokens: int = 40, each: int = 5) -> tuple[measures.Rows, Floats]:
    """Rows of tokens, of which all of one token share their truth, and probabilities that know something of it."""
    rng = np.random.default_rng(seed)
    truth = np.repeat((rng.random(tokens) < 0.4).astype(np.float64), each)
    names = np.repeat([f"t{number}" for number in range(tokens)], each)
    told = np.clip(0.4 * truth + rng.random(len(truth)) * 0.6, 0, 1).round(2)
    return measures.Rows(names, truth), told


@given(st.integers(0, 10_000))
def test_auc_is_the_chance_that_a_true_row_is_above_a_false_one(seed: int) -> None:
    rows, told = made(seed, 12, 2)
    true, false = told[rows.truth > 0], told[rows.truth == 0]
    if not len(true) or not len(false):
        return
    pairs = (true[:, None] > false).mean() + (true[:, None] == false).mean() / 2
    assert measures.auc_of(rows.truth, told)(np.ones(len(told))) == pytest.approx(pairs)


@given(st.integers(0, 10_000))
def test_average_precision_is_precision_summed_over_steps_of_recall(seed: int) -> None:
    rows, told = made(seed, 12, 2)
    if not rows.truth.any():
        return
    area = before = 0.0
    for threshold in sorted(set(told.tolist()), reverse=True):
        above = told >= threshold
        recall = rows.truth[above].sum() / rows.truth.sum()
        area += (recall - before) * rows.truth[above].mean()
        before = recall
    assert measures.average_precision_of(rows.truth, told)(np.ones(len(told))) == pytest.approx(area)


def test_a_constant_that_is_the_share_has_its_brier_score_and_no_calibration_error() -> None:
    rows, _ = made(1)
    share = rows.truth.mean()
    assert measures.brier_of(rows.truth, np.full(200, share))(np.ones(200)) == pytest.approx(share * (1 - share))
    told = measures.score("constant", rows, np.full(200, share), measures.draws_of(rows, 1, 2))
    assert told.calibration_error == pytest.approx(0.0)


def test_more_rows_of_the_same_tokens_make_no_interval_narrower() -> None:
    rows, told = made(3, each=1)
    many = measures.Rows(np.tile(rows.token, 20), np.tile(rows.truth, 20))
    one = measures.score("m", rows, told, measures.draws_of(rows, 5))
    other = measures.score("m", many, np.tile(told, 20), measures.draws_of(many, 5))
    assert (one.auc.low, one.auc.high) == pytest.approx((other.auc.low, other.auc.high))
    assert one.tokens == other.tokens == 40
    assert other.n == 20 * one.n


def test_an_interval_holds_the_value_and_needs_ten_tokens() -> None:
    rows, told = made(3)
    found = measures.score("m", rows, told, measures.draws_of(rows, 5))
    assert found.auc.low is not None
    assert found.auc.high is not None
    assert found.auc.value is not None
    assert found.auc.low < found.auc.value < found.auc.high
    few, told_few = made(3, tokens=9)
    assert measures.score("m", few, told_few, measures.draws_of(few, 5)).auc.low is None


def test_pairs_are_taken_on_the_same_draws() -> None:
    rows, told = made(4)
    draws = measures.draws_of(rows, 5)
    one, noise = measures.auc_of(rows.truth, told), measures.auc_of(rows.truth, np.zeros(len(told)))
    same = measures.pair("AUC", ("a", one), ("b", one), draws)
    assert (same.difference.value, same.difference.low, same.difference.high) == (0.0, 0.0, 0.0)
    assert same.verdict == "does not beat"
    assert measures.pair("AUC", ("a", one), ("b", noise), draws).verdict == "beats"
    assert measures.pair("AUC", ("a", noise), ("b", one), draws).verdict == "loses to"
    assert measures.pair("Brier", ("a", one), ("b", noise), draws, -1).verdict == "loses to"


def test_a_cut_says_what_a_decision_does() -> None:
    rows = measures.Rows(np.array([f"t{n}" for n in range(10)]), np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0.0]))
    told = np.array([0.9, 0.8, 0.1, 0.85, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2])
    found = measures.cut("m", rows, told, 0.7, measures.draws_of(rows, 5))
    assert found.n_above == 3
    values = (found.precision.value, found.recall.value, found.false_positive_rate.value)
    assert values == pytest.approx((2 / 3, 2 / 3, 1 / 7))
    assert measures.cut("m", rows, told, 0.95, measures.draws_of(rows, 5)).precision.value is None


def test_a_rate_counts_the_tokens_that_it_is_of_and_is_never_certain() -> None:
    rows, _ = made(6, tokens=60, each=3)
    draws = measures.draws_of(rows, 5)
    true = rows.truth > 0
    all_of_them = draws.rate(true, true)
    assert all_of_them.value == 1.0
    assert all_of_them.blocks == len(set(rows.token[true].tolist())) < 60
    assert all_of_them.low is not None
    assert 0.8 < all_of_them.low < 1.0
    few = np.isin(rows.token, [f"t{number}" for number in range(9)])
    assert draws.rate(true & few, few).low is None


def test_figures_measure_order_and_size() -> None:
    rng = np.random.default_rng(1)
    gains = rng.exponential(5, 200)
    rows = measures.Rows(np.array([f"t{n // 4}" for n in range(200)]), gains)
    perfect = measures.figure("m", rows, gains, (-50.0, 300.0), measures.draws_of(rows, 5))
    constant = measures.figure("m", rows, np.full(200, gains.mean()), (-50.0, 300.0), measures.draws_of(rows, 5))
    assert perfect.rank_correlation.value == pytest.approx(1.0)
    assert perfect.explained.value == pytest.approx(1.0)
    assert constant.rank_correlation.value is None
    assert constant.explained.value == pytest.approx(0.0)
