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
    """A copy as a closed position: its coin is the outcome, its opener the wallet, its leverage 1."""
    return PaperTrade(
        number=closed.number,
        closed_ms=closed.closed_ms,
        opened_ms=closed.opened_ms,
        coin=closed.market,
        direction=1,
        size=closed.shares,
        leverage=1,
        opener=closed.wallet,
        reason=closed.reason,
        entry_price=closed.entry_price,
        exit_price=closed.exit_price,
        gross_usd=closed.result_usd,
        fees_usd=0.0,
        funding_usd=0.0,
        result_usd=closed.result_usd,
        result_bps=closed.result_bps,
        unseen_ms=0,
    )


def _token_row(sold: TokenSold) -> PaperTrade:
    """A position in a token as a closed one: its coin is the mint, its opener what approved it, its leverage 1."""
    return PaperTrade(
        number=sold.number,
        closed_ms=sold.closed_ms,
        opened_ms=sold.opened_ms,
        coin=sold.mint,
        direction=1,
        size=sold.tokens,
        leverage=1,
        opener=sold.by,
        reason=sold.reason,
        entry_price=sold.entry_price,
        exit_price=sold.exit_price,
        gross_usd=sold.result_usd + sold.fees_usd,
        fees_usd=sold.fees_usd,
        funding_usd=0.0,
        result_usd=sold.result_usd,
        result_bps=sold.result_bps,
        unseen_ms=sold.unseen_ms,
    )
