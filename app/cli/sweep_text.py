"""What a sweep says, as text for people and as JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.cli.figures import counted
from app.cli.output import print_line, print_paragraph, print_table

if TYPE_CHECKING:
    from app.screener.sweep_report import Verdict
    from app.screener.sweep_runs import Run
    from app.screener.sweep_space import Point

_SHOWN = 10


def json_fields(points: "Sequence[Point]", runs: "Sequence[Run]", verdict: "Verdict") -> dict[str, Any]:
    """Points with their settings from the best on, folds, and what the best is worth."""
    import msgspec

    told = msgspec.to_builtins(verdict)
    told["ranked"] = [{**each, "settings": points[each["point"]]} for each in told["ranked"]]
    told["folds"] = [{**each, "settings": points[each["point"]]} for each in told["folds"]]
    return {"points": len(points), "runs": len(runs), **told, "warnings": warnings(len(points), verdict)}


def print_verdict(points: "Sequence[Point]", runs: "Sequence[Run]", verdict: "Verdict") -> None:
    """The best points, the walk forward, and the doubts."""
    keys = list(points[0])
    markets = len({run.market for run in runs})
    title = (
        f"{counted(len(points), 'point')} over {counted(markets, 'market')}: {counted(len(runs), 'run')}, after costs"
    )
    print_line(title, style="bold")
    print_table(
        (*keys, ">trades", ">return", ">Sharpe"),
        [
            (*points[each.point].values(), f"{each.trades:,}", f"{each.total_return:+.2%}", f"{each.sharpe:.2f}")
            for each in verdict.ranked[:_SHOWN]
        ],
    )
    print_line("")
    for fold in verdict.folds:
        chosen = ", ".join(f"{key}={value}" for key, value in points[fold.point].items())
        print_paragraph(
            f"Chosen on {fold.days_before:,} days: {chosen}. Sharpe {fold.sharpe_before:.2f} there, "
            f"{fold.sharpe_after:.2f} on the {fold.days_after:,} days after."
        )
    for line in warnings(len(points), verdict):
        print_paragraph(line)


def warnings(count: int, verdict: "Verdict") -> list[str]:
    """What to think of the best of so many."""
    lines = [f"{count:,} points were tried: the best of them is partly luck, the more so the more there are."]
    if verdict.walked_sharpe is not None:
        lines.append(
            f"Walk forward: what was best before had a Sharpe ratio of {verdict.walked_sharpe:.2f} on the days after, "
            f"the best in hindsight {verdict.ranked[0].sharpe:.2f}."
        )
    if verdict.deflated_sharpe is not None:
        lines.append(
            f"Deflated Sharpe ratio: with probability {verdict.deflated_sharpe:.0%} the best is better than the best "
            f"of {count:,} useless ones would look; below 95 % that is no evidence."
        )
    if verdict.overfitting_probability is not None:
        lines.append(
            f"Probability of backtest overfitting: {verdict.overfitting_probability:.0%} of the ways to halve time put "
            "the best of one half at or below the median of the other."
        )
    if verdict.deflated_sharpe is None or verdict.overfitting_probability is None:
        lines.append("There are too few days, points or moves to tell more of how much is luck.")
    return lines
