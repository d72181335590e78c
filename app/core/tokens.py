"""What venues tell of tokens and their pools: immutable values, cleaned and validated.

Money is US dollars, times are epoch seconds, shares lie between 0 and 1. None means that the venue does not say; it
never stands for zero: a pool without trades has a volume of 0.0, a pool whose volume nobody names has None.
"""

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from app.core.text import SafeText

SolanaAddress = Annotated[str, Meta(pattern=r"^[1-9A-HJ-NP-Za-km-z]{32,44}\Z")]
"""A mint, pool or owner on Solana: 32 bytes in base 58."""
LEAST_PRICE = 1e-24
TokenPrice = Annotated[float, Meta(ge=LEAST_PRICE, lt=1e15)]
Usd = Annotated[float, Meta(ge=0, lt=1e15)]
Share = Annotated[float, Meta(ge=0, le=1)]
Amount = Annotated[int, Meta(ge=0, lt=2**53)]
EpochSeconds = Annotated[int, Meta(gt=0, lt=10_000_000_000)]

_ADDRESS = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}", re.ASCII)


def solana_address_of(text: str) -> str | None:
    """`text` if it can be an address on Solana, None if it is anything else. Upper and lower case differ there."""
    return text if _ADDRESS.fullmatch(text) else None


class TokenCandle(msgspec.Struct, frozen=True, gc=False):
    """Trades of one pool in one interval that starts at `time_s`; there is none for an interval without trades."""

    time_s: EpochSeconds
    open: TokenPrice
    high: TokenPrice
    low: TokenPrice
    close: TokenPrice
    volume_usd: Usd | None


class PoolState(msgspec.Struct, frozen=True, kw_only=True):
    """A pool at the time of an answer, or when a venue listed it as new.

    `mint` is the token that is priced, `quote_mint` what it is paid with. `pool` is empty where the venue names only
    the token, `quote_mint` where it names none. A pool on a bonding curve has no liquidity of its own: None. `buys_1h`
    and `sells_1h` count trades.
    """

    mint: SolanaAddress
    pool: str
    dex: SafeText
    name: SafeText
    quote_mint: str
    created_s: EpochSeconds | None
    price_usd: TokenPrice | None
    liquidity_usd: Usd | None
    market_cap_usd: Usd | None
    diluted_value_usd: Usd | None
    volume_24h_usd: Usd | None
    buys_1h: Amount | None
    sells_1h: Amount | None

    @property
    def trades_1h(self) -> int | None:
        """Buys and sells of the last hour; None unless both are known."""
        return None if self.buys_1h is None or self.sells_1h is None else self.buys_1h + self.sells_1h


class TokenHolders(msgspec.Struct, frozen=True, kw_only=True):
    """How many accounts hold a token, and the share of its supply that the ten largest hold."""

    mint: SolanaAddress
    count: Amount | None
    top_10_share: Share | None
    as_of_s: EpochSeconds | None


class TokenOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A token over all its pools."""

    mint: SolanaAddress
    name: SafeText
    price_usd: TokenPrice | None
    liquidity_usd: Usd | None
    market_cap_usd: Usd | None
    diluted_value_usd: Usd | None
    volume_24h_usd: Usd | None
    holders: TokenHolders
    last_trade_s: EpochSeconds | None
