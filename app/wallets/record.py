"""The whole record of a wallet: recent trades joined with the venue's list of all positions.

The list alone has no times of opening, the trades alone no past; and a list of closed positions alone hides losers that
nobody redeemed. Both together have no survivor bias.
"""

from collections.abc import Sequence
from operator import attrgetter

import msgspec

from app.core.prediction_market import PredictionMarket, WalletPosition
from app.feeds.polymarket.dated import AHEAD_S
from app.wallets.positions import KnownMarkets
from app.wallets.values import ClosedPosition, Ledger

_OVER = frozenset({"CLOSED", "REDEEMABLE", "REDEEMABLE_LOST"})
"""A position that can be redeemed is over: its market has paid out, whether anybody fetched it or not."""


def record_of(trades: Ledger, rows: Sequence[WalletPosition], known: KnownMarkets, now_s: int) -> Ledger:
    """The closed positions of `rows`, and those of `trades` where they tell as much money of a token or more.

    `unmatched` counts rows that are over but have no result or no cost.
    """
    seen: dict[str, list[ClosedPosition]] = {}
    for position in trades.closed:
        seen.setdefault(position.token_id, []).append(position)
    both = _held_on_both_sides(rows)
    over = [row for row in rows if row.status in _OVER]
    listed = {row.token_id: _position(row, known, now_s, hedged=row.token_id in both) for row in over}
    closed: list[ClosedPosition] = []
    for token_id in dict.fromkeys((*listed, *seen)):
        told, of_list = seen.get(token_id), listed.get(token_id)
        if told is not None:
            closed += _fuller(of_list, told)
        elif of_list is not None:
            closed.append(of_list)
    closed.sort(key=attrgetter("closed_s"))
    missing = sum(1 for token_id, of_list in listed.items() if of_list is None and token_id not in seen)
    return msgspec.structs.replace(trades, closed=tuple(closed), unmatched=missing, unmatched_usdc=0.0)


def _fuller(listed: ClosedPosition | None, seen: list[ClosedPosition]) -> list[ClosedPosition]:
    """Trades know more of a position, unless they begin in its midst."""
    if listed is None or sum(each.cost_usdc for each in seen) >= 0.99 * listed.cost_usdc:
        return seen
    return [listed]


def _held_on_both_sides(rows: Sequence[WalletPosition]) -> set[str]:
    tokens = {row.token_id for row in rows}
    return {row.token_id for row in rows if row.opposite_token_id in tokens}


def _position(row: WalletPosition, known: KnownMarkets, now_s: int, *, hedged: bool) -> ClosedPosition | None:
    """A row as a closed position; None where the venue does not say what it cost or brought."""
    cost = row.cost_usdc
    if cost is None and row.average_price is not None:
        cost = row.average_price * row.total_size
    pnl = _result(row, cost)
    if cost is None or pnl is None or cost <= 0:
        return None
    market = known.markets.get(row.condition_id)
    price = row.average_price if row.average_price is not None and 0 < row.average_price < 1 else None
    return ClosedPosition(
        condition_id=row.condition_id,
        token_id=row.token_id,
        event=known.event_of(row.condition_id, row.event_slug),
        category=known.category_of(row.condition_id),
        opened_s=None,
        closed_s=_closed_s(row, market, now_s),
        size_usdc=cost,
        cost_usdc=cost,
        proceeds_usdc=max(0.0, cost + pnl),
        hold_s=None,
        entry_price=None if hedged else price,
        hedged=hedged,
    )


def _closed_s(row: WalletPosition, market: PredictionMarket | None, now_s: int) -> int:
    """When a position was over (epoch seconds); 0 where it is not known, and for a time to come, which would make the
    shortest record a long one.

    What is closed was last touched when it was sold, or when it was redeemed: the latter may be long after its market
    paid out, the former long before. What waits to be redeemed was over when its market was.
    """
    ended_s, touched_s = (
        at_s if at_s and at_s - now_s <= AHEAD_S else 0
        for at_s in (market.closed_s if market is not None else None, row.last_event_s)
    )
    if row.status == "CLOSED" and ended_s and touched_s:
        return min(ended_s, touched_s)
    return ended_s or touched_s


def _result(row: WalletPosition, cost_usdc: float | None) -> float | None:
    """What a position that is over brought: what was realised, and what waits to be redeemed."""
    if row.status == "CLOSED":
        return row.realized_pnl_usdc
    # What was never sold has nothing realised, said or not.
    is_all_held = row.total_size > 0 and row.current_size >= row.total_size
    realized = 0.0 if row.realized_pnl_usdc is None and is_all_held else row.realized_pnl_usdc
    if row.unrealized_pnl_usdc is not None:
        return None if realized is None else realized + row.unrealized_pnl_usdc
    if row.status == "REDEEMABLE":
        return None
    if row.realized_pnl_usdc is None and row.status == "REDEEMABLE_LOST" and cost_usdc is not None and row.total_size:
        return -cost_usdc * min(1.0, row.current_size / row.total_size)
    return row.realized_pnl_usdc
