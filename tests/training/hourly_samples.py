"""Made-up hours of a market that goes through six regimes, and a model of them made by hand."""

import csv
from pathlib import Path

import numpy as np

from app.markets.hourly_bars import HOUR_MS, HourlyBars, bars_of
from app.markets.regime_features import FEATURES
from app.markets.regime_model import MEANINGS, NECESSARY, WEIGHTS, RegimeModel

START_MS = 1_700_000 * 1_000_000 // HOUR_MS * HOUR_MS

# Drift in volatilities an hour, and volatility of an hour, in the order of REGIMES.
WAYS = ((-0.2, 0.010), (-0.12, 0.007), (0.0, 0.005), (0.0, 0.010), (0.12, 0.007), (0.2, 0.010))


def market(hours: int, seed: int, *, coin: str = "ETH", stay_h: int = 60) -> HourlyBars:
    """A price that stays in one of six ways for some days each; volume follows volatility."""
    rng = np.random.default_rng(seed)
    ways = np.repeat(rng.integers(0, 6, hours // stay_h + 1), stay_h)[:hours]
    drift, volatility = np.array(WAYS)[ways].T
    close = 2_000 * np.exp(np.cumsum((drift + rng.standard_normal(hours)) * volatility))
    opened = np.concatenate([[2_000.0], close[:-1]])
    wick = np.exp(np.abs(rng.standard_normal((2, hours))) * volatility / 2)
    return bars_of(coin, START_MS + np.arange(hours, dtype=np.int64) * HOUR_MS, {
        "open": opened, "close": close,
        "high": np.maximum(opened, close) * wick[0], "low": np.minimum(opened, close) / wick[1],
        "volume": 1e7 * volatility * np.exp(0.2 * rng.standard_normal(hours)),
    })  # fmt: skip


def with_amounts(bars: HourlyBars, seed: int) -> HourlyBars:
    """The same with funding and open interest."""
    rng = np.random.default_rng(seed)
    interest = 1e6 * np.exp(np.cumsum(0.01 * rng.standard_normal(bars.hours)))
    return bars._replace(funding=1e-5 * rng.standard_normal(bars.hours), open_interest=interest)


def model_by_hand(names: tuple[str, ...] = NECESSARY) -> RegimeModel:
    """Centroids where the names' meanings are; features scaled by about what they are in real hours."""
    rows = []
    for direction, activity in MEANINGS.tolist():
        value = {"return": direction, "trend": direction, "funding": 0.0, "open_interest": 0.0}
        rows.append(tuple(value.get(name, activity) for name in names))
    spread = {"return": 1.0, "trend": 1.0, "funding": 1e-5, "open_interest": 0.05}
    return RegimeModel(
        source="FILES", data=("made by hand",), from_ms=START_MS, until_ms=START_MS + HOUR_MS, hours=1, seed=0,
        made_with="hand", data_sha256="0" * 64, features=names, centre=(0.0,) * len(names),
        spread=tuple(spread.get(name, 0.35) for name in names), weights=tuple(WEIGHTS[name] for name in names),
        centroids=tuple(rows), variance=0.4,
    )  # fmt: skip


ALL_BY_HAND = model_by_hand(FEATURES)


def write_csv(path: Path, bars: HourlyBars) -> Path:
    """A file of bars as exchanges' downloads look."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("open_time", "open", "high", "low", "close", "volume"))
        for time_ms, *values in zip(bars.open_ms.tolist(), *(column.tolist() for column in bars[2:7]), strict=True):
            writer.writerow((time_ms, *values))
    return path
