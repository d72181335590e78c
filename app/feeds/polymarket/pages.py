"""Pages of rows: bytes → decoded rows, whatever the envelope. Pure; the only errors that leave are `FrameError`s.

One odd row among hundreds must not hide the rest: it is counted and left out. A body that is no page at all is refused.
"""

from collections.abc import Callable, Hashable
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from app.core.decoding import UNDECODABLE
from app.core.errors import FrameError
from app.core.text import SafeText, clean
from app.feeds.html import HTML, is_html
from app.feeds.polymarket.wire import WireEnvelope, WirePagination

Row = TypeVar("Row")
Decoded = TypeVar("Decoded")

NO_REFUSAL = SafeText("")


class Page(NamedTuple, Generic[Row]):
    """One page of an answer.

    `keys` tell rows apart, one a row; `refused` rows could not be used (`refusal`: why the first one), `passed_over`
    ones are sound and say nothing of what was asked. `next_cursor` is empty on the last page.
    """

    rows: tuple[Row, ...]
    keys: tuple[Hashable, ...]
    refused: int = 0
    refusal: SafeText = NO_REFUSAL
    passed_over: int = 0
    next_cursor: str = ""


class Decodings(NamedTuple, Generic[Row]):
    """The rows of one page that decoded, and what became of the others."""

    rows: list[Row]
    refused: int
    refusal: SafeText
    next_cursor: str


class RowReader(Generic[Row]):
    """Reads pages of one route: `row` is a row of the envelope, `row_v1` an element of a bare array."""

    def __init__(self, name: str, row: type[Row], row_v1: type[Row]) -> None:
        self._name = name
        self._whole = _decode(WireEnvelope[list[row]])  # type: ignore[valid-type]
        self._whole_v1 = _decode(list[row_v1])  # type: ignore[valid-type]
        self._pieces = _decode(WireEnvelope[list[msgspec.Raw]])
        self._pieces_v1 = _decode(list[msgspec.Raw])
        self._row, self._row_v1 = _decode(row), _decode(row_v1)

    def read(self, body: bytes) -> Decodings[Row]:
        """The page's rows in the venue's order. Raises `FrameError` when the body is no page."""
        is_v1 = body[:64].lstrip()[:1] == b"["
        try:
            return self._read_v1(body) if is_v1 else self._read(body)
        except UNDECODABLE as error:
            raise unusable(self._name, body, error) from error

    def _read(self, body: bytes) -> Decodings[Row]:
        try:
            whole = self._whole(body)
        except msgspec.ValidationError:
            pieces = self._pieces(body)
            rows, refused, refusal = usable(pieces.data or [], self._row, self._name)
            return Decodings(rows, refused, refusal, next_cursor(pieces.pagination))
        return Decodings(whole.data or [], 0, NO_REFUSAL, next_cursor(whole.pagination))

    def _read_v1(self, body: bytes) -> Decodings[Row]:
        try:
            return Decodings(self._whole_v1(body), 0, NO_REFUSAL, "")
        except msgspec.ValidationError:
            return Decodings(*usable(self._pieces_v1(body), self._row_v1, self._name), "")


def single(name: str, data: type[Decoded]) -> Callable[[bytes], Decoded | None]:
    """A reader of an envelope that holds one value: None for what the venue does not have."""
    decode = _decode(WireEnvelope[data])  # type: ignore[valid-type]

    def read(body: bytes) -> Decoded | None:
        try:
            envelope: WireEnvelope[Decoded] = decode(body)
        except UNDECODABLE as error:
            raise unusable(name, body, error) from error
        return envelope.data

    return read


def usable(
    pieces: list[msgspec.Raw], decode: Callable[[msgspec.Raw], Row], name: str
) -> tuple[list[Row], int, SafeText]:
    """The rows that decode, how many do not, and why the first of them does not."""
    rows: list[Row] = []
    refusal = NO_REFUSAL
    for piece in pieces:
        try:
            rows.append(decode(piece))
        except UNDECODABLE as error:
            refusal = refusal or clean(f"{name}: {error}", 160)
    return rows, len(pieces) - len(rows), refusal


def converted(
    name: str,
    decodings: Decodings[Decoded],
    convert: Callable[[Decoded], Row | None],
    key: Callable[[Decoded], Hashable],
) -> Page[Row]:
    """The rows as values: those that `convert` refuses are counted, those it makes None of are passed over.

    Raises `FrameError` when there are rows and none of them is what was asked for.
    """
    rows: list[Row] = []
    keys: list[Hashable] = []
    refused, refusal = decodings.refused, decodings.refusal
    for decoded in decodings.rows:
        try:
            value = convert(decoded)
        except FrameError as error:
            refused, refusal = refused + 1, refusal or clean(f"{name}: {error}", 160)
            continue
        if value is not None:
            rows.append(value)
            keys.append(key(decoded))
    passed_over = len(decodings.rows) + decodings.refused - refused - len(rows)
    if refused and not rows and not passed_over:
        raise FrameError(f"polymarket: none of {refused} rows can be used; {refusal}")
    return Page(tuple(rows), tuple(keys), refused, refusal, passed_over, decodings.next_cursor)


def unusable(name: str, body: bytes, error: Exception) -> FrameError:
    """What to raise for a body that is no answer of this route."""
    return FrameError(f"polymarket {name}: {HTML if is_html(body) else clean(str(error), 120)}")


def next_cursor(pagination: WirePagination | None) -> str:
    """The cursor of the page behind this one, empty where there is none."""
    return (pagination.next_cursor or "") if pagination is not None and pagination.has_more else ""


def _decode(type_: type[Any]) -> Callable[[bytes | msgspec.Raw], Any]:
    """A decoder that takes numbers as texts, which the first version and gamma write."""
    return msgspec.json.Decoder(type_, strict=False).decode
