"""A page of trades straight into columns, for measures over many wallets. Pure; errors are `FrameError`s.

The columns are those of `parse.parse_activity` of the same page. A page on which every row is sound, as nearly all are,
never becomes values: it is decoded and its columns are taken out side by side.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import astuple

from app.core.errors import FrameError
from app.core.prediction_market import WalletActivity
from app.core.text import SafeText
from app.feeds.polymarket.pages import NO_REFUSAL, UNDECODABLE, Page, next_cursor
from app.feeds.polymarket.parse import identifier, parse_activity, wallet_address
from app.feeds.polymarket.wire import WireActivity, WireEnvelope

Floats = npt.NDArray[np.float64]


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


_decode = msgspec.json.Decoder(WireEnvelope[list[WireActivity]], strict=False).decode
_SIDES = frozenset({"BUY", "SELL"})


def trade_columns(body: bytes) -> TradeColumns:
    """Answer to `trades` → its columns. Rows that are no trades are left out. Raises `FrameError` as the parse does."""
    try:
        envelope = _decode(body)
    except UNDECODABLE:
        return _of_page(parse_activity(body))
    rows = envelope.data or []
    columns = _side_by_side(rows) if rows else columns_of(())
    if columns is None:
        return _of_page(parse_activity(body))
    return columns._replace(next_cursor=next_cursor(envelope.pagination))


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


def _of_page(page: Page[WalletActivity]) -> TradeColumns:
    columns = columns_of(page.rows)
    return columns._replace(refused=page.refused, refusal=page.refusal, next_cursor=page.next_cursor)


def _side_by_side(rows: list[WireActivity]) -> TradeColumns | None:
    """The columns of decoded rows, newest first; None when one of them is no sound trade, which the parse tells."""
    ordered = rows[::-1]
    at_s = [row.timestamp for row in ordered]
    if at_s != sorted(at_s):
        ordered.sort(key=attrgetter("timestamp"))
    wallets, condition, token, sizes, prices, at, side, kinds, amounts, *_ = zip(*map(astuple, ordered), strict=True)
    if set(kinds) != {"TRADE"} or "" in side or "" in token or "" in condition:
        return None
    size, price = np.array(sizes, np.float64), np.array(prices, np.float64)
    columns = _columns(size, price, _amounts(size * price, amounts), at, side, token, condition)
    return columns if _are_sound(columns, wallets) else None


def _amounts(products: Floats, amounts: Sequence[float | None]) -> Floats:
    if amounts.count(None) == len(amounts):
        return products
    told = np.array(amounts, np.float64)  # None becomes nan here
    return np.where(np.isnan(told), products, told)


def _are_sound(columns: TradeColumns, wallets: Iterable[str]) -> bool:
    try:
        # Sound ids make a sound text, and one look is cheaper than one at each.
        identifier("".join(columns.token_ids + columns.condition_ids))
        for wallet in set(wallets):
            wallet_address(wallet)
    except FrameError:
        return False
    return True


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
