"""What comes back from the database, read with the care that the venue's own answers get. Pure.

A database is a file that other programs may write to: its texts reach a terminal and its numbers sums.
"""

from collections.abc import Iterable
from math import isfinite
from typing import Any, TypeVar

import msgspec

from app.core.errors import DataError
from app.core.text import clean
from app.store.rows import StoredVerdict
from app.wallets.values import WalletVerdict

Value = TypeVar("Value")
Data = TypeVar("Data", bound=msgspec.Struct)

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What decoding and checking raise for bytes that are not what they should be."""
_PLAIN = bytes(range(0x20, 0x7F))
_TEXT_CELLS = 400
"""Wider than any text we keep, so that cleaning cuts none of ours."""
_decode_verdict = msgspec.msgpack.Decoder(WalletVerdict).decode


def read_verdict(row: StoredVerdict) -> WalletVerdict:
    """The verdict in a row, its texts cleaned. Raises `DataError` when it is damaged or on another wallet."""
    try:
        verdict = safe(_decode_verdict(row.verdict))
        same("wallet", verdict.wallet, row.wallet)
    except UNREADABLE as error:
        raise DataError(f"the verdict on {clean(row.wallet, 48)} cannot be read ({clean(str(error), 120)})") from error
    return verdict


def same(name: str, inside: str, of_row: str) -> None:
    """Raises `ValueError` unless what is inside a row is about what the row is about."""
    if inside != of_row:
        raise ValueError(f"it is about another {name}")


def is_plain(texts: Iterable[str]) -> bool:
    """Whether none of them needs cleaning, as nearly always: one look at all is much cheaper than one at each."""
    text = "".join(texts)
    # Taking bytes out is some ten times as fast as asking a text whether it is printable.
    return text.isascii() and not text.encode().translate(None, _PLAIN)


def safe(value: Value) -> Value:
    """The value with every text in it cleaned. Raises `ValueError` for a number that is not finite."""
    cleaned: Any = value
    if isinstance(value, str):
        cleaned = clean(value, _TEXT_CELLS)
    elif isinstance(value, float) and not isfinite(value):
        raise ValueError("it holds a number that is not finite")
    elif isinstance(value, tuple):
        cleaned = tuple(map(safe, value))
    elif isinstance(value, msgspec.Struct):
        cleaned = _safe_struct(value)
    return cleaned  # type: ignore[no-any-return] # it is of the type it was


def _safe_struct(value: Data) -> Data:
    changed = {}
    for name in value.__struct_fields__:
        field = getattr(value, name)
        cleaned = safe(field)
        if cleaned is not field:
            changed[name] = cleaned
    return msgspec.structs.replace(value, **changed) if changed else value
