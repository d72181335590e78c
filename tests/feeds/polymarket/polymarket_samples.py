"""Rows as Polymarket writes them, for tests to change."""

import json
from typing import Any

WALLET = "0x379a410a36c101e3b8dfb6c90d1176eb0def4b1a"
OTHER_WALLET = "0xc69bd5567b40ef4d11922eaa57e1f9be1c642076"
TOKEN = "107562952936555819668737826428754978979556920505990557747611348541829551199040"
CONDITION = "0x571aafcdc9d3549ac260d5f956adc4ae57d9ace63575abd99db58ba0130e9fcf"
AT_S = 1_789_381_477


def trade_row(**changes: Any) -> dict[str, Any]:
    """A row of `/v2/trades`."""
    row = {
        "proxy_wallet": WALLET, "side": "BUY", "token_id": TOKEN, "condition_id": CONDITION, "size": 22.84,
        "price": 0.52, "timestamp": AT_S, "title": "Will it?", "slug": "will-it", "icon": "", "event_slug": "",
        "outcome": "Yes", "outcome_index": 999, "name": "someone", "transaction_hash": "0x" + "7" * 64,
    }  # fmt: skip
    return {**row, **changes}


def activity_row(**changes: Any) -> dict[str, Any]:
    """A row of `/v2/activity`."""
    return trade_row(type="TRADE", usdc_size=12.0, outcome_index=1, event_slug="an-event", **changes)


def position_row(**changes: Any) -> dict[str, Any]:
    """A row of `/v2/positions`."""
    row = {
        "proxy_wallet": WALLET, "token_id": TOKEN, "condition_id": CONDITION, "current_size": 100.0,
        "avg_price": 0.5, "entry_cost_usdc": 50.0, "current_price": 0.75, "total_size": 100.0, "realized_pnl": 0.0,
        "unrealized_pnl": 25.0, "status": "OPEN", "title": "Will it?", "event_slug": "an-event", "outcome": "No",
        "outcome_index": 1, "opposite_token_id": "16", "last_event_at": AT_S,
    }  # fmt: skip
    return {**row, **changes}


def market_row(**changes: Any) -> dict[str, Any]:
    """An element of gamma's `/markets`, with its lists as texts."""
    row = {
        "conditionId": CONDITION, "question": "Will it?", "slug": "will-it", "outcomes": '["Yes", "No"]',
        "outcomePrices": '["1", "0"]', "clobTokenIds": '["11", "12"]', "closed": True,
        "closedTime": "2026-04-05 19:37:33+00", "umaResolutionStatus": "resolved",
        "events": [{"slug": "an-event"}], "tags": [{"id": "2", "slug": "politics"}, {"id": "9", "slug": "war"}],
    }  # fmt: skip
    return {**row, **changes}


def page(rows: object, cursor: str = "") -> bytes:
    """The envelope of the second version; one that goes on where a cursor is given."""
    pagination = {"limit": 100, "offset": 0, "has_more": bool(cursor), "next_cursor": cursor or None}
    return json.dumps({"data": rows, "pagination": pagination}).encode()
