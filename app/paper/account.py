"""Sums of the ledger, and its day with the circuit breaker. Pure."""

import msgspec

from app.paper.events import BreakerTripped, CopyClosed, Fill, FundingPaid, PositionClosed, TokenSold
from app.paper.state import Account

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def new_account(starting_usd: float, now_ms: int) -> Account:
    """An account nothing has happened to."""
    return Account(starting_usd=starting_usd, day=now_ms // DAY_MS, day_equity_usd=starting_usd)


def with_fee(account: Account, fill: Fill) -> Account:
    """The account after the fee of a fill."""
    return msgspec.structs.replace(account, fees_usd=account.fees_usd + fill.fee_usd)


def with_funding_paid(account: Account, paid: FundingPaid) -> Account:
    """The account after funding was paid or received."""
    return msgspec.structs.replace(account, funding_usd=account.funding_usd + paid.paid_usd)


def with_closed(account: Account, closed: PositionClosed) -> Account:
    """The account after a position closed; its fees and funding were taken as they came."""
    return msgspec.structs.replace(
        account,
        realised_usd=account.realised_usd + closed.gross_usd,
        wins=account.wins + (closed.result_usd > 0),
        losses=account.losses + (closed.result_usd < 0),
        trades=account.trades + 1,
    )


def with_result(account: Account, closed: CopyClosed | TokenSold) -> Account:
    """The account after a copy or a position in a token ended; its result has the fees in it."""
    return msgspec.structs.replace(
        account,
        realised_usd=account.realised_usd + closed.result_usd,
        wins=account.wins + (closed.result_usd > 0),
        losses=account.losses + (closed.result_usd < 0),
        trades=account.trades + 1,
    )


def on_day(account: Account, now_ms: int, equity_usd: float) -> Account:
    """The account at `now_ms`: a new UTC day begins with the equity of this moment and with the breaker closed."""
    if now_ms // DAY_MS <= account.day:
        return account
    return msgspec.structs.replace(account, day=now_ms // DAY_MS, day_equity_usd=equity_usd, tripped=False)


def until_day(account: Account, latest_day: int) -> Account:
    """The account on a day that is not after `latest_day`; a tripped breaker stays so."""
    return msgspec.structs.replace(account, day=min(account.day, latest_day))


def day_loss_usd(account: Account, equity_usd: float) -> float:
    """What the day has lost so far, realised and unrealised; below 0 when it has won."""
    return account.day_equity_usd - equity_usd


def next_day_ms(account: Account) -> int:
    """When the account's day ends."""
    return (account.day + 1) * DAY_MS


def broken(account: Account, now_ms: int, loss_usd: float, limit_usd: float) -> BreakerTripped:
    """The event of a breaker that trips now."""
    return BreakerTripped(at_ms=now_ms, until_ms=next_day_ms(account), loss_usd=loss_usd, limit_usd=limit_usd)


def breaker_ends(account: Account, now_ms: int) -> str:
    """When a tripped breaker lets positions open again, in words."""
    wait_ms = next_day_ms(account) - now_ms
    if wait_ms <= DAY_MS:
        return "nothing opens before 00:00 UTC"
    hours = wait_ms / HOUR_MS
    return f"nothing opens for {hours:,.0f} h, because this machine's clock was set back and that day has begun"
