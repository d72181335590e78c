"""Paper positions in tokens as they are saved, and what leads to one."""

from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from app.config.token_settings import TokenPaperSettings, TokenSizingSettings
from app.core.events import Count, Milliseconds
from app.core.tokens import SolanaAddress, TokenPrice, Usd
from app.paper.events import TokenEnd, TokenOpener

MOST_TOKENS = 20
MOST_CLOSED = 200
_Name = Annotated[str, Meta(max_length=64)]
_Paid = Annotated[float, Meta(gt=0, lt=1e9)]
_Tokens = Annotated[float, Meta(gt=0, lt=1e40)]
_Share = Annotated[float, Meta(ge=0, le=1)]


class TokenRules(NamedTuple):
    """The settings that paper positions in tokens go by; `latency_ms` is the ledger's."""

    paper: TokenPaperSettings
    sizing: TokenSizingSettings
    latency_ms: int

    @property
    def fee(self) -> float:
        """The share of each side's money that is fee."""
        return self.paper.fee_pct / 100


class TokenWanted(NamedTuple):
    """A token that was approved, and what was known of its pool then; None is not known."""

    mint: str
    pool: str
    name: str
    by: TokenOpener
    combined: float
    liquidity_usd: float | None


class TokenPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many USD, bought when the pool's price is `price` or less."""

    usd: _Paid
    price: TokenPrice


class TokenOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A position that was decided and waits for the next look at its pool; `usd` is set aside for it."""

    number: Count
    mint: SolanaAddress
    pool: SolanaAddress
    name: _Name
    by: TokenOpener
    combined: _Share
    usd: _Paid
    decided_ms: Milliseconds


class TokenPosition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An open position. `cost_usd` was paid for `tokens`, fees included; selling all would bring `close_usd`, by the
    pool as it was at `priced_ms`.

    `parts` are those that are not bought yet. `most_liquidity_usd` is the most that the pool was seen to hold.
    `missing_ms`: since when venues answer without a price or liquidity, 0 for not now. `closing` says why it ends at
    the next look, decided at `decided_ms`; `unseen_ms` is the longest time without a usable look.
    """

    number: Count
    mint: SolanaAddress
    pool: SolanaAddress
    name: _Name
    by: TokenOpener
    tokens: _Tokens
    cost_usd: _Paid
    fees_usd: Usd
    price: TokenPrice
    liquidity_usd: Usd
    most_liquidity_usd: Usd
    close_usd: Usd
    opened_ms: Milliseconds
    priced_ms: Milliseconds
    parts: Annotated[tuple[TokenPart, ...], Meta(max_length=10)] = ()
    missing_ms: Count = 0
    closing: TokenEnd | None = None
    decided_ms: Count = 0
    unseen_ms: Count = 0

    @property
    def entry_price(self) -> float:
        """What a token cost on average, with fees and slippage."""
        return self.cost_usd / self.tokens

    @property
    def result_usd(self) -> float:
        """What closing it now would come to."""
        return self.close_usd - self.cost_usd

    @property
    def committed_usd(self) -> float:
        """What was paid and what waits to be."""
        return self.cost_usd + sum(part.usd for part in self.parts)


class ClosedLately(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token whose position ended."""

    mint: SolanaAddress
    closed_ms: Milliseconds


class TokenBookState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is needed to go on; `wins` in a row since the last loss."""

    positions: Annotated[tuple[TokenPosition, ...], Meta(max_length=MOST_TOKENS)] = ()
    orders: Annotated[tuple[TokenOrder, ...], Meta(max_length=MOST_TOKENS)] = ()
    closed: Annotated[tuple[ClosedLately, ...], Meta(max_length=MOST_CLOSED)] = ()
    wins: Count = 0

    @property
    def numbers(self) -> tuple[int, ...]:
        """Those of all positions and orders."""
        return (*(position.number for position in self.positions), *(order.number for order in self.orders))
