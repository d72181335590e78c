"""GeckoTerminal's answers: numbers are texts, one of them "NaN"; candles newest first, the open one sometimes twice."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from app.demo.tokens.answers import CURVES, SOL, SOL_USD, Object, Told, one_in, text_of, told, whole
from app.demo.tokens.launch import SUPPLY, Lived
from app.demo.tokens.world import TokenWorld

PAGE, PAGES = 20, 10
SPANS = {"m5": 5, "m15": 15, "m30": 30, "h1": 60, "h6": 360, "h24": 1_440}
FRAMES = {"minute": (60, (1, 5, 15)), "hour": (3_600, (1, 4, 12)), "day": (86_400, (1,))}
_MOST_CANDLES, _USUAL_CANDLES = 1_000, 100
_OLDEST_S = 180 * 86_400
_PLAN = "Upgrade to Analyst plan or higher"


def refusal(status: int, title: str) -> Told:
    """An error in the form of JSON:API."""
    return told({"errors": [{"status": str(status), "title": title}]}, status)


def too_many() -> Told:
    """A refusal because of too many calls: not in the form of other errors."""
    words = "You've exceeded the Rate Limit. Please wait a moment and try again."
    return told({"status": {"error_code": 429, "error_message": words}}, 429)


def new_pools(world: TokenWorld, query: Mapping[str, str], now_s: int) -> Told:
    """Pools, newest first, 20 a page; no page after the tenth without a plan."""
    page = whole(query, "page", 1)
    if not page:
        return refusal(400, "Invalid page")
    if page > PAGES:
        return refusal(401, f"Your request exceeds the allowed max number for page ({PAGES}). {_PLAN}")
    return told({"data": [_pool(lived) for lived in world.newest((page - 1) * PAGE, PAGE, now_s)]})


def candles(world: TokenWorld, pool: str, frame: str, query: Mapping[str, str], now_s: int) -> Told:
    """A pool's candles; an empty list for one without trades."""
    lived = world.pool(pool, now_s)
    if lived is None:
        return refusal(404, "Not Found")
    if frame not in FRAMES:
        return refusal(400, "Invalid timeframe. Allowed values: day, hour, minute")
    unit_s, allowed = FRAMES[frame]
    aggregate, limit = whole(query, "aggregate", 1), whole(query, "limit", _USUAL_CANDLES)
    before_s = whole(query, "before_timestamp", now_s + 1)
    if aggregate not in allowed:
        return refusal(400, f"Invalid aggregate. Allowed values: {', '.join(map(str, allowed))}")
    if limit is None or not 1 <= limit <= _MOST_CANDLES or before_s is None:
        return refusal(400, "Invalid limit or before_timestamp")
    if before_s < now_s - _OLDEST_S:
        return refusal(401, f"Your request exceeds the allowed time range (180 days). {_PLAN}")
    rows = _rows(lived, unit_s * aggregate, limit, before_s)
    if query.get("currency", "usd") == "token":
        rows = [[row[0], *(value / SOL_USD for value in row[1:])] for row in rows]
    attributes = {"ohlcv_list": rows}
    return told({"data": {"id": f"solana_{pool}", "type": "ohlcv_request_response", "attributes": attributes}})


def token_info(world: TokenWorld, mint: str, now_s: int) -> Told:
    """A token's holders and authorities; some tokens' holders nobody has counted."""
    lived = world.token(mint, now_s)
    if lived is None:
        return refusal(404, "Not Found")
    attributes: Object = {
        "address": mint,
        "name": lived.launch.symbol,
        "symbol": lived.launch.symbol,
        "decimals": 6,
        "image_url": None,
        "websites": [],
        "gt_score": 25.0,
        "mint_authority": None,
        "freeze_authority": None,
        "is_honeypot": "unknown",
        "holders": None if one_in(lived, "holders", 12) else _holders(lived),
    }
    return told({"data": {"id": f"solana_{mint}", "type": "token", "attributes": attributes}})


def _rows(lived: Lived, interval_s: int, limit: int, before_s: int) -> list[list[float]]:
    table = lived.candles(interval_s)
    table = table[table[:, 0] < before_s][-limit:][::-1]
    rows: list[list[float]] = [[int(row[0]), *row[1:]] for row in table.tolist()]
    is_open = bool(rows) and rows[0][0] + interval_s > lived.now_s
    if is_open and one_in(lived, "twice", 3):
        rows.insert(1, [*rows[0][:5], rows[0][5] / 2])
    return rows


def _pool(lived: Lived) -> Object:
    launch, spans = lived.launch, {name: lived.trading(minutes) for name, minutes in SPANS.items()}
    trades = {
        name: {"buys": span.buys, "sells": span.sells, "buyers": -(-span.buys * 3 // 4), "sellers": -(-span.sells // 2)}
        for name, span in spans.items()
    }
    value, is_curve = lived.price * SUPPLY, launch.dex in CURVES
    attributes: Object = {
        "base_token_price_usd": text_of(lived.price),
        "base_token_price_native_currency": text_of(lived.price / SOL_USD),
        "quote_token_price_usd": text_of(SOL_USD),
        "quote_token_price_native_currency": "1.0",
        "base_token_price_quote_token": text_of(lived.price / SOL_USD),
        "quote_token_price_base_token": "NaN" if one_in(lived, "NaN", 9) else text_of(SOL_USD / lived.price),
        "address": launch.pool,
        "name": f"{launch.symbol} / SOL",
        "pool_created_at": datetime.fromtimestamp(launch.created_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "fdv_usd": "NaN" if one_in(lived, "fdv", 25) else text_of(value),
        "market_cap_usd": text_of(value) if one_in(lived, "cap", 5) else None,
        "price_change_percentage": {name: text_of(_bounded(span.change_pct or 0.0)) for name, span in spans.items()},
        "transactions": trades,
        "volume_usd": {name: text_of(span.volume) for name, span in spans.items()},
        "reserve_in_usd": None if is_curve else text_of(lived.liquidity),
    }
    relations = {
        "base_token": {"data": {"id": f"solana_{launch.mint}", "type": "token"}},
        "quote_token": {"data": {"id": f"solana_{SOL}", "type": "token"}},
        "dex": {"data": {"id": launch.dex, "type": "dex"}},
    }
    return {"id": f"solana_{launch.pool}", "type": "pool", "attributes": attributes, "relationships": relations}


def _bounded(change_pct: float) -> float:
    return float(np.clip(change_pct, -100.0, 1e6))


def _holders(lived: Lived) -> Object:
    top = 15.0 + 70.0 / (1.0 + lived.holders / 40.0)
    rest = 100.0 - top
    return {
        "count": lived.holders,
        "distribution_percentage": {
            "top_10": f"{top:.4f}",
            "11_20": f"{rest * 0.3:.4f}",
            "21_40": f"{rest * 0.2:.4f}",
            "rest": f"{rest * 0.5:.4f}",
        },
        "last_updated": datetime.fromtimestamp(lived.now_s // 600 * 600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
