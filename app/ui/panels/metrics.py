"""Whose metrics a row shows: the AI's while its read is young enough, else the rules', and always by name. Pure."""

from typing import NamedTuple, get_args

from app.core.events import Freshness
from app.engine.protocol import AiRead, MarketRow, MetricSource
from app.ui import format as shown
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Value

YOUNG_MS = 20_000
"""A read older than this is no longer the present."""
OLD_MS = 30_000
"""One older than this is a warning."""
USABLE_MS = 60_000
"""One older than this is shown by nobody as a metric: the rules take its place."""

UNKNOWN = Cell(shown.DASH, "muted")
FRESHNESS_ROLES: dict[Freshness, Role] = {
    "FRESH": "up",
    "DEVELOPING": "text",
    "EXTENDED": "warning",
    "EXHAUSTED": "alert",
}
FRESHNESS_RANKS: dict[Freshness | None, Value] = {word: rank for rank, word in enumerate(get_args(Freshness))}
_DIRECTION_ROLES: dict[int, Role] = {1: "up", 0: "muted", -1: "down"}


class Metrics(NamedTuple):
    """Metrics of 0-100 with who made them; `age_ms` is None for the rules, which are made anew each second."""

    by: MetricSource
    momentum: float | None
    direction: int
    pressure: float
    continuation: float | None
    freshness: Freshness | None
    age_ms: int | None = None


def metrics_of(market: MarketRow, source: MetricSource) -> Metrics | None:
    """The metrics of a row: with `source` ai those of a usable read, else those of the rules; None without either."""
    if source == "ai" and (usable := ai_metrics(usable_read(market))) is not None:
        return usable
    rules = market.rules
    if rules is None:
        return None
    return Metrics("rules", rules.momentum, rules.direction, rules.pressure, rules.continuation, rules.freshness)


def usable_read(market: MarketRow) -> AiRead | None:
    """The newest read, while it may stand for the present: never on stale data, nor older than a minute."""
    read = market.scalper.ai if market.scalper is not None else None
    return read if read is not None and read.age_ms <= USABLE_MS and not market.stale else None


def ai_metrics(read: AiRead | None) -> Metrics | None:
    """The metrics of a read."""
    if read is None:
        return None
    return Metrics("ai", read.momentum, read.direction, read.pressure, read.continuation, read.freshness, read.age_ms)


def metric_cells(metrics: Metrics | None, why_none: str) -> tuple[Cell, Cell, Cell, Cell]:
    """Momentum, pressure, continuation and freshness as cells; the first says why there are none."""
    if metrics is None:
        return Cell(why_none, "muted"), UNKNOWN, UNKNOWN, UNKNOWN
    momentum, continuation = shown.score(metrics.momentum), shown.score(metrics.continuation)
    return (
        UNKNOWN
        if momentum == shown.DASH
        else Cell(
            momentum + shown.direction_arrow(metrics.direction), _DIRECTION_ROLES.get(metrics.direction, "muted")
        ),
        Cell(shown.score(metrics.pressure)),
        Cell(continuation if continuation == shown.DASH else f"{continuation}%"),
        UNKNOWN if metrics.freshness is None else Cell(metrics.freshness, FRESHNESS_ROLES[metrics.freshness]),
    )


def signed_momentum(momentum: float | None, direction: int) -> float | None:
    """Momentum with the sign of its arrow, so that a fall is below zero; 0 for a move without direction."""
    return None if momentum is None else momentum * direction


def by_cell(metrics: Metrics | None) -> Cell:
    """Who made the metrics; an AI's with its age."""
    if metrics is None:
        return UNKNOWN
    if metrics.by == "rules":
        return Cell("RULES", "muted")
    return Cell(f"AI {read_age(metrics.age_ms or 0)}", age_role(metrics.age_ms or 0))


def read_age(age_ms: int) -> str:
    """The age of a read in whole seconds or longer: tenths say nothing of it and would paint ten times a second."""
    return f"{max(0, age_ms) // 1_000}s" if age_ms < 10_000 else shown.age(age_ms)


def age_role(age_ms: int) -> Role:
    """How an age of a read looks: a warning from 20 s, an alert from 30 s."""
    return "alert" if age_ms > OLD_MS else "warning" if age_ms > YOUNG_MS else "text"
