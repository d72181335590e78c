"""What copying a wallet some seconds late would have brought, from what its markets traded at then.

A copier buys and sells the same shares at the price of the first trade of the same token at least `delay_s` after the
wallet's own, if there is one within `patience_s`; what is left at the end is paid out like the wallet's. Prices of what
others traded are what a copier could have had at best, for small sizes.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.core.prediction_market import WalletActivity
from app.wallets.legs import DUST_PART, DUST_SHARES
from app.wallets.positions import KnownMarkets
from app.wallets.values import CopyResult

DELAYS_S = (2, 10, 60)


class Prints(NamedTuple):
    """Trades of one token, oldest first: times (epoch seconds) and prices, of the same length."""

    at_s: Sequence[int]
    price: Sequence[float]


class _Flow(NamedTuple):
    """Money and shares of one token: of the wallet, and of who copies it."""

    own_usdc: float
    copied_usdc: float
    shares: float
    bought: float


def copy_result(
    activity: Sequence[WalletActivity], prints: Mapping[str, Prints], known: KnownMarkets, now_s: int, delay_s: int, *,
    patience_s: int = 60, cost_bps: float = 0.0,
) -> CopyResult | None:  # fmt: skip
    """The result of copying every token whose purchases and sales all find a price; None where none does.

    Tokens that are still open, sold without a purchase, or of markets in which the wallet split or merged are left out.
    `cost_bps` is paid on each fill, in basis points of its value.
    """
    tokens = _trades_by_token(activity, now_s)
    flows = []
    for token_id, trades in tokens.items():
        flow = _flow(trades, prints.get(token_id, Prints((), ())), delay_s, patience_s, cost_bps)
        ended = None if flow is None else _ended(flow, trades[0], known, now_s)
        if ended is not None:
            flows.append(ended)
    if not flows:
        return None
    return CopyResult(
        delay_s=delay_s,
        pnl_usdc=sum(flow.copied_usdc for flow in flows),
        own_pnl_usdc=sum(flow.own_usdc for flow in flows),
        positions=len(flows),
        all_positions=len(tokens),
    )


def prints_of(trades: Sequence[WalletActivity]) -> dict[str, Prints]:
    """Trades of markets, whoever made them, by token and oldest first."""
    by_token: dict[str, list[tuple[int, float]]] = {}
    for trade in trades:
        if trade.kind in ("BUY", "SELL") and trade.token_id:
            by_token.setdefault(trade.token_id, []).append((trade.at_s, trade.price))
    sorted_pairs = {token: sorted(pairs, key=lambda pair: pair[0]) for token, pairs in by_token.items()}
    return {
        token: Prints([at_s for at_s, _ in pairs], [price for _, price in pairs])
        for token, pairs in sorted_pairs.items()
    }


def _trades_by_token(activity: Sequence[WalletActivity], now_s: int) -> dict[str, list[WalletActivity]]:
    seen = sorted((each for each in activity if each.at_s <= now_s), key=lambda each: each.at_s)
    tangled = {each.condition_id for each in seen if each.kind in ("SPLIT", "MERGE")}
    by_token: dict[str, list[WalletActivity]] = {}
    for each in seen:
        if each.kind in ("BUY", "SELL") and each.token_id and each.condition_id not in tangled:
            by_token.setdefault(each.token_id, []).append(each)
    return by_token


def _flow(
    trades: Sequence[WalletActivity], prints: Prints, delay_s: int, patience_s: int, cost_bps: float
) -> _Flow | None:
    own = copied = shares = bought = 0.0
    for trade in trades:
        price = _price_after(prints, trade.at_s + delay_s, patience_s)
        if price is None:
            return None
        sign = 1.0 if trade.kind == "BUY" else -1.0
        shares += sign * trade.size
        bought += trade.size if sign > 0 else 0.0
        if shares < -max(DUST_SHARES, DUST_PART * bought):
            return None
        own -= sign * trade.usdc
        copied -= sign * trade.size * price + trade.size * price * cost_bps / 10_000
    return _Flow(own, copied, max(0.0, shares), bought)


def _price_after(prints: Prints, at_s: int, patience_s: int) -> float | None:
    place = bisect_left(prints.at_s, at_s)
    if place == len(prints.at_s) or prints.at_s[place] > at_s + patience_s:
        return None
    return prints.price[place]


def _ended(flow: _Flow, trade: WalletActivity, known: KnownMarkets, now_s: int) -> _Flow | None:
    """The flow with what is left paid out; None while the market is open."""
    if flow.shares <= max(DUST_SHARES, DUST_PART * flow.bought):
        return flow
    payout = known.payout(trade.condition_id, trade.token_id, now_s)
    if payout is None:
        return None
    rest = flow.shares * payout
    return flow._replace(own_usdc=flow.own_usdc + rest, copied_usdc=flow.copied_usdc + rest)
