"""Messages of the link: the paper ledger as a deck shows it. As in `protocol.py`."""

from typing import Literal

import msgspec


class PaperPositionView(msgspec.Struct, frozen=True, kw_only=True):
    """A paper position. Results are what closing it now would come to, after funding and both fees; `by` opened it.

    `waits_for` says what order on it is on its way, empty when none is.
    """

    coin: str
    direction: int
    size: float
    entry_price: float
    close_price: float
    liquidation_price: float | None
    result_usd: float
    result_bps: float
    held_s: float
    by: str
    waits_for: str = ""


class PaperOrderView(msgspec.Struct, frozen=True):
    """A paper order on its way that will open a position: `direction` +1 buys, −1 sells."""

    coin: str
    direction: int


class PaperCopyView(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of a wallet's position in a prediction market: `name` is a star, so that it is never taken for
    a coin's, and the wallet's alias, or its address by its ends.

    Prices are USDC a share; `age_s` is that of the newest print, `result_usd` what closing now would come to.
    `waits_for` says why it closes at the next print, empty when it is to stay.
    """

    name: str
    market: str
    shares: float
    entry_price: float
    close_price: float
    result_usd: float
    result_bps: float
    held_s: float
    age_s: float
    waits_for: str = ""


class PaperTokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A paper position in a token. Prices are dollars a token: what one cost with fee and slippage, and what one would
    bring if all were sold through the pool now.

    `age_s` is that of the last look at the pool, which held `liquidity_usd`; `waits_for` says why it closes at the
    next one, or that a part is to follow.
    """

    mint: str
    name: str
    by: str
    tokens: float
    entry_price: float
    close_price: float
    liquidity_usd: float
    result_usd: float
    result_bps: float
    held_s: float
    age_s: float
    waits_for: str = ""


class TokenTradingView(msgspec.Struct, frozen=True, kw_only=True):
    """Paper positions in approved tokens, with the rules they are filled by.

    `is_on`: an approval may open one. `most` positions and `exposure_usd` are the limits, `committed_usd` is what is
    in them or set aside; `opening` names those that wait for a look at their pool. `fee_pct` is each side's.
    `refused` counts approved tokens that opened none in this run, by the check against it, and `last_refusal` says why
    in a sentence.
    """

    is_on: bool
    most: int
    exposure_usd: float
    committed_usd: float
    fee_pct: float
    positions: tuple[PaperTokenView, ...] = ()
    opening: tuple[str, ...] = ()
    refused: dict[str, int] = {}
    last_refusal: str = ""


class PaperTradeView(msgspec.Struct, frozen=True, kw_only=True):
    """A paper position that is over; `reason` says why, the result is after fees and funding.

    `number` is its own in the ledger: several may end at one instant.
    """

    number: int
    coin: str
    direction: int
    closed_ms: int
    held_s: float
    entry_price: float
    exit_price: float
    result_usd: float
    result_bps: float
    by: str
    reason: str


class PaperView(msgspec.Struct, frozen=True, kw_only=True):
    """The paper ledger: no money, no orders anywhere. `curve` is equity by time, oldest first.

    `closed_usd` is the result of all closed trades after fees and funding, `exit_fees_usd` what closing all positions
    now would cost: equity = starting + closed + results of open positions + exit fees. `day_result_usd` is that of
    this UTC day, copies of wallets included; `copying` says whether purchases of followed wallets open any. At
    −`day_limit_usd` everything closes and nothing opens (`tripped`). `tokens` is None where no token is bought.
    """

    equity_usd: float
    cash_usd: float
    starting_usd: float
    day_result_usd: float
    day_limit_usd: float
    tripped: bool
    wins: int
    losses: int
    trades: int
    closed_usd: float
    exit_fees_usd: float
    fees_usd: float
    funding_usd: float
    follow: Literal["off", "ai", "rules"]
    positions: tuple[PaperPositionView, ...] = ()
    copies: tuple[PaperCopyView, ...] = ()
    copying: bool = False
    opening: tuple[PaperOrderView, ...] = ()
    closed: tuple[PaperTradeView, ...] = ()
    curve: tuple[tuple[int, float], ...] = ()
    tokens: TokenTradingView | None = None
