from itertools import permutations

import msgspec
import numpy as np
import pytest
from hourly_samples import ALL_BY_HAND, market, model_by_hand, with_amounts
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DataError
from app.markets.regime_features import FEATURES, features
from app.markets.regime_model import (
    MEANINGS,
    NECESSARY,
    REGIMES,
    decode_model,
    encode_model,
    in_order,
    meanings,
    misnamed,
)

MODEL = model_by_hand()
CENTROIDS = np.array(MODEL.centroids)
ROWS = st.lists(st.floats(-1e6, 1e6), min_size=len(FEATURES), max_size=len(FEATURES))


@given(order=st.permutations(range(6)), seed=st.integers(0, 999))
def test_names_do_not_depend_on_the_order_in_which_clusters_come(order: list[int], seed: int) -> None:
    moved = CENTROIDS + np.random.default_rng(seed).normal(0, 0.2, CENTROIDS.shape)
    np.testing.assert_array_equal(in_order(moved[order], MODEL.features), in_order(moved, MODEL.features))


@given(shift=st.floats(-0.3, 0.3), scale=st.floats(0.6, 1.5))
def test_names_stay_when_all_centroids_shift_a_little(shift: float, scale: float) -> None:
    moved = CENTROIDS * scale + shift
    np.testing.assert_array_equal(in_order(moved[::-1], MODEL.features), moved)


@given(seed=st.integers(0, 9_999))
def test_the_assignment_is_the_nearest_of_all(seed: int) -> None:
    moved = np.random.default_rng(seed).normal(0, 1, CENTROIDS.shape)
    places = meanings(moved, MODEL.features)
    costs = ((places[:, None] - MEANINGS) ** 2).sum(axis=2)
    least = min(sum(costs[row, rank] for rank, row in enumerate(order)) for order in permutations(range(6)))
    found = meanings(in_order(moved, MODEL.features), MODEL.features)
    assert ((found - MEANINGS) ** 2).sum() == pytest.approx(least)


@given(row=ROWS)
def test_probabilities_are_shares_and_the_nearest_centroid_leads(row: list[float]) -> None:
    shares = ALL_BY_HAND.probabilities(np.array([row]))[0]
    assert shares.sum() == pytest.approx(1)
    assert ((shares >= 0) & (shares <= 1)).all()
    point = ALL_BY_HAND.scaled(np.array([row]))[0]
    weights = np.array(ALL_BY_HAND.weights)
    distances = (((np.array(ALL_BY_HAND.centroids) - point) * weights) ** 2).sum(axis=1)
    assert distances[shares.argmax()] == pytest.approx(distances.min())


def test_a_point_on_a_centroid_is_of_its_regime() -> None:
    rows = np.full((6, len(FEATURES)), np.nan)
    columns = [FEATURES.index(name) for name in MODEL.features]
    rows[:, columns] = CENTROIDS * np.array(MODEL.spread)
    shares = MODEL.probabilities(rows)
    assert shares.argmax(axis=1).tolist() == list(range(6))
    squares = (((CENTROIDS[:, None] - CENTROIDS) * np.array(MODEL.weights)) ** 2).sum(axis=2)
    odds = np.exp(-squares / (2 * MODEL.variance))
    np.testing.assert_allclose(shares, odds / odds.sum(axis=1, keepdims=True))


def test_unknown_features_are_left_out_and_not_taken_for_0() -> None:
    known = features(with_amounts(market(300, 3), 4))
    without = known.copy()
    without[:, FEATURES.index("funding")] = np.nan
    zero = known.copy()
    zero[:, FEATURES.index("funding")] = 0.0
    left_out = [
        ALL_BY_HAND.probabilities(rows)[-1]
        for rows in (without, np.where(np.isnan(without), 1e9, without), zero)
    ]  # fmt: skip
    assert not np.allclose(left_out[0], left_out[1])
    share = 1 - ALL_BY_HAND.weights[FEATURES.index("funding")] ** 2 / sum(w**2 for w in ALL_BY_HAND.weights)
    columns = [place for place, name in enumerate(FEATURES) if name != "funding"]
    point = ALL_BY_HAND.scaled(without)[-1, columns]
    centroids, weights = np.array(ALL_BY_HAND.centroids)[:, columns], np.array(ALL_BY_HAND.weights)[columns]
    odds = np.exp(-(((centroids - point) * weights) ** 2).sum(axis=1) / share / (2 * ALL_BY_HAND.variance))
    np.testing.assert_allclose(left_out[0], odds / odds.sum())


def test_with_too_little_known_nothing_is_said() -> None:
    rows = features(market(300, 3))
    rows[:, FEATURES.index("return")] = np.nan
    assert np.isfinite(MODEL.probabilities(rows)[-1]).all()
    rows[:, FEATURES.index("trend")] = np.nan
    rows[:, FEATURES.index("volume")] = np.nan
    assert np.isnan(MODEL.probabilities(rows)).all()


def test_a_model_survives_being_written_down() -> None:
    assert decode_model(encode_model(ALL_BY_HAND)) == ALL_BY_HAND
    assert decode_model(encode_model(MODEL)).sha256 == MODEL.sha256 != ALL_BY_HAND.sha256


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"features": NECESSARY[:-1]},
        {"features": ("return",) * 5},
        {"features": (*NECESSARY[:-1], "price")},
        {"spread": (0.0, 1.0, 1.0, 1.0, 1.0)},
        {"variance": 0.0},
        {"centre": (0.0,)},
        {"weights": (1.0, -1.0, 1.0, 1.0, 1.0)},
        {"data_sha256": "x"},
        {"centroids": MODEL.centroids[:5]},
    ],
)
def test_a_damaged_model_is_refused(changes: dict[str, object]) -> None:
    damaged = msgspec.to_builtins(MODEL) | msgspec.to_builtins(changes)
    with pytest.raises(DataError, match="train it again"):
        decode_model(msgspec.json.encode(damaged))


@pytest.mark.parametrize("text", [b"", b"null", b"{}", b"[" * 100_000, b'{"variance": 1e999}', b"\xff"])
def test_hazard_18_what_is_no_model_is_refused(text: bytes) -> None:
    with pytest.raises(DataError, match="train it again"):
        decode_model(text)


@given(place=st.integers(0, 5))
def test_names_that_belie_themselves_are_told(place: int) -> None:
    assert misnamed(MODEL) == []
    turned = CENTROIDS.copy()
    turned[place] = turned[5 - place] if REGIMES[place] not in ("calm", "choppy") else -turned[place]
    assert misnamed(msgspec.structs.replace(MODEL, centroids=tuple(map(tuple, turned.tolist()))))
