"""What a pool takes for a token and gives for it: a constant product, and a fee each way. Pure.

A pool of two sides holds `liquidity_usd` in all, half of it on each, and half × half stays the same whatever is traded.
So a buyer of `u` dollars pays 1 + 2u / liquidity times the price, and a seller can never get more than the half that is
money: what is left of a drained pool, whatever its last price was.
"""

from typing import NamedTuple

from app.core.tokens import PoolState


class Pool(NamedTuple):
    """A pool as it was told of: dollars a token, and dollars in both sides together."""

    price: float
    liquidity_usd: float


class Bought(NamedTuple):
    """So many tokens, and what of the money was fee, in USD."""

    tokens: float
    fee_usd: float


class Sold(NamedTuple):
    """What was got after the fee, and the fee, in USD."""

    usd: float
    fee_usd: float


def pool_of(state: PoolState | None) -> Pool | None:
    """The pool, where both its price and what lies in it are told; a drained one has a liquidity of 0."""
    if state is None or state.price_usd is None or state.liquidity_usd is None:
        return None
    return Pool(state.price_usd, state.liquidity_usd)


def buy(usd: float, pool: Pool, fee: float) -> Bought:
    """Put `usd` (> 0) into a pool with money in it; `fee` is a share of what is put in, below 1."""
    side = pool.liquidity_usd / 2
    into = usd * (1 - fee)
    return Bought(side / pool.price * into / (side + into), usd * fee)


def sell(tokens: float, pool: Pool, fee: float) -> Sold:
    """Put `tokens` into a pool; `fee` is a share of what comes out."""
    side, value = pool.liquidity_usd / 2, tokens * pool.price
    out = side * value / (side + value) if value > 0 else 0.0
    return Sold(out * (1 - fee), out * fee)
