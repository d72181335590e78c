"""What regimes were followed by and how they follow one another, in the hours a model was trained on."""

from collections.abc import Sequence

import msgspec
import numpy as np

from app.markets.hourly_bars import HOUR_MS, HourlyBars, Integers
from app.markets.regime import regime_hours
from app.markets.regime_model import REGIMES, RegimeModel, meanings
from app.measures.blocks import Estimate, block_length_ms, block_starts, ratio_estimates
from app.measures.returns import Floats

HORIZONS_H = (1, 4, 24)


class Followed(msgspec.Struct, frozen=True):
    """Of one regime and horizon: mean log return in basis points with a 95 % interval, and its standard deviation."""

    horizon_h: int
    n: int
    mean_bps: Estimate
    volatility_bps: float | None


class RegimeFigures(msgspec.Struct, frozen=True):
    """One regime: in how many hours it was in force, how long it lasts, where its centroid lies, what followed."""

    name: str
    hours: int
    share: float
    mean_stay_h: float | None
    direction: float
    activity: float
    followed: tuple[Followed, ...]


class RegimeReport(msgspec.Struct, frozen=True):
    """All regimes; `transitions[a][b]` is the share of the hours in regime a that b was in force an hour later."""

    hours: int
    regimes: tuple[RegimeFigures, ...]
    transitions: tuple[tuple[float | None, ...], ...]


class _Told(msgspec.Struct, frozen=True):
    """Hours of all coins with their regime, in order of time; forward returns have a column for each horizon."""

    open_ms: Integers
    regime: Integers
    forward: Floats


def forward_returns(bars: HourlyBars, horizons_h: Sequence[int] = HORIZONS_H) -> Floats:
    """Log return from the end of each hour over the next h hours, a column each; NaN where it is not known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(bars.close)
    columns: Floats = np.full((bars.hours, len(horizons_h)), np.nan)
    for column, hours in enumerate(horizons_h):
        columns[:-hours, column] = logs[hours:] - logs[:-hours]
    return columns


def report(model: RegimeModel, bars: Sequence[HourlyBars], seed: int = 0) -> RegimeReport:
    """Figures of the regimes in force in these bars (with hysteresis), as the deck would have shown them."""
    told = [_told(model, each) for each in bars]
    matrix = sum((_transitions(each) for each in told), np.zeros((len(REGIMES), len(REGIMES))))
    together = _together(told)
    places = meanings(np.array(model.centroids), model.features)
    generator = np.random.default_rng(seed)
    stays = [_mean_stay(told, regime) for regime in range(len(REGIMES))]
    figures = tuple(
        RegimeFigures(
            name=name,
            hours=int((together.regime == regime).sum()),
            share=float((together.regime == regime).mean()),
            mean_stay_h=stays[regime],
            direction=float(places[regime, 0]),
            activity=float(places[regime, 1]),
            followed=_followed(together, regime, generator),
        )
        for regime, name in enumerate(REGIMES)
    )
    rows = tuple(tuple((row / row.sum()).tolist()) if row.sum() else (None,) * len(REGIMES) for row in matrix)
    return RegimeReport(len(together.open_ms), figures, rows)


def _told(model: RegimeModel, bars: HourlyBars) -> _Told:
    hours = list(regime_hours(model, bars))
    places = np.array([(hour.end_ms - HOUR_MS - int(bars.open_ms[0])) // HOUR_MS for hour in hours], dtype=np.int64)
    regimes = np.array([hour.regime for hour in hours], dtype=np.int64)
    return _Told(bars.open_ms[places], regimes, forward_returns(bars)[places])


def _together(told: Sequence[_Told]) -> _Told:
    times = np.concatenate([each.open_ms for each in told])
    order = np.argsort(times, kind="stable")
    regimes = np.concatenate([each.regime for each in told])[order]
    return _Told(times[order], regimes, np.concatenate([each.forward for each in told])[order])


def _transitions(told: _Told) -> Floats:
    matrix = np.zeros((len(REGIMES), len(REGIMES)))
    joined = np.diff(told.open_ms) == HOUR_MS
    np.add.at(matrix, (told.regime[:-1][joined], told.regime[1:][joined]), 1)
    return matrix


def _mean_stay(told: Sequence[_Told], regime: int) -> float | None:
    """Hours in the regime by the number of times it was entered."""
    hours = entered = 0
    for each in told:
        inside = each.regime == regime
        broken = np.diff(each.open_ms, prepend=-HOUR_MS) != HOUR_MS
        hours += int(inside.sum())
        entered += int((inside & (broken | ~np.roll(inside, 1))).sum())
    return hours / entered if entered else None


def _followed(told: _Told, regime: int, generator: np.random.Generator) -> tuple[Followed, ...]:
    return tuple(_horizon(told, regime, column, generator) for column in range(len(HORIZONS_H)))


def _horizon(told: _Told, regime: int, column: int, generator: np.random.Generator) -> Followed:
    known = np.isfinite(told.forward[:, column])
    times, inside = told.open_ms[known], told.regime[known] == regime
    returns = np.where(inside, told.forward[known, column], 0.0) * 1e4
    horizon_ms = HORIZONS_H[column] * HOUR_MS
    starts = time_blocks(times, horizon_ms)
    mean = ratio_estimates(returns[:, None], inside[:, None].astype(np.float64), starts, generator)[0]
    volatility = float(returns[inside].std()) if inside.sum() > 1 else None
    return Followed(HORIZONS_H[column], int(inside.sum()), mean, volatility)


def time_blocks(times_ms: Integers, horizon_ms: int) -> Integers:
    """Rows where blocks of time begin that are long enough for outcomes of this horizon, and for regimes of a day."""
    shortest = max(horizon_ms, 24 * HOUR_MS)
    effective = len(block_starts(times_ms, shortest))
    return block_starts(times_ms, block_length_ms(effective, shortest))
