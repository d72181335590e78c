"""What stands behind a verdict: the trades and positions that its pillars were computed from. Pure."""

from collections import defaultdict
from typing import NamedTuple

import msgspec

from app.wallets.kernel import SCRATCH_USDC
from app.wallets.values import ClosedPosition, Ledger, OpenPosition


class CategoryRow(msgspec.Struct, frozen=True):
    """Positions of one category: what was paid in, its share of all that has a category, and the result."""

    category: str
    positions: int
    cost_usdc: float
    share: float
    pnl_usdc: float


class ChaseRow(msgspec.Struct, frozen=True):
    """A loss and the position that was opened next, `ratio` times as large; `chased` by the threshold."""

    lost_at_s: int
    lost_category: str
    lost_usdc: float
    lost_size_usdc: float
    next_at_s: int
    next_size_usdc: float
    ratio: float
    chased: bool


class EquityPoint(msgspec.Struct, frozen=True):
    """The sum of results when a position closed."""

    at_s: int
    pnl_usdc: float
    total_usdc: float


class _Opened(NamedTuple):
    at_s: int
    size_usdc: float


def categories_of(ledger: Ledger) -> tuple[CategoryRow, ...]:
    """Behind the pillar specialisation: categories, the largest first; what has none is left out."""
    rows: dict[str, list[ClosedPosition | OpenPosition]] = defaultdict(list)
    everything: tuple[ClosedPosition | OpenPosition, ...] = (*ledger.closed, *ledger.opened)
    for row in everything:
        if row.category:
            rows[row.category].append(row)
    known = sum(row.cost_usdc for of_one in rows.values() for row in of_one)
    found = [
        CategoryRow(
            name,
            len(of_one),
            sum(row.cost_usdc for row in of_one),
            sum(row.cost_usdc for row in of_one) / known if known > 0 else 0.0,
            sum(row.pnl_usdc for row in of_one if isinstance(row, ClosedPosition)),
        )
        for name, of_one in rows.items()
    ]
    return tuple(sorted(found, key=lambda row: (-row.cost_usdc, row.category)))


def chases_of(ledger: Ledger, chase_ratio: float) -> tuple[ChaseRow, ...]:
    """Behind the pillar behaviour: each loss with the next position opened after it, in order of time."""
    everything: tuple[ClosedPosition | OpenPosition, ...] = (*ledger.closed, *ledger.opened)
    opened = sorted(
        (_Opened(row.opened_s, row.size_usdc) for row in everything if row.opened_s), key=lambda row: row.at_s
    )
    rows: list[ChaseRow] = []
    for lost in ledger.closed:
        following = next((row for row in opened if row.at_s > lost.closed_s), None)
        if lost.pnl_usdc < -SCRATCH_USDC and lost.closed_s and following is not None:
            rows.append(_chase(lost, following, chase_ratio))
    return tuple(rows)


def _chase(lost: ClosedPosition, following: _Opened, chase_ratio: float) -> ChaseRow:
    return ChaseRow(
        lost_at_s=lost.closed_s,
        lost_category=lost.category,
        lost_usdc=-lost.pnl_usdc,
        lost_size_usdc=lost.size_usdc,
        next_at_s=following.at_s,
        next_size_usdc=following.size_usdc,
        ratio=following.size_usdc / lost.size_usdc if lost.size_usdc > 0 else 0.0,
        chased=following.size_usdc > chase_ratio * lost.size_usdc,
    )


def equity_of(record: Ledger) -> tuple[EquityPoint, ...]:
    """The equity curve: the sum of results after each closed position, in order of closing."""
    points: list[EquityPoint] = []
    total = 0.0
    for row in record.closed:
        total += row.pnl_usdc
        points.append(EquityPoint(row.closed_s, row.pnl_usdc, total))
    return tuple(points)
