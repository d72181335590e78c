"""Positions of many wallets as columns: one array a property, wallets one after another, with offsets (CSR)."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.wallets.positions import UNKNOWN_CATEGORY
from app.wallets.values import ClosedPosition, Ledger, OpenPosition

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]
NO_CATEGORY = -1
_NAN = float("nan")


class PositionColumns(NamedTuple):
    """Rows of wallet w stand from `offsets[w]` to `offsets[w + 1]`, the first `closed[w]` of them in order of closing,
    then those still open.

    `category` is a place in `categories`, −1 where it is not known. `pnl_usdc` is 0 while open; `hold_s` is nan where
    not known. `entry_price` is nan where the row is no bet; `weight` is 1 over the number of the wallet's bets on the
    same event, which together count as one. `opened_s` and `closed_s` are 0 where not known. `by_opening` gives each
    wallet's rows, counted from its first, in order of opening.
    """

    offsets: Integers
    closed: Integers
    category: Places
    size_usdc: Floats
    cost_usdc: Floats
    pnl_usdc: Floats
    hold_s: Floats
    entry_price: Floats
    weight: Floats
    hedged: npt.NDArray[np.bool_]
    opened_s: Integers
    closed_s: Integers
    by_opening: Places
    categories: tuple[str, ...]


def columns_of(ledgers: Sequence[Ledger]) -> PositionColumns:
    """The positions of each ledger, in the same order."""
    closed = list(chain.from_iterable(ledger.closed for ledger in ledgers))
    rows: list[ClosedPosition | OpenPosition] = []
    for ledger in ledgers:
        rows += ledger.closed
        rows += ledger.opened
    counts = np.array([len(ledger.closed) for ledger in ledgers], np.int64)
    sizes = counts + np.array([len(ledger.opened) for ledger in ledgers], np.int64)
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    is_closed = np.array([isinstance(row, ClosedPosition) for row in rows], np.bool_)
    # In order of the alphabet, so that of two equal ones a wallet has the same on top in every batch.
    names = tuple(sorted({row.category for row in rows} - {UNKNOWN_CATEGORY}))
    places = {name: place for place, name in enumerate(names)} | {UNKNOWN_CATEGORY: NO_CATEGORY}
    opened_s = np.array([row.opened_s or 0 for row in rows], np.int64)

    def spread(value: Callable[[ClosedPosition], float], missing: float) -> Floats:
        column = np.full(len(rows), missing)
        column[is_closed] = list(map(value, closed))
        return column

    return PositionColumns(
        offsets=offsets,
        closed=counts,
        category=np.array([places[row.category] for row in rows], np.int32),
        size_usdc=np.array([row.size_usdc for row in rows], np.float64),
        cost_usdc=np.array([row.cost_usdc for row in rows], np.float64),
        pnl_usdc=spread(lambda row: row.pnl_usdc, 0.0),
        hold_s=spread(lambda row: _NAN if row.hold_s is None else row.hold_s, _NAN),
        entry_price=spread(lambda row: _NAN if row.entry_price is None else row.entry_price, _NAN),
        weight=np.array(list(chain.from_iterable(map(_weights, ledgers))), np.float64),
        hedged=spread(lambda row: float(row.hedged), 0.0).astype(np.bool_),
        opened_s=opened_s,
        closed_s=spread(lambda row: float(row.closed_s), 0.0).astype(np.int64),
        by_opening=order_of_opening(offsets, opened_s),
        categories=names,
    )


def _weights(ledger: Ledger) -> Iterable[float]:
    """Bets on one event win and lose together, so that they count as one bet."""
    counts: dict[str, int] = {}
    for row in ledger.closed:
        if row.entry_price is not None:
            counts[row.event] = counts.get(row.event, 0) + 1
    for row in ledger.closed:
        yield 1.0 / counts[row.event] if row.entry_price is not None else 0.0
    yield from (0.0 for _ in ledger.opened)


def order_of_opening(offsets: Integers, opened_s: Integers) -> Places:
    """Each wallet's rows, counted from its first, in order of opening; equal times keep their order."""
    wallets = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    order = np.lexsort((opened_s, wallets))
    return (order - np.repeat(offsets[:-1], np.diff(offsets))).astype(np.int32)


def chunks(columns: PositionColumns, wallets: int) -> Iterable[PositionColumns]:
    """The same columns in pieces of at most `wallets` wallets, without copying."""
    total = len(columns.closed)
    for first in range(0, total, wallets):
        last = min(total, first + wallets)
        start, end = int(columns.offsets[first]), int(columns.offsets[last])
        rows = {name: getattr(columns, name)[start:end] for name in _ROW_COLUMNS}
        yield columns._replace(
            offsets=columns.offsets[first : last + 1] - start, closed=columns.closed[first:last], **rows
        )


_ROW_COLUMNS = tuple(name for name in PositionColumns._fields if name not in {"offsets", "closed", "categories"})
