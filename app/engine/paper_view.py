"""The paper ledger → what the deck shows of it. Reads only."""

from collections.abc import Mapping

from app.config.settings import CostsSettings
from app.core.text import clean
from app.engine.paper_words import short_wallet
from app.engine.papering import Papering
from app.engine.protocol_paper import (
    PaperCopyView,
    PaperOrderView,
    PaperPositionView,
    PaperTradeView,
    PaperView,
)
from app.engine.token_paper_view import closed_token_view, token_trading_view
from app.engine.token_papering import TokenPapering
from app.paper.account import day_loss_usd
from app.paper.copying import Copy
from app.paper.curve import CurvePoint
from app.paper.events import BASIS_POINTS, CopyClosed, PositionClosed, TokenSold
from app.paper.fills import exit_fee_usd
from app.paper.ledger import PaperLedger
from app.paper.position import Position
from app.store.rows import WalletNote

_CURVE_POINTS = 120
_CLOSED_SHOWN = 20


def paper_view(
    papering: Papering, trading: TokenPapering, notes: Mapping[str, WalletNote], now_ms: int
) -> PaperView | None:
    """The ledger as it stands; None before it has begun. `notes` have the aliases of wallets."""
    ledger = papering.ledger
    if ledger is None:
        return None
    account, costs = ledger.account, papering.costs
    return PaperView(
        equity_usd=ledger.equity_usd,
        cash_usd=account.cash_usd,
        starting_usd=account.starting_usd,
        day_result_usd=-day_loss_usd(account, ledger.equity_usd),
        day_limit_usd=ledger.settings.daily_loss_limit,
        tripped=account.tripped,
        wins=account.wins,
        losses=account.losses,
        trades=account.trades,
        closed_usd=account.cash_usd - account.starting_usd + _paid_on_open_usd(ledger),
        exit_fees_usd=sum(exit_fee_usd(position, costs) for position in ledger.positions),
        fees_usd=account.fees_usd,
        funding_usd=account.funding_usd,
        follow=ledger.settings.follow,
        positions=tuple(_position(ledger, position, costs, now_ms) for position in ledger.positions),
        copies=tuple(_copy(copy, notes, now_ms) for copy in ledger.copies.copies),
        copying=ledger.settings.copy_wallets,
        opening=tuple(PaperOrderView(clean(order.coin, 24), order.direction) for order in ledger.orders if order.opens),
        closed=tuple(_closed(closed, notes) for closed, _ in zip(papering.closed, range(_CLOSED_SHOWN), strict=False)),
        curve=_thinned(ledger.curve.points, now_ms, ledger.equity_usd),
        tokens=token_trading_view(trading, ledger, now_ms),
    )


def _paid_on_open_usd(ledger: PaperLedger) -> float:
    """Fees and funding of the positions that are open: cash has paid them, no closed trade has."""
    return sum(position.fees_usd + position.funding_usd for position in ledger.positions)


def _position(ledger: PaperLedger, position: Position, costs: CostsSettings, now_ms: int) -> PaperPositionView:
    result_usd = position.result_usd - exit_fee_usd(position, costs)
    closing = next((order.reason for order in ledger.orders_of(position.coin) if not order.opens), "")
    return PaperPositionView(
        coin=clean(position.coin, 24),
        direction=position.direction,
        size=position.size,
        entry_price=position.entry_price,
        close_price=position.close_price,
        liquidation_price=position.liquidation_price,
        result_usd=result_usd,
        result_bps=BASIS_POINTS * result_usd / (position.size * position.entry_price),
        held_s=max(0, now_ms - position.opened_ms) / 1_000,
        by=position.by,
        waits_for=f"closing: {closing}" if closing else "",
    )


def _copy(copy: Copy, notes: Mapping[str, WalletNote], now_ms: int) -> PaperCopyView:
    return PaperCopyView(
        name=wallet_name(copy.wallet, notes),
        market=clean(copy.market, 60),
        shares=copy.shares,
        entry_price=copy.entry_price,
        close_price=copy.close_price,
        result_usd=copy.result_usd,
        result_bps=BASIS_POINTS * copy.result_usd / copy.cost_usd,
        held_s=max(0, now_ms - copy.opened_ms) / 1_000,
        age_s=max(0, now_ms - copy.priced_ms) / 1_000,
        waits_for=f"closing: {copy.closing}" if copy.closing else "",
    )


def wallet_name(wallet: str, notes: Mapping[str, WalletNote]) -> str:
    """A star with the alias the user gave a wallet, else with its address by its ends."""
    note = notes.get(wallet)
    return f"★ {clean(note.alias, 24) if note is not None and note.alias else short_wallet(wallet)}"


def _closed(closed: PositionClosed | CopyClosed | TokenSold, notes: Mapping[str, WalletNote]) -> PaperTradeView:
    if isinstance(closed, CopyClosed):
        return _closed_copy(closed, notes)
    if isinstance(closed, TokenSold):
        return closed_token_view(closed)
    return PaperTradeView(
        number=closed.number,
        coin=clean(closed.coin, 24),
        direction=closed.direction,
        closed_ms=closed.closed_ms,
        held_s=closed.held_ms / 1_000,
        entry_price=closed.entry_price,
        exit_price=closed.exit_price,
        result_usd=closed.result_usd,
        result_bps=closed.result_bps,
        by=closed.by,
        reason=closed.reason,
    )


def _closed_copy(closed: CopyClosed, notes: Mapping[str, WalletNote]) -> PaperTradeView:
    """A copy that is over, as a trade: the wallet stands for the coin, the outcome behind the reason."""
    return PaperTradeView(
        number=closed.number,
        coin=wallet_name(closed.wallet, notes),
        direction=1,
        closed_ms=closed.closed_ms,
        held_s=max(0, closed.closed_ms - closed.opened_ms) / 1_000,
        entry_price=closed.entry_price,
        exit_price=closed.exit_price,
        result_usd=closed.result_usd,
        result_bps=closed.result_bps,
        by="copy",
        reason=f"{closed.reason}: {clean(closed.market, 60)}",
    )


def _thinned(points: tuple[CurvePoint, ...], now_ms: int, equity_usd: float) -> tuple[tuple[int, float], ...]:
    """Evenly thinned, with the present as the last point."""
    step = max(1, -(-len(points) // _CURVE_POINTS))
    return (*((point.at_ms, point.equity_usd) for point in points[::step]), (now_ms, equity_usd))
