"""Pages of trades, as columns, to position columns: measures over very many wallets without a value for each trade."""

from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from typing import NamedTuple

import numpy as np

from app.core.compiling import Function, compiler
from app.core.prediction_market import PredictionMarket
from app.feeds.polymarket.columns import TradePages, ends_of
from app.wallets import trades_kernel as k
from app.wallets.columns import NO_CATEGORY, Floats, Integers, Places, PositionColumns

_NO_MARKET = 0


class TokenTable(NamedTuple):
    """What tokens of known markets pay, when their markets ended, and what those are about. Row 0 is of no market.

    `row` has the ids as the bytes they are on the wire. `payout` is nan and `ends_s` 0 where not known; `category` is a
    place in `categories`, `event` a number from 1 on, 0 for no market.
    """

    row: Mapping[bytes, int]
    payout: Floats
    ends_s: Integers
    category: Places
    event: Integers
    categories: tuple[str, ...]


class PagePositions(NamedTuple):
    """The positions of one page a wallet, as columns; of each wallet the sales without a purchase, and their value."""

    columns: PositionColumns
    unmatched: Integers
    unmatched_usdc: Floats


def token_table(markets: Iterable[PredictionMarket], category: Callable[[Iterable[str]], str]) -> TokenTable:
    """The table of all tokens of `markets`."""
    known = list(markets)
    names = tuple(sorted({category(market.tags) for market in known}))
    places = {name: place for place, name in enumerate(names)}
    events = {name: number for number, name in enumerate(dict.fromkeys(map(_event, known)), start=1)}
    row: dict[bytes, int] = {}
    facts: list[tuple[float, int, int, int]] = [(np.nan, 0, NO_CATEGORY, 0)]
    for market in known:
        for place, token_id in enumerate(market.token_ids):
            payouts = market.payouts or ()
            payout = payouts[place] if place < len(payouts) else np.nan
            row[token_id.encode()] = len(facts)
            facts.append((payout, market.closed_s or 0, places[category(market.tags)], events[_event(market)]))
    payouts_of, ends_s, categories, numbers = zip(*facts, strict=True)
    return TokenTable(
        row, np.array(payouts_of), np.array(ends_s, np.int64), np.array(categories, np.int32),
        np.array(numbers, np.int64), names,
    )  # fmt: skip


def _event(market: PredictionMarket) -> str:
    return market.event_slug or market.condition_id


def compiled_positions() -> Function:
    """The pass, compiled at its first call. Raises `ImportError` where numba is not installed."""
    return k.fused_positions(compiler())


def positions_of(pages: TradePages, table: TokenTable, now_s: int, run: Function) -> PagePositions:
    """The positions of wallets of which each has one page, up to `now_s`; `run` is one of the two passes."""
    known = np.fromiter(map(table.row.get, pages.token_ids.tolist(), repeat(_NO_MARKET)), np.int64)
    # Markets that are not known are events of their own.
    events = np.where(known == _NO_MARKET, -1 - pages.condition.astype(np.int64), table.event[known])
    trades, wallets = len(pages.at_s), len(pages.offsets) - 1
    category, numbers, hedged = np.empty(trades, np.int32), np.empty((6, trades)), np.empty(trades, np.bool_)
    opened_s, closed_s = np.empty((2, trades), np.int64)
    by_opening, counts = np.empty(trades, np.int32), np.zeros((wallets, 4))
    run(
        pages.offsets, pages.token_offsets, pages.size, pages.usdc, pages.at_s, pages.is_buy, pages.token,
        pages.condition, table.payout[known], table.ends_s[known], table.category[known], events, now_s,
        *k.space(_longest(pages.token_offsets), _longest(pages.offsets)),
        category, numbers, hedged, opened_s, closed_s, by_opening, counts,
    )  # fmt: skip
    closed, opened = counts[:, 0].astype(np.int64), counts[:, 1].astype(np.int64)
    offsets = ends_of((closed + opened).tolist())
    total = int(offsets[-1])
    size, cost, pnl, hold, price, weight = numbers[:, :total]
    columns = PositionColumns(
        offsets, closed, category[:total], size, cost, pnl, hold, price, weight, hedged[:total], opened_s[:total],
        closed_s[:total], by_opening[:total], table.categories,
    )  # fmt: skip
    return PagePositions(columns, counts[:, 2].astype(np.int64), counts[:, 3])


def _longest(offsets: Integers) -> int:
    return int(np.diff(offsets).max(initial=0))
