"""Pages of trades, as columns, to position columns: measures over very many wallets without a value for each trade."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.prediction_market import PredictionMarket
from app.feeds.polymarket.columns import TradeColumns
from app.wallets import trades_kernel as k
from app.wallets.columns import NO_CATEGORY, Floats, Integers, Places, PositionColumns, order_of_opening
from app.wallets.kernel import Function

_NO_MARKET = 0


class TokenTable(NamedTuple):
    """What tokens of known markets pay, when their markets ended, and what those are about. Row 0 is of no market.

    `payout` is nan and `ends_s` 0 where not known; `category` is a place in `categories`, `event` a number.
    """

    row: Mapping[str, int]
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
    row: dict[str, int] = {}
    facts: list[tuple[float, int, int, int]] = [(np.nan, 0, NO_CATEGORY, 0)]
    for market in known:
        for place, token_id in enumerate(market.token_ids):
            payouts = market.payouts or ()
            payout = payouts[place] if place < len(payouts) else np.nan
            row[token_id] = len(facts)
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
    import numba

    return k.fused_positions(numba.njit(nogil=True))


def positions_of(pages: Sequence[TradeColumns], table: TokenTable, now_s: int, run: Function) -> PagePositions:
    """The positions of wallets of which each has one page, up to `now_s`; `run` is one of the two passes."""
    offsets = _ends([len(page.at_s) for page in pages])
    token_offsets = _ends([len(page.token_ids) for page in pages])
    token_ids = chain.from_iterable(page.token_ids for page in pages)
    known = np.array(list(map(table.row.get, token_ids, repeat(_NO_MARKET))), np.int64)
    total, tokens = int(offsets[-1]), np.diff(token_offsets)
    conditions = _joined([_condition_of(page) for page in pages], np.int32)
    rows, row_token = np.zeros((total, 8)), np.zeros(total, np.int32)
    counts = np.zeros((len(pages), 4))
    run(
        offsets, token_offsets, _joined([page.size for page in pages], np.float64),
        _joined([page.usdc for page in pages], np.float64), _joined([page.at_s for page in pages], np.int64),
        _joined([page.is_buy for page in pages], np.bool_), _joined([page.token for page in pages], np.int32),
        conditions, table.payout[known], table.ends_s[known], now_s, int(tokens.max()) if len(pages) else 0,
        rows, row_token, counts,
    )  # fmt: skip
    closed, opened = counts[:, 0].astype(np.int64), counts[:, 1].astype(np.int64)
    lengths = closed + opened
    ends = _ends(lengths.tolist())
    wallets = np.repeat(np.arange(len(pages)), lengths)
    inside = np.arange(int(ends[-1])) - ends[wallets]
    taken = offsets[wallets] + inside
    token = token_offsets[wallets] + row_token[taken]
    # Markets that are not known are events of their own.
    events = np.where(known == _NO_MARKET, conditions + table.event.max() + 1, table.event[known])
    columns = _columns(rows[taken], inside < closed[wallets], ends, closed)._replace(
        category=table.category[known[token]], categories=table.categories
    )
    columns = columns._replace(weight=_weights(wallets, events[token], columns.entry_price > 0.0))
    return PagePositions(columns, counts[:, 2].astype(np.int64), counts[:, 3])


def _ends(counts: Sequence[int]) -> Integers:
    return np.concatenate(([0], np.cumsum(np.array(counts, np.int64)))).astype(np.int64)


def _joined(parts: Sequence[npt.NDArray[np.generic]], kind: type[np.generic]) -> npt.NDArray[np.generic]:
    return np.concatenate(parts) if parts else np.zeros(0, kind)


def _condition_of(page: TradeColumns) -> Places:
    """The condition of each token of a page."""
    found = np.zeros(len(page.token_ids), np.int32)
    found[page.token] = page.condition
    return found


def _columns(rows: Floats, is_closed: npt.NDArray[np.bool_], offsets: Integers, closed: Integers) -> PositionColumns:
    opened_s = rows[:, k.R_OPENED].astype(np.int64)
    return PositionColumns(
        offsets=offsets,
        closed=closed,
        category=np.zeros(0, np.int32),
        size_usdc=np.ascontiguousarray(rows[:, k.R_SIZE]),
        cost_usdc=np.ascontiguousarray(rows[:, k.R_COST]),
        pnl_usdc=np.ascontiguousarray(rows[:, k.R_PNL]),
        hold_s=np.ascontiguousarray(rows[:, k.R_HOLD]),
        entry_price=np.ascontiguousarray(rows[:, k.R_PRICE]),
        weight=np.zeros(0),
        hedged=rows[:, k.R_HEDGED] > 0.0,
        opened_s=opened_s,
        closed_s=np.where(is_closed, rows[:, k.R_CLOSED], 0).astype(np.int64),
        by_opening=order_of_opening(offsets, opened_s),
        categories=(),
    )


def _weights(wallets: Integers, events: Integers, is_bet: npt.NDArray[np.bool_]) -> Floats:
    """Bets of one wallet on one event count as one."""
    weight = np.zeros(len(wallets))
    pairs = wallets[is_bet] * (int(events.max(initial=0)) + 1) + events[is_bet]
    _, place, count = np.unique(pairs, return_inverse=True, return_counts=True)
    weight[is_bet] = 1.0 / count[place]
    return weight
