"""Occlusion: what is hidden looks as what is not known, and the effects sum up to the answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from token_tables import BORN_S, FULL, walk

from app.tokens.attribution import CHART_PARTS, GROUPS, MOST_PARTS, attributions, occluded
from app.tokens.candles import SLOT_S, VOLUME
from app.tokens.features import CONTEXT, WIDTH, Context, Singles, features, parts
from app.tokens.indicators import INDICATORS
from app.tokens.worker_protocol import LARGEST_BATCH


def row_of(seed: int, slots: int = 60, context: Context = FULL) -> Singles:
    return features(walk(seed, slots), context, BORN_S + slots * SLOT_S).flat()


def test_every_part_is_hidden_once_and_all_rows_are_one_batch() -> None:
    hidden = occluded(row_of(1))
    singles = (*((name, "context") for name in CONTEXT), *((name, "indicators") for name in INDICATORS))
    assert hidden.names == (*((name, "") for name in GROUPS), *((name, "chart") for name in CHART_PARTS), *singles)
    assert hidden.rows.shape == (MOST_PARTS + 2, WIDTH)
    assert len(hidden.rows) <= LARGEST_BATCH
    np.testing.assert_array_equal(hidden.rows[0], row_of(1))


def test_what_is_hidden_looks_as_what_is_not_known() -> None:
    hidden, whole = occluded(row_of(2)), parts(row_of(2))
    rows = {name: parts(each) for name, each in zip(hidden.names, hidden.rows[2:], strict=True)}
    holders = rows["holders", "context"]
    assert (holders.context[2], holders.context_known[2], whole.context_known[2]) == (0, 0, 1)
    np.testing.assert_array_equal(np.delete(holders.context, 2), np.delete(whole.context, 2))
    assert not rows["indicators", ""].indicators_known.any()
    older = rows["older candles", "chart"]
    assert older.mask.sum() == 1
    newest = np.flatnonzero(whole.mask)[-1]
    np.testing.assert_array_equal(older.candles[newest], whole.candles[newest])
    assert not np.delete(older.candles, newest, axis=0).any()
    assert not rows["prices", "chart"].candles[:, :VOLUME].any()
    np.testing.assert_array_equal(rows["volumes", "chart"].candles[:, :VOLUME], whole.candles[:, :VOLUME])
    nothing = parts(hidden.rows[1])
    assert not nothing.context_known.any()
    assert nothing.mask.sum() == 1
    assert float(np.abs(nothing.candles).sum()) == pytest.approx(np.log(2))


def test_what_is_not_known_is_not_asked_about() -> None:
    young = occluded(row_of(3, slots=5, context=Context(holders=12.0)))
    assert [name for name, group in young.names if group == "context"] == ["holders"]
    assert [name for name, group in young.names if group == "indicators"] == []
    assert ("indicators", "") not in young.names


def test_a_row_without_candles_has_a_chart_that_says_nothing() -> None:
    empty = occluded(features(walk(1, 10), FULL, BORN_S - 9_999 * SLOT_S).flat())
    assert not parts(empty.rows[0]).mask.any()
    assert [name for name, group in empty.names if group == "chart"] == []


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 1.0))
@settings(max_examples=15)
def test_of_a_model_that_adds_up_the_groups_are_all_there_is(seed: int, traded: float) -> None:
    rng = np.random.default_rng(seed)
    row = features(walk(seed % 1_000, 40, traded=traded), FULL, BORN_S + 40 * SLOT_S).flat()
    weights = rng.standard_normal((WIDTH, 3))
    hidden = occluded(row)
    told = attributions(hidden, (hidden.rows @ weights).tolist(), "v")
    np.testing.assert_allclose(told.beyond, 0, atol=1e-6)
    expected = (hidden.rows[0] - hidden.rows[2:]) @ weights
    np.testing.assert_allclose([each.worth for each in told.effects], expected, atol=1e-6)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_whatever_the_model_says_the_sum_is_its_answer(seed: int) -> None:
    hidden = occluded(row_of(4))
    answers = np.random.default_rng(seed).uniform(-1, 1, (len(hidden.rows), 3))
    told = attributions(hidden, answers.tolist(), "v")
    groups = np.sum([each.worth for each in told.effects if not each.group], axis=0)
    np.testing.assert_allclose(np.array(told.nothing) + groups + told.beyond, told.whole, atol=1e-12)
    np.testing.assert_allclose(told.whole, answers[0])


def test_what_is_no_row_is_refused() -> None:
    with pytest.raises(ValueError, match="628"):
        occluded(np.zeros(5, dtype=np.float32))
