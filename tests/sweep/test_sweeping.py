"""A sweep: the same figures by whoever and in whatever order, every run once, and on from where it was interrupted."""

import os
from pathlib import Path

import pytest
from bar_samples import market
from sweep_samples import GRID, NewestFirst, backwards_crew, carried_on, figures_of, small_sweep

from app.core.errors import DataError, TapedeckError, UsageError
from app.screener.backtesting import backtest
from app.screener.screen import screen
from app.sweep.crew import Crew, local_crew
from app.sweep.markets import SweptBars, cells_of, folds_over
from app.sweep.results import open_results
from app.sweep.sweeping import private_folder, run_key, sweep_of
from app.sweep.tasks import Prepare, asked, work


def test_figures_depend_neither_on_the_order_nor_on_how_work_is_cut(tmp_path: Path) -> None:
    sweep = small_sweep()
    one = figures_of(sweep, local_crew(1), tmp_path, "one.sqlite")
    # With many places tasks are small, so that no screen is shared through a file.
    two = figures_of(sweep, backwards_crew()._replace(slots=64), tmp_path, "two.sqlite")
    assert one == two
    assert set(one) == {run.key for run in sweep.runs}
    assert len(sweep.runs) == 16 * 2 * 2 == len(one)
    assert sum(figures.trades for figures in one.values()) > 100
    for run in sweep.runs[::9]:
        settings = sweep.trials[run.trial].settings.settings()
        where, bars = run.cell.where, sweep.markets[run.cell.market].bars
        whole = backtest(screen(bars, settings.batch_mode, where.first_ms, where.last_ms), settings)
        assert one[run.key].trades == len(whole.replay.trades)
        assert one[run.key].total_return == float(whole.replay.equity[-1]) / 10_000 - 1


def test_what_is_known_is_never_done_again(tmp_path: Path) -> None:
    sweep = small_sweep()
    told: list[int] = []
    first = sweep_of(sweep.trials[:5], sweep.markets, sweep.cells)
    with open_results(tmp_path / "r.sqlite") as results:
        carried_on(first, results, local_crew(1), tmp_path)
        carried_on(sweep, results, local_crew(1), tmp_path, told.append)
    assert told[-1] == len(sweep.runs) - len(first.runs)
    with open_results(tmp_path / "r.sqlite") as results:
        carried_on(sweep, results, Crew(1, lambda: pytest.fail("nothing is missing"), lambda _: None), tmp_path)


def test_an_interrupted_sweep_goes_on_and_comes_to_the_same(tmp_path: Path) -> None:
    sweep = small_sweep()
    whole = figures_of(sweep, local_crew(1), tmp_path, "whole.sqlite")

    def interrupt(done: int) -> None:
        if done >= 10:
            raise KeyboardInterrupt

    with open_results(tmp_path / "r.sqlite") as results:
        with pytest.raises(KeyboardInterrupt):
            carried_on(sweep, results, local_crew(1), tmp_path, interrupt)
        kept = len(results.known(run.key for run in sweep.runs))
        assert 10 <= kept < len(sweep.runs) / 2
        assert carried_on(sweep, results, local_crew(1), tmp_path) == whole
    assert list((tmp_path / "shared").iterdir()) == []


def test_workers_that_die_are_replaced_until_nothing_comes_of_it(tmp_path: Path) -> None:
    sweep = small_sweep()
    whole = figures_of(sweep, local_crew(1), tmp_path, "whole.sqlite")
    assert figures_of(sweep, backwards_crew(lasts=4), tmp_path) == whole
    begun: list[NewestFirst] = []

    def begin() -> NewestFirst:
        begun.append(NewestFirst(0))
        return begun[-1]

    dead = Crew(2, begin, lambda executor: executor.shutdown())
    with pytest.raises(TapedeckError, match="fewer --workers"):
        figures_of(sweep, dead, tmp_path, "dead.sqlite")
    assert len(begun) == 4


def test_columns_are_made_once_a_market_and_once_a_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import app.sweep.crew as crew

    seen: list[bytes] = []

    def watched(message: bytes) -> bytes:
        seen.append(message)
        return work(message)

    monkeypatch.setattr(crew, "work", watched)
    sweep = small_sweep((*GRID, "strategy.time_stop_bars=0,6,12,24,48"))
    figures_of(sweep, backwards_crew(), tmp_path)
    prepared = [message for message in seen if b"Prepare" in message]
    assert len(prepared) == len(set(prepared)) == 2
    assert all(message.count(b".npy") == 2 for message in prepared)
    assert all(b"screen-" in message for message in seen)


def test_a_key_tells_bars_fold_settings_and_candidates_apart() -> None:
    sweep = small_sweep()
    cell, settings = sweep.cells[0], sweep.trials[0].settings.sha256
    where = cell.where
    others = [
        where._replace(first_ms=5),
        where._replace(last_ms=5),
        where._replace(bars="5"),
        where._replace(marks="5"),
    ]
    keys = [run_key(cell._replace(where=each), settings) for each in (where, *others)] + [run_key(cell, "other")]
    assert len(set(keys)) == len(keys)
    # A market by another name, or in another place, is the same.
    assert run_key(cell._replace(market=7, fold=3), settings) == keys[0]


def test_bars_that_came_later_change_no_earlier_fold() -> None:
    whole = market(1_000, 1)
    short = SweptBars(whole.until(int(whole.times[719])), 0, None)
    (one,) = cells_of([short], folds_over([short], 1))
    swept = SweptBars(whole, 0, None)
    two = next(cell for cell in cells_of([swept], folds_over([swept], 1)))
    assert one.where != two.where
    ended = SweptBars(whole.until(int(whole.times[719])), 0, None)
    assert cells_of([ended], folds_over([ended], 1))[0].where == one.where


def test_a_market_has_no_runs_in_a_fold_without_its_bars() -> None:
    early, late = market(500, 1), market(500, 2, start_ms=1_735_689_600_000 + 400 * 3_600_000)
    swept = [SweptBars(bars, 0, None) for bars in (early, late)]
    cells = cells_of(swept, folds_over(swept, 4))
    assert [(cell.market, cell.fold) for cell in cells] == [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (1, 3)]
    assert cells[3].place.first == 0


def test_folders_of_sweeps_that_were_killed_are_removed(tmp_path: Path) -> None:
    with private_folder(tmp_path) as running:
        assert running.stat().st_mode & 0o777 == 0o700
        left = tmp_path / "sweep-left"
        left.mkdir()
        (left / "sweep.lock").write_text(str(os.getpid()), encoding="utf-8")
        (left / "columns.npy").write_bytes(b"0" * 100)
        mine = tmp_path / "sweep-of-my-own"
        mine.mkdir()
        with private_folder(tmp_path) as other:
            assert sorted(tmp_path.iterdir()) == sorted([running, other, mine])
    assert list(tmp_path.iterdir()) == [mine]


def test_a_worker_that_does_not_see_the_folder_says_so(tmp_path: Path) -> None:
    sweep = small_sweep()
    from app.sweep.tasks import Shared

    task = Prepare(Shared(str(tmp_path / "elsewhere"), "M1", 3_600_000), sweep.thresholds(sweep.runs[0]), ())
    with pytest.raises(DataError, match="--shared"):
        work(asked(task))


def test_more_runs_than_memory_holds_are_refused_before_any_is_planned() -> None:
    sweep = small_sweep()
    with pytest.raises(UsageError, match=r"16 trials over 400,000 folds of markets are more than 1,000,000 runs"):
        sweep_of(sweep.trials, sweep.markets, [*sweep.cells] * 100_000)


def test_a_disk_without_room_for_columns_is_told_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_up(*_: object, **__: object) -> None:
        raise OSError("420000 requested and 255984 written")

    monkeypatch.setattr("app.screener.shared_columns.np.save", fill_up)
    with pytest.raises(DataError, match=r"takes no more columns \(420000 requested and 255984 written\); free some"):
        figures_of(small_sweep(), local_crew(1), tmp_path, "r.sqlite")
