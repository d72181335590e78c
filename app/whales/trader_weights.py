"""How much a followed trader counts: performance, size, recency and regime, each from 0 to 1 and open to look at.

What is not known of a trader takes no part: the weights of the rest are scaled up to one, and `coverage` says which
share of the weights is known.
"""

from collections.abc import Iterable
from math import isfinite
from statistics import median
from typing import Literal, get_args

import msgspec

from app.config.whale_settings import TraderWeightsSettings
from app.core.traders import RankedTrader
from app.whales.performance import DAY_MS, Performance

DimensionName = Literal["performance", "size", "recency", "regime"]
PartName = Literal["sharpe", "sortino", "consistency", "drawdown", "win_rate", "profit_factor"]
PARTS: tuple[PartName, ...] = get_args(PartName)
SHARPE_FULL, SORTINO_FULL, PROFIT_FACTOR_FULL = 3.0, 4.0, 3.0
"""Values from which a part counts as 1."""
HALF_LIVES_DAYS = (1.0, 7.0, 30.0)
SMALLEST_CROWD = 20
"""A median of fewer traders than this is not taken for the crowd's."""


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """What parts of performance are among traders in general, each 0-1; by default of who neither wins nor loses.

    `weight` is the median weight of those whose performance is known, 0 of too few.
    """

    sharpe: float = 0.0
    sortino: float = 0.0
    consistency: float = 0.5
    drawdown: float = 0.5
    win_rate: float = 0.5
    profit_factor: float = 1 / PROFIT_FACTOR_FULL
    weight: float = 0.0


class WeightPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of performance, 0-1: the account's `own`, and the `value` that counts after shrinking to the crowd's.

    `days` is the evidence behind it. Both values are None where the part is not known.
    """

    name: PartName
    weight: float
    own: float | None
    value: float | None
    days: float


class Dimension(msgspec.Struct, frozen=True, kw_only=True):
    """One dimension of a weight: its value 0-1 (None: not known), and which share of its parts' weights is known."""

    name: DimensionName
    weight: float
    value: float | None
    coverage: float
    parts: tuple[WeightPart, ...] = ()


class TraderWeight(msgspec.Struct, frozen=True, kw_only=True):
    """How much a trader counts, 0-1, and which share of the evidence there could be is known, 0-1.

    `vote` is what the trader counts for in signals, 0-1 (`vote_of`).
    """

    trader: str
    total: float
    vote: float
    coverage: float
    dimensions: tuple[Dimension, ...]

    def knows(self, name: DimensionName) -> bool:
        """Whether this dimension has a part in the weight."""
        return any(each.name == name and each.value is not None for each in self.dimensions)


class TraderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a weight is made of. `regime` is 0-1, how well times like these suit the trader; None: not known."""

    trader: str
    equity_usd: float | None
    performance: Performance
    last_traded_ms: int | None
    regime: float | None = None


def trader_weight(facts: TraderFacts, crowd: Crowd, settings: TraderWeightsSettings, now_ms: int) -> TraderWeight:
    """The weight of one trader at one time. Where nothing is known it is 0 with a coverage of 0."""
    dimensions = (
        performance_dimension(facts.performance, crowd, settings),
        _single("size", settings.size, None if facts.equity_usd is None else size_value(facts.equity_usd, settings)),
        _single("recency", settings.recency, recency_value(facts.last_traded_ms, now_ms)),
        _single("regime", settings.regime, _unit(facts.regime)),
    )
    value, _ = renormalised([(each.weight, each.value) for each in dimensions])
    whole = sum(each.weight for each in dimensions)
    covered = sum(each.weight * each.coverage for each in dimensions)
    return TraderWeight(
        trader=facts.trader,
        total=value or 0.0,
        vote=_vote(dimensions, crowd, settings),
        coverage=min(1.0, covered / whole) if whole else 0.0,
        dimensions=dimensions,
    )


def performance_dimension(performance: Performance, crowd: Crowd, settings: TraderWeightsSettings) -> Dimension:
    """The six parts, each shrunk to the crowd's: (days · own + prior_days · crowd) / (days + prior_days)."""
    own = part_values(performance)
    parts = tuple(_part(name, own[name], performance, crowd, settings) for name in PARTS)
    value, coverage = renormalised([(part.weight, part.value) for part in parts])
    return Dimension(name="performance", weight=settings.performance, value=value, coverage=coverage, parts=parts)


def part_values(performance: Performance) -> dict[PartName, float | None]:
    """The parts of a performance, each 0-1 and better the higher; None where its measure is."""
    drawdown = performance.max_drawdown
    return {
        "sharpe": _unit(performance.sharpe, SHARPE_FULL),
        "sortino": _unit(performance.sortino, SORTINO_FULL),
        "consistency": _unit(performance.consistency),
        "drawdown": None if drawdown is None else _unit(1 - drawdown),
        "win_rate": _unit(performance.win_rate),
        "profit_factor": _unit(performance.profit_factor, PROFIT_FACTOR_FULL),
    }


def crowd_of(performances: Iterable[Performance], weight: float = 0.0) -> Crowd:
    """The median of each part among those it is known of; the default where fewer than `SMALLEST_CROWD` are."""
    known: dict[PartName, list[float]] = {name: [] for name in PARTS}
    for performance in performances:
        for name, value in part_values(performance).items():
            if value is not None:
                known[name].append(value)
    medians = {name: median(values) for name, values in known.items() if len(values) >= SMALLEST_CROWD}
    return Crowd(weight=weight, **medians)


def vote_of(total: float, crowd: float) -> float:
    """What a weight (0-1) counts for in signals beside a crowd's (0-1): the square of what it exceeds the crowd's by.

    Most who are followed are no better than chance. So a weight that is usual says nothing of a trader, and the
    further one exceeds the usual, the less likely is luck to have made it.
    """
    return max(0.0, total - crowd) ** 2


def crowd_weight(weights: Iterable[TraderWeight]) -> float:
    """The median weight of those whose performance is known; 0 of fewer than `SMALLEST_CROWD`: all count then."""
    totals = [weight.total for weight in weights if weight.knows("performance")]
    return median(totals) if len(totals) >= SMALLEST_CROWD else 0.0


def size_value(equity_usd: float, settings: TraderWeightsSettings) -> float | None:
    """What the account's tier counts, over the most that one can."""
    if not isfinite(equity_usd):
        return None
    highest = max(settings.tier_weights)
    # Pairs end with the shorter of the two: a tier without a weight of its own counts as the one below all tiers.
    for least, weight in zip(settings.tiers_usd, settings.tier_weights[:-1], strict=False):
        if equity_usd >= least:
            return weight / highest if highest else 0.0
    return settings.tier_weights[-1] / highest if highest else 0.0


def recency_value(last_traded_ms: int | None, now_ms: int) -> float | None:
    """The mean of 2^(−age / half-life) over half-lives of a day, a week and a month: 1 for a trade of this moment."""
    if last_traded_ms is None:
        return None
    age_days = max(0, now_ms - last_traded_ms) / DAY_MS
    return float(sum(2 ** (-age_days / half_life) for half_life in HALF_LIVES_DAYS) / len(HALF_LIVES_DAYS))


def latest_trade(row: RankedTrader, as_of_ms: int) -> int | None:
    """When a trader can have traded last, from a leaderboard's volumes at `as_of_ms`; None where there was no trade."""
    ages = ((row.day, 0), (row.week, 1), (row.month, 7), (row.all_time, 30))
    return next((as_of_ms - days * DAY_MS for window, days in ages if window.volume_usd > 0), None)


def renormalised(parts: Iterable[tuple[float, float | None]]) -> tuple[float | None, float]:
    """The mean of the known values by their weights, None without any, and the share of the weights that is known."""
    pairs = list(parts)
    whole = sum(weight for weight, _ in pairs)
    known = [(weight, value) for weight, value in pairs if value is not None and weight > 0]
    weight = sum(each for each, _ in known)
    if weight <= 0:
        return None, 0.0
    # A mean of numbers lies among them; the last bit of a sum may not.
    mean = sum(each * value for each, value in known) / weight
    return min(max(mean, min(value for _, value in known)), max(value for _, value in known)), weight / whole


def _vote(dimensions: Iterable[Dimension], crowd: Crowd, settings: TraderWeightsSettings) -> float:
    """A trader of unknown performance counts as one of the crowd's: scaled up, its size would stand in for talent."""
    usual, _ = renormalised([(getattr(settings, name), getattr(crowd, name)) for name in PARTS])
    value, _ = renormalised(
        [
            (each.weight, usual if each.value is None and each.name == "performance" else each.value)
            for each in dimensions
        ]
    )
    return vote_of(value or 0.0, crowd.weight)


def _part(
    name: PartName, own: float | None, performance: Performance, crowd: Crowd, settings: TraderWeightsSettings
) -> WeightPart:
    days = performance.trip_days if name in ("win_rate", "profit_factor") else float(performance.days)
    value = None if own is None else shrunk(own, getattr(crowd, name), days, settings.prior_days)
    return WeightPart(name=name, weight=getattr(settings, name), own=own, value=value, days=days)


def shrunk(own: float, crowd: float, evidence: float, prior: float) -> float:
    """What is to be believed: the own value by its evidence, the crowd's by the prior; all crowd without either."""
    return (evidence * own + prior * crowd) / (evidence + prior) if evidence + prior > 0 else crowd


def _single(name: DimensionName, weight: float, value: float | None) -> Dimension:
    return Dimension(name=name, weight=weight, value=value, coverage=0.0 if value is None else 1.0)


def _unit(value: float | None, full: float = 1.0) -> float | None:
    """A value as a share of what counts in full, within 0-1; None for what is not known or no number."""
    return None if value is None or not isfinite(value) else min(1.0, max(0.0, value / full))
