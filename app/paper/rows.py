"""The ledger's events and state as rows of the store."""

from app.core.errors import DataError
from app.paper.events import CopyClosed, Fill, PaperEvent, PositionClosed, TokenSold
from app.paper.state import PaperState, decode_state, encode_state
from app.store.rows import PaperFill, PaperSaved, PaperTrade


def row_of(event: PaperEvent) -> PaperFill | PaperTrade | None:
    """The row of a fill or a closed position; None for an event that has no table."""
    match event:
        case Fill():
            return _fill_row(event)
        case PositionClosed():
            return _trade_row(event)
        case CopyClosed():
            return _copy_row(event)
        case TokenSold():
            return _token_row(event)
        case _:
            return None


def saved_row(state: PaperState) -> PaperSaved:
    """The row a ledger's state is saved in. It belongs into one commit with the events that led to it."""
    return PaperSaved(saved_ms=state.at_ms, state=encode_state(state))


def state_of(rows: list[PaperSaved]) -> PaperState | None:
    """The saved state in what was read from its table; None when nothing was saved yet.

    Raises `DataError` when it cannot be used.
    """
    if len(rows) > 1:
        raise DataError(
            f"{len(rows)} paper ledgers are saved where there can be one; `tapedeck doctor` checks the file"
        )
    return decode_state(rows[0].state) if rows else None


def _fill_row(fill: Fill) -> PaperFill:
    order = fill.order
    return PaperFill(
        number=order.number,
        at_ms=fill.at_ms,
        coin=order.coin,
        direction=order.direction,
        reason=order.reason,
        opener=order.by,
        size=order.size,
        decided_ms=order.decided_ms,
        due_ms=order.due_ms,
        priced_ms=fill.priced_ms,
        mid=order.mid,
        touch_price=fill.touch_price,
        average_price=fill.average_price,
        worst_price=fill.worst_price,
        levels=fill.levels,
        beyond_size=fill.beyond_size,
        fee_usd=fill.fee_usd,
        slippage_bps=fill.slippage_bps,
        taken_over=fill.taken_over,
    )


def _trade_row(closed: PositionClosed) -> PaperTrade:
    return PaperTrade(
        number=closed.number,
        closed_ms=closed.closed_ms,
        opened_ms=closed.opened_ms,
        coin=closed.coin,
        direction=closed.direction,
        size=closed.size,
        leverage=closed.leverage,
        opener=closed.by,
        reason=closed.reason,
        entry_price=closed.entry_price,
        exit_price=closed.exit_price,
        gross_usd=closed.gross_usd,
        fees_usd=closed.fees_usd,
        funding_usd=closed.funding_usd,
        result_usd=closed.result_usd,
        result_bps=closed.result_bps,
        unseen_ms=closed.unseen_ms,
    )


def _copy_row(closed: CopyClosed) -> PaperTrade:
    """A copy as a closed position: its coin is the outcome, its opener the wallet."""
    return _bought_row(closed, closed.market, closed.wallet, closed.shares)


def _token_row(sold: TokenSold) -> PaperTrade:
    """A position in a token as a closed one: its coin is the mint, its opener what approved it."""
    return _bought_row(sold, sold.mint, sold.by, sold.tokens, sold.fees_usd, sold.unseen_ms)


def _bought_row(
    closed: CopyClosed | TokenSold, coin: str, opener: str, size: float, fees_usd: float = 0.0, unseen_ms: int = 0
) -> PaperTrade:
    """What was bought and is sold again: long, of leverage 1, without funding."""
    return PaperTrade(
        number=closed.number,
        closed_ms=closed.closed_ms,
        opened_ms=closed.opened_ms,
        coin=coin,
        direction=1,
        size=size,
        leverage=1,
        opener=opener,
        reason=closed.reason,
        entry_price=closed.entry_price,
        exit_price=closed.exit_price,
        gross_usd=closed.result_usd + fees_usd,
        fees_usd=fees_usd,
        funding_usd=0.0,
        result_usd=closed.result_usd,
        result_bps=closed.result_bps,
        unseen_ms=unseen_ms,
    )
