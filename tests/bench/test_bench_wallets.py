"""The sides that `bench wallets` compares compute the same figures; where they do not, no time counts."""

from pathlib import Path

import numpy as np
import pytest
from wallet_reference import uncompiled_measurer, uncompiled_positions, uncompiled_scanner

from app.bench import wallets as bench
from app.bench.wallets_data import NOW_S, made_pages, made_positions
from app.cli.main import main
from app.core.errors import TapedeckError
from app.feeds.polymarket.categories import category
from app.wallets.columns import Floats, PositionColumns
from app.wallets.pages import token_table
from app.wallets.vectorised import measure_in_numpy


def test_plain_python_measures_what_numpy_and_the_kernel_do() -> None:
    columns = made_positions(30, 1)
    plain = bench.figures_of(bench.each_wallet(bench.as_rows(columns)), columns.categories)
    for measurer in (measure_in_numpy, uncompiled_measurer()):
        bench.check_equal(measurer(columns, NOW_S, 0.05, 1.5), plain)


def test_pages_give_plain_python_the_same_figures() -> None:
    pages = made_pages(20, 2)
    table = token_table(pages.markets, category)
    means = bench.Means(uncompiled_scanner(), uncompiled_positions(), measure_in_numpy)
    ours = bench.measure_pages(pages.bodies, table, means)
    theirs = bench.figures_of(bench.each_page(pages.bodies, bench.market_facts(pages.markets)), table.categories)
    bench.check_equal(ours, theirs)
    # The pages hold all that makes positions differ: partial fills, sales, ends, and what is open.
    assert np.isfinite(ours).all(axis=0).any()


def test_sides_that_differ_are_told_by_the_figure() -> None:
    figures = measure_in_numpy(made_positions(3, 1), NOW_S, 0.05, 1.5)
    other = figures.copy()
    other[1, 0] *= 1 + 1e-6
    with pytest.raises(TapedeckError, match="two ways to measure volume_usdc differ"):
        bench.check_equal(figures, other)


def test_without_pandas_the_next_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(TapedeckError, match="run: make peers"), bench.Peer(tmp_path / "python"):
        pass


def test_chunks_are_measured_to_the_last_wallet() -> None:
    assert np.count_nonzero(bench.measure_in_chunks(bench.CHUNK + 7)) == bench.CHUNK + 7


@pytest.mark.nightly
def test_pages_are_measured_to_the_last_wallet() -> None:
    assert np.count_nonzero(bench.measure_pages_in_chunks(407)) == 407


def test_arms_take_turns_on_the_same_wallets() -> None:
    """With a peer that answers as numpy does."""

    class NumpyPeer:
        def measure(self, columns: PositionColumns) -> tuple[Floats, int]:
            return measure_in_numpy(columns, NOW_S, 0.05, 1.5), 5

    taken = bench.take_turns(bench.CHUNK + 3, measure_in_numpy, NumpyPeer())
    assert (taken.pandas, taken.python_wallets) == (10, bench.CHUNK)


def test_only_this_bench_has_wallets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "start", "--wallets", "5"]) == 2
    assert main(["bench", "wallets", "--wallets", "0"]) == 2
    assert "--wallets 0 is for bench wallets" in capsys.readouterr().err
