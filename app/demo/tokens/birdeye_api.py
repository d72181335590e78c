"""Birdeye's answers, in its envelope of `success` and `data`; a key is required, any will do here but an empty one."""

from collections.abc import Mapping
from datetime import UTC, datetime

from app.demo.tokens.answers import CURVES, Object, Told, base58, told, whole
from app.demo.tokens.launch import SUPPLY, Lived
from app.demo.tokens.world import TokenWorld

SECONDS = {"1m": 60, "5m": 300, "15m": 900, "30m": 1_800, "1H": 3_600, "4H": 14_400, "1D": 86_400}
SPANS = {"5m": 5, "30m": 30, "1h": 60, "4h": 240, "24h": 1_440}
_MOST_CANDLES, _MOST_HOLDERS, _DEEPEST = 5_000, 100, 10_000


def refusal(status: int, message: str) -> Told:
    """An error."""
    return told({"success": False, "message": message}, status)


def good(data: object) -> Told:
    """Data in its envelope."""
    return told({"success": True, "data": data})


def overview(world: TokenWorld, query: Mapping[str, str], now_s: int) -> Told:
    """A token's figures; `holder` is the number of its holders."""
    lived = world.token(query.get("address", ""), now_s)
    if lived is None:
        return refusal(400, "address is invalid or not supported")
    launch, value = lived.launch, lived.price * SUPPLY
    data: Object = {
        "address": launch.mint,
        "decimals": 6,
        "symbol": launch.symbol,
        "name": launch.symbol,
        "price": lived.price,
        "liquidity": lived.liquidity,
        "marketCap": value,
        "fdv": value,
        "totalSupply": SUPPLY,
        "circulatingSupply": SUPPLY,
        "holder": lived.holders,
        "lastTradeUnixTime": lived.last_trade_s,
    }
    for name, minutes in SPANS.items():
        span = lived.trading(minutes)
        trades = {f"trade{name}": span.buys + span.sells, f"buy{name}": span.buys, f"sell{name}": span.sells}
        data |= {**trades, f"v{name}USD": span.volume, f"v{name}": span.volume / lived.price}
    return good(data)


def candles(world: TokenWorld, query: Mapping[str, str], now_s: int) -> Told:
    """A token's candles, oldest first; none for an interval without trades."""
    lived = world.token(query.get("address", ""), now_s)
    if lived is None:
        return refusal(400, "address is invalid or not supported")
    kind, from_s, to_s = query.get("type", ""), whole(query, "time_from", 0), whole(query, "time_to", now_s)
    if kind not in SECONDS or from_s is None or to_s is None:
        return refusal(400, "type, time_from or time_to is invalid")
    table = lived.candles(SECONDS[kind])
    table = table[(table[:, 0] >= from_s) & (table[:, 0] <= to_s)][-_MOST_CANDLES:]
    common: Object = {"address": lived.launch.mint, "type": kind, "currency": "usd"}
    items = [
        {
            "o": opened,
            "h": high,
            "l": low,
            "c": close,
            "v": usd / close,
            "v_usd": usd,
            "unix_time": int(time_s),
            **common,
        }
        for time_s, opened, high, low, close, usd in table.tolist()
    ]
    return good({"is_scaled_ui_token": False, "items": items})


def new_listing(world: TokenWorld, query: Mapping[str, str], now_s: int) -> Told:
    """Tokens that got liquidity, newest first; those on a bonding curve have none yet."""
    limit = whole(query, "limit", 10)
    if not limit or limit > 20:
        return refusal(400, "limit should be between 1 and 20")
    listed = [lived for lived in world.newest(0, 100, now_s) if lived.launch.dex not in CURVES][:limit]
    return good({"items": [_listing(lived) for lived in listed]})


def holders(world: TokenWorld, query: Mapping[str, str], now_s: int) -> Told:
    """A token's largest holders, 1 to 100 a page, none beyond the ten thousandth."""
    lived = world.token(query.get("address", ""), now_s)
    offset, limit = whole(query, "offset", 0), whole(query, "limit", 100)
    if lived is None or offset is None or not limit or limit > _MOST_HOLDERS or offset + limit > _DEEPEST:
        return refusal(400, "address, offset or limit is invalid")
    places = range(offset, min(offset + limit, lived.holders))
    return good({"items": [_holder(lived, place) for place in places]})


def _listing(lived: Lived) -> Object:
    launch = lived.launch
    return {
        "address": launch.mint,
        "symbol": launch.symbol,
        "name": launch.symbol,
        "decimals": 6,
        "source": launch.dex.replace("-", "_"),
        "liquidityAddedAt": datetime.fromtimestamp(launch.created_s, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "logoURI": None,
        "liquidity": lived.liquidity,
    }


def _holder(lived: Lived, place: int) -> Object:
    units = SUPPLY * 0.2 / (place + 1) ** 1.2
    return {
        "amount": str(round(units * 1e6)),
        "decimals": 6,
        "mint": lived.launch.mint,
        "owner": base58(f"{lived.launch.mint} owner {place}"),
        "token_account": base58(f"{lived.launch.mint} account {place}"),
        "ui_amount": units,
        "is_scaled_ui_token": False,
        "multiplier": None,
    }
