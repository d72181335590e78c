import numpy as np
import pytest
from hourly_samples import market, with_amounts

from app.core.errors import DataError
from app.markets.hourly_bars import HOUR_MS, HourlyBars, Integers, bars_of
from app.markets.regime import regime_hours
from app.markets.regime_features import FEATURES, features
from app.markets.regime_model import NECESSARY, REGIMES, RegimeModel, decode_model, encode_model, misnamed
from app.training.regime_report import forward_returns, report
from app.training.regime_training import Provenance, measured, stability, train

CARD = Provenance("FILES", ("made up",), "0" * 64)
BARS = market(8_000, 11)


def trained(*bars: HourlyBars, seed: int = 0) -> RegimeModel:
    return train(measured(bars), CARD, seed)


@pytest.fixture(scope="module")
def model() -> RegimeModel:
    return trained(BARS)


def names_of(model: RegimeModel, bars: HourlyBars) -> Integers:
    shares = model.probabilities(features(bars))
    names: Integers = shares[np.isfinite(shares).all(axis=1)].argmax(axis=1)
    return names


def test_names_mean_what_they_say(model: RegimeModel) -> None:
    assert misnamed(model) == []
    assert decode_model(encode_model(model)) == model
    assert (model.hours, set(model.features)) == (measured([BARS]).open_ms.size, set(NECESSARY))
    assert model.made_with.startswith("scikit-learn ")


def test_names_outlive_new_trainings_on_shifted_windows_and_other_seeds(model: RegimeModel) -> None:
    common = market(2_000, 12)
    names = names_of(model, common)
    for start in (0, 500, 1_000, 1_500):
        window = BARS.part(start, start + 6_500)
        assert (names_of(trained(window), common) == names).mean() > 0.8
    assert trained(BARS, seed=9).centroids == model.centroids
    other = trained(market(8_000, 13))
    assert (names_of(other, common) == names).mean() > 0.8


def test_what_the_market_really_did_has_that_name() -> None:
    calm = {name: getattr(market(3_000, 11), name) for name in ("open", "high", "low", "close", "volume")}
    crash = np.concatenate([np.zeros(2_952), np.cumsum(np.full(48, -0.02))])
    crashed = bars_of("ETH", BARS.open_ms[:3_000], {
        name: values * (1 if name == "volume" else np.exp(crash)) for name, values in calm.items()
    })  # fmt: skip
    hours = list(regime_hours(trained(BARS), crashed))
    assert {REGIMES[hour.regime] for hour in hours[-24:]} == {"sell-off"}


def test_stability_tells_what_a_new_training_changes(model: RegimeModel) -> None:
    data = measured([BARS])
    found = stability(data, model)
    assert 0.4 < found.halves_rand <= 1
    assert 0.6 < found.halves_agreement <= 1
    assert -0.5 <= found.starts_rand <= 1
    # Hours without any structure fall into other groups each time.
    rng = np.random.default_rng(1)
    noise = data._replace(rows=rng.standard_normal(data.rows.shape))
    assert stability(noise, model).free_halves_rand < 0.5


def test_amounts_enter_where_they_are_known() -> None:
    both = with_amounts(BARS, 3)
    assert measured([both]).names == FEATURES
    assert trained(both).features == FEATURES
    half = np.where(np.arange(BARS.hours) < 5_000, np.nan, both.funding)
    assert measured([both._replace(funding=half)]).names == tuple(name for name in FEATURES if name != "funding")


def test_coins_are_trained_on_together_in_order_of_time() -> None:
    data = measured([BARS, market(3_000, 14, coin="BTC")])
    assert (np.diff(data.open_ms) >= 0).all()
    assert set(data.coin.tolist()) == {0, 1}
    assert misnamed(train(data, CARD)) == []


def test_too_little_to_train_on_is_refused() -> None:
    with pytest.raises(DataError, match="410 hours can be measured, 500 are needed"):
        measured([market(500, 1)])
    with pytest.raises(DataError, match="0 hours"):
        measured([])
    rows = measured([BARS])
    with pytest.raises(DataError, match="volume never changes"):
        train(rows._replace(rows=np.where(np.arange(len(FEATURES)) == 3, 1.0, rows.rows)), CARD)


def test_the_report_counts_what_was_shown(model: RegimeModel) -> None:
    found = report(model, [BARS])
    hours = list(regime_hours(model, BARS))
    regimes = np.array([hour.regime for hour in hours])
    assert [figures.hours for figures in found.regimes] == np.bincount(regimes, minlength=6).tolist()
    assert sum(figures.share for figures in found.regimes) == pytest.approx(1)
    changes = np.zeros((6, 6))
    np.add.at(changes, (regimes[:-1], regimes[1:]), 1)
    np.testing.assert_allclose(np.array(found.transitions), changes / changes.sum(axis=1, keepdims=True))
    entered = 1 + (np.diff(regimes) != 0).sum()
    stays = [figures.hours / (figures.mean_stay_h or np.nan) for figures in found.regimes]
    assert np.nansum(stays) == pytest.approx(entered)
    places = [int((hour.end_ms - BARS.open_ms[0]) // HOUR_MS) - 1 for hour in hours]
    four = found.regimes[2].followed[1]
    expected = [
        np.log(BARS.close[place + 4] / BARS.close[place]) * 1e4
        for place, regime in zip(places, regimes, strict=True)
        if regime == 2 and place + 4 < BARS.hours
    ]
    assert (four.horizon_h, four.n) == (4, len(expected))
    assert four.mean_bps.value == pytest.approx(np.mean(expected))
    assert four.volatility_bps == pytest.approx(np.std(expected))
    assert four.mean_bps.low is not None
    assert four.mean_bps.high is not None
    assert four.mean_bps.low < np.mean(expected) < four.mean_bps.high


def test_hours_across_a_hole_do_not_follow_one_another(model: RegimeModel) -> None:
    holed = {name: getattr(BARS, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for column in holed.values():
        column[2_000:2_200] = np.nan
    found = report(model, [bars_of("ETH", BARS.open_ms, holed)])
    known = [figures for figures in found.regimes if figures.mean_stay_h]
    assert sum(figures.hours for figures in found.regimes) < 8_000 - 200 - 90
    assert len(known) == 6


def test_forward_returns_look_forward_alone() -> None:
    returns = forward_returns(BARS)
    assert returns[10].tolist() == pytest.approx([np.log(BARS.close[10 + h] / BARS.close[10]) for h in (1, 4, 24)])
    assert np.isnan(returns[-1]).all()
    assert np.isnan(returns[-24:, 2]).all()
    assert np.isfinite(returns[-25, 2])
