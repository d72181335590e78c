"""What is asked of Hyperliquid about its traders, as requests. Their answers are read by `parse_traders`."""

import msgspec

from app.core.record import Request
from app.feeds.hyperliquid.leaderboard import CHANNEL, LeaderboardRules, encode_rules
from app.feeds.hyperliquid.limits import OVERDUE, TRADED, VENUE
from app.feeds.hyperliquid.parse_traders import trader_address

_encode = msgspec.json.encode


def ask_for_state(request_id: int, trader: str, *, has_traded: bool = False, is_overdue: bool = False) -> Request:
    """A trader's positions (weight 2); of one who has traded, or is overdue, before the turns of the others.

    A question that still waits for the same trader is not asked twice: it goes as early as this one would.
    """
    variant = TRADED if has_traded else OVERDUE if is_overdue else ""
    return _about(request_id, "clearinghouseState", trader, variant)


def ask_for_portfolio(request_id: int, trader: str) -> Request:
    """A trader's equity and results over the past (weight 20)."""
    return _about(request_id, "portfolio", trader)


def ask_for_fills(request_id: int, trader: str, start_ms: int | None = None, end_ms: int | None = None) -> Request:
    """A trader's newest 2000 fills, or at most the first 2000 of a span (weight 20, and 1 for each 20 fills)."""
    if start_ms is None:
        return _about(request_id, "userFills", trader)
    span = {"startTime": start_ms} if end_ms is None else {"startTime": start_ms, "endTime": end_ms}
    return _about(request_id, "userFillsByTime", trader, f"{start_ms}-{'' if end_ms is None else end_ms}", span)


def ask_for_leaderboard(request_id: int, rules: LeaderboardRules) -> Request:
    """The leaderboard (no weight: it is a document of another host), of which `rules` say what is kept."""
    return Request(request_id, VENUE, CHANNEL, encode_rules(rules))


def _about(
    request_id: int, channel: str, trader: str, variant: str = "", more: dict[str, int] | None = None
) -> Request:
    address = trader_address(trader)
    body = {"type": channel, "user": address, **(more or {})}
    return Request(request_id, VENUE, channel, _encode(body), address, variant)
