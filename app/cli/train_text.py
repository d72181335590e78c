"""What a training says: for people, with a plot of characters, and as JSON fields. Pure but for `print_result`."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from app.cli.output import print_line, print_table

if TYPE_CHECKING:
    from app.markets.regime_model import RegimeModel
    from app.measures.blocks import Estimate
    from app.training.importance import HorizonImportance
    from app.training.regime_report import RegimeFigures, RegimeReport
    from app.training.regime_training import Stability

UNSTABLE_BELOW = 0.5
"""With a lower adjusted Rand index of the halves, the names of regimes are called unstable."""
_PLOT_CELLS = 33
_UNKNOWN = "–"


class Result(NamedTuple):
    """What a training came to; `saved` is the model's file, `too_few` says why nothing was held out."""

    model: "RegimeModel"
    saved: Path | None
    stability: "Stability"
    report: "RegimeReport"
    importance: "Sequence[HorizonImportance]"
    too_few: str


def json_fields(result: Result) -> dict[str, Any]:
    """The result as JSON: the model's card, its regimes, their stability, and what features are worth."""
    model = msgspec.to_builtins(result.model)
    return {
        "model": {**model, "sha256": result.model.sha256, "file": None if result.saved is None else str(result.saved)},
        "regimes": msgspec.to_builtins(result.report.regimes),
        "transitions": result.report.transitions,
        "stability": result.stability._asdict(),
        "importance": [_horizon_fields(horizon) for horizon in result.importance],
        "warnings": warnings(result),
    }


def _horizon_fields(horizon: "HorizonImportance") -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(horizon)
    fields["beats_chance"] = horizon.beats_chance
    for row, feature in zip(fields["features"], horizon.features, strict=True):
        row["counts"] = horizon.beats_chance and feature.counts
    return fields


def print_result(result: Result) -> None:
    """All sections, then what to beware of."""
    for name, text in card_lines(result):
        print_line(f"{name:10} {text}")
    _section("Regimes, and the mean return that followed (basis points, 95 % interval)", (
        "regime", ">hours", ">share", ">stays", ">direction", ">activity", ">1 h", ">4 h", ">24 h", ">24 h volatility",
    ), [_regime_row(figures) for figures in result.report.regimes])  # fmt: skip
    names = [figures.name for figures in result.report.regimes]
    _section("An hour later (share of hours)", ("from", *(f">{name}" for name in names)), [
        (name, *(_UNKNOWN if share is None else f"{share:.1%}" for share in row))
        for name, row in zip(names, result.report.transitions, strict=True)
    ])  # fmt: skip
    _section("Trained again (1 is the same groups, 0 is chance)", ("", ">adjusted Rand", ">same name"), [
        ("on either half of time", f"{result.stability.halves_rand:.2f}", f"{result.stability.halves_agreement:.0%}"),
        ("the halves, from random starts", f"{result.stability.free_halves_rand:.2f}", _UNKNOWN),
        ("on all, the worst random start", f"{result.stability.starts_rand:.2f}", _UNKNOWN),
    ])  # fmt: skip
    for horizon in result.importance:
        _print_horizon(horizon)
    print_line("")
    for warning in warnings(result):
        print_line(warning, "yellow")


def card_lines(result: Result) -> Iterator[tuple[str, str]]:
    """The model's card."""
    model = result.model
    yield "source", f"{model.source} {', '.join(model.data)}"
    yield "hours", f"{model.hours:,}, {_day(model.from_ms)} to {_day(model.until_ms)}"
    yield "features", ", ".join(name.replace("_", " ") for name in model.features)
    yield "model", f"{model.sha256[:16]}, made with {model.made_with}"
    yield "file", "not saved" if result.saved is None else str(result.saved)


def warnings(result: Result) -> list[str]:
    """What a reader should know before trusting any of it, a sentence each."""
    from app.markets.regime_model import misnamed

    found = [
        f"The names do not hold: {flaw}. The deck will not use this model; give more bars."
        for flaw in misnamed(result.model)
    ]
    if result.model.source == "DEMO":
        found.append("Simulated hours: nothing here says anything about a real market.")
    if result.stability.halves_rand < UNSTABLE_BELOW:
        found.append("The regimes are unstable: trained on one half of time they are others than on the other half.")
    if result.too_few:
        found.append(f"What features are worth is not known: {result.too_few}.")
    told = [horizon for horizon in result.importance if horizon.beats_chance]
    if result.importance and not told:
        found.append("Nothing beats chance: no feature here tells the way of the next hours.")
    tests = sum(len(horizon.features) + 1 for horizon in result.importance)
    if told:
        found.append(
            f"{tests} intervals of 95 % were looked at: about {tests * 0.025:.1f} lie above chance by luck alone. "
            "An AUC near one half rarely pays for a round trip."
        )
    return found


def _regime_row(figures: "RegimeFigures") -> tuple[str, ...]:
    stay = _UNKNOWN if figures.mean_stay_h is None else f"{figures.mean_stay_h:.1f} h"
    volatility = figures.followed[-1].volatility_bps
    return (
        figures.name,
        f"{figures.hours:,}",
        f"{figures.share:.1%}",
        stay,
        f"{figures.direction:+.2f}",
        f"{figures.activity:+.2f}",
        *(_interval(each.mean_bps, "+.1f") for each in figures.followed),
        _UNKNOWN if volatility is None else f"{volatility:.0f}",
    )


def _print_horizon(horizon: "HorizonImportance") -> None:
    verdict = "beats chance" if horizon.beats_chance else "no better than chance"
    title = (
        f"{horizon.horizon_h} h ahead: AUC {_interval(horizon.auc, '.3f')}, {verdict}; "
        f"prices rose in {horizon.base_rate:.1%} of {horizon.held_out:,} held-out hours"
    )
    reach = max((abs(bound) for each in horizon.features for bound in _bounds(each.loss)), default=0.0)
    _section(title, ("feature", ">AUC lost when shuffled", "plot", ""), [
        (
            each.name.replace("_", " "), _interval(each.loss, "+.4f"), plot(each.loss, reach),
            "counts" if horizon.beats_chance and each.counts else "",
        )
        for each in sorted(horizon.features, key=lambda each: -(each.loss.value or 0.0))
    ])  # fmt: skip


def plot(estimate: "Estimate", reach: float, cells: int = _PLOT_CELLS) -> str:
    """An interval as a line of characters from −reach to reach: ├─●─┤, with │ at 0."""
    line = [" "] * cells
    line[cells // 2] = "│"
    bounds = _bounds(estimate)
    if not bounds or reach <= 0:
        return "".join(line)
    low, value, high = (_cell(bound, reach, cells) for bound in (min(bounds), bounds[0], max(bounds)))
    for cell in range(low, high + 1):
        line[cell] = "┼" if cell == cells // 2 else "─"
    if low < value:
        line[low] = "├"
    if value < high:
        line[high] = "┤"
    line[value] = "●"
    return "".join(line)


def _cell(value: float, reach: float, cells: int) -> int:
    return round((value / reach + 1) / 2 * (cells - 1))


def _bounds(estimate: "Estimate") -> list[float]:
    return [bound for bound in (estimate.value, estimate.low, estimate.high) if bound is not None]


def _interval(estimate: "Estimate", form: str) -> str:
    if estimate.value is None:
        return _UNKNOWN
    value = format(estimate.value, form)
    if estimate.low is None or estimate.high is None:
        return f"{value} (n too small)"
    return f"{value} [{estimate.low:{form}}, {estimate.high:{form}}]"


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print_line("")
    print_line(title, "bold")
    print_table(columns, rows)


def _day(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%d}"
