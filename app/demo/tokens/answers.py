"""What the three APIs share: answers and refusals, parameters of a question, quirks that stay with a token."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from app.demo.tokens.launch import Lived

SOL = "So11111111111111111111111111111111111111112"
SOL_USD = 160.0
CURVES = frozenset({"pump-fun", "meteora-dbc"})
"""Exchanges that sell along a bonding curve: no pool, no liquidity to name."""
Object = dict[str, object]
_LETTERS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Told(NamedTuple):
    """An answer of an API: its status and JSON."""

    status: int
    body: bytes


def told(value: object, status: int = 200) -> Told:
    """`value` as JSON."""
    return Told(status, msgspec.json.encode(value))


def whole(query: Mapping[str, str], name: str, default: int) -> int | None:
    """A parameter that is a whole number; None where it is something else."""
    text = query.get(name, "")
    if not text:
        return default
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def text_of(number: float) -> str:
    """A number as venues write it: a text, never with an exponent."""
    written = f"{number:.18f}" if abs(number) < 1 else f"{number:.6f}"
    return written.rstrip("0").rstrip(".") or "0"


def one_in(lived: Lived, quirk: str, many: int) -> bool:
    """Whether a token is one of those with a quirk: one in so many, always the same ones."""
    digest = blake2b(f"{quirk} {lived.launch.mint}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) % many == 0


def base58(secret: str) -> str:
    """An address that belongs to `secret` and to nothing else: 43 letters as Solana writes 32 bytes."""
    number, letters = int.from_bytes(blake2b(secret.encode(), digest_size=32).digest()), []
    for _ in range(43):
        number, place = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[place])
    return "".join(letters)
