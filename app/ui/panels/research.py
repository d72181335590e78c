"""The last backtest, and the sweep that runs or ran last, as lines of the Screener. Pure."""

from collections.abc import Iterator
from typing import Any

from app.core.text import clean
from app.engine.protocol_screen import BacktestRecord, ResearchView, SweepResult, SweepView, SweptTrial
from app.ui import format as shown
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.screener import rules_lines
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView
from app.ui.widgets.flash import Level
from app.ui.widgets.lines import wrap

_TITLE = "Backtest and sweep"
_COLUMNS = (Column("what", 16, "left"), Column("told", 8, "left", priority=1, flexible=True))
_OLD_S = 7 * 86_400
_BAR = 20
DEFAULT_GRID = "--grid fusion.entry_threshold_confidence=.20,.30,.40,.50 --folds 4"
"""What a sweep from the deck tries where nobody writes anything else."""
Line = tuple[str, str, Role]


def research_view(view: DeckView, width: int, sweep_key: str) -> TableView:
    """Lines for a table of `width` cells: the sweep, the last backtest, and the settings in force."""
    if view.shown is None or view.shown.screener is None:
        return TableView(_TITLE, _COLUMNS, (), waiting_sentence(view) if view.shown is None else "Waiting…")
    lines = (*_sweep_lines(view.shown.sweep, sweep_key), *_backtest_lines(view.shown.screener.research),
             *rules_lines(view))  # fmt: skip
    room = max(8, width - _COLUMNS[0].width - 1)
    return TableView(_title(view), _COLUMNS, tuple(_rows(lines, room, view.outdated)), "")


def proposed_sweep(view: DeckView, coin: str) -> str:
    """The arguments that a sweep begins with: those of one that did not end, else thresholds over this coin's bars."""
    newest = view.newest
    sweep = newest.sweep if newest is not None else None
    if sweep is not None and sweep.state in ("stopped", "failed"):
        return str(clean(sweep.arguments, 2_000))
    screener = newest.screener if newest is not None else None
    words = screener.research.source_words if screener is not None and screener.research is not None else ""
    return str(clean(f"--asset {coin or 'BTC'} {words} {DEFAULT_GRID}".replace("  ", " "), 2_000))


def sweep_news(before: SweepView | None, after: SweepView | None) -> tuple[str, Level] | None:
    """What there is to say when a sweep has ended since an earlier snapshot."""
    if after is None or after.state == "running" or (before is not None and before.state == after.state):
        return None
    if after.state == "done":
        return "The sweep is done; the Screener shows what it came to", "info"
    return f"The sweep {'failed' if after.state == 'failed' else 'was stopped'}: {clean(after.message, 200)}", "warning"


def _title(view: DeckView) -> str:
    sweep = view.shown.sweep if view.shown is not None else None
    if sweep is None or sweep.state != "running":
        return _TITLE
    return f"{_TITLE} · sweep {_share(sweep)}"


def _rows(lines: tuple[Line, ...], room: int, outdated: bool) -> Iterator[Row]:
    for place, (name, said, role) in enumerate(lines):
        whole = str(clean(said, 1_000))
        for part, text in enumerate(wrap(whole, room)):
            cells = (Cell("" if part else name, "muted", name), Cell(text, role, whole))
            yield Row(f"{place} {part}", cells, outdated, values=(name, whole))


def _sweep_lines(sweep: SweepView | None, key: str) -> Iterator[Line]:
    if sweep is None:
        yield "sweep", f"none was begun from this deck; {key} opens a line for one", "muted"
        return
    if sweep.state == "running":
        left = "" if sweep.left_s is None else f", about {shown.duration(sweep.left_s)} left"
        said = f"{_bar(sweep)} {_share(sweep)}{left}" if sweep.total else f"running: {clean(sweep.message, 200)}"
        yield "sweep", said, "accent"
        yield "", f"{key} stops it; what is done is kept", "muted"
    else:
        role: Role = {"done": "text", "failed": "alert", "stopped": "warning"}[sweep.state]  # type: ignore[assignment]
        message = str(clean(sweep.message, 300)).removeprefix("Interrupted: ").rstrip(".")
        said = f": {message}" if message else ""
        goes_on = "" if sweep.state == "done" else f". {key} begins it again where it ended."
        yield "sweep", f"{sweep.state}{said}{goes_on}", role
    yield "", sweep.arguments, "muted"
    if sweep.result is not None:
        yield from _result_lines(sweep.result)


def _share(sweep: SweepView) -> str:
    if not sweep.total:
        return "begins"
    return f"{sweep.done or 0:,} of {sweep.total:,} runs"


def _bar(sweep: SweepView) -> str:
    filled = min(_BAR, _BAR * (sweep.done or 0) // max(1, sweep.total or 0))
    return "█" * filled + "░" * (_BAR - filled)


def _result_lines(result: SweepResult) -> Iterator[Line]:
    known = f", {result.known_before:,} known before" if result.known_before else ""
    folds = f" in {result.folds} folds" if result.folds > 1 else ""
    yield "swept", f"{', '.join(result.markets)}: {result.runs:,} runs{known} over {result.days:,} days{folds}", "text"
    if result.trials and not any(trial.trades for trial in result.trials):
        yield "", "no trial traded: more bars, or thresholds that are less strict, would tell more", "warning"
    for place, trial in enumerate(result.trials[:3]):
        yield "best trials" if not place else "", _trial(trial), "text"
    walked = result.walk_forward
    if walked is not None:
        said = f"{100 * walked.total_return:+.2f} %, Sharpe {walked.sharpe:.2f}: here nothing was chosen by hindsight"
        yield "walk forward", said, "text"
    for place, doubt in enumerate(result.doubts):
        yield "doubts" if not place else "", doubt, "warning"


def _trial(trial: SweptTrial) -> str:
    values = ", ".join(f"{clean(key, 60)} {_value(value)}" for key, value in trial.values.items())
    return (
        f"{values}: Sharpe {trial.sharpe:.2f}, {100 * trial.total_return:+.2f} % after costs, fell "
        f"{100 * trial.maximum_drawdown:.1f} %, {trial.trades:,} trades ({trial.won:,} won)"
    )


def _value(value: Any) -> str:  # noqa: ANN401 - a setting may be of any type
    return f"{value:g}" if isinstance(value, float) else str(clean(str(value), 60))


def _backtest_lines(research: ResearchView | None) -> Iterator[Line]:
    if research is None:
        yield "last backtest", "this engine tells of none", "muted"
        return
    if research.backtest_trouble:
        yield "last backtest", clean(research.backtest_trouble, 300), "warning"
        return
    record = research.backtest
    if record is None:
        command = " ".join(("tapedeck backtest --asset ETH", *clean(research.source_words, 200).split()))
        yield (
            "last backtest",
            f"none yet: `{command}`, or --bars FILE, makes one, and its result is shown here",
            "muted",
        )
        return
    age, old = shown.age(1_000 * research.backtest_age_s), research.backtest_age_s > _OLD_S
    yield "last backtest", f"{record.title}, made {age} ago{'; old' if old else ''}", "stale" if old else "text"
    yield from _figures(record)


def _figures(record: BacktestRecord) -> Iterator[Line]:
    if record.settings:
        yield "", record.settings, "muted"
    yield "after costs", "strategy | buying and holding", "muted"
    for name, one, other in record.compared:
        yield "", f"{name}: {one} | {other}", "text"
    for line in record.lines:
        yield "", line, "text"
    for place, line in enumerate(record.assumptions):
        yield "assumed" if not place else "", line, "muted"
