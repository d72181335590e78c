"""One account as the venue's JSON: its state, fills and portfolio. An address nobody has is an empty account."""

from collections.abc import Iterable

import numpy as np

from app.demo.elsewhere import DEX, fills_elsewhere, position_elsewhere
from app.demo.fills import fills
from app.demo.grid import fixed_text, number_text
from app.demo.history import DAY_MS, Record, record
from app.demo.margin import liquidation_price, maintenance_shares
from app.demo.market import Market
from app.demo.past_fills import past_fills
from app.demo.trades import KEPT_FILLS, VenueTrade

MAXIMUM_FILLS = 2_000
WINDOWS = (("day", DAY_MS), ("week", 7 * DAY_MS), ("month", 30 * DAY_MS), ("allTime", 10_000 * DAY_MS))
SPACING_MS = {"day": DAY_MS // 12, "week": DAY_MS // 6, "month": DAY_MS, "allTime": 7 * DAY_MS}
LISTS_CLOSED = 4
"""Every fourth account has positions listed that it closed before the start, the others those closed since."""
_PLACES = 6
_EMPTY_MARGIN = '{"accountValue":"0.0","totalNtlPos":"0.0","totalRawUsd":"0.0","totalMarginUsed":"0.0"}'


def state(market: Market, account: int | None) -> str:
    """Positions, margin and equity now."""
    if account is None:
        return _state(market, _EMPTY_MARGIN, 0.0, 0.0, "")
    traders, ledger = market.traders, market.ledger
    lots = ledger.lots[:, account]
    held = np.flatnonzero(lots)
    signed = traders.lot_usd()[held] * lots[held]
    equity = float(ledger.cash_usd[account] + signed.sum())
    needed = float(np.abs(signed) @ maintenance_shares(market.live)[held])
    leverage = [_leverage(market, coin, account) for coin in held.tolist()]
    used = float((np.abs(signed) / np.array(leverage, dtype=np.float64)).sum())
    texts = [
        _position(market, coin, account, used_leverage, equity - needed)
        for coin, used_leverage in zip(held.tolist(), leverage, strict=True)
    ]
    # As on the venue, a position that was closed can stay listed.
    once = traders.wealth.share[:, account] > 0.0 if account % LISTS_CLOSED == 0 else traders.opening.lots[:, account]
    closed = np.flatnonzero((lots == 0) & (once != 0))
    texts += [_closed_position(market, coin, account) for coin in closed.tolist()]
    values = (equity, float(np.abs(signed).sum()), float(ledger.cash_usd[account]), used)
    names = ("accountValue", "totalNtlPos", "totalRawUsd", "totalMarginUsed")
    margin = ",".join(f'"{name}":"{_usd(value)}"' for name, value in zip(names, values, strict=True))
    return _state(market, f"{{{margin}}}", needed, max(0.0, equity - used), ",".join(texts))


def state_elsewhere(market: Market, account: int | None, dex: str) -> str:
    """Positions on another exchange than the main one, of which only a few accounts have any."""
    held = "" if account is None or dex != DEX else position_elsewhere(account, market.now_ms)
    return _state(market, _EMPTY_MARGIN, 0.0, 0.0, held)


def _state(market: Market, margin: str, needed: float, withdrawable: float, texts: str) -> str:
    return (
        f'{{"marginSummary":{margin},"crossMarginSummary":{margin},"crossMaintenanceMarginUsed":"{_usd(needed)}",'
        f'"withdrawable":"{_usd(withdrawable)}","assetPositions":[{texts}],"time":{market.now_ms}}}'
    )


def _leverage(market: Market, coin: int, account: int) -> int:
    """The leverage an account has set for a coin: what it dares, in whole numbers the market allows."""
    dared = int(np.ceil(market.traders.wealth.leverage[account]))
    return max(1, min(dared, market.live[coin].maximum_leverage))


def _position(market: Market, coin: int, account: int, leverage: int, spare_usd: float) -> str:
    listing, ledger = market.live[coin], market.ledger
    lots, entry = int(ledger.lots[coin, account]), float(ledger.entry[coin, account])
    mark, size = float(market.traders.marks[coin]), lots * listing.lot
    sign = "-" if lots < 0 else ""
    gain = size * (mark - entry)
    liquidation = liquidation_price(mark, size, spare_usd, 0.5 / listing.maximum_leverage)
    return (
        f'{{"type":"oneWay","position":{{"coin":"{listing.name}",'
        f'"szi":"{sign}{fixed_text(abs(lots), listing.size_decimals)}",'
        f'"leverage":{{"type":"cross","value":{leverage}}},"entryPx":"{number_text(entry, _PLACES + 2)}",'
        f'"positionValue":"{_usd(abs(size) * mark)}","unrealizedPnl":"{_usd(gain)}",'
        f'"returnOnEquity":"{number_text(gain * leverage / (abs(size) * entry), 10)}",'
        f'"liquidationPx":{"null" if liquidation is None else _quoted(liquidation, 10)},'
        f'"marginUsed":"{_usd(abs(size) * mark / leverage)}","maxLeverage":{listing.maximum_leverage},'
        '"cumFunding":{"allTime":"0.0","sinceOpen":"0.0","sinceChange":"0.0"}}}'
    )


def _closed_position(market: Market, coin: int, account: int) -> str:
    listing = market.live[coin]
    return (
        f'{{"type":"oneWay","position":{{"coin":"{listing.name}","szi":"0.0",'
        f'"leverage":{{"type":"cross","value":{_leverage(market, coin, account)}}},"entryPx":null,'
        '"positionValue":"0.0","unrealizedPnl":"0.0","returnOnEquity":"0.0","liquidationPx":null,'
        f'"marginUsed":"0.0","maxLeverage":{listing.maximum_leverage},'
        '"cumFunding":{"allTime":"0.0","sinceOpen":"0.0","sinceChange":"0.0"}}}'
    )


def newest_fills(market: Market, account: int | None) -> list[str]:
    """The newest fills, newest first, at most `MAXIMUM_FILLS` of them.

    Those before the venue's start are left out for an account that traded more since than is kept of it.
    """
    return [] if account is None else _all_fills(market, account)[: -MAXIMUM_FILLS - 1 : -1]


def fills_from(market: Market, account: int | None, start_ms: int, end_ms: int | None) -> list[str]:
    """The oldest fills within [start, end], oldest first, at most `MAXIMUM_FILLS` of them."""
    if account is None:
        return []
    return _all_fills(market, account, start_ms, market.now_ms if end_ms is None else end_ms)[:MAXIMUM_FILLS]


def _all_fills(market: Market, account: int, start_ms: int = 0, end_ms: int | None = None) -> list[str]:
    """The fills within [start, end], oldest first, wherever the account traded."""
    last = market.now_ms if end_ms is None else end_ms
    found = [trade for trade in _trades(market, account) if start_ms <= trade.time_ms <= last]
    elsewhere = [
        fill for fill in fills_elsewhere(account, market.start_ms, market.now_ms) if start_ms <= fill.time_ms <= last
    ]
    own = fills(market, account, found)
    if not elsewhere:
        return own
    # One of its own trades is one fill: nobody trades with itself.
    timed = [*zip((trade.time_ms for trade in found), own, strict=True), *elsewhere]
    return [text for _, text in sorted(timed, key=lambda fill: fill[0])]


def _trades(market: Market, account: int) -> list[VenueTrade]:
    recent = market.fills.of(account)
    if len(recent) >= KEPT_FILLS:
        return recent
    return [*past_fills(market.habits, market.live, market.seed, account), *recent]


def portfolio(market: Market, account: int | None) -> str:
    """Equity and result over the venue's windows. All trading here is in perpetuals: their windows are the same."""
    found = None if account is None else record(market.habits, market.traders.life(), account)
    texts = [_window(market, found, name, length) for name, length in WINDOWS]
    names = [name for name, _ in WINDOWS]
    perpetual = ["perp" + name[0].upper() + name[1:] for name in names]
    pairs = zip([*names, *perpetual], texts * 2, strict=True)
    return "[" + ",".join(f'["{name}",{text}]' for name, text in pairs) + "]"


def _window(market: Market, found: Record | None, name: str, length_ms: int) -> str:
    if found is None:
        return '{"accountValueHistory":[],"pnlHistory":[],"vlm":"0.0"}'
    points = found.window(market.now_ms - length_ms)
    volume = float(points.volume_usd[-1] - points.volume_usd[0])
    points = points.spaced(SPACING_MS[name])
    equity = _series(points.at_ms.tolist(), points.equity_usd.tolist())
    made = _series(points.at_ms.tolist(), (points.made_usd - points.made_usd[0]).tolist())
    return f'{{"accountValueHistory":{equity},"pnlHistory":{made},"vlm":"{_usd(volume)}"}}'


def _series(times: Iterable[int], values: Iterable[float]) -> str:
    return "[" + ",".join(f'[{at},"{_usd(value)}"]' for at, value in zip(times, values, strict=True)) + "]"


def _usd(value: float) -> str:
    return number_text(value, _PLACES)


def _quoted(value: float, places: int) -> str:
    return f'"{number_text(value, places)}"'
