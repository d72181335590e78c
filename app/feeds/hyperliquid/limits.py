"""What Hyperliquid allows (docs/venues.md names the sources)."""

VENUE = "hyperliquid"

NEW_CONNECTIONS_PER_MINUTE = 20
"""The venue allows 30 an address; others may share it."""
FRAME_BYTES = 1 << 20
BODY_BYTES = 8 << 20
CANDLE_INTERVALS = frozenset({"1m", "5m", "15m", "1h"})
"""Of the intervals we keep, those whose past the venue tells."""

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
