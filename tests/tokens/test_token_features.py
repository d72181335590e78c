"""Features know nothing of the future, are the same bytes in training and serving, and tell missing from none."""

import hashlib
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from token_samples import MINT, gecko_candles, gecko_pool, screener_pair
from token_samples import body as as_sent
from token_tables import BORN_S, FULL, of_closes, plain_features, walk

from app.core.tokens import TokenHolders
from app.feeds.dexscreener.parse import parse_pairs
from app.feeds.geckoterminal.parse import parse_candles, parse_new_pools
from app.tokens.candles import SLOT_S, CandleTable, sound, table_of
from app.tokens.features import LARGEST, WIDTH, Context, context_of, features, parts, schema, turnover
from app.tokens.labels import Labels

MOMENTS = st.integers(0, 160 * SLOT_S).map(lambda after: BORN_S + after)
SEEDS = st.integers(0, 10**6)


def joined(before: CandleTable, after: CandleTable) -> CandleTable:
    columns = [np.concatenate(pair) for pair in zip(before[1:], after[1:], strict=True)]
    return CandleTable(before.interval_s, *columns)


@given(SEEDS, SEEDS, MOMENTS, st.sampled_from([60, 300]))
def test_no_feature_changes_when_the_future_changes(seed: int, other: int, at_s: int, interval_s: int) -> None:
    table = walk(seed, 600, interval_s=interval_s)
    end_s = at_s // SLOT_S * SLOT_S
    past, future = table.rows(table.time_s < end_s), walk(other, 600, interval_s=interval_s, volatility=1.0)
    told = features(table, FULL, at_s).flat().tobytes()
    assert features(past, FULL, at_s).flat().tobytes() == told
    assert features(joined(past, future.rows(future.time_s >= end_s)), FULL, at_s).flat().tobytes() == told


@given(SEEDS, MOMENTS)
def test_every_candle_that_ended_counts(seed: int, at_s: int) -> None:
    # The frozen future would also hold for features that look at nothing.
    table = walk(seed)
    past = np.flatnonzero((table.time_s + SLOT_S <= at_s) & (table.time_s >= at_s // SLOT_S * SLOT_S - 100 * SLOT_S))
    if len(past):
        changed = table.close.copy()
        changed[past[0]] *= 1.5
        told = features(table._replace(close=changed), FULL, at_s).candles
        assert not np.array_equal(told, features(table, FULL, at_s).candles)


@given(SEEDS, MOMENTS)
def test_they_equal_a_plain_reckoning(seed: int, at_s: int) -> None:
    table = walk(seed)
    told = features(table, FULL._replace(holders=None), at_s).flat()
    assert told.dtype == np.float32
    assert told.shape == (WIDTH,)
    expected = plain_features(table, FULL._replace(holders=None), at_s)
    np.testing.assert_allclose(told, expected, rtol=2e-5, atol=2e-6)


def as_a_venue_tells(table: CandleTable) -> bytes:
    """The table as GeckoTerminal's answer: newest first, the open candle twice."""
    rows = [[int(row[0]), *(float(value) for value in row[1:])] for row in zip(*table[1:], strict=True)][::-1]
    return gecko_candles([[*rows[0][:5], rows[0][5] / 2], *rows] if rows else [])


@given(SEEDS, MOMENTS, st.sampled_from([60, 300]))
def test_training_and_serving_give_the_same_bytes(seed: int, at_s: int, interval_s: int) -> None:
    table = walk(seed, 600, interval_s=interval_s)
    trained = features(table, FULL, at_s).flat().tobytes()
    # Served: only what the venue could have told by then, the open candle with it.
    so_far = table.rows(table.time_s <= at_s)
    served = table_of(parse_candles(as_a_venue_tells(so_far)).rows, interval_s)
    assert features(served, FULL, at_s).flat().tobytes() == trained


@given(SEEDS, MOMENTS)
def test_one_minute_and_five_minute_candles_give_the_same_bytes(seed: int, at_s: int) -> None:
    table = walk(seed, 600, interval_s=60)
    slots = table.time_s // SLOT_S
    firsts = [int(np.flatnonzero(slots == slot)[0]) for slot in np.unique(slots)]
    lasts = [int(np.flatnonzero(slots == slot)[-1]) for slot in np.unique(slots)]
    spans = [slice(first, last + 1) for first, last in zip(firsts, lasts, strict=True)]
    prices = [
        [table.open[span][0], table.high[span].max(), table.low[span].min(), table.close[span][-1]] for span in spans
    ]
    volumes = np.array([table.volume[span].sum() for span in spans])
    longer, bad = sound(SLOT_S, np.unique(slots) * SLOT_S, np.array(prices).T, volumes)
    assert bad == 0
    assert features(longer, FULL, at_s).flat().tobytes() == features(table, FULL, at_s).flat().tobytes()


def test_a_vector_becomes_its_parts_again() -> None:
    told = features(walk(1), FULL, BORN_S + 90 * SLOT_S)
    again = parts(told.flat())
    assert all(np.array_equal(left, right) for left, right in zip(told, again, strict=True))
    with pytest.raises(ValueError, match=f"features are {WIDTH} float32"):
        parts(told.flat()[1:])
    with pytest.raises(ValueError, match="float64"):
        parts(told.flat().astype(np.float64))


def test_missing_is_not_none() -> None:
    missing = features(of_closes([1.0]), Context(), BORN_S + SLOT_S)
    none = features(of_closes([1.0]), Context(*[0.0] * 7), BORN_S + SLOT_S)
    assert (missing.context.tolist(), missing.context_known.tolist()) == ([0.0] * 7, [0.0] * 7)
    assert (none.context.tolist(), none.context_known.tolist()) == ([0.0] * 7, [1.0] * 7)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -1.0])
def test_a_figure_that_cannot_be_is_not_known(wrong: float) -> None:
    told = features(of_closes([1.0]), Context(holders=wrong, age_s=5), BORN_S + SLOT_S)
    assert told.context_known.tolist() == [0, 0, 0, 1, 0, 0, 0]


def test_a_token_without_candles_has_no_candles() -> None:
    told = features(of_closes([]), FULL, BORN_S)
    assert not told.mask.any()
    assert not told.candles.any()
    assert not told.indicators_known.any()
    assert told.context_known.all()


@given(st.lists(st.floats(1e-24, 9e14), min_size=1, max_size=40), st.floats(0, 9e14))
def test_they_are_finite_and_bounded_for_every_price(closes: list[float], volume: float) -> None:
    table = of_closes(closes)
    table = table._replace(volume=np.full(len(closes), volume))
    told = features(table, Context(*[volume] * 7), BORN_S + len(closes) * SLOT_S).flat()
    assert np.isfinite(told).all()
    assert np.abs(told).max() <= LARGEST


def test_volumes_that_are_not_known_are_zero_beside_those_that_are() -> None:
    table = of_closes([1.0, 1.0, 1.0])._replace(volume=np.array([np.nan, 2.0, 4.0]))
    told = features(table, FULL, BORN_S + 3 * SLOT_S).candles[97:, 4]
    np.testing.assert_allclose(told, [0.0, np.log1p(2 / 3), np.log1p(4 / 3)], rtol=1e-6)


def test_context_of_what_venues_tell() -> None:
    [pool] = parse_new_pools(as_sent({"data": [gecko_pool()]})).rows
    holders = TokenHolders(mint=MINT, count=0, top_10_share=None, as_of_s=None)
    assert pool.created_s is not None
    told = context_of(pool, holders, pool.created_s + 600)
    # No market cap is told: the diluted value stands for it.
    assert told == Context(5450.493, 8180.65, 0, 600, 43849.36, 307, 43849.36 / 5450.493)
    pair = screener_pair()
    del pair["liquidity"]
    [curve] = parse_pairs(as_sent([pair])).rows
    on_curve = context_of(curve, None, 0)
    assert (on_curve.liquidity_usd, on_curve.holders, on_curve.turnover, on_curve.age_s) == (None, None, None, 0)
    assert context_of(None, None, 0) == Context()
    assert [turnover(1.0, 0.0), turnover(0.0, 2.0), turnover(None, 2.0)] == [None, 0.0, None]


def test_the_schema_is_hashed_by_what_it_says() -> None:
    told = schema()
    plain = json.dumps(msgspec.to_builtins(told), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert told.sha256 == hashlib.sha256(plain.encode()).hexdigest()
    assert schema(3_600).sha256 != told.sha256
    assert msgspec.structs.replace(told, version=2).sha256 != told.sha256
    assert list(told.context) == list(Context._fields)


def test_who_changes_a_feature_changes_the_schema() -> None:
    # When this fails because a feature changed on purpose: raise VERSION, and write down both anew.
    told = features(walk(3), FULL, BORN_S + 110 * SLOT_S).flat().astype(np.float64)
    assert schema().sha256.startswith("556401edd596")
    assert float(told @ np.cos(np.arange(WIDTH))) == pytest.approx(-9.03804, rel=1e-5)


def test_the_documentation_names_every_feature_and_label() -> None:
    page = (Path(__file__).parents[2] / "docs" / "tokens.md").read_text(encoding="utf-8")
    told = schema()
    names = [*told.candles, *told.context, *told.indicators, *Labels._fields, "rugs"]
    assert [name for name in names if f"`{name}`" not in page] == []
    assert f"{WIDTH} float32" in page
