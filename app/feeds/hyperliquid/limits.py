"""What Hyperliquid allows (docs/venues.md names the sources)."""

from app.core.record import Request
from app.feeds.hyperliquid.allowance import Claim
from app.feeds.hyperliquid.candle_question import CHANNEL, candles_in

VENUE = "hyperliquid"

NEW_CONNECTIONS_PER_MINUTE = 20
"""The venue allows 30 an address; others may share it."""
FRAME_BYTES = 1 << 20
TRADERS_FRAME_BYTES = 4 << 20
"""An account's stream begins with its newest 2000 fills."""
BODY_BYTES = 8 << 20
FAST_BOOK_LEVELS = 5
"""Of each side; slow books have 20."""
SHORTEST_CANDLE_MS = 60_000
"""The venue tells the past of candles at least this long."""

REGIME_HOURS = "1h of regimes"
"""The variant of a question for the hours that tell a market's regimes of the past."""
SCREEN_HOURS = "1h of the screener"
"""The variant of a question for the hours before those that a market keeps."""
BACKFILLED = frozenset({"1m", "1h", REGIME_HOURS, SCREEN_HOURS})
"""Candles that are asked for while nobody looks at them."""

TRADED = "traded"
"""The variant of a question for an account that has just traded: it does not wait for its turn."""
OVERDUE = "overdue"
"""The variant of a question for an account whose state is nearly too old: it does not wait for its turn either."""
TRADERS_AT_ONCE = 3
"""Questions about traders under way at a time, besides the one about markets: one would wait for the line, not the
budget."""

_ABOUT_TRADERS = frozenset({"clearinghouseState", "portfolio", "userFills", "userFillsByTime"})
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
_MOST_ITEMS = {"recentTrades": 200, "historicalOrders": 2_000, "userFills": 2_000, "userFillsByTime": 2_000}
"""Items of the longest answers."""
_MOST_CANDLES = 5_000


def request_weight(channel: str, items: int = 0) -> int:
    """Weight of a request of this type that returns `items` items; the venue counts the items after answering."""
    base = _WEIGHTS.get(channel, _USUAL_WEIGHT)
    per_weight = _ITEMS_PER_WEIGHT.get(channel)
    return base if per_weight is None else base + items // per_weight


def heaviest(request: Request) -> int:
    """The most that a request can weigh: what is set aside for it before it is known how much it returns."""
    return request_weight(request.channel, _most_items(request))


def _most_items(request: Request) -> int:
    if request.channel != CHANNEL:
        return _MOST_ITEMS.get(request.channel, 0)
    asked = candles_in(request)
    return _MOST_CANDLES if asked is None else min(asked, _MOST_CANDLES)


WAITED_FOR = Claim(rank=0, purse="markets", ceiling=1.0, share=1.0)
"""Of what somebody waits for."""
_MINUTES = Claim(rank=1, purse="markets", ceiling=0.95, share=0.75)
"""Minute candles fill the change and the trend of every row."""
_TRADED = Claim(rank=2, purse="traders", ceiling=0.95, share=1.0)
_HOURS = Claim(rank=3, purse="markets", ceiling=0.9, share=0.3)
"""Hours are seen by nobody who does not open a market."""
_SCREENED = Claim(rank=3, purse="markets", ceiling=0.95, share=0.6)
"""Somebody has the screener open and waits for a month of every coin: some minutes of a usual budget."""
_OVERDUE = Claim(rank=4, purse="traders", ceiling=0.9, share=0.95)
"""Whoever asks so spreads these himself: the pace of turns would leave a part of the budget unused that they need."""
_TURNS = Claim(rank=5, purse="traders", ceiling=0.9, share=0.95, pace="turns")
_HISTORIES = Claim(rank=6, purse="traders", ceiling=0.9, share=0.95, pace="histories")
_TRADER_WAITED_FOR = WAITED_FOR._replace(purse="traders")


def claim_of(request: Request) -> Claim:
    """What a question may claim of the request budget.

    Candles of other lengths than those of the back-fill are asked for by somebody who looks at them, and waits.
    """
    if request.channel == "clearinghouseState":
        return {TRADED: _TRADED, OVERDUE: _OVERDUE}.get(request.variant, _TURNS)
    if is_about_trader(request):
        return _HISTORIES
    looked_at = request.channel == "candleSnapshot" and request.variant not in BACKFILLED
    if looked_at or request.channel in _FIRST:
        return WAITED_FOR
    return {"1m": _MINUTES, SCREEN_HOURS: _SCREENED}.get(request.variant, _HOURS)


def hurried(request: Request) -> Claim:
    """What a question may claim that somebody has begun to wait for."""
    return _TRADER_WAITED_FOR if is_about_trader(request) else WAITED_FOR


def is_about_trader(request: Request) -> bool:
    """Whether a question is about an account and not about a market."""
    return request.channel in _ABOUT_TRADERS
