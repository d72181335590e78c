"""Samples say nothing of the future, and no token and no moment is in two parts of a split."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from launch_samples import BORN_S, DAY_S, history, pool_name

from app.core.errors import DataError
from app.tokens.candles import SLOT_S
from app.tokens.features import WIDTH, features, parts
from app.tokens.labels import RUG_HORIZON_S, labels
from app.training.pool_history import Histories, PoolHistory, context_at, entry_at
from app.training.tokens_data import LABELS, Samples, Sampling, base_rate, folds, samples_of, split, together

POOLS = [
    history(1),
    history(2, pulled_after=120),
    history(3, born_s=BORN_S + 5 * DAY_S),
    history(4, 20, born_s=BORN_S + 6 * DAY_S),
    history(5, born_s=BORN_S + 9 * DAY_S, watched_s=DAY_S),
]


def test_a_sample_is_what_serving_and_grading_would_say() -> None:
    samples = samples_of(POOLS)
    own = {pool.token: pool for pool in POOLS}
    assert len(samples.at_s) > 100
    for row in range(0, len(samples.at_s), 7):
        pool, at_s = own[str(samples.token[row])], int(samples.at_s[row])
        served = features(pool.table, context_at(pool, at_s), at_s)
        assert samples.features[row].tobytes() == served.flat().tobytes()
        assert samples.candles[row] == served.mask.sum()
        entry = entry_at(pool, at_s)
        assert entry is not None
        told = labels(entry, pool.table, pool.levels, pool.watched_until_s)
        for name, truth in (("rises", told.rises), ("gain_pct", told.gain_pct), ("rugs", told.rugs)):
            expected = np.nan if truth is None else float(truth)
            np.testing.assert_equal(samples.label(name)[row], expected)


def test_pools_are_looked_at_hourly_while_they_live() -> None:
    samples = samples_of(POOLS[1:2])
    path = POOLS[1].path
    assert path is not None
    pulled_s = int(path.time_s[120])
    assert (samples.at_s - BORN_S).tolist() == list(range(3_600, pulled_s - BORN_S, 3_600))
    assert samples.label("rugs").tolist()[-1] == 1
    assert len(samples_of(POOLS[:1], Sampling(most_a_pool=5)).at_s) == 5


def test_labels_are_not_known_where_nobody_watched() -> None:
    samples = samples_of(POOLS[4:])
    watched = POOLS[4].watched_until_s
    np.testing.assert_array_equal(np.isfinite(samples.label("rises")), samples.at_s + 3_600 <= watched)
    np.testing.assert_array_equal(np.isfinite(samples.label("rugs")), samples.at_s + RUG_HORIZON_S <= watched)
    assert (samples.at_s <= watched).all()
    assert np.isnan(samples.label("is_listed_scam")).all()


def test_candles_alone_give_no_rugs_and_are_looked_at_on_slots() -> None:
    pool = POOLS[0]._replace(path=None, born_s=None)
    assert not (samples_of([pool], Sampling(first_age_s=700)).at_s % SLOT_S).any()
    samples = samples_of([pool])
    assert [base_rate(samples, name).n > 0 for name in ("rises", "falls", "drains", "rugs")] == [
        True,
        True,
        False,
        False,
    ]
    assert np.isnan(base_rate(samples, "rugs").share)


def test_a_row_spans_all_that_it_knows_and_tells() -> None:
    samples = samples_of(POOLS)
    own = {pool.token: pool for pool in POOLS}
    for row in range(0, len(samples.at_s), 11):
        pool, at_s = own[str(samples.token[row])], int(samples.at_s[row])
        mask = parts(samples.features[row]).mask
        first_s = at_s // SLOT_S * SLOT_S - (100 - int(np.argmax(mask))) * SLOT_S
        assert samples.from_s[row] <= max(first_s, pool.born_s or 0) <= at_s
        assert samples.until_s[row] == at_s + RUG_HORIZON_S


def test_no_pools_give_no_samples() -> None:
    samples = samples_of([])
    assert (samples.features.shape, samples.labels.shape) == ((0, WIDTH), (0, len(LABELS)))
    with pytest.raises(DataError, match="0 tokens cannot be split"):
        split(samples)


@st.composite
def made_up(draw: st.DrawFn) -> Samples:
    """Rows of tokens that are born and looked at whenever; features and labels do not matter here."""
    tokens = draw(st.integers(3, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    spread_s = draw(st.sampled_from([DAY_S // 2, 5 * DAY_S, 60 * DAY_S]))
    births = BORN_S + rng.integers(0, spread_s, tokens)
    owner = rng.integers(0, tokens, tokens * 6)
    at_s = births[owner] + rng.integers(3_600, 3 * DAY_S, len(owner))
    names = np.array([pool_name(int(number)) for number in owner])
    from_s = np.maximum(births[owner], at_s - DAY_S)
    empty = np.zeros((len(owner), 1))
    return Samples(
        SLOT_S, names, names, at_s, from_s, at_s + RUG_HORIZON_S, at_s, empty.astype(np.float32), empty
    )  # fmt: skip


@given(made_up(), st.sampled_from([(0.6, 0.2), (0.5, 0.25), (0.8, 0.1)]))
def test_no_token_and_no_moment_is_in_two_parts(samples: Samples, shares: tuple[float, float]) -> None:
    if len(set(samples.token.tolist())) < 3:
        return
    found = split(samples, *shares)
    placed = np.concatenate([found.train, found.validation, found.test, found.purged])
    assert sorted(placed.tolist()) == list(range(len(samples.at_s)))
    tokens = [set(samples.token[part].tolist()) for part in found[:3]]
    assert len(set.union(*tokens)) == sum(map(len, tokens))
    for before, after in ((found.train, found.validation), (found.train, found.test), (found.validation, found.test)):
        if len(before) and len(after):
            assert samples.until_s[before].max() <= samples.from_s[after].min()


def test_a_split_keeps_most_rows_of_data_that_is_long_enough() -> None:
    pools = [history(seed, 60, born_s=BORN_S + seed * DAY_S) for seed in range(40)]
    samples = samples_of(pools)
    found = split(samples)
    shares = [len(part) / len(samples.at_s) for part in found[:4]]
    assert shares[0] > 0.5
    assert min(shares[1:3]) > 0.1
    assert shares[3] < 0.15


@given(made_up(), st.integers(2, 6), st.integers(0, 9))
def test_folds_keep_tokens_whole_whatever_the_order(samples: Samples, count: int, seed: int) -> None:
    own = folds(samples, count, seed)
    assert own.min() >= 0
    assert own.max() < count
    assert len(set(zip(samples.token.tolist(), own.tolist(), strict=True))) == len(set(samples.token.tolist()))
    turned = np.arange(len(own))[::-1].copy()
    np.testing.assert_array_equal(folds(samples.rows(turned), count, seed), own[turned])


def test_folds_differ_by_seed_and_are_all_used() -> None:
    samples = samples_of([history(seed, 30) for seed in range(40)], Sampling(most_a_pool=1))
    first, second = folds(samples, 5, 1), folds(samples, 5, 2)
    assert set(first.tolist()) == set(range(5))
    assert first.tolist() != second.tolist()


def test_of_a_pool_in_two_files_the_first_stays() -> None:
    twice: PoolHistory = POOLS[0]._replace(source="other")
    told = together([Histories(tuple(POOLS[:2]), 3, 1), Histories((twice, POOLS[2]), 4)])
    assert [(pool.token, pool.source) for pool in told.pools] == [(pool_name(n), "made up") for n in (1, 2, 3)]
    assert (told.bad_rows, told.passed_over) == (7, 2)


def test_base_rates_count_what_is_known() -> None:
    samples = samples_of(POOLS)
    told, values = base_rate(samples, "rises"), samples.label("rises")
    known = values[np.isfinite(values)]
    assert told.n == len(known)
    assert told.share == pytest.approx(known.mean())
    assert told.tokens == len(POOLS)
    assert 0 < told.share < 1
