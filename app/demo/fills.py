"""An account's side of trades, as the venue's `userFills` JSON."""

from collections.abc import Iterable

from app.demo.grid import fixed_text, number_text, price_text, prices
from app.demo.market import Market
from app.demo.trades import MAKER_FEE, TAKER_FEE, Fill, VenueTrade

SNAPSHOT_FILLS = 200
_FIRST_ORDER = 500_000_000_000


def fills(market: Market, account: int, trades: Iterable[VenueTrade]) -> list[str]:
    """The fills of one account among `trades`, in their order."""
    result = []
    for trade in trades:
        if trade.buyer == account and trade.buyer_fill is not None:
            result.append(_fill(market, trade, 1, trade.buyer_fill))
        if trade.seller == account and trade.seller_fill is not None:
            result.append(_fill(market, trade, -1, trade.seller_fill))
    return result


def recent_fills(market: Market, account: int) -> list[str]:
    """The newest fills of one account since the start, newest first."""
    return fills(market, account, reversed(market.fills.of(account)))[:SNAPSHOT_FILLS]


def direction(start_lots: int, signed_lots: int) -> str:
    """The venue's words for what a fill does to a position."""
    end = start_lots + signed_lots
    if start_lots * end < 0:
        return "Long > Short" if start_lots > 0 else "Short > Long"
    if start_lots * signed_lots >= 0:
        return "Open Long" if signed_lots > 0 else "Open Short"
    return "Close Long" if start_lots > 0 else "Close Short"


def _fill(market: Market, trade: VenueTrade, sign: int, fill: Fill) -> str:
    listing = market.listings[trade.coin]
    price = float(prices(trade.tick, listing.price_decimals))
    crossed = trade.sign == sign
    fee = price * trade.lots * listing.lot * (TAKER_FEE if crossed else MAKER_FEE)
    order = _FIRST_ORDER + 2 * trade.order_serial if crossed else _FIRST_ORDER + 2 * trade.serial + 1
    start = ("-" if fill.start_lots < 0 else "") + fixed_text(abs(fill.start_lots), listing.size_decimals)
    return (
        f'{{"coin":"{listing.name}","px":"{price_text(trade.tick, listing.price_decimals)}",'
        f'"sz":"{fixed_text(trade.lots, listing.size_decimals)}","side":"{"B" if sign > 0 else "A"}",'
        f'"time":{trade.time_ms},"startPosition":"{start}","dir":"{direction(fill.start_lots, sign * trade.lots)}",'
        f'"closedPnl":"{number_text(fill.realised_usd, 6)}","hash":"{trade.order_hash(market.seed)}","oid":{order},'
        f'"crossed":{"true" if crossed else "false"},"fee":"{number_text(fee, 6)}","tid":{trade.trade_id},'
        f'{_liquidation(market, trade)}"feeToken":"USDC","twapId":null}}'
    )


def liquidation_event(market: Market, trade: VenueTrade) -> str:
    """What `userEvents` tells of a trade that liquidated its taker; the venue's backstop is nobody's address."""
    listing, account = market.listings[trade.coin], trade.taker
    user = market.accounts.addresses[account]
    value = number_text(trade.lots * listing.lot * trade.forced_at, 6)
    equity = number_text(float(market.ledger.equity_usd(market.traders.lot_usd())[account]), 6)
    return (
        f'{{"lid":{trade.trade_id},"liquidator":"0x{"0" * 40}","liquidated_user":"{user}",'
        f'"liquidated_ntl_pos":"{value}","liquidated_account_value":"{equity}"}}'
    )


def _liquidation(market: Market, trade: VenueTrade) -> str:
    """Whom the trade liquidated: both sides are told."""
    if not trade.forced_at:
        return ""
    user = market.accounts.addresses[trade.taker]
    mark = number_text(trade.forced_at, max(1, market.listings[trade.coin].price_decimals))
    return f'"liquidation":{{"liquidatedUser":"{user}","markPx":"{mark}","method":"market"}},'
