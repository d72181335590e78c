"""A sweep's report as text for people, and its runs as CSV."""

import csv
import io
from typing import TYPE_CHECKING, Any

from app.cli.figures import counted
from app.cli.output import csv_cell, print_line, print_paragraph, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.screener.sweep_run import RunFigures
    from app.sweep.report import SweepReport, TrialReport, WalkForward
    from app.sweep.sweeping import Run, Sweep

_ACCOUNT = ("candidates", "trades", "won", "total_return", "sharpe", "maximum_drawdown", "exposure", "gross", "fees",
            "funding")  # fmt: skip
_SURE, _LIKELY = 0.95, 0.5


def print_report(sweep: "Sweep", report: "SweepReport", best: int) -> None:
    """So many of the best trials, and beside them what luck alone would have given."""
    from app.screener.sweep_run import assumptions_of

    print_line(_title(sweep, report), style="bold")
    print_line("")
    print_table(_columns(sweep), [_row(trial) for trial in report.trials[:best]])
    if len(report.trials) > best:
        print_line(f"and {len(report.trials) - best:,} more")
    print_line("")
    for line in doubts(report):
        print_paragraph(line)
    if report.walk_forward is not None:
        print_line("")
        _print_walk(report.walk_forward)
    print_line("")
    first = sweep.trials[report.trials[0].number - 1]
    for line in assumptions_of(first.settings, sweep.markets[0].bars.interval_ms):
        print_paragraph(line)


def _title(sweep: "Sweep", report: "SweepReport") -> str:
    names = [market.bars.name for market in sweep.markets]
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    folds = len({cell.fold for cell in sweep.cells})
    return (
        f"{shown}: {counted(len(report.trials), 'trial')} over {counted(report.days, 'day')}"
        f"{f' in {folds} folds' if folds > 1 else ''}, after costs"
    )


def _columns(sweep: "Sweep") -> tuple[str, ...]:
    keys = tuple(f">{key}" for key in sweep.trials[0].values)
    return ("trial", *keys, ">Sharpe of a year, by days", ">return", ">maximum drawdown", ">trades", ">won")


def _row(trial: "TrialReport") -> tuple[str, ...]:
    won = f"{trial.won / trial.trades:.0%}" if trial.trades else "none"
    figures = (f"{trial.sharpe:.2f}", f"{trial.total_return:+.2%}", f"{trial.maximum_drawdown:.2%}")
    return (str(trial.number), *map(value_text, trial.values.values()), *figures, f"{trial.trades:,}", won)


def value_text(value: Any) -> str:  # noqa: ANN401 - a setting may be of any type
    """A setting's value as it is written behind `--set`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def doubts(report: "SweepReport") -> list[str]:
    """What has to be taken off the best trial's figures, in sentences."""
    best = report.trials[0]
    lines = [
        f"{counted(report.tried, 'different account')} came of what was tried over these bars, here and in earlier "
        "sweeps of this file; what was tried elsewhere is not counted.",
        f"The best has a Sharpe ratio of {best.sharpe:.2f}; luck alone would give the best of so many "
        f"{report.luck:.2f}. {_deflated(report)}",
    ]
    if report.overfitting is None:
        lines.append("Too few accounts or days to tell how probably the choice is overfitted.")
        return lines
    found = report.overfitting
    sense = (
        "choosing the best is worth nothing here" if found.probability >= _LIKELY else "lower is better, 0.5 is chance"
    )
    lines.append(
        f"Probability of backtest overfitting {found.probability:.2f} ({found.splits:,} ways to take half of "
        f"{found.blocks} pieces of time): {sense}."
    )
    return lines


def _deflated(report: "SweepReport") -> str:
    if report.deflated is None:
        return "There is too little to tell them apart."
    told = f"Deflated Sharpe ratio {report.deflated:.2f}: the probability that there is more than luck"
    return told + (
        ", if the future is like these bars." if report.deflated >= _SURE else "; below 0.95 it is no evidence."
    )


def _print_walk(walk: "WalkForward") -> None:
    keys = tuple(f">{key}" for key in walk.steps[0].values) if walk.steps else ()
    columns = ("fold", *keys, ">Sharpe before", ">Sharpe then", ">return then")
    rows = [
        (str(step.fold), *map(value_text, step.values.values()), f"{step.sharpe_before:.2f}", f"{step.sharpe:.2f}",
         f"{step.total_return:+.2%}")
        for step in walk.steps
    ]  # fmt: skip
    print_line("Walked forward: in each fold the trial that was best in all folds before it")
    print_table(columns, rows)
    print_line(
        f"Together {walk.total_return:+.2%}, Sharpe ratio {walk.sharpe:.2f}: here nothing was chosen by hindsight."
    )


def csv_text(sweep: "Sweep", figures: "Mapping[str, RunFigures]") -> str:
    """A line for each run, trial by trial, under the names of its columns; times are when bars opened."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    keys = list(sweep.trials[0].values)
    writer.writerow(["trial", *keys, "bars", "bars_sha256", "fold", "first_bar", "last_bar", *_ACCOUNT])
    writer.writerows(map(csv_cell, _csv_row(sweep, run, figures[run.key])) for run in sweep.runs)
    return file.getvalue()


def _csv_row(sweep: "Sweep", run: "Run", figures: "RunFigures") -> list[object]:
    from app.screener.bars import moment_text

    cell, values = run.cell, sweep.trials[run.trial].values.values()
    told = [
        value if isinstance(value, int | float) and not isinstance(value, bool) else value_text(value)
        for value in values
    ]
    name = sweep.markets[cell.market].bars.name
    ends = (moment_text(cell.where.first_ms), moment_text(cell.where.last_ms))
    return [
        run.trial + 1,
        *told,
        name,
        cell.where.bars,
        cell.fold + 1,
        *ends,
        *(getattr(figures, each) for each in _ACCOUNT),
    ]
