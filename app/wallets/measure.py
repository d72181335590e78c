"""Measures of many wallets, by the means that suit their number."""

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np

from app.wallets import kernel
from app.wallets.columns import Floats, PositionColumns, chunks, columns_of
from app.wallets.thresholds import Thresholds
from app.wallets.values import Ledger, Measures
from app.wallets.vectorised import measure_in_numpy

Measurer = Callable[[PositionColumns, int, float, float], Floats]
"""Columns, the time, the small share and the chase ratio → the figures (`kernel.FIGURES`), one row a wallet."""

COMPILING_PAYS_ROWS = 30_000_000
"""Compiling takes some seconds, in which numpy measures about so many positions."""
_WALLETS_AT_ONCE = 500
_LEAST_PIECE = 250
"""Wallets for which another thread is worth waking."""


def measurer_for(rows: int) -> Measurer:
    """What measures about `rows` positions in all soonest: numpy, or the kernel that is compiled first."""
    return compiled_measurer() if rows >= COMPILING_PAYS_ROWS and find_spec("numba") else measure_in_numpy


def compiled_measurer(threads: int | None = None) -> Measurer:
    """The fused kernel, compiled at its first call, on so many threads (default: one for each core).

    Raises `ImportError` where numba is not installed.
    """
    import numba

    # Sums may be added up in another order, which vectorises them; nan stays nan, for it has a meaning here.
    compiler = numba.njit(nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
    return _in_threads(_measurer(kernel.fused(compiler)), threads or os.cpu_count() or 1)


def uncompiled_measurer() -> Measurer:
    """The fused kernel run by Python itself: slow, and what tests compare the compiled one with."""
    return _measurer(kernel.fused(lambda function: function))


def _measurer(run: kernel.Function) -> Measurer:
    def measure_columns(columns: PositionColumns, now_s: int, small_share: float, chase_ratio: float) -> Floats:
        results = np.empty((len(columns.closed), len(kernel.FIGURES)))
        longest = int(np.diff(columns.offsets).max()) if len(columns.closed) else 0
        *arrays, names = columns
        run(*arrays, now_s, small_share, chase_ratio, len(names), longest, results)
        return results

    return measure_columns


def _in_threads(measurer: Measurer, threads: int) -> Measurer:
    """The same on pieces of a batch side by side: compiled, the kernel needs no lock of Python's."""

    def measure_columns(columns: PositionColumns, now_s: int, small_share: float, chase_ratio: float) -> Floats:
        wallets = len(columns.closed)
        if threads == 1 or wallets < 2 * _LEAST_PIECE:
            return measurer(columns, now_s, small_share, chase_ratio)
        pieces = chunks(columns, max(_LEAST_PIECE, wallets // (4 * threads)))
        with ThreadPoolExecutor(threads) as pool:
            return np.vstack(list(pool.map(lambda piece: measurer(piece, now_s, small_share, chase_ratio), pieces)))

    return measure_columns


def measure(
    ledgers: Sequence[Ledger], now_s: int, thresholds: Thresholds, measurer: Measurer = measure_in_numpy
) -> list[Measures]:
    """The measures of each ledger, in the same order."""
    measured: list[Measures] = []
    for first in range(0, len(ledgers), _WALLETS_AT_ONCE):
        columns = columns_of(ledgers[first : first + _WALLETS_AT_ONCE])
        measured += measures_of(columns, measurer(columns, now_s, thresholds.small_share, thresholds.chase_ratio))
    return measured


def measures_of(columns: PositionColumns, figures: Floats) -> list[Measures]:
    """Figures of a batch as values."""
    open_counts = (np.diff(columns.offsets) - columns.closed).tolist()
    return [
        _measures(row, closed, still_open, columns.categories)
        for row, closed, still_open in zip(figures.tolist(), columns.closed.tolist(), open_counts, strict=True)
    ]


_COUNTS = ("broad_categories", "losses_followed", "losses_chased", "others_followed", "others_raised", "wins", "losses")


def _measures(row: list[float], closed: int, still_open: int, categories: tuple[str, ...]) -> Measures:
    known = {name: None if math.isnan(value) else value for name, value in zip(kernel.FIGURES, row, strict=True)}
    top = int(row[kernel.TOP])
    followed, chased = row[kernel.LOSSES_FOLLOWED], row[kernel.LOSSES_CHASED]
    counts = {name: int(row[kernel.FIGURES.index(name)]) for name in _COUNTS}
    values = {
        **known,
        **counts,
        "top_category": categories[top] if top >= 0 else "",
        "chased_share": chased / followed if followed else None,
        "positions": closed,
        "open_positions": still_open,
    }
    return Measures(**values)  # type: ignore[arg-type] # every figure has the type its name has in Measures
