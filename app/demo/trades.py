"""One print of the simulated market, before it becomes text."""

import hashlib
from typing import NamedTuple

_IDENTIFIER_BITS = 50
_MASK = (1 << _IDENTIFIER_BITS) - 1
_MULTIPLIER = 0x2545F4914F6CD | 1
PAST_IDENTIFIERS = 1 << 49


class Fill(NamedTuple):
    """What a trade did to one account: its position before, in lots (negative: short), and realised USD."""

    start_lots: int
    realised_usd: float


class VenueTrade(NamedTuple):
    """A trade: `sign` +1 when the taker bought. `buyer_fill` and `seller_fill` are None for trades of the past."""

    coin: int
    sign: int
    tick: int
    lots: int
    time_ms: int
    serial: int
    order_serial: int
    buyer: int
    seller: int
    buyer_fill: Fill | None = None
    seller_fill: Fill | None = None

    @property
    def trade_id(self) -> int:
        """A 50-bit number that looks drawn at random; one to one with the serial number."""
        mixed = (self.serial * _MULTIPLIER) & _MASK
        mixed ^= mixed >> 25
        return (mixed * _MULTIPLIER) & _MASK

    def order_hash(self, seed: int) -> str:
        """The transaction's hash: shared by all fills of one order."""
        return "0x" + hashlib.blake2b(b"%d:%d" % (seed, self.order_serial), digest_size=32).hexdigest()
