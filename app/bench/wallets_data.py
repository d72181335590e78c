"""Made-up wallets for the bench: positions as columns, and pages of trades with the markets they are of."""

import json
from typing import NamedTuple

import numpy as np

from app.core.prediction_market import PredictionMarket
from app.core.text import clean
from app.feeds.polymarket.categories import CATEGORIES
from app.wallets.columns import PositionColumns, order_of_opening

TRADES = 100
DAY_S = 86_400
NOW_S = 1_790_000_000
_PAST_S = 300 * DAY_S
_MARKETS, _POSITIONS = 4_000, 60


def made_positions(wallets: int, seed: int) -> PositionColumns:
    """`wallets` of `TRADES` closed positions each: sizes, holds and prices as on a venue, results of pure chance."""
    generator, rows = np.random.default_rng(seed), wallets * TRADES
    opened = NOW_S - _PAST_S + generator.integers(0, _PAST_S, rows)
    hold = np.floor(generator.lognormal(10, 2, rows))
    closed = np.minimum(opened + hold, NOW_S).astype(np.int64)
    order = np.lexsort((closed, np.repeat(np.arange(wallets), TRADES)))
    opened, closed = opened[order], closed[order]
    cost, price = generator.lognormal(4, 1, rows), generator.uniform(0.05, 0.95, rows)
    won = generator.random(rows) < price
    offsets = np.arange(0, rows + 1, TRADES, dtype=np.int64)
    return PositionColumns(
        offsets=offsets,
        closed=np.full(wallets, TRADES, np.int64),
        category=(generator.random(rows) ** 2 * len(CATEGORIES)).astype(np.int32),
        size_usdc=cost,
        cost_usdc=cost * generator.uniform(1, 1.2, rows),
        pnl_usdc=np.where(won, cost / price - cost, -cost),
        hold_s=(closed - opened).astype(np.float64),
        entry_price=price,
        weight=np.where(generator.random(rows) < 0.1, 0.5, 1.0),
        hedged=generator.random(rows) < 0.05,
        opened_s=opened.astype(np.int64),
        closed_s=closed,
        by_opening=order_of_opening(offsets, opened.astype(np.int64)),
        categories=CATEGORIES,
    )


class Pages(NamedTuple):
    """Answers of the venue, one a wallet, and the markets they are about."""

    bodies: list[bytes]
    markets: list[PredictionMarket]


def made_pages(wallets: int, seed: int) -> Pages:
    """`wallets` pages of `TRADES` trades, newest first, in the venue's shape and length: partial fills, sales."""
    generator = np.random.default_rng(seed)
    markets = [_market(number, generator) for number in range(_MARKETS)]
    return Pages([_page(markets, wallet, generator) for wallet in range(wallets)], markets)


def _market(number: int, generator: np.random.Generator) -> PredictionMarket:
    yes = float(generator.random() < 0.5)
    resolved = generator.random() < 0.9
    return PredictionMarket(
        condition_id=f"0x{number:064x}",
        event_slug=clean(f"event-{number // 2}"),
        title=clean(f"Will number {number} come true?"),
        tags=(clean(CATEGORIES[int(generator.random() ** 2 * len(CATEGORIES))]),),
        token_ids=(str(10**76 + 2 * number), str(10**76 + 2 * number + 1)),
        payouts=(yes, 1.0 - yes) if resolved else None,
        closed_s=NOW_S - int(generator.integers(0, 200 * DAY_S)) if resolved else None,
    )


def _page(markets: list[PredictionMarket], wallet: int, generator: np.random.Generator) -> bytes:
    chosen = generator.choice(len(markets), _POSITIONS, replace=False)
    trades: list[dict[str, object]] = []
    for place, number in enumerate(chosen.tolist()):
        market, side = markets[number], int(generator.random() < 0.5)
        end_s = market.closed_s or NOW_S
        start_s = end_s - int(generator.integers(2 * DAY_S, 60 * DAY_S))
        price, size = round(float(generator.uniform(0.05, 0.95)), 3), round(float(generator.lognormal(4, 1)), 2)
        trades.append(_trade(wallet, market, side, "BUY", size, price, start_s))
        if place < TRADES - _POSITIONS:
            sale = generator.random() < 0.7
            moved = round(min(0.99, max(0.01, price + float(generator.normal(0, 0.1)))), 3)
            later = start_s + int(generator.integers(60, DAY_S))
            trades.append(_trade(wallet, market, side, "SELL" if sale else "BUY", size, moved, later))
    trades.sort(key=lambda trade: -int(str(trade["timestamp"])))
    pagination = {"limit": TRADES, "offset": 0, "has_more": True, "next_cursor": f"cursor{wallet}"}
    return json.dumps({"data": trades, "pagination": pagination}, separators=(",", ":")).encode()


def _trade(
    wallet: int, market: PredictionMarket, side: int, kind: str, size: float, price: float, at_s: int
) -> dict[str, object]:
    """A row with the fields of the venue's own, and texts of about their length."""
    return {
        "proxy_wallet": f"0x{wallet:040x}", "side": kind, "token_id": market.token_ids[side],
        "condition_id": market.condition_id, "size": size, "price": price, "timestamp": at_s,
        "title": market.title + " A question of about sixty letters.",
        "slug": f"will-{market.condition_id[-20:]}-be-so",
        "icon": f"https://example.invalid/images/{market.condition_id}-{'m' * 40}.jpg", "event_slug": "",
        "outcome": "No" if side else "Yes", "outcome_index": side, "name": f"wallet{wallet}",
        "pseudonym": "Plain-Name", "bio": "", "profile_image": "", "profile_image_optimized": "",
        "transaction_hash": f"0x{at_s:064x}",
    }  # fmt: skip
