"""All measures of a batch of wallets in numpy: what small jobs use, and machines without a compiler for Python.

Wallets of like length stand side by side as rows of a matrix, closed positions first, filled up with nothing. A matrix
holds at most `_CELLS` cells, so that it stays in the cache. The figures are those of `app.wallets.kernel`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.wallets import kernel as k
from app.wallets.columns import NO_CATEGORY, Floats, Integers, PositionColumns

_CELLS = 1 << 16
_LATER = 1 << 35
"""Above every time in seconds; apart by this much, times of several wallets stand in one sorted array."""

Flags = npt.NDArray[np.bool_]


class _Grid(NamedTuple):
    """Wallets as rows, places in their order as columns. `rows` are places in the columns, 0 where there is none."""

    wallets: Integers
    rows: Integers
    present: Flags
    closed: Flags


class _Closed(NamedTuple):
    """The closed positions of a grid; 0 where there is none."""

    present: Flags
    size: Floats
    cost: Floats
    pnl: Floats
    returns: Floats
    closed_s: Integers


def measure_in_numpy(columns: PositionColumns, now_s: int, small_share: float, chase_ratio: float) -> Floats:
    """The figures of each wallet, as the fused kernel computes them; one row a wallet."""
    results = np.empty((len(columns.closed), len(k.FIGURES)))
    # A venue may name amounts of which no ratio can be written: what is not finite counts as not known.
    with np.errstate(all="ignore"):
        for grid in _grids(columns):
            out = np.empty((len(grid.wallets), len(k.FIGURES)))
            closed = _closed(columns, grid)
            _shares(columns, grid, small_share, out)
            _followers(columns, grid, closed, chase_ratio, out)
            _drawdown(closed, out)
            _results(closed, out)
            _returns(closed, out)
            _recent(closed, now_s, out)
            _bets(columns, grid, closed, out)
            _holds(columns, grid, closed, out)
            results[grid.wallets] = out
    return results


def _grids(columns: PositionColumns) -> Iterator[_Grid]:
    """Wallets in order of length, as many at a time as fit. Lengths differ little within a grid."""
    lengths = np.diff(columns.offsets)
    order = np.argsort(lengths, kind="stable")
    first = 0
    while first < len(order):
        shortest = int(lengths[order[first]])
        widest = max(4, shortest + shortest // 4)
        like = int(np.searchsorted(lengths[order[first:]], widest, side="right"))
        last = first + max(1, min(like, _CELLS // widest))
        yield _grid(columns, order[first:last], lengths)
        first = last


def _grid(columns: PositionColumns, wallets: Integers, lengths: Integers) -> _Grid:
    places = np.arange(max(1, int(lengths[wallets].max())))
    present = places < lengths[wallets][:, None]
    rows = np.where(present, columns.offsets[wallets][:, None] + places, 0)
    return _Grid(wallets, rows, present, places < columns.closed[wallets][:, None])


def _take(column: npt.NDArray[np.generic], grid: _Grid, shown: Flags) -> Floats:
    if not len(column):
        return np.zeros(shown.shape)
    return np.where(shown, column[grid.rows], 0)


def _closed(columns: PositionColumns, grid: _Grid) -> _Closed:
    width = max(1, int(columns.closed[grid.wallets].max()))
    shown = grid.closed[:, :width]
    grid = grid._replace(rows=grid.rows[:, :width])
    cost, pnl = _take(columns.cost_usdc, grid, shown), _take(columns.pnl_usdc, grid, shown)
    returns = np.divide(pnl, cost, out=np.zeros_like(pnl), where=cost > 0.0)
    closed_s = _take(columns.closed_s, grid, shown).astype(np.int64)
    return _Closed(shown, _take(columns.size_usdc, grid, shown), cost, pnl, returns, closed_s)


def _shares(columns: PositionColumns, grid: _Grid, small_share: float, out: Floats) -> None:
    count, names = len(grid.wallets), len(columns.categories)
    cost = _take(columns.cost_usdc, grid, grid.present)
    # One place more, the last of each wallet, takes what has no category.
    category = np.where(grid.present, columns.category[grid.rows] if len(columns.category) else 0, NO_CATEGORY)
    bins = np.where(category < 0, names, category) + (names + 1) * np.arange(count)[:, None]
    volumes = np.bincount(bins.ravel(), cost.ravel(), count * (names + 1)).reshape(count, names + 1)
    known = volumes[:, :names].sum(axis=1)
    out[:, k.VOLUME] = volumes.sum(axis=1)
    out[:, k.TOP], out[:, k.TOP_SHARE], out[:, k.BROAD] = -1, np.nan, 0
    if names:
        some = known > 0.0
        top = volumes[:, :names].argmax(axis=1)
        out[:, k.TOP] = np.where(some, top, -1)
        out[:, k.TOP_SHARE] = np.where(some, volumes[np.arange(count), top] / known, np.nan)
        out[:, k.BROAD] = np.where(some, (volumes[:, :names] / known[:, None] > small_share).sum(axis=1), 0)


def _followers(columns: PositionColumns, grid: _Grid, closed: _Closed, ratio: float, out: Floats) -> None:
    count, width = grid.rows.shape
    out[:, [k.LOSSES_FOLLOWED, k.LOSSES_CHASED, k.OTHERS_FOLLOWED, k.OTHERS_RAISED]] = 0
    if not len(columns.by_opening):
        return
    ordered = columns.offsets[grid.wallets][:, None] + columns.by_opening[grid.rows]
    ordered = np.where(grid.present, ordered, 0)
    apart = 2 * _LATER * np.arange(count)[:, None]
    opened = np.where(grid.present, columns.opened_s[ordered], _LATER) + apart
    place = np.searchsorted(opened.ravel(), (closed.closed_s + apart).ravel(), side="right")
    place = place.reshape(closed.closed_s.shape)
    place -= width * np.arange(count)[:, None]
    lengths = grid.present.sum(axis=1)[:, None]
    followed = closed.present & (closed.closed_s > 0) & (place < lengths)
    sizes = columns.size_usdc[np.take_along_axis(ordered, np.minimum(place, width - 1), axis=1)]
    raised = followed & (sizes > ratio * closed.size)
    lost = closed.pnl < -k.SCRATCH_USDC
    out[:, k.LOSSES_FOLLOWED] = (followed & lost).sum(axis=1)
    out[:, k.LOSSES_CHASED] = (raised & lost).sum(axis=1)
    out[:, k.OTHERS_FOLLOWED] = (followed & ~lost).sum(axis=1)
    out[:, k.OTHERS_RAISED] = (raised & ~lost).sum(axis=1)


def _drawdown(closed: _Closed, out: Floats) -> None:
    total = np.cumsum(closed.pnl, axis=1)
    start = k.BANKROLL * closed.size.sum(axis=1) / np.maximum(1, closed.present.sum(axis=1))
    peak = np.maximum.accumulate(np.maximum(total, 0.0), axis=1)
    fall = np.where(closed.present, peak - total, 0.0)
    share = np.where(fall > 0.0, np.minimum(1.0, fall / (start[:, None] + peak)), 0.0)
    out[:, k.DRAWDOWN_USDC] = fall.max(axis=1)
    out[:, k.DRAWDOWN] = np.where(closed.present[:, 0], share.max(axis=1), np.nan)


def _results(closed: _Closed, out: Floats) -> None:
    won, lost = np.maximum(closed.pnl, 0.0).sum(axis=1), np.maximum(-closed.pnl, 0.0).sum(axis=1)
    wins, losses = (closed.pnl > k.SCRATCH_USDC).sum(axis=1), (closed.pnl < -k.SCRATCH_USDC).sum(axis=1)
    paid, profit = closed.cost.sum(axis=1), won - lost
    out[:, k.WINS], out[:, k.LOSSES], out[:, k.PNL] = wins, losses, profit
    out[:, k.WIN_RATE] = np.where(wins + losses > 0, wins / (wins + losses), np.nan)
    out[:, k.PROFIT_PER_TRADE] = np.where(paid > 0.0, profit / paid, np.nan)
    out[:, k.PROFIT_FACTOR] = np.where(lost > 0.0, won / lost, np.nan)
    best = np.maximum(closed.pnl.max(axis=1), 0.0)
    out[:, k.LARGEST_WIN_SHARE] = np.where(profit > k.SCRATCH_USDC, best / profit, np.nan)


def _returns(closed: _Closed, out: Floats) -> None:
    known = closed.cost > 0.0
    count = known.sum(axis=1)
    mean = np.where(count > 0, closed.returns.sum(axis=1) / count, 0.0)
    squares = np.where(known, (closed.returns - mean[:, None]) ** 2, 0.0).sum(axis=1)
    spread = np.where(count > 1, np.sqrt(squares / (count - 1)), np.nan)
    out[:, k.VOLATILITY] = spread
    out[:, k.SHARPE] = np.where(spread > 1e-12, mean / spread, np.nan)


def _recent(closed: _Closed, now_s: int, out: Floats) -> None:
    for figure, days in ((k.ROI_7D, 7), (k.ROI_30D, 30)):
        late = closed.closed_s > now_s - days * k.DAY_S
        paid = (closed.cost * late).sum(axis=1)
        out[:, figure] = np.where(paid > 0.0, (closed.pnl * late).sum(axis=1) / paid, np.nan)


def _bets(columns: PositionColumns, grid: _Grid, closed: _Closed, out: Floats) -> None:
    width = closed.present.shape[1]
    near = grid._replace(rows=grid.rows[:, :width])
    weight = _take(columns.weight, near, closed.present)
    price = np.nan_to_num(_take(columns.entry_price, near, closed.present))
    out[:, k.BETS] = weight.sum(axis=1)
    gain = closed.returns * price
    out[:, k.SURPLUS] = (weight * gain).sum(axis=1)
    out[:, k.SURPLUS_VARIANCE] = (weight * gain * (gain + 2.0 * price - 1.0)).sum(axis=1)


def _holds(columns: PositionColumns, grid: _Grid, closed: _Closed, out: Floats) -> None:
    width = closed.present.shape[1]
    near = grid._replace(rows=grid.rows[:, :width])
    hold = np.where(closed.present, _take(columns.hold_s, near, closed.present), np.nan)
    nothing = (hold < k.ROUND_TRIP_S) & (np.abs(closed.returns) < k.ROUND_TRIP_RETURN)
    hedged = _take(columns.hedged, near, closed.present)
    paid = closed.cost.sum(axis=1)
    out[:, k.ROUND_TRIP_SHARE] = np.where(paid > 0.0, (closed.cost * nothing).sum(axis=1) / paid, np.nan)
    out[:, k.HEDGED_SHARE] = np.where(paid > 0.0, (closed.cost * hedged).sum(axis=1) / paid, np.nan)
    known = (hold >= 0.0).sum(axis=1)
    hold.sort(axis=1)  # nan comes last
    picks = np.stack([np.maximum(known - 1, 0) // 2, known // 2], axis=1).clip(max=width - 1)
    middle = np.take_along_axis(hold, picks, axis=1)
    out[:, k.MEDIAN_HOLD] = np.where(known > 0, 0.5 * (middle[:, 0] + middle[:, 1]), np.nan)
