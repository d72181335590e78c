"""Answers of the token venues as they write them, for tests to change."""

import json
from typing import Any

MINT = "6Mix12LiHrQFojaQEnfPUC65Qkwd6X4Y5Qg93oFbordr"
POOL = "GLnPx7tg3f1oyMW5cJioJAtQjNG4PzokEzUkQMCj2EEF"
SOL = "So11111111111111111111111111111111111111112"
AT_S = 1_790_000_100


def body(value: object) -> bytes:
    """`value` as a venue sends it."""
    return json.dumps(value).encode()


def gecko_pool(mint: str = MINT, **attributes: Any) -> dict[str, Any]:
    """Element of GeckoTerminal's new pools."""
    told = {
        "name": "DRIP / SOL", "base_token_price_usd": "0.0000081", "quote_token_price_usd": "NaN",
        "pool_created_at": "2026-08-27T14:29:02Z", "fdv_usd": "8180.65", "market_cap_usd": None,
        "reserve_in_usd": "5450.493", "transactions": {"h1": {"buys": 120, "sells": 187, "buyers": 103}},
        "volume_usd": {"m5": "12797.42", "h24": "43849.36"},
    }  # fmt: skip
    relations = {
        "base_token": {"data": {"id": f"solana_{mint}", "type": "token"}},
        "quote_token": {"data": {"id": f"solana_{SOL}", "type": "token"}},
        "dex": {"data": {"id": "pump-fun", "type": "dex"}},
    }
    return {"id": f"solana_{POOL}", "type": "pool", "attributes": {**told, **attributes}, "relationships": relations}


def gecko_candles(rows: list[Any]) -> bytes:
    """GeckoTerminal's answer with candles."""
    return body({"data": {"id": "x", "attributes": {"ohlcv_list": rows}}, "meta": {}})


def gecko_info(**attributes: Any) -> bytes:
    """GeckoTerminal's information on a token."""
    holders = {
        "count": 321,
        "distribution_percentage": {"top_10": "25.5", "11_20": "4", "rest": "60"},
        "last_updated": "2026-08-27T14:29:02Z",
    }
    return body({"data": {"attributes": {"address": MINT, "holders": holders, **attributes}}})


def screener_pair(**changes: Any) -> dict[str, Any]:
    """Element of DexScreener's pairs, with liquidity."""
    pair = {
        "chainId": "solana", "dexId": "raydium", "pairAddress": POOL,
        "baseToken": {"address": MINT, "name": "Bordrless", "symbol": "BORDR"},
        "quoteToken": {"address": SOL, "name": "Wrapped SOL", "symbol": "SOL"}, "priceUsd": "0.00006974",
        "txns": {"h1": {"buys": 3, "sells": 4}}, "volume": {"h24": 13092.27},
        "liquidity": {"usd": 692664.25, "base": 1, "quote": 2}, "fdv": 69740, "marketCap": 69740.21,
        "pairCreatedAt": 1791422260000,
    }  # fmt: skip
    return {**pair, **changes}


def birdeye(data: object) -> bytes:
    """Birdeye's envelope."""
    return body({"success": True, "data": data})


def birdeye_overview(**changes: Any) -> bytes:
    """Birdeye's overview of a token."""
    told = {"address": MINT, "symbol": "X", "price": 0.5, "liquidity": 9.5, "holder": 12, "v24hUSD": 0}
    return birdeye({**told, **changes})


def birdeye_candle(at_s: int = AT_S, **changes: Any) -> dict[str, Any]:
    """Element of Birdeye's candles."""
    return {"unix_time": at_s, "o": 1.0, "h": 2.0, "l": 0.5, "c": 1.5, "v": 5.0, "v_usd": 7.5, **changes}


def sound_answers() -> list[bytes]:
    """One answer of each route that is read."""
    return [
        body({"data": [gecko_pool()]}),
        gecko_candles([[AT_S, 1.0, 2.0, 0.5, 1.5, 9.0], [AT_S - 60, 1, 1, 1, 1, 0]]),
        gecko_info(),
        body([screener_pair()]),
        body({"schemaVersion": "1.0.0", "pairs": [screener_pair()]}),
        birdeye_overview(),
        birdeye({"items": [birdeye_candle()]}),
        birdeye({"items": [{"unixTime": AT_S, "o": 1, "h": 1, "l": 1, "c": 1}]}),
    ]
