"""Rules of the strategy, and the columns and memory of a replay."""

from typing import NamedTuple

from app.screener.columns import Column, Places


class Rules(NamedTuple):
    """What the strategy goes by. Shares and rates are fractions; prices move against every fill by `slippage`.

    `mode` is one of `app.screener.replay_passes`. What counts bars, losses or ATRs is off at 0.
    """

    interval_ms: float = 3_600_000.0
    structure_weight: float = 0.30
    liquidity_weight: float = 0.25
    blocks_weight: float = 0.15
    momentum_weight: float = 0.30
    mode: float = 1.0
    threshold: float = 0.40
    aligned_trends: float = 2.0
    stop_atr: float = 2.0
    structure_stop: float = 1.0
    partial_share: float = 0.5
    partial_at_r: float = 1.0
    trail_atr: float = 2.5
    target_at_r: float = 0.0
    time_stop_bars: float = 72.0
    high_rank: float = 0.8
    high_stop_factor: float = 1.25
    high_size_factor: float = 0.5
    risk_share: float = 0.01
    leverage: float = 3.0
    margin_cap: float = 0.5
    fee: float = 0.00045
    slippage: float = 0.0001
    funding: float = 0.0000125
    most_losses: float = 3.0
    pause_bars: float = 24.0
    most_atr_share: float = 0.05
    most_volatility: float = float("inf")
    most_funding: float = float("inf")


class ReplayColumns(NamedTuple):
    """What entries and exits look at: `passed` is 1 for candidates, `hint` their side, `rising` and `falling` how many
    of the three trends go up and down, `funding` the rate of an hour and `volatility` an index of it, nan where they
    are not known."""

    passed: Column
    hint: Column
    rising: Column
    falling: Column
    fusion: Column
    atr: Column
    atr_rank: Column
    swing_high: Column
    swing_low: Column
    volatility: Column
    funding: Column


class TradeColumns(NamedTuple):
    """A row a trade: the places of its bars, 1 or −1, coins, prices, and what it made before fees and funding."""

    entry_places: Places
    exit_places: Places
    sides: Column
    coins: Column
    entries: Column
    stops: Column
    exits: Column
    reasons: Column
    gross: Column
    fees: Column
    funding: Column


(
    CASH, SIDE, COINS, ENTRY, STOP, RISK, HALVED, HELD, PENDING, LEAVING, MADE, PAID, FUNDED, STREAK, REST, COUNT,
    DISTANCE, PLANNED,
) = range(18)  # fmt: skip
"""Places in the memory of a replay: the account, the position, what is decided for the next open, and the throttle."""
REPLAY_STATE_SIZE = 18
