"""Rows of the data API v2, field for field in the venue's order."""

import msgspec


class Trade(msgspec.Struct):
    """A row of `/v2/trades`."""

    proxy_wallet: str
    side: str
    token_id: str
    condition_id: str
    size: float
    price: float
    timestamp: int
    title: str
    slug: str
    icon: str
    event_slug: str
    outcome: str
    outcome_index: int
    name: str
    pseudonym: str
    bio: str
    profile_image: str
    profile_image_optimized: str
    transaction_hash: str


class Activity(msgspec.Struct):
    """A row of `/v2/activity`; what is no trade has no token, side, price or outcome."""

    proxy_wallet: str
    timestamp: int
    condition_id: str
    type: str
    size: float
    usdc_size: float
    transaction_hash: str
    price: float
    token_id: str
    side: str
    outcome_index: int
    title: str
    slug: str
    icon: str
    event_slug: str
    outcome: str
    name: str
    pseudonym: str
    bio: str
    profile_image: str
    profile_image_optimized: str


class Position(msgspec.Struct):
    """A row of `/v2/positions`."""

    proxy_wallet: str
    token_id: str
    condition_id: str
    current_size: float
    avg_price: float | None
    entry_cost_usdc: float | None
    entry_fees_usdc: float
    total_cost_usdc: float | None
    current_price: float
    current_value: float
    total_size: float
    realized_pnl: float
    unrealized_pnl: float | None
    total_pnl: float | None
    percent_pnl: float | None
    percent_realized_pnl: float | None
    status: str
    redeemable: bool
    mergeable: bool
    negative_risk: bool
    archived: bool
    title: str
    slug: str
    icon: str
    event_id: str
    event_slug: str
    outcome: str
    outcome_index: int
    opposite_outcome: str
    opposite_token_id: str
    end_date: str
    last_event_at: int
    name: str
    profile_image: str
    verified: bool


class Standing(msgspec.Struct):
    """A row of `/v2/leaderboard`."""

    rank: int
    user_id: str
    pnl: float
    volume: float
    user_name: str
    profile_image: str
    x_username: str
    verified: bool


class OneStanding(msgspec.Struct):
    """`/v2/leaderboard?user=`."""

    user_id: str
    pnl: float
    volume: float
    rank_pnl: int
    rank_volume: int
    user_name: str
    profile_image: str
    x_username: str
    verified: bool


class Pnl(msgspec.Struct):
    """Cumulative results of a wallet: all of `/v2/user-stats`, and each point of `/v2/user-pnl`."""

    timestamp: int
    source_block: int
    realized_market_pnl: float
    realized_lp_pnl: float
    realized_combo_pnl: float
    unrealized_pnl: float
    fees_refunded: float
    maker_rebate: float
    taker_rebate: float
    reward_income: float
    yield_income: float
    referral_income: float
    deposits: float | None
    withdrawals: float | None
    realized_pnl: float
    wallet_income: float
    position_pnl: float
    settled_pnl: float
    economic_pnl: float
    trade_pnl: float
    sponsored_income: float
    fees: float
    fees_paid: float
    cashflow_net: float | None
    volume: float
    volume_usdc: float
    trade_count: int


class Stats(msgspec.Struct):
    """`/v2/user-stats`; `trades` counts distinct markets."""

    proxy_wallet: str
    trades: int
    biggest_win: float | None
    views: int
    join_date: int
    all_time_pnl: Pnl


class Holder(msgspec.Struct):
    """One holder in `/v2/holders`."""

    proxy_wallet: str
    bio: str
    token_id: str
    pseudonym: str
    amount: float
    display_username_public: bool
    outcome_index: int
    name: str
    profile_image: str
    profile_image_optimized: str
    verified: bool
    avg_price: float
    entry_cost_usdc: float
    current_price: float
    current_value: float
    realized_pnl: float
    unrealized_pnl: float
    total_pnl: float


class TokenHolders(msgspec.Struct):
    """Holders of one token."""

    token_id: str
    holders: list[Holder]


class Pagination(msgspec.Struct):
    """Where a page stands; `next_cursor` is empty on the last."""

    limit: int
    offset: int
    has_more: bool
    next_cursor: str


class Error(msgspec.Struct, omit_defaults=True):
    """The body of every refusal."""

    error: str
    code: str
    retryable: bool
    trace_id: str
    parameter: str | None = None
