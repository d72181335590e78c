"""Measures of many wallets, by the means that suit their number."""

from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec

import numpy as np

from app.core.compiling import Function, compiler
from app.wallets import kernel
from app.wallets.columns import Floats, PositionColumns, columns_of
from app.wallets.thresholds import Thresholds
from app.wallets.values import Ledger, Measures
from app.wallets.vectorised import measure_in_numpy

Measurer = Callable[[PositionColumns, int, float, float], Floats]
"""Columns, the time, the small share and the chase ratio → the figures (`kernel.FIGURES`), one row a wallet."""

COMPILING_PAYS_ROWS = 50_000_000
"""Compiling takes some seconds, in which numpy measures about so many positions."""
_WALLETS_AT_ONCE = 500


def measurer_for(rows: int) -> Measurer:
    """What measures about `rows` positions in all soonest: numpy, or the kernel that is compiled first.

    The compiler is the optional extra `fast`; without it numpy measures any number.
    """
    return compiled_measurer() if rows >= COMPILING_PAYS_ROWS and find_spec("numba") else measure_in_numpy


@cache
def compiled_measurer() -> Measurer:
    """The fused kernel, compiled at its first call in a program. Raises `ImportError` where numba is not installed."""
    # Sums may be added up in another order, which vectorises them; nan stays nan, for it has a meaning here.
    return measurer_of(kernel.fused(compiler(fastmath=frozenset({"reassoc", "contract", "nsz"}))))


def measurer_of(run: Function) -> Measurer:
    """What measures by a fused pass (`kernel.fused`)."""

    def measure_columns(columns: PositionColumns, now_s: int, small_share: float, chase_ratio: float) -> Floats:
        results = np.empty((len(columns.closed), len(kernel.FIGURES)))
        longest = int(np.diff(columns.offsets).max()) if len(columns.closed) else 0
        *arrays, names = columns
        space = kernel.space(len(names), longest)
        run(*arrays, now_s, small_share, chase_ratio, *space, results)
        return results

    return measure_columns


def measure(
    ledgers: Sequence[Ledger], now_s: int, thresholds: Thresholds, measurer: Measurer | None = None
) -> list[Measures]:
    """The measures of each ledger, in the same order, by `measurer` or what suits their number."""
    measurer = measurer or measurer_for(sum(len(ledger.closed) + len(ledger.opened) for ledger in ledgers))
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

_MISSING = dict.fromkeys(("volume_usdc", "max_drawdown_usdc", "pnl_usdc", "bets", "surplus", "surplus_variance"), 0.0)
"""Figures that are always there, and what they are where they cannot be told; all others are then not known."""
_LARGEST = 1e20
"""Above every sum of amounts; ratios to amounts that are next to nothing are beyond it, and say nothing."""


def _measures(row: list[float], closed: int, still_open: int, categories: tuple[str, ...]) -> Measures:
    pairs = zip(kernel.FIGURES, row, strict=True)
    known = {name: value if abs(value) < _LARGEST else _MISSING.get(name) for name, value in pairs}
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
