"""Paper positions in tokens → what the deck shows of them. Reads only."""

from app.core.text import clean
from app.engine.protocol_paper import PaperTokenView, PaperTradeView, TokenTradingView
from app.engine.token_papering import TokenPapering
from app.paper.events import BASIS_POINTS, TokenSold
from app.paper.ledger import PaperLedger
from app.paper.token_state import TokenPosition


def token_trading_view(trading: TokenPapering, ledger: PaperLedger, now_ms: int) -> TokenTradingView | None:
    """Positions, limits and refusals; None where an approval opens nothing and nothing is open."""
    rules, book = trading.rules, ledger.tokens
    if not rules.paper.open_positions and not book.mints:
        return None
    return TokenTradingView(
        is_on=rules.paper.open_positions,
        most=rules.paper.positions,
        exposure_usd=rules.paper.exposure_usd,
        committed_usd=book.committed_usd,
        fee_pct=rules.paper.fee_pct,
        positions=tuple(_position(position, now_ms) for position in book.positions),
        opening=tuple(clean(order.name, 40) for order in book.orders),
        refused=dict(trading.refused),
        last_refusal=clean(trading.last_refusal, 200),
    )


def _position(position: TokenPosition, now_ms: int) -> PaperTokenView:
    return PaperTokenView(
        mint=clean(position.mint, 48),
        name=clean(position.name, 40),
        by=position.by,
        tokens=position.tokens,
        entry_price=position.entry_price,
        close_price=position.close_usd / position.tokens,
        liquidity_usd=position.liquidity_usd,
        result_usd=position.result_usd,
        result_bps=BASIS_POINTS * position.result_usd / position.cost_usd,
        held_s=max(0, now_ms - position.opened_ms) / 1_000,
        age_s=max(0, now_ms - position.priced_ms) / 1_000,
        waits_for=_waits_for(position),
    )


def _waits_for(position: TokenPosition) -> str:
    if position.closing:
        return f"closing: {position.closing}"
    if position.missing_ms:
        return "its pool is told no more"
    return f"{len(position.parts)} parts more" if position.parts else ""


def closed_token_view(sold: TokenSold) -> PaperTradeView:
    """A position in a token that is over, as a trade."""
    return PaperTradeView(
        number=sold.number,
        coin=clean(sold.name, 40),
        direction=1,
        closed_ms=sold.closed_ms,
        held_s=max(0, sold.closed_ms - sold.opened_ms) / 1_000,
        entry_price=sold.entry_price,
        exit_price=sold.exit_price,
        result_usd=sold.result_usd,
        result_bps=sold.result_bps,
        by=sold.by,
        reason=sold.reason,
    )
