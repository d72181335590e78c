import numpy as np
import pytest
from hourly_samples import START_MS, market, with_amounts
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DataError
from app.core.events import Candle
from app.markets.hourly_bars import COLUMNS, HOUR_MS, HourlyBars, bars_of, bars_of_candles
from app.markets.regime_features import FEATURES, RECENT, REFERENCE, features
from app.measures.returns import Floats

HOURS = 400
BARS = with_amounts(market(HOURS, 1), 2)
WHOLE = features(BARS)


def column(measured: Floats, name: str) -> Floats:
    return measured[:, FEATURES.index(name)]


def changed_after(bars: HourlyBars, hour: int, columns: dict[str, Floats]) -> HourlyBars:
    later = {name: np.concatenate([getattr(bars, name)[:hour], columns[name][hour:]]) for name in COLUMNS}
    return HourlyBars(bars.coin, bars.open_ms, **later)


@given(hour=st.integers(0, HOURS - 1), seed=st.integers(0, 2**32 - 1), unknown=st.floats(0, 1))
def test_no_future_hour_moves_a_past_row(hour: int, seed: int, unknown: float) -> None:
    rng = np.random.default_rng(seed)
    others = {name: np.where(rng.random(HOURS) < unknown, np.nan, np.exp(rng.normal(0, 5, HOURS))) for name in COLUMNS}
    np.testing.assert_array_equal(features(changed_after(BARS, hour, others))[:hour], WHOLE[:hour])


@given(hours=st.integers(0, HOURS))
def test_hours_that_have_not_come_yet_make_no_difference(hours: int) -> None:
    np.testing.assert_array_equal(features(BARS.part(0, hours)), WHOLE[:hours])


def test_what_is_measured_rests_on_the_longest_window_alone() -> None:
    late = BARS.part(HOURS - REFERENCE - 1, HOURS)
    np.testing.assert_allclose(features(late)[-1], WHOLE[-1], rtol=1e-12)


@given(price=st.floats(1e-4, 1e4), amount=st.floats(1e-4, 1e4))
def test_units_of_price_and_amount_cancel(price: float, amount: float) -> None:
    scales = {"volume": amount, "open_interest": amount, "funding": 1.0}
    scaled = {name: getattr(BARS, name) * scales.get(name, price) for name in COLUMNS}
    np.testing.assert_allclose(features(HourlyBars(BARS.coin, BARS.open_ms, **scaled)), WHOLE, rtol=1e-6, atol=1e-9)


def test_features_are_what_their_words_say() -> None:
    close, high, low = BARS.close, BARS.high, BARS.low
    returns = np.diff(np.log(close))
    sigma = np.sqrt((returns[-REFERENCE:] ** 2).mean())
    spans = np.log(high / low)
    assert WHOLE[-1] == pytest.approx([
        np.log(close[-1] / close[-49]) / (sigma * np.sqrt(48)),
        np.log(np.sqrt((returns[-48:] ** 2).mean()) / sigma),
        np.log(spans[-48:].mean() / spans[-120:].mean()),
        np.log(BARS.volume[-48:].mean() / BARS.volume[-120:].mean()),
        np.log(close[-1] / close[-73]) / (sigma * np.sqrt(72)),
        BARS.funding[-48:].mean(),
        np.log(BARS.open_interest[-1] / BARS.open_interest[-49]),
    ])  # fmt: skip


def test_unknown_amounts_are_unknown_and_not_0() -> None:
    measured = features(market(HOURS, 1))
    assert np.isnan(column(measured, "funding")).all()
    assert np.isnan(column(measured, "open_interest")).all()
    assert np.isfinite(column(measured, "trend")[REFERENCE:]).all()


def test_a_few_missing_hours_are_left_out_and_many_leave_nothing() -> None:
    few, many = BARS.volume.copy(), BARS.volume.copy()
    few[-10:-5] = np.nan
    many[-RECENT // 2 :] = np.nan
    known = np.concatenate([BARS.volume[-RECENT:-10], BARS.volume[-5:]]).mean()
    usual = np.concatenate([BARS.volume[-REFERENCE:-10], BARS.volume[-5:]]).mean()
    assert column(features(BARS._replace(volume=few)), "volume")[-1] == pytest.approx(np.log(known / usual))
    assert np.isnan(column(features(BARS._replace(volume=many)), "volume")[-1])


def test_a_price_that_stands_still_has_no_volatility_to_be_measured_in() -> None:
    still = np.full(HOURS, 5.0)
    flat = bars_of("X", BARS.open_ms, {**dict.fromkeys(("open", "high", "low", "close"), still), "volume": still})
    measured = features(flat)
    assert np.isnan(column(measured, "return")).all()
    assert column(measured, "volume")[-1] == 0.0


def test_bars_stand_on_the_grid_of_hours() -> None:
    times = np.array([3, 0, 1, 0]) * HOUR_MS + np.array([47, -2, 0, 30_000])
    prices = np.array([4.0, 1.0, 2.0, 9.0])
    bars = bars_of("X", times + START_MS, dict.fromkeys(("open", "high", "low", "close", "volume"), prices))
    assert bars.open_ms.tolist() == [START_MS + hour * HOUR_MS for hour in range(4)]
    np.testing.assert_array_equal(bars.close, [9.0, 2.0, np.nan, 4.0])
    assert np.isnan(bars.funding).all()


@pytest.mark.parametrize(
    ("opened", "high", "low", "close"),
    [(1, 2, 1.5, 1.6), (1, 0.5, 0.4, 0.5), (0, 2, 0, 1), (-1, 2, -1, 1), (1, np.inf, 1, 1), (1, 2, 0.5, np.nan)],
)
def test_prices_that_contradict_themselves_are_unknown(opened: float, high: float, low: float, close: float) -> None:
    given_prices = {"open": opened, "high": high, "low": low, "close": close, "volume": 1.0}
    bars = bars_of("X", np.array([START_MS]), {name: np.array([float(v)]) for name, v in given_prices.items()})
    assert all(np.isnan(getattr(bars, name)).all() for name in given_prices)


def test_times_a_century_apart_are_refused() -> None:
    with pytest.raises(DataError, match="span"):
        bars_of("X", np.array([0, 100 * 366 * 24 * HOUR_MS]), {})


def test_candles_become_bars() -> None:
    candles = [Candle("X", "1h", START_MS + hour * HOUR_MS, 1.0, 3.0, 0.5, 2.0, 7.0, 9) for hour in (0, 2)]
    bars = bars_of_candles("X", candles)
    np.testing.assert_array_equal(bars.close, [2.0, np.nan, 2.0])
    np.testing.assert_array_equal(bars.volume, [7.0, np.nan, 7.0])
    assert bars_of_candles("X", []).hours == 0
    assert features(bars_of_candles("X", [])).shape == (0, len(FEATURES))
