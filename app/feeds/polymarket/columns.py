"""Pages of trades as columns, for measures over many wallets. Pure; errors are `FrameError`s."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.prediction_market import WalletActivity
from app.core.text import SafeText
from app.feeds.polymarket.byte_kernel import Floats
from app.feeds.polymarket.pages import NO_REFUSAL
from app.feeds.polymarket.parse import parse_activity
from app.feeds.polymarket.trades_scanner import ID_BYTES, Flags, Integers, Places


class TradeColumns(NamedTuple):
    """Trades, oldest first, one a place in each column.

    `size` shares at `price` (0 to 1) for `usdc`, at `at_s` (epoch seconds); `is_buy` or a sale; `token` and `condition`
    are places in `token_ids` and `condition_ids`, which are in order of first appearance. The rest is as in `Page`.
    """

    size: Floats
    price: Floats
    usdc: Floats
    at_s: npt.NDArray[np.int64]
    is_buy: npt.NDArray[np.bool_]
    token: npt.NDArray[np.int32]
    condition: npt.NDArray[np.int32]
    token_ids: tuple[str, ...]
    condition_ids: tuple[str, ...]
    refused: int = 0
    refusal: SafeText = NO_REFUSAL
    next_cursor: str = ""


class TradePages(NamedTuple):
    """Pages of trades side by side, those of page p from `offsets[p]` to `offsets[p + 1]`, oldest first.

    `token` counts from the page's first token, which stands at `token_offsets[p]` of `condition` and `token_ids`;
    `condition` tells apart the conditions of a page. `refused` rows of each page could not be used.
    """

    offsets: Integers
    size: Floats
    usdc: Floats
    at_s: Integers
    is_buy: Flags
    token: Places
    token_offsets: Integers
    condition: Places
    token_ids: npt.NDArray[np.bytes_]
    refused: Integers


_SIDES = frozenset({"BUY", "SELL"})


def trade_columns(body: bytes) -> TradeColumns:
    """Answer to `trades` → its columns. Rows that are no trades are left out. Raises `FrameError` as the parse does."""
    page = parse_activity(body)
    columns = columns_of(page.rows)
    return columns._replace(refused=page.refused, refusal=page.refusal, next_cursor=page.next_cursor)


def columns_of(trades: Sequence[WalletActivity]) -> TradeColumns:
    """Trades that are values already, oldest first, as columns; what is no trade is left out."""
    bets = [trade for trade in trades if trade.kind in _SIDES]
    return _columns(
        np.array([trade.size for trade in bets], np.float64),
        np.array([trade.price for trade in bets], np.float64),
        np.array([trade.usdc for trade in bets], np.float64),
        [trade.at_s for trade in bets],
        [trade.kind for trade in bets],
        [trade.token_id for trade in bets],
        [trade.condition_id for trade in bets],
    )


def joined(pages: Sequence[TradeColumns]) -> TradePages:
    """The pages side by side, in the same order."""
    ids = [token_id.encode() for page in pages for token_id in page.token_ids]
    return TradePages(
        offsets=ends_of([len(page.at_s) for page in pages]),
        size=_side_by_side([page.size for page in pages], np.float64),
        usdc=_side_by_side([page.usdc for page in pages], np.float64),
        at_s=_side_by_side([page.at_s for page in pages], np.int64),
        is_buy=_side_by_side([page.is_buy for page in pages], np.bool_),
        token=_side_by_side([page.token for page in pages], np.int32),
        token_offsets=ends_of([len(page.token_ids) for page in pages]),
        condition=_side_by_side([_condition_of(page) for page in pages], np.int32),
        token_ids=np.array(ids, f"S{ID_BYTES}"),
        refused=np.array([page.refused for page in pages], np.int64),
    )


def ends_of(counts: Sequence[int]) -> Integers:
    """Zero, and where each of pieces of so many rows ends."""
    return np.concatenate(([0], np.cumsum(np.array(counts, np.int64)))).astype(np.int64)


def _side_by_side(parts: Sequence[npt.NDArray[Any]], kind: type[np.generic]) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, kind)


def _condition_of(page: TradeColumns) -> Places:
    """The condition of each token of a page, of its newest trade where there are several."""
    found = np.zeros(len(page.token_ids), np.int32)
    found[page.token] = page.condition
    return found


def _columns(
    size: Floats,
    price: Floats,
    usdc: Floats,
    at_s: Sequence[int],
    side: Sequence[str],
    token: Sequence[str],
    condition: Sequence[str],
) -> TradeColumns:
    tokens, conditions = _places(token), _places(condition)
    return TradeColumns(
        size=size,
        price=np.minimum(price, 1.0),
        usdc=usdc,
        at_s=np.array(at_s, np.int64),
        is_buy=np.fromiter(map("BUY".__eq__, side), np.bool_, len(side)),
        token=np.fromiter(map(tokens.__getitem__, token), np.int32, len(token)),
        condition=np.fromiter(map(conditions.__getitem__, condition), np.int32, len(condition)),
        token_ids=tuple(tokens),
        condition_ids=tuple(conditions),
    )


def _places(ids: Iterable[str]) -> dict[str, int]:
    return {each: place for place, each in enumerate(dict.fromkeys(ids))}
