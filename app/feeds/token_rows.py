"""What the parsers of all token venues share: rows that are counted when they cannot be used, numbers, addresses.

Pure; the only errors that leave are `FrameError`s. Token venues write numbers as texts, now and then "NaN", and leave
out what they do not know: both become None, never zero. Whatever else is no number in range is refused.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from app.core.decoding import UNDECODABLE
from app.core.errors import FrameError
from app.core.text import SafeText, clean
from app.core.tokens import TokenCandle, solana_address_of
from app.feeds.html import HTML, is_html

Row = TypeVar("Row")
Decoded = TypeVar("Decoded")

Number = str | float | int | None
"""A number as token venues write it."""

NAME_CELLS = 40
_NO_REFUSAL = SafeText("")
_NUMBER = re.compile(r"-?\d{1,40}(?:\.\d{1,60})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_UNKNOWN = frozenset({"", "nan"})
_LATEST_S = 10_000_000_000


class Rows(NamedTuple, Generic[Row]):
    """Rows of one answer: `refused` could not be used (`refusal`: why the first one), `passed_over` are sound and say
    nothing of what was asked."""

    rows: tuple[Row, ...]
    refused: int = 0
    refusal: SafeText = _NO_REFUSAL
    passed_over: int = 0


def decoder(what: str, kind: type[Decoded]) -> Callable[[bytes], Decoded]:
    """A reader of whole bodies; `what` (venue and route) begins the message of the `FrameError` it raises."""
    decode = msgspec.json.Decoder(kind, strict=False).decode

    def read(body: bytes) -> Decoded:
        try:
            return decode(body)
        except UNDECODABLE as error:
            raise _unusable(what, body, error) from error

    return read


def _unusable(what: str, body: bytes, error: Exception) -> FrameError:
    return FrameError(f"{what}: {HTML if is_html(body) else clean(str(error), 120)}")


def read_rows(
    what: str, pieces: Sequence[msgspec.Raw], kind: type[Decoded], convert: Callable[[Decoded], Row | None]
) -> Rows[Row]:
    """Each piece decoded and converted: what cannot be is counted, what `convert` makes None of is passed over.

    Raises `FrameError` when there are rows and every one of them is refused.
    """
    decode = msgspec.json.Decoder(kind, strict=False).decode
    rows: list[Row] = []
    refused, refusal = 0, _NO_REFUSAL
    for piece in pieces:
        try:
            value = convert(decode(piece))
        except (FrameError, *UNDECODABLE) as error:
            refused, refusal = refused + 1, refusal or clean(str(error), 120)
            continue
        if value is not None:
            rows.append(value)
    if refused and refused == len(pieces):
        raise FrameError(f"{what}: none of {refused} rows can be used; the first one: {refusal}")
    return Rows(tuple(rows), refused, refusal, len(pieces) - refused - len(rows))


def in_order(candles: Rows[TokenCandle]) -> Rows[TokenCandle]:
    """Candles oldest first, one a time. Of two with the same time the one with more volume was made later: it stays."""
    newest: dict[int, TokenCandle] = {}
    for candle in candles.rows:
        known = newest.get(candle.time_s)
        if known is None or (candle.volume_usd or 0.0) >= (known.volume_usd or 0.0):
            newest[candle.time_s] = candle
    return candles._replace(rows=tuple(newest[time] for time in sorted(newest)))


def amount(value: Number, what: str) -> float | None:
    """Money or a count, at least 0 and below 1e15; None where it is not known. Raises `FrameError`."""
    number = _number(value, what)
    if number is None or 0 <= number < 1e15:
        return number
    raise FrameError(f"{what} is {number:g}; it should be at least 0 and below 1e15")


def price(value: Number, what: str) -> float | None:
    """A price above 0 and below 1e15; None where it is not known. A price of 0 says that there is none.

    Raises `FrameError`.
    """
    number = amount(value, what)
    return number if number is not None and number >= 1e-24 else None


def count(value: int | None, what: str) -> int | None:
    """A count below 2⁵³; None where it is not known. Raises `FrameError`."""
    if value is None or 0 <= value < 2**53:
        return value
    raise FrameError(f"{what} is no count")


def share(percent: Number, what: str) -> float | None:
    """A percentage as a share from 0 to 1; None where it is not known. Raises `FrameError`."""
    number = _number(percent, what)
    if number is None or 0 <= number <= 100:
        return None if number is None else number / 100
    raise FrameError(f"{what} is {number:g} percent; it should lie between 0 and 100")


def _number(value: Number, what: str) -> float | None:
    if value is None:
        return None
    text = value.strip() if isinstance(value, str) else repr(value)
    if text.lower() in _UNKNOWN:
        return None
    if not _NUMBER.fullmatch(text):
        raise FrameError(f"{what} is no number: {clean(text, 40)!r}")
    return float(text)


def address(text: str, what: str) -> str:
    """`text` if it can be an address on Solana. Raises `FrameError`."""
    found = solana_address_of(text)
    if found is None:
        raise FrameError(f"{what} is no address on Solana: {clean(text, 48)!r}")
    return found


def moment(text: str | None, what: str) -> int | None:
    """A time in ISO 8601 as epoch seconds, UTC where it names no zone; None where it is not known.

    Raises `FrameError`.
    """
    if text is None or text == "":
        return None
    try:
        when = datetime.fromisoformat(text[:40])
        seconds = int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError) as error:
        raise FrameError(f"{what} is no time: {clean(text, 40)!r}") from error
    return epoch_seconds(seconds, what)


def epoch_seconds(seconds: int | None, what: str) -> int | None:
    """`seconds` since 1970 if they can be; None where they are not known or 0. Raises `FrameError`."""
    if not seconds:
        return None
    if 0 < seconds < _LATEST_S:
        return seconds
    raise FrameError(f"{what} is no time in seconds: {clean(str(seconds), 40)}")


def error_text(decode: Callable[[bytes], Any], text_of: Callable[[Any], str | None], body: bytes) -> SafeText:
    """What a venue says is wrong, or the body's own beginning where it is in no known form. Raises nothing."""
    try:
        told = text_of(decode(body))
    except FrameError:
        told = None
    return clean(told or body[:400].decode("utf-8", "replace"), 160)
