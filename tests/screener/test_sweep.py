"""Sweeps: points, runs that are backtests, results that do not depend on who does them, and verdicts."""

import contextlib
import os
import signal
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bar_samples import START_MS, market

from app.config.screener_settings import BatchModeSettings, FusionSettings, StrategySettings
from app.config.settings import Settings
from app.core.errors import ConfigError, DataError, TapedeckError, UsageError
from app.screener.backtesting import backtest
from app.screener.bars import HOUR_MS
from app.screener.report import summarise
from app.screener.screen import screen
from app.screener.sweep import Alone, Market, carry_out, prepared_jobs
from app.screener.sweep_file import csv_of, open_sweep
from app.screener.sweep_report import daily_matrix, judge, walk_forward
from app.screener.sweep_runs import Run
from app.screener.sweep_space import Axis, Point, Span, drawn, grid, parse_axis, parse_span, settings_of

BASE = Settings(
    fusion=FusionSettings(mode="fusion_only", entry_threshold_confidence=0.2, aligned_trends=0),
    batch_mode=BatchModeSettings(minimum_score=0.6),
)
FIRST = 600
POINTS = grid([
    Axis("batch_mode.atr_percentile", ("0.7", "0.8")),
    Axis("strategy.stop_atr", ("1", "2")),
    Axis("fusion.momentum_weight", ("0.3", "0.6")),
])  # fmt: skip


def markets() -> list[Market]:
    bars = {name: market(2_000, seed, gaps=0.01) for name, seed in (("one", 5), ("two", 6))}
    return [
        Market(name, each, int(np.searchsorted(each.times, START_MS + FIRST * HOUR_MS))) for name, each in bars.items()
    ]


def swept(points: Sequence[Point], executor: Executor, done: set[tuple[int, str]] | None = None) -> list[Run]:
    runs: list[Run] = []
    with prepared_jobs(markets(), BASE, points, done or set(), 2) as jobs:
        carry_out(jobs, BASE, lambda: executor, runs.extend)
    return sorted(runs, key=lambda run: (run.point, run.market))


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return swept(POINTS, Alone())


def test_a_run_is_a_backtest(runs: list[Run]) -> None:
    by_name = {each.name: each for each in markets()}
    assert [(run.point, run.market) for run in runs] == [(n, name) for n in range(8) for name in ("one", "two")]
    for run in runs:
        chosen, bars = settings_of(BASE, POINTS[run.point]), by_name[run.market].bars
        result = backtest(screen(bars, chosen.batch_mode, START_MS + FIRST * HOUR_MS, 1 << 50), chosen)
        summary = summarise(result)
        assert (run.trades, run.won, run.total_return, run.sharpe, run.maximum_drawdown, run.mean_trade_bps) == (
            summary.trades, summary.won, summary.strategy.total_return, summary.strategy.sharpe,
            summary.strategy.maximum_drawdown, summary.mean_trade_bps.value,
        )  # fmt: skip
        assert run.trades > 5
        # Days put together are the whole return.
        assert np.prod(1 + np.array(run.daily)) - 1 == pytest.approx(run.total_return)
        assert run.first_day == (START_MS + FIRST * HOUR_MS) // (24 * HOUR_MS)
    assert len({run.total_return for run in runs}) > 8


def test_what_is_done_is_not_done_again(runs: list[Run]) -> None:
    done = {(run.point, run.market) for run in runs[::3]}
    assert swept(POINTS, Alone(), done) == [run for run in runs if (run.point, run.market) not in done]


class Dying(Alone):
    """Gives up its ghost at the third job, as a pool whose worker was killed."""

    def __init__(self) -> None:
        self.jobs = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.jobs += 1
        if self.jobs % 3:
            return super().submit(fn, *args, **kwargs)
        future: Future[Any] = Future()
        future.set_exception(BrokenProcessPool("killed"))
        return future


def test_a_worker_that_dies_changes_nothing_but_too_many_end_it(runs: list[Run]) -> None:
    told: list[Run] = []
    executors = [Dying(), Alone()]
    with prepared_jobs(markets(), BASE, POINTS, set(), 2) as jobs:
        carry_out(jobs, BASE, lambda: executors.pop(0), told.extend)
        assert sorted(told, key=lambda run: (run.point, run.market)) == runs
        with pytest.raises(TapedeckError, match="workers of the sweep died 4 times"):
            carry_out(jobs, BASE, _AlwaysDying, lambda _runs: None)


class _AlwaysDying(Alone):
    def submit(self, _fn: Any, /, *_args: Any, **_kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(BrokenProcessPool("killed"))
        return future


@pytest.mark.nightly
def test_processes_give_the_same_even_where_one_is_killed(runs: list[Run]) -> None:
    told: list[Run] = []
    pools: list[ProcessPoolExecutor] = []

    def make() -> Executor:
        pools.append(ProcessPoolExecutor(2, get_context("spawn")))
        return pools[-1]

    def put(more: list[Run]) -> None:
        told.extend(more)
        if len(pools) == 1:
            with contextlib.suppress(ProcessLookupError):
                os.kill(next(iter(pools[0]._processes)), signal.SIGKILL)

    with prepared_jobs(markets(), BASE, POINTS * 10, set(), 2) as jobs:
        carry_out(jobs, BASE, make, put)
    assert len(pools) > 1
    assert sorted((run for run in told if run.point < 8), key=lambda run: (run.point, run.market)) == runs
    assert len({(run.point, run.market) for run in told}) == len(told) == 160


def test_points_are_settings() -> None:
    point = {"fusion.entry_threshold_confidence": "0.45", "batch_mode.sentinels": "sma_20_cross+volume_spike"}
    chosen = settings_of(BASE, {**point, "strategy.structure_stop": "false"})
    assert chosen.fusion.entry_threshold_confidence == 0.45
    assert chosen.fusion.mode == "fusion_only"
    assert chosen.batch_mode.sentinels == ("sma_20_cross", "volume_spike")
    assert chosen.batch_mode.minimum_score == 0.6
    assert chosen.strategy == StrategySettings(structure_stop=False)
    with pytest.raises(ConfigError, match=r"sweep: strategy\.stop_atr is 0, but must be"):
        settings_of(BASE, {"strategy.stop_atr": "0"})
    with pytest.raises(ConfigError, match=r"did you mean strategy\.stop_atr\?"):
        settings_of(BASE, {"strategy.stop_at": "1"})


def test_axes_ranges_and_grids() -> None:
    assert parse_axis(" a.b = 1, 2") == Axis("a.b", ("1", "2"))
    assert parse_span("a.b=1:2.5") == Span("a.b", 1.0, 2.5)
    assert grid([Axis("a", ("1", "2")), Axis("b", ("3",))]) == [{"a": "1", "b": "3"}, {"a": "2", "b": "3"}]
    for text in ("", "a.b", "a.b=", "=1", "a.b=1,1"):
        with pytest.raises(UsageError, match="no axis"):
            parse_axis(text)
    for text in ("a.b=1", "a.b=2:1", "a.b=x:y", "=1:2", "a.b=0:inf", "a.b=nan:1"):
        with pytest.raises(UsageError, match="no range"):
            parse_span(text)
    with pytest.raises(UsageError, match="more than 100,000"):
        grid([Axis(str(number), tuple(map(str, range(40)))) for number in range(20)])


def test_draws_are_within_bounds_whole_where_settings_are_and_the_same_for_a_seed() -> None:
    spans = [Span("strategy.stop_atr", 1, 4), Span("strategy.time_stop_bars", 5, 50)]
    points = drawn([Axis("fusion.mode", ("confirm", "advisory"))], spans, 50, 3)
    assert points == drawn([Axis("fusion.mode", ("confirm", "advisory"))], spans, 50, 3)
    chosen = [settings_of(BASE, point) for point in points]
    assert {each.fusion.mode for each in chosen} == {"confirm", "advisory"}
    assert all(1 <= each.strategy.stop_atr <= 4 and 5 <= each.strategy.time_stop_bars <= 50 for each in chosen)
    assert len({each.strategy.stop_atr for each in chosen}) == 50


@contextlib.contextmanager
def opened(path: Path, about: dict[str, Any] | None = None) -> Iterator[Any]:
    with open_sweep(path, about or {"bars": "x", "points": 1}, POINTS) as file:
        yield file


def test_results_are_kept_and_gone_on_with(tmp_path: Path, runs: list[Run]) -> None:
    path = tmp_path / "s.sqlite"
    with opened(path) as file:
        file.put(runs[:5])
    with opened(path) as file:
        assert file.done() == {(run.point, run.market) for run in runs[:5]}
        file.put(runs)
        assert file.runs() == runs
        assert file.points() == POINTS
    lines = csv_of(runs, POINTS).decode().splitlines()
    assert lines[0].startswith("batch_mode.atr_percentile,strategy.stop_atr,fusion.momentum_weight,point,market,trades")
    assert len(lines) == 17
    assert lines[1].startswith("0.7,1,0.3,0,one,")


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with opened(path):
        pass
    with (
        pytest.raises(DataError, match=r"s\.sqlite holds another sweep \(bars differ\); name a new file"),
        opened(path, {"bars": "y", "points": 1}),
    ):
        pass
    other = tmp_path / "other.sqlite"
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    text = tmp_path / "text.sqlite"
    text.write_text("mine, and long enough to be no database at all" * 100, encoding="utf-8")
    for each in (other, text):
        before = each.read_bytes()
        with pytest.raises(UsageError, match="was not written by a sweep"), opened(each):
            pass
        assert each.read_bytes() == before
    with pytest.raises(UsageError, match="is no folder"), opened(tmp_path / "no" / "s.sqlite"):
        pass


def test_days_of_markets_are_put_together_by_date(runs: list[Run]) -> None:
    one, two = runs[0], runs[1]
    later = Run(**{**{name: getattr(two, name) for name in Run.__struct_fields__}, "first_day": one.first_day + 2,
                   "daily": (0.5, 0.1)})  # fmt: skip
    numbers, returns = daily_matrix([one, later])
    assert numbers == [0]
    assert returns[0, 0] == one.daily[0]
    assert returns[2, 0] == pytest.approx((one.daily[2] + 0.5) / 2)
    assert returns[4, 0] == one.daily[4]


def test_a_choice_is_made_on_the_days_before_alone() -> None:
    rng = np.random.default_rng(1)
    returns = rng.normal(0, 0.01, (100, 3))
    returns[:60, 1] += 0.02
    returns[60:, 2] += 0.05
    walked = walk_forward(returns, 4)
    assert [(start, end) for start, end, _ in walked] == [(20, 40), (40, 60), (60, 80), (80, 100)]
    assert [best for _, _, best in walked[:3]] == [1, 1, 1]
    # No later day moves a choice.
    assert walk_forward(np.concatenate([returns[:60], -returns[60:]]), 4)[:3] == walked[:3]
    assert walk_forward(returns[:5], 4) == []
    assert walk_forward(returns, 0) == []


def test_the_verdict_ranks_and_doubts(runs: list[Run]) -> None:
    verdict = judge(runs, 3)
    assert [each.sharpe for each in verdict.ranked] == sorted((each.sharpe for each in verdict.ranked), reverse=True)
    assert {each.point for each in verdict.ranked} == set(range(8))
    assert verdict.ranked[0].trades == sum(run.trades for run in runs if run.point == verdict.ranked[0].point)
    assert len(verdict.folds) == 3
    assert verdict.deflated_sharpe is not None
    assert 0 <= verdict.deflated_sharpe <= 1
    assert verdict.overfitting_probability is not None
