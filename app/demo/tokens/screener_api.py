"""DexScreener's answers: prices are texts, all else numbers; no liquidity for pairs on a bonding curve; no candles."""

from app.demo.tokens.answers import CURVES, SOL, SOL_USD, Object, Told, one_in, text_of, told
from app.demo.tokens.launch import SUPPLY, Lived
from app.demo.tokens.world import TokenWorld

CHAIN = "solana"
MOST_TOKENS = 30
SPANS = {"m5": 5, "h1": 60, "h6": 360, "h24": 1_440}


def too_many() -> Told:
    """A refusal because of too many calls; no header says how many there may be."""
    return told({"error": "Too Many Requests"}, 429)


def tokens(world: TokenWorld, chain: str, mints: str, now_s: int) -> Told:
    """The pairs of up to 30 tokens as a bare array; what is not known is left out."""
    wanted = mints.split(",")
    if len(wanted) > MOST_TOKENS:
        return told({"error": f"at most {MOST_TOKENS} addresses"}, 400)
    return told(_pairs(world, chain, wanted, now_s))


def wrapped(world: TokenWorld, mints: str, now_s: int) -> Told:
    """The same of any chain in the older form, which has null for none."""
    return told(
        {"schemaVersion": "1.0.0", "pairs": _pairs(world, CHAIN, mints.split(",")[:MOST_TOKENS], now_s) or None}
    )


def pairs(world: TokenWorld, chain: str, pools: str, now_s: int) -> Told:
    """Pairs by their own addresses, in the older form."""
    known = [world.pool(pool, now_s) for pool in pools.split(",")[:MOST_TOKENS]] if chain == CHAIN else []
    found = [_pair(lived) for lived in known if lived is not None]
    return told({"schemaVersion": "1.0.0", "pairs": found or None})


def profiles(world: TokenWorld, now_s: int) -> Told:
    """The newest tokens somebody has paid to have shown: one in five of the newest."""
    newest = [lived for lived in world.newest(0, 100, now_s) if one_in(lived, "paid", 5)]
    return told([{"url": _url(lived), "chainId": CHAIN, "tokenAddress": lived.launch.mint} for lived in newest[:30]])


def _pairs(world: TokenWorld, chain: str, mints: list[str], now_s: int) -> list[Object]:
    known = [world.token(mint, now_s) for mint in mints] if chain == CHAIN else []
    return [_pair(lived) for lived in known if lived is not None]


def _url(lived: Lived) -> str:
    return f"https://dexscreener.com/solana/{lived.launch.pool.lower()}"


def _pair(lived: Lived) -> Object:
    launch, spans = lived.launch, {name: lived.trading(minutes) for name, minutes in SPANS.items()}
    changes = {
        name: round(span.change_pct, 2)
        for name, span in spans.items()
        if span.change_pct is not None and span.buys + span.sells
    }
    value = round(lived.price * SUPPLY, 2)
    pair: Object = {
        "chainId": CHAIN,
        "dexId": launch.dex.replace("-", ""),
        "url": _url(lived),
        "pairAddress": launch.pool,
        "baseToken": {"address": launch.mint, "name": launch.symbol, "symbol": launch.symbol},
        "quoteToken": {"address": SOL, "name": "Wrapped SOL", "symbol": "SOL"},
        "priceNative": text_of(lived.price / SOL_USD),
        "priceUsd": text_of(lived.price),
        "txns": {name: {"buys": span.buys, "sells": span.sells} for name, span in spans.items()},
        "volume": {name: round(span.volume, 2) for name, span in spans.items()},
        "priceChange": changes,
        "fdv": value,
        "marketCap": value,
        "pairCreatedAt": launch.created_s * 1_000,
    }
    if launch.dex not in CURVES:
        half = lived.liquidity / 2
        pair["liquidity"] = {
            "usd": round(lived.liquidity, 2),
            "base": round(half / lived.price, 2),
            "quote": round(half / SOL_USD, 4),
        }
    return pair
