"""How a decision becomes an order. Orders get their number when they are placed."""

from math import floor

import msgspec

from app.config.settings import PaperSettings
from app.paper.events import Direction, ExitReason, Opener, Order, opposite
from app.paper.position import Position
from app.paper.view import CoinView


def opening_order(
    view: CoinView, direction: Direction, by: Opener, settings: PaperSettings, now_ms: int
) -> Order | str:
    """An order for a position of `settings.order_usd` at the mid, or a sentence why there cannot be one now.

    Its size is rounded down to what the venue trades; its leverage is at most what the venue lists.
    """
    mid, greatest, decimals = view.mid, view.maximum_leverage, view.size_decimals
    if greatest is None or decimals is None:
        return f"The listing of {view.coin} is not known yet: try again in a moment"
    if view.trouble or view.touch is None:
        return f"The data of {view.coin} is stale or cut off: wait until prices come"
    if mid is None:
        return f"Nobody bids for {view.coin} or nobody offers it: wait until both do"
    size = floor(settings.order_usd / mid * 10**decimals) / 10**decimals
    if not 0 < size < 1e15:
        return f"{settings.order_usd:g} USD are no size of {view.coin} that can be traded: change paper.order_usd"
    return Order(
        number=0,
        coin=view.coin,
        direction=direction,
        size=size,
        reason="open",
        by=by,
        decided_ms=now_ms,
        due_ms=now_ms + settings.latency_ms,
        leverage=min(settings.leverage, greatest),
        maximum_leverage=greatest,
        mid=mid,
    )


def closing_order(
    position: Position, reason: ExitReason, mid: float | None, settings: PaperSettings, now_ms: int
) -> Order:
    """An order that ends a position. The venue needs no time to decide on a liquidation."""
    return Order(
        number=0,
        coin=position.coin,
        direction=opposite(position.direction),
        size=position.size,
        reason=reason,
        by=position.by,
        decided_ms=now_ms,
        due_ms=now_ms if reason == "liquidation" else now_ms + settings.latency_ms,
        leverage=position.leverage,
        maximum_leverage=position.maximum_leverage,
        mid=mid,
    )


def order_until(order: Order, now_ms: int, latest_ms: int) -> Order:
    """The order as one that was not decided after `now_ms` and is due by `latest_ms`."""
    return msgspec.structs.replace(order, decided_ms=min(order.decided_ms, now_ms), due_ms=min(order.due_ms, latest_ms))
