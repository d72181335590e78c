"""What is stored of a prediction: the liquidity of the pool whose candles are looked at, and of no other."""

import pytest

from app.core.text import clean
from app.core.tokens import PoolState
from app.engine.token_feedback import liquidity_of
from app.tokens.watched import NO_CANDLES, Listed, Seen


@pytest.mark.parametrize(("pool", "liquidity"), [("P" * 42, 900.0), ("Q" * 42, None), (None, None)])
def test_the_liquidity_of_another_pool_is_not_that_of_the_pool(pool: str | None, liquidity: float | None) -> None:
    words = clean("x")
    state = None if pool is None else PoolState(
        mint="M" * 42, pool=pool, dex=words, name=words, quote_mint="", created_s=None, price_usd=1.0,
        liquidity_usd=900.0, market_cap_usd=None, diluted_value_usd=None, volume_24h_usd=None, buys_1h=None,
        sells_1h=None,
    )  # fmt: skip
    seen = Seen(Listed("M" * 42, "P" * 42, "T", "raydium", 0), 1_000, NO_CANDLES, state, None)
    assert liquidity_of(seen) == liquidity
