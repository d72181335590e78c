"""Decoders of the venue's JSON that raise `FrameError` alone. Pure."""

import string
from collections.abc import Callable
from typing import TypeVar

import msgspec

from app.core.decoding import UNDECODABLE
from app.core.errors import FrameError
from app.core.text import clean

Decoded = TypeVar("Decoded")


_IN_NAMES = (string.ascii_letters + string.digits + ":@#/_.-").encode()


def decoder(type_: type[Decoded], name: str = "") -> Callable[[bytes], Decoded]:
    """A decoder of `type_`, called `name` in its words, that takes numbers as strings and raises `FrameError` alone."""
    decode = msgspec.json.Decoder(type_, strict=False).decode
    called = name or type_.__name__.strip("_").lower()

    def decode_or_refuse(payload: bytes) -> Decoded:
        try:
            return decode(payload)
        except UNDECODABLE as error:
            raise refusal(called, error) from error

    return decode_or_refuse


def refusal(name: str, error: Exception) -> FrameError:
    """Why a payload is not what it is taken for."""
    return FrameError(f"not a {name} of Hyperliquid: {clean(str(error), 120)}")


def coin_name(name: str) -> str:
    """`name` if it can be a coin's (ASCII letters, digits and `:@#/_.-`, at most 32). Raises `FrameError`."""
    if 0 < len(name) <= 32 and is_harmless(name):
        return name
    raise FrameError(f"{clean(name, 32)!r} is not a coin's name")


def is_harmless(names: str) -> bool:
    """Whether nothing is in these names, joined, that is in no coin's name."""
    return names.isascii() and (names.isalnum() or not names.encode().translate(None, _IN_NAMES))
