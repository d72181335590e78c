"""Trade, book and price tables as collectors write them, turned back into the venue's frames.

The stamp of a row is the time it was received; rows received at one instant came in one frame. Decimal text goes
into the frame as it stands in the table, after it was checked by the types the venue's own frames are checked with.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from app.core.errors import DataError
from app.core.events import Amount, Count, Milliseconds, Price
from app.core.text import clean
from app.feeds.tape.rows import Row, seconds_to_ns
from app.feeds.tape.text_lines import read_lines

TRADES_HEADER = "timestamp,price,size,side,trade_id,exchange_timestamp"
PRICES_HEADER = "timestamp,price,size,side,exchange_timestamp"
BOOKS_HEADER = "timestamp,sequence,exchange_timestamp,bid_price_0,bid_size_0,ask_price_0,ask_size_0"
_FIRST_LEVEL = 3
_COLUMNS_A_LEVEL = 4
_FRAME_TRADES = 500
_COIN = re.compile(r"k?[A-Z][A-Z0-9]{0,15}")

Json = dict[str, Any]
Columns = TypeVar("Columns")


class TradeColumns(msgspec.Struct, array_like=True, gc=False):
    """One line of a trade table."""

    timestamp: str
    price: Price
    size: Amount
    side: Literal["buy", "sell"]
    trade_id: Count
    exchange_timestamp: Milliseconds


class PriceColumns(msgspec.Struct, array_like=True, gc=False):
    """One line of a price table: one side of the top of the book."""

    timestamp: str
    price: Price
    size: Amount
    side: Literal["bid", "ask"]
    exchange_timestamp: Milliseconds


def coin_of(path: Path) -> str:
    """The coin in a file name such as `trades_BTC_2025-09-03.csv`. Raises `DataError` when there is not exactly one."""
    words = re.split(r"[_.\s]", path.name)
    coins = {word for word in words if _COIN.fullmatch(word)}
    if len(coins) != 1:
        raise DataError(
            f"{clean(path.name)} does not say which coin it is about: name it like trades_BTC_2025-09-03.csv"
        )
    return coins.pop()


def trade_rows(path: Path) -> Iterator[Row | None]:
    """A trade table as frames of channel `trades`, without users. None for each line that is no trade."""
    coin = coin_of(path)
    stamp = ""
    trades: list[Json] = []
    for fields in _fields(path, TRADES_HEADER.count(",") + 1):
        columns = _convert(fields, TradeColumns)
        if columns is None:
            yield None
            continue
        if trades and (columns.timestamp != stamp or len(trades) == _FRAME_TRADES):
            yield _row(stamp, "trades", coin, trades)
            trades = []
        stamp = columns.timestamp
        trades.append(_trade(coin, fields, columns))
    if trades:
        yield _row(stamp, "trades", coin, trades)


def price_rows(path: Path) -> Iterator[Row | None]:
    """A price table as frames of channel `bbo`; a side that did not change is the one seen last, or null."""
    coin = coin_of(path)
    levels: dict[str, Json] = {}
    changed: set[str] = set()
    moment: tuple[str, int] = ("", 0)
    for fields in _fields(path, PRICES_HEADER.count(",") + 1):
        columns = _convert(fields, PriceColumns)
        if columns is None:
            yield None
            continue
        now = (columns.timestamp, columns.exchange_timestamp)
        if changed and (now != moment or columns.side in changed):
            yield _quote(coin, moment, levels)
            changed.clear()
        moment = now
        levels[columns.side] = {"px": fields[1], "sz": fields[2]}
        changed.add(columns.side)
    if changed:
        yield _quote(coin, moment, levels)


def book_rows(path: Path) -> Iterator[Row | None]:
    """A book table as frames of channel `l2Book`. None for each line with a wrong number or a crossed book."""
    coin = coin_of(path)
    for fields in _fields(path, None):
        book = _book(coin, fields)
        yield None if book is None else _row(fields[0], "l2Book", coin, book)


def _fields(path: Path, width: int | None) -> Iterator[list[str]]:
    """The columns of each line after the first; a line of another width or encoding comes as an empty list."""
    lines = read_lines(path)
    header = next(lines, b"")
    expected = header.count(b",") + 1 if width is None else width
    for line in lines:
        fields = line.decode("ascii", "replace").split(",")
        yield fields if len(fields) == expected else []


def _convert(fields: list[str], columns: type[Columns]) -> Columns | None:
    try:
        return msgspec.convert(fields, columns, strict=False)
    except msgspec.ValidationError:
        return None


def _trade(coin: str, fields: list[str], columns: TradeColumns) -> Json:
    return {
        "coin": coin,
        "side": "B" if columns.side == "buy" else "A",
        "px": fields[1],
        "sz": fields[2],
        "time": columns.exchange_timestamp,
        "tid": columns.trade_id,
    }


def _quote(coin: str, moment: tuple[str, int], levels: dict[str, Json]) -> Row | None:
    stamp, time_ms = moment
    return _row(stamp, "bbo", coin, {"coin": coin, "time": time_ms, "bbo": [levels.get("bid"), levels.get("ask")]})


def _book(coin: str, fields: list[str]) -> Json | None:
    try:
        time_ms = msgspec.convert(fields[2], Milliseconds, strict=False)
        bids = _side(fields, _FIRST_LEVEL)
        asks = _side(fields, _FIRST_LEVEL + 2)
    except (IndexError, msgspec.ValidationError):
        return None
    if bids and asks and float(bids[0]["px"]) >= float(asks[0]["px"]):
        return None
    return {"coin": coin, "time": time_ms, "levels": [bids, asks]}


def _side(fields: list[str], first: int) -> list[Json]:
    """One side of a book, up to its first empty level. Raises `msgspec.ValidationError` for a number that is none."""
    levels = []
    for column in range(first, len(fields) - 1, _COLUMNS_A_LEVEL):
        price, size = fields[column], fields[column + 1]
        if not price and not size:
            break
        msgspec.convert(price, Price, strict=False)
        msgspec.convert(size, Amount, strict=False)
        levels.append({"px": price, "sz": size})
    return levels


def _row(stamp: str, channel: str, coin: str, data: Json | list[Json]) -> Row | None:
    try:
        stamp_ns = seconds_to_ns(stamp)
    except DataError:
        return None
    return Row(stamp_ns, channel, coin, msgspec.json.encode({"channel": channel, "data": data}))
