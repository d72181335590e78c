"""Texts, numbers and words in bytes, in the subset of Python that numba compiles: what a scanner of JSON asks for.

Behind the bytes stand zeros, more than the longest thing that is compared. Zero ends every search, so that no place is
compared with the end. Strings are searched eight bytes at once by Mycroft's test for a zero byte: of the bits it sets
the lowest is right. A function answers `FOREIGN` for what it does not know for certain.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy import int64, uint64, uintp

from app.core.compiling import Function

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

FOREIGN = -1
INEXACT = -1.0
"""The value of a number with more digits than are read here."""
ADDRESS_BYTES = 42
_MOST_DIGITS, _EXACT = 18, 1 << 53
"""Digits an integer surely holds, and up to where doubles hold every integer."""
_TENS = 10.0 ** np.arange(23)
"""Powers of ten a double holds exactly: a quotient of two exact numbers is rounded once, as the decoder rounds."""


def _word_of(text: bytes) -> uint64:
    return uint64(int.from_bytes(text, "little"))


_ONES, _HIGHS = _word_of(b"\1" * 8), _word_of(b"\x80" * 8)
_QUOTES, _SLASHES, _SPACES = _word_of(b'"' * 8), _word_of(b"\\" * 8), _word_of(b" " * 8)
NULL, TRUE, FALSE = _word_of(b"null"), _word_of(b"true"), _word_of(b"false")
BUY, SELL, TRADE = _word_of(b'"BUY"'), _word_of(b'"SELL"'), _word_of(b'"TRADE"')
FOUR, FIVE, SIX, SEVEN = (_word_of(b"\xff" * count) for count in (4, 5, 6, 7))
_ZERO, _ONE, _TOP, _FULL = uint64(0), uint64(1), uint64(56), uint64(64)
_BYTE = _B1 = uint64(8)
_B2, _B3, _B4, _B5, _B6, _B7 = (uint64(8 * place) for place in range(2, 8))
_MIX, _HALF, _LOW = uint64(0x9E3779B97F4A7C15), uint64(32), uint64(2**31 - 1)
QUOTE, _SLASH, COMMA, COLON, _DOT, _MINUS, _PLUS = map(ord, '"\\,:.-+')
OPEN, CLOSE, END, NIL, _NINE, _SMALL_E, LINE, _LOWER = map(ord, "{}]09e\n ")


def _word(text: Bytes, place: int) -> uint64:
    """The eight bytes from `place` on, the first one lowest; one load when compiled."""
    at = uintp(place)
    return (
        uint64(text[at])
        | (uint64(text[at + uintp(1)]) << _B1)
        | (uint64(text[at + uintp(2)]) << _B2)
        | (uint64(text[at + uintp(3)]) << _B3)
        | (uint64(text[at + uintp(4)]) << _B4)
        | (uint64(text[at + uintp(5)]) << _B5)
        | (uint64(text[at + uintp(6)]) << _B6)
        | (uint64(text[at + uintp(7)]) << _B7)
    )


def _bytes_below(found: uint64) -> int64:
    """How many bytes stand before the first one whose high bit is set."""
    return int64((((found - _ONE) & ~found & _ONES) * _ONES) >> _TOP) - 1


def _plain_with(word: Function, bytes_below: Function) -> Function:
    def plain(text: Bytes, place: int) -> int:
        """The place of the quote behind a string of ASCII without escapes; `FOREIGN` for another one."""
        while True:
            eight = word(text, place)
            quote, slash = eight ^ _QUOTES, eight ^ _SLASHES
            found = ((quote - _ONES) & ~quote) | ((slash - _ONES) & ~slash) | ((eight - _SPACES) & ~eight) | eight
            found &= _HIGHS
            if found != _ZERO:
                end = place + bytes_below(found)
                return end if text[uintp(end)] == QUOTE else FOREIGN
            place += 8

    return plain


def _escaped(text: Bytes, place: int) -> int:
    """The place behind the escape at `place`; `FOREIGN` for one that is wrong or half of a pair."""
    kind = text[uintp(place + 1)]
    if kind != 117:  # u
        # " / \ b f n r t
        good = kind == 34 or kind == 47 or kind == 92 or kind == 98 or kind == 102 or kind == 110
        return place + 2 if good or kind == 114 or kind == 116 else FOREIGN
    value: int | int64 = 0
    for at in range(place + 2, place + 6):
        digit = int64(text[uintp(at)])
        small = digit | 32
        if 48 <= digit <= 57:
            value = value * 16 + digit - 48
        elif 97 <= small <= 102:
            value = value * 16 + small - 87
        else:
            return FOREIGN
    return FOREIGN if 0xD800 <= value < 0xE000 else place + 6


def _text_with(word: Function, bytes_below: Function, escaped: Function) -> Function:
    def text_end(text: Bytes, place: int) -> int:
        """The place of the quote behind a string of which nothing is used; `FOREIGN` where it is no sound one."""
        end = place
        while True:
            found = _ZERO
            while found == _ZERO:
                eight = word(text, end)
                quote, slash = eight ^ _QUOTES, eight ^ _SLASHES
                found = ((quote - _ONES) & ~quote) | ((slash - _ONES) & ~slash) | ((eight - _SPACES) & ~eight)
                found &= _HIGHS
                end += 8
            end += bytes_below(found) - 8
            if text[uintp(end)] == QUOTE:
                return int(end)
            end = escaped(text, end) if text[uintp(end)] == _SLASH else FOREIGN
            if end == FOREIGN:
                return FOREIGN

    return text_end


def _digits(text: Bytes, place: int) -> int:
    """The place behind the digits from `place` on."""
    while NIL <= text[uintp(place)] <= _NINE:
        place += 1
    return place


def _shape_with(digits: Function) -> Function:
    def shape(text: Bytes, place: int) -> tuple[int, int, int]:
        """Where the whole part of a number that is not negative ends, its fraction, and all of it, or `FOREIGN`."""
        whole = fraction = digits(text, place)
        # A number begins with no zero but the one before its point.
        if whole == place or (text[uintp(place)] == NIL and whole > place + 1):
            return FOREIGN, FOREIGN, FOREIGN
        if text[uintp(whole)] == _DOT:
            fraction = digits(text, whole + 1)
            if fraction == whole + 1:
                return FOREIGN, FOREIGN, FOREIGN
        end = fraction
        if text[uintp(end)] | _LOWER == _SMALL_E:
            first = end + 1
            if text[uintp(first)] == _PLUS or text[uintp(first)] == _MINUS:
                first += 1
            end = digits(text, first)
            if end == first:
                return FOREIGN, FOREIGN, FOREIGN
        return whole, fraction, end

    return shape


def _number_with(shape: Function) -> Function:
    def number(text: Bytes, place: int, values: Floats, column: int) -> int:
        """The place behind a number that is not negative, whose value `values` gets, or `INEXACT`."""
        whole, fraction, end = shape(text, place)
        if end == FOREIGN:
            return FOREIGN
        values[column] = INEXACT
        if end > fraction or fraction - place > _MOST_DIGITS:
            return int(end)
        value: int | int64 = 0
        for at in range(place, whole):
            value = value * 10 + (int64(text[uintp(at)]) - NIL)
        for at in range(whole + 1, fraction):
            value = value * 10 + (int64(text[uintp(at)]) - NIL)
        if value <= _EXACT:
            values[column] = value / _TENS[max(0, fraction - whole - 1)]
        return int(end)

    return number


def _same_with(word: Function) -> Function:
    def same(text: Bytes, one: int, other: int, length: int) -> bool:
        """Whether `length` bytes at two places are the same."""
        for at in range(0, length - 7, 8):
            if word(text, one + at) != word(text, other + at):
                return False
        rest = length % 8
        if rest == 0:
            return True
        at = length - rest
        return bool(((word(text, one + at) ^ word(text, other + at)) << (_FULL - _BYTE * uint64(rest))) == _ZERO)

    return same


def _unused_with(word: Function, text_end: Function, number: Function) -> Function:
    def unused(text: Bytes, place: int, values: Floats) -> int:
        """The place behind a value that is not used, of any kind but a list or a group; a number is the last value."""
        first = text[uintp(place)]
        if first == QUOTE:
            end = text_end(text, place + 1)
            return FOREIGN if end == FOREIGN else end + 1
        if first == _MINUS or NIL <= first <= _NINE:
            return int(number(text, place + (first == _MINUS), values, len(values) - 1))
        eight = word(text, place)
        if eight & FOUR == NULL or eight & FOUR == TRUE:
            return place + 4
        return place + 5 if eight & FIVE == FALSE else FOREIGN

    return unused


def _is_address(text: Bytes, place: int) -> bool:
    """Whether 0x and 40 digits of base 16 stand there."""
    good = text[uintp(place)] == 48 and (text[uintp(place + 1)] | 32) == 120
    for at in range(place + 2, place + ADDRESS_BYTES):
        small = text[uintp(at)] | 32
        good &= (48 <= text[uintp(at)] <= 57) | (97 <= small <= 102)
    return bool(good)


def _mixed_with(word: Function) -> Function:
    def mixed(text: Bytes, place: int, length: int) -> int64:
        """A number from the bytes of an id, that seldom is the same for two."""
        found = uint64(length)
        for at in range(0, length - 7, 8):
            found = (found ^ word(text, place + at)) * _MIX
            found ^= found >> _HALF
        rest = length % 8
        if rest > 0:
            found = (found ^ (word(text, place + length - rest) << (_FULL - _BYTE * uint64(rest)))) * _MIX
            found ^= found >> _HALF
        return int64(found & _LOW)

    return mixed


def _is_id(text: Bytes, place: int, length: int) -> bool:
    """Whether an id is of ASCII letters and digits."""
    good = length > 0
    for at in range(place, place + length):
        byte = text[uintp(at)]
        small = byte | 32
        good &= (48 <= byte <= 57) | (97 <= small <= 122)
    return bool(good)


class ByteFunctions(NamedTuple):
    """What the names say; each is given the bytes and a place first."""

    word: Function
    same: Function
    plain: Function
    digits: Function
    number: Function
    unused: Function
    mixed: Function
    is_address: Function
    is_id: Function


def byte_functions(decorate: Callable[[Function], Function]) -> ByteFunctions:
    """All of them, put through `decorate` (nothing, or numba's compiler)."""
    word, bytes_below, digits = decorate(_word), decorate(_bytes_below), decorate(_digits)
    number = decorate(_number_with(decorate(_shape_with(digits))))
    text_end = decorate(_text_with(word, bytes_below, decorate(_escaped)))
    return ByteFunctions(
        word=word,
        same=decorate(_same_with(word)),
        plain=decorate(_plain_with(word, bytes_below)),
        digits=digits,
        number=number,
        unused=decorate(_unused_with(word, text_end, number)),
        mixed=decorate(_mixed_with(word)),
        is_address=decorate(_is_address),
        is_id=decorate(_is_id),
    )
