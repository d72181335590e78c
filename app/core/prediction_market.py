"""What a prediction-market venue tells about wallets and markets: immutable values, cleaned and validated.

Amounts are USDC, sizes are shares (a share of the winning outcome pays one USDC), prices lie between 0 and 1, times are
epoch seconds. None means that the venue does not say; it never stands for zero.
"""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.core.text import SafeText

Address = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{40}\Z")]
Usdc = Annotated[float, Meta(gt=-1e15, lt=1e15)]
Shares = Annotated[float, Meta(ge=0, lt=1e15)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[int, Meta(gt=0, lt=10_000_000_000)]

ActivityKind = Literal["BUY", "SELL", "SPLIT", "MERGE", "REDEEM", "REBATE"]
PositionStatus = Literal["OPEN", "REDEEMABLE", "REDEEMABLE_LOST", "MERGEABLE", "CLOSED"]
_ADDRESS = re.compile(r"0x[0-9a-f]{40}", re.ASCII)


def wallet_of(text: str) -> str | None:
    """`text` in lower case if it is a wallet's address, 0x and 40 hex digits; None if it is anything else."""
    address = text.lower()
    return address if _ADDRESS.fullmatch(address) else None


class WalletActivity(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing a wallet did with one market, oldest facts first when in a list.

    BUY and SELL name a token and a price. SPLIT turns USDC into one share of each outcome, MERGE the reverse; REDEEM
    turns shares of a resolved market into `usdc`; REBATE is money without shares. `usdc` is what moved, never negative.
    """

    wallet: Address
    kind: ActivityKind
    condition_id: str
    token_id: str
    size: Shares
    price: Probability
    usdc: Usdc
    at_s: Seconds
    event_slug: SafeText
    outcome_index: int | None


class WalletStats(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A wallet's totals as the venue counts them."""

    wallet: Address
    name: SafeText
    markets_traded: int | None
    trade_count: int | None
    joined_s: int | None
    biggest_win_usdc: Usdc | None
    realized_pnl_usdc: Usdc | None
    unrealized_pnl_usdc: Usdc | None
    volume_usdc: Usdc | None
    maker_rebate_usdc: Usdc | None


class WalletPosition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One token a wallet holds or held. `total_size` is what it ever bought, `current_size` what is left.

    `cost_usdc` is what was paid for `total_size` where the venue says so; a lost position that was never redeemed has
    the status REDEEMABLE_LOST and belongs to the record like any other loss.
    """

    wallet: Address
    token_id: str
    condition_id: str
    status: PositionStatus
    current_size: Shares
    total_size: Shares
    average_price: Probability | None
    cost_usdc: Usdc | None
    realized_pnl_usdc: Usdc | None
    unrealized_pnl_usdc: Usdc | None
    event_slug: SafeText
    title: SafeText
    outcome: SafeText
    outcome_index: int | None
    opposite_token_id: str
    last_event_s: int | None


class PnlPoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A wallet's cumulative results at the end of one day (or hour)."""

    at_s: Seconds
    realized_pnl_usdc: Usdc | None
    unrealized_pnl_usdc: Usdc | None
    volume_usdc: Usdc | None
    trade_count: int | None

    @property
    def total_usdc(self) -> float | None:
        """Realised and open results together; None where the venue does not tell both."""
        if self.realized_pnl_usdc is None or self.unrealized_pnl_usdc is None:
            return None
        return self.realized_pnl_usdc + self.unrealized_pnl_usdc


class LeaderboardRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of a leaderboard: a place where wallets come from, and no proof of skill.

    A venue counts volume in USDC or in shares; the one it does not count is None.
    """

    rank: int
    wallet: Address
    name: SafeText
    pnl_usdc: Usdc | None
    volume_usdc: Usdc | None
    volume_shares: float | None = None


class Holder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One wallet's shares of one outcome, as a market's list of holders tells them."""

    wallet: Address
    name: SafeText
    token_id: str
    size: Shares
    outcome_index: int | None


class PredictionMarket(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a market is about and what became of it.

    `tags` are slugs of its event, in the venue's order. `payouts` is what one share of each outcome pays, in the order
    of `token_ids`; None while it is not resolved.
    """

    condition_id: str
    event_slug: SafeText
    title: SafeText
    tags: tuple[SafeText, ...]
    token_ids: tuple[str, ...]
    payouts: tuple[Probability, ...] | None
    closed_s: int | None
