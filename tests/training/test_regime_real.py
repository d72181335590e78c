"""Real hours of two years and more: names hold, outlive new trainings, and say the same of other coins.

docs/regime.md has the figures.
"""

from pathlib import Path

import numpy as np
import pytest

from app.markets.hourly_bars import HourlyBars
from app.markets.regime_features import FEATURES
from app.markets.regime_model import REGIMES, RegimeModel, misnamed
from app.training.bar_files import read_bars
from app.training.importance import importances
from app.training.regime_report import report
from app.training.regime_training import Provenance, measured, stability, train

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "ohlcv"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not FOLDER.exists(), reason="needs ../shared")]

CARD = Provenance("FILES", (), "0" * 64)


def binance(coin: str) -> HourlyBars:
    return read_bars(FOLDER / f"binance_um_{coin}USDT_1h_2023-2025.parquet").bars


def hyperliquid(coin: str) -> HourlyBars:
    return read_bars(FOLDER / f"hyperliquid_{coin}_1h.feather", FOLDER / f"hyperliquid_{coin}_funding_1h.feather").bars


@pytest.fixture(scope="module", params=["BTC", "ETH"])
def bars(request: pytest.FixtureRequest) -> HourlyBars:
    return binance(request.param)


@pytest.fixture(scope="module")
def model(bars: HourlyBars) -> RegimeModel:
    return train(measured([bars]), CARD)


def test_three_years_are_read_whole(bars: HourlyBars) -> None:
    assert bars.hours == 26_304
    assert np.isfinite(bars.close).all()


def test_names_hold_and_outlive_new_trainings(bars: HourlyBars, model: RegimeModel) -> None:
    assert misnamed(model) == []
    found = stability(measured([bars]), model)
    assert found.halves_rand > 0.6
    assert found.halves_agreement > 0.8


def test_every_regime_is_in_force_for_hours_on_end(bars: HourlyBars, model: RegimeModel) -> None:
    for figures in report(model, [bars]).regimes:
        assert figures.share > 0.05
        assert figures.mean_stay_h is not None
        assert figures.mean_stay_h > 10


def test_what_was_said_of_a_day_ahead_is_no_better_than_chance(bars: HourlyBars) -> None:
    hour, _, day = importances([bars])
    assert 0.5 < (hour.auc.value or 0.0) < 0.56
    assert not day.beats_chance


@pytest.mark.parametrize("coin", ["BTC", "ETH"])
def test_another_venue_and_funding_give_names_that_hold(coin: str) -> None:
    bars = hyperliquid(coin)
    # Its stamps are some milliseconds late; of these hours none is missing.
    assert np.isfinite(bars.funding).all()
    trained = train(measured([bars]), CARD)
    assert trained.features == tuple(name for name in FEATURES if name != "open_interest")
    assert misnamed(trained) == []


def test_a_model_of_one_coin_says_nearly_the_same_as_one_of_another() -> None:
    data = {coin: measured([binance(coin)]) for coin in ("BTC", "ETH")}
    models = {coin: train(data[coin], CARD) for coin in data}
    names = [models[coin].probabilities(data["ETH"].rows).argmax(axis=1) for coin in ("BTC", "ETH")]
    assert (names[0] == names[1]).mean() > 0.75
    assert len(set(names[0].tolist())) == len(REGIMES)
