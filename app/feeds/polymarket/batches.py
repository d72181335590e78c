"""Very many pages of trades from bytes to columns, without a value for each trade. Pure; errors are `FrameError`s.

A page goes through the scanner (`trades_scanner`), and through the decoder where the scanner leaves it alone; both give
the same columns.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from app.core.compiling import Function, compiler
from app.core.decoding import UNDECODABLE
from app.feeds.polymarket import trades_scanner as s
from app.feeds.polymarket.byte_kernel import FOREIGN, INEXACT, Floats
from app.feeds.polymarket.columns import TradeColumns, TradePages, joined, trade_columns
from app.feeds.polymarket.wire import WireEnvelope

_BEGIN = b'{"data":['
_LEAST_ROW_BYTES = 64
"""A row names its wallet, market, token, size, price and time, which takes more."""
_decode_rest = msgspec.json.Decoder(WireEnvelope[list[msgspec.Raw]], strict=False).decode
_number = re.compile(rb"[-+.0-9eE]+").match


class _Room(NamedTuple):
    """Where the scanner works on one page, in the order in which it takes them."""

    text: npt.NDArray[np.uint8]
    names: s.Integers
    amounts: Floats
    notes: s.Integers
    slots: s.Places
    ids: s.Integers


class _Columns(NamedTuple):
    """Columns of the batch that are being filled, in the order in which the scanner takes them."""

    amounts: Floats
    at_s: s.Integers
    is_buy: s.Flags
    token: s.Places
    condition: s.Places
    token_ids: npt.NDArray[np.uint8]


def compiled_scanner() -> Function:
    """The scanner, compiled at its first call. Raises `ImportError` where numba is not installed."""
    # Its short functions are called for each name and value of a row.
    return s.scanner(compiler(forceinline=True))


def trade_pages(bodies: Sequence[bytes], scan: Function) -> TradePages:
    """Answers to `trades`, one a wallet, as columns. Raises `FrameError` for a body that is no page, as the parse."""
    room = _room(max(map(len, bodies), default=0))
    columns = _columns(sum(_most_rows(len(body)) for body in bodies))
    rows, tokens, refused = [0], [0], []
    for body in bodies:
        free = _Columns(
            columns.amounts[rows[-1] :], columns.at_s[rows[-1] :], columns.is_buy[rows[-1] :],
            columns.token[rows[-1] :], columns.condition[tokens[-1] :], columns.token_ids[tokens[-1] :],
        )  # fmt: skip
        found = _scanned(body, scan, room, free)
        if found is None:
            page = trade_columns(body)
            found = _put(page, free)
            refused.append(page.refused)
        else:
            refused.append(0)
        rows.append(rows[-1] + found[0])
        tokens.append(tokens[-1] + found[1])
    return _pages(columns, rows, tokens, refused)


def _scanned(body: bytes, scan: Function, room: _Room, columns: _Columns) -> tuple[int, int] | None:
    """How many rows and tokens of the page were put into `columns`; None for a page to be decoded."""
    if not body.startswith(_BEGIN):
        return None
    room.text[: len(body)] = np.frombuffer(body, np.uint8)
    room.text[len(body) : len(body) + s.PADDING] = 0
    rows, tokens, inexact, end = scan(room.text, len(_BEGIN), *room[1:], *columns)
    if rows == FOREIGN or not _ends_well(body, end):
        return None
    if inexact and not _are_read(body, rows, room, columns):
        return None
    return rows, tokens


def _ends_well(body: bytes, end: int) -> bool:
    """Whether the page without its rows is one: what stands behind them is read by the decoder."""
    rest = body[end:]
    # Of two lists of rows the second one counts. Its name may hide in escapes.
    if b"data" in rest or b"\\" in rest:
        return False
    try:
        _decode_rest(_BEGIN + rest)
    except UNDECODABLE:
        return False
    return True


def _are_read(body: bytes, rows: int, room: _Room, columns: _Columns) -> bool:
    """Read amounts of more digits than the scanner reads; whether they are within their bounds."""
    for row, column in np.argwhere(room.amounts[:rows, : s.UNUSED] == INEXACT).tolist():
        written = _number(body, int(room.notes[row, s.AT_SIZE + column]))
        value = float(written.group()) if written else s.MAXIMUM_AMOUNT
        if value > s.MAXIMUM_PRICE if column == s.PRICE else value >= s.MAXIMUM_AMOUNT:
            return False
        columns.amounts[rows - 1 - row, column] = value
    return True


def _put(page: TradeColumns, columns: _Columns) -> tuple[int, int]:
    """Put a decoded page into `columns`; how many rows and tokens it has."""
    pages = joined([page])
    rows, tokens = len(pages.at_s), len(pages.condition)
    columns.amounts[:rows] = np.column_stack((page.size, page.price, page.usdc))
    columns.at_s[:rows], columns.is_buy[:rows], columns.token[:rows] = pages.at_s, pages.is_buy, pages.token
    columns.condition[:tokens] = pages.condition
    columns.token_ids[:tokens] = pages.token_ids.view(np.uint8).reshape(tokens, s.ID_BYTES)
    return rows, tokens


def _pages(columns: _Columns, rows: Sequence[int], tokens: Sequence[int], refused: Sequence[int]) -> TradePages:
    size, price, usdc = columns.amounts[: rows[-1]].T
    return TradePages(
        offsets=np.array(rows, np.int64),
        size=np.ascontiguousarray(size),
        # A trade's amount is size times price where the venue names none.
        usdc=np.where(np.isnan(usdc), size * price, usdc),
        at_s=columns.at_s[: rows[-1]],
        is_buy=columns.is_buy[: rows[-1]],
        token=columns.token[: rows[-1]],
        token_offsets=np.array(tokens, np.int64),
        condition=columns.condition[: tokens[-1]],
        token_ids=columns.token_ids[: tokens[-1]].view(f"S{s.ID_BYTES}").ravel(),
        refused=np.array(refused, np.int64),
    )


def _most_rows(length: int) -> int:
    return length // _LEAST_ROW_BYTES + 1


def _room(longest: int) -> _Room:
    rows = _most_rows(longest)
    return _Room(
        text=np.zeros(longest + s.PADDING, np.uint8),
        names=np.zeros((s.MOST_NAMES + 1, 3), np.int64),
        amounts=np.empty((rows, s.AMOUNTS)),
        notes=np.empty((rows, s.NOTES), np.int64),
        slots=np.empty((2, 4 * rows), np.int32),
        ids=np.empty((2, rows, 2), np.int64),
    )


def _columns(rows: int) -> _Columns:
    return _Columns(
        np.empty((rows, s.UNUSED)), np.empty(rows, np.int64), np.empty(rows, np.bool_), np.empty(rows, np.int32),
        np.empty(rows, np.int32), np.empty((rows, s.ID_BYTES), np.uint8),
    )  # fmt: skip
