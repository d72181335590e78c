"""Made-up bars, and files of them."""

import csv
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from app.markets.bar_table import BarTable
from app.screener.bars import HOUR_MS, Bars, check_bars, moment_text
from app.screener.columns import Thresholds

START_MS = 1_735_689_600_000
"""2025-01-01, a Wednesday."""
THRESHOLDS = Thresholds(interval_ms=HOUR_MS, session_gap_ms=2 * HOUR_MS, high_rank=0.8, volume_sigma=2.0)


def market(length: int, seed: int, *, interval_ms: int = HOUR_MS, start_ms: int = START_MS, gaps: float = 0.0) -> Bars:
    """A price that wanders, with volumes; a share `gaps` of the bars is missing."""
    rng = np.random.default_rng(seed)
    close = 2_000 * np.exp(np.cumsum(rng.normal(0, 6e-3, length)))
    opened = np.concatenate([[2_000.0], close[:-1]])
    wick = np.exp(np.abs(rng.normal(0, 3e-3, (2, length))))
    high, low = np.maximum(opened, close) * wick[0], np.minimum(opened, close) / wick[1]
    times = start_ms + np.arange(length, dtype=np.int64) * interval_ms
    kept = rng.random(length) >= gaps
    columns = {"open": opened, "high": high, "low": low, "close": close, "volume": rng.lognormal(8, 0.6, length)}
    return check_bars("made up", BarTable(times[kept], {name: values[kept] for name, values in columns.items()}))


def rows_of(bars: Bars) -> list[list[str]]:
    """A row of texts for each bar, times in ISO 8601."""
    columns = zip(*(column.tolist() for column in bars[3:]), strict=True)
    return [[moment_text(time), *map(repr, values)] for time, *values in columns]


def write_csv(path: Path, bars: Bars) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        writer.writerows(rows_of(bars))
    return path


@st.composite
def some_bars(
    draw: st.DrawFn, longest: int = 700, shortest: int = 12,
    intervals_ms: tuple[int, ...] = (HOUR_MS, HOUR_MS, HOUR_MS // 4, 4 * HOUR_MS),
) -> Bars:  # fmt: skip
    """Bars with gaps, flat stretches and jumps, of some interval, that begin anywhere in a day."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    interval_ms = draw(st.sampled_from(intervals_ms))
    length = draw(st.integers(shortest, longest))
    steps = rng.normal(0, 6e-3, length) * (rng.random(length) < draw(st.sampled_from([1.0, 0.5, 0.0])))
    steps[rng.random(length) < 0.01] *= draw(st.sampled_from([1.0, 100.0]))
    close = draw(st.sampled_from([1e-6, 2_000.0, 1e9])) * np.exp(np.clip(np.cumsum(steps), -10, 10))
    opened = np.concatenate([close[:1], close[:-1]]) * np.exp(rng.normal(0, 0.02, length) * (rng.random(length) < 0.1))
    wick = np.exp(np.abs(rng.normal(0, 3e-3, (2, length))) * (rng.random(length) < 0.8))
    times = START_MS + draw(st.integers(0, 30)) * interval_ms + np.arange(length, dtype=np.int64) * interval_ms
    kept = rng.random(length) >= draw(st.sampled_from([0.0, 0.02]))
    # The first ten stay, so that the most common step is the interval.
    kept[:10] = True
    columns = {
        "open": opened, "high": np.maximum(opened, close) * wick[0], "low": np.minimum(opened, close) / wick[1],
        "close": close, "volume": np.round(rng.lognormal(3, 1, length)) * (rng.random(length) < 0.9),
    }  # fmt: skip
    return check_bars("drawn", BarTable(times[kept], {name: values[kept] for name, values in columns.items()}))
