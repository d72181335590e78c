"""What Hyperliquid allows (docs/venues.md names the sources)."""

from app.core.record import Request

VENUE = "hyperliquid"

NEW_CONNECTIONS_PER_MINUTE = 20
"""The venue allows 30 an address; others may share it."""
FRAME_BYTES = 1 << 20
BODY_BYTES = 8 << 20
FAST_BOOK_LEVELS = 5
"""Of each side; slow books have 20."""
SHORTEST_CANDLE_MS = 60_000
"""The venue tells the past of candles at least this long."""

BACKFILLED = frozenset({"1m", "1h"})
"""Candles that are asked for of each market that is followed."""

_FIRST = frozenset({"metaAndAssetCtxs", "recentTrades"})
_USUAL_WEIGHT = 20
_WEIGHTS = {
    "l2Book": 2,
    "allMids": 2,
    "clearinghouseState": 2,
    "orderStatus": 2,
    "spotClearinghouseState": 2,
    "exchangeStatus": 2,
    "userRole": 60,
}
_ITEMS_PER_WEIGHT = {
    "recentTrades": 20,
    "historicalOrders": 20,
    "userFills": 20,
    "userFillsByTime": 20,
    "fundingHistory": 20,
    "userFunding": 20,
    "candleSnapshot": 60,
}


def request_weight(channel: str, items: int = 0) -> int:
    """Weight of a request of this type that returns `items` items; the venue counts the items after answering."""
    base = _WEIGHTS.get(channel, _USUAL_WEIGHT)
    per_weight = _ITEMS_PER_WEIGHT.get(channel)
    return base if per_weight is None else base + items // per_weight


def budget_share(request: Request) -> float:
    """How much of the budget (0-1) a question may use up; the rest is kept for what cannot wait.

    Minute candles fill the change and the trend of every row; hours are seen by nobody who does not open a market.
    """
    if is_urgent(request):
        return 1.0
    return 0.75 if request.variant == "1m" else 0.3


def is_urgent(request: Request) -> bool:
    """Whether a question goes before those about the past that nobody looks at, and may use the budget's reserve.

    Candles of other lengths than those of the back-fill are asked for by somebody who looks at them, and waits.
    """
    looked_at = request.channel == "candleSnapshot" and request.variant not in BACKFILLED
    return looked_at or request.channel in _FIRST
