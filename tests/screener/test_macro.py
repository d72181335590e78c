"""Series beside bars: known from their time on, for so long, and never earlier."""

from pathlib import Path

import numpy as np
import pytest
from bar_samples import START_MS, market

from app.config.screener_settings import BatchModeSettings, FusionSettings, StrategySettings
from app.config.settings import Settings
from app.core.errors import DataError
from app.screener.backtesting import backtest
from app.screener.bars import HOUR_MS, moment_text
from app.screener.macro import read_macro
from app.screener.screen import screen

BARS = market(300, 2)


def series(path: Path, name: str, rows: list[tuple[int, float]]) -> Path:
    lines = [f"{moment_text(START_MS + minute * 60_000)},{value}" for minute, value in rows]
    path.write_text("\n".join([f"time,{name}", *lines]), encoding="utf-8")
    return path


def test_a_value_is_known_from_its_time_on_and_for_so_long(tmp_path: Path) -> None:
    # The bar at place 9 closes 600 minutes after the first opened.
    volatility = series(tmp_path / "v.csv", "volatility", [(600, 20.0), (601, 30.0)])
    funding = series(tmp_path / "f.csv", "rate", [(600, 1e-5)])
    macro = read_macro(BARS, volatility, funding)
    assert macro is not None
    assert np.isnan(macro.volatility[:9]).all()
    assert macro.volatility[9] == 20.0
    assert macro.volatility[10:105].tolist() == [30.0] * 95
    assert macro.volatility[105] == 30.0 or np.isnan(macro.volatility[105])
    assert np.isnan(macro.volatility[106:]).all()
    assert macro.funding[9:18].tolist() == [1e-5] * 9
    assert np.isnan(macro.funding[18:]).all()


def test_without_a_file_nothing_is_known(tmp_path: Path) -> None:
    assert read_macro(BARS, None, None) is None
    macro = read_macro(BARS, None, series(tmp_path / "f.csv", "funding", []))
    assert macro is not None
    assert np.isnan(macro.volatility).all()
    assert np.isnan(macro.funding).all()


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("close", [(0, 1.0)], "none of the columns volatility, index, value"),
        ("volatility", [(60, 1.0), (0, 1.0)], "row 2: 2025-01-01T00:00:00Z is before the row above"),
    ],
)
def test_a_series_that_cannot_be_one_is_refused(
    tmp_path: Path, name: str, rows: list[tuple[int, float]], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        read_macro(BARS, series(tmp_path / "v.csv", name, rows), None)


def test_rates_that_are_no_fractions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="write fractions of an hour"):
        read_macro(BARS, None, series(tmp_path / "f.csv", "funding", [(0, 0.5)]))


def test_a_market_that_is_too_wild_has_no_entries(tmp_path: Path) -> None:
    bars = market(3_000, 8)
    wild = series(tmp_path / "v.csv", "volatility", [(1_440 * day, 90.0 if day > 60 else 10.0) for day in range(125)])
    chosen = Settings(
        fusion=FusionSettings(mode="advisory"),
        strategy=StrategySettings(most_volatility=50.0),
        batch_mode=BatchModeSettings(minimum_score=0.5),
    )
    screened = screen(bars, chosen.batch_mode, 0, 1 << 50)
    free, held_back = backtest(screened, chosen), backtest(screened, chosen, read_macro(bars, wild, None))
    cut = START_MS + 61 * 24 * HOUR_MS
    assert any(bars.times[trade.entry_place] > cut for trade in free.replay.trades)
    assert held_back.replay.trades
    assert all(bars.times[trade.entry_place] <= cut for trade in held_back.replay.trades)
