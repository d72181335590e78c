"""Prints of the simulated market, before they become text."""

import hashlib
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

_IDENTIFIER_BITS = 50
_MASK = (1 << _IDENTIFIER_BITS) - 1
_MULTIPLIER = 0x2545F4914F6CD | 1
PAST_IDENTIFIERS = 1 << 49
TAKER_FEE = 0.00045
MAKER_FEE = 0.00015
KEPT_FILLS = 300


class Fill(NamedTuple):
    """What a trade did to one account: its position before, in lots (negative: short), and realised USD."""

    start_lots: int
    realised_usd: float


class VenueTrade(NamedTuple):
    """A trade: `sign` +1 when the taker bought. `buyer_fill` and `seller_fill` are None for trades of the past.

    `forced_at` is the mark price in USD of a trade that liquidated its taker, 0 of all others.
    """

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
    forced_at: float = 0.0

    @property
    def taker(self) -> int:
        """The account whose market order this was."""
        return self.buyer if self.sign > 0 else self.seller

    @property
    def trade_id(self) -> int:
        """A 50-bit number that looks drawn at random; one to one with the serial number."""
        mixed = (self.serial * _MULTIPLIER) & _MASK
        mixed ^= mixed >> 25
        return (mixed * _MULTIPLIER) & _MASK

    def order_hash(self, seed: int) -> str:
        """The transaction's hash: shared by all fills of one order."""
        return "0x" + hashlib.blake2b(b"%d:%d" % (seed, self.order_serial), digest_size=32).hexdigest()


class AccountFills:
    """The newest `KEPT_FILLS` trades of each account since the start, oldest first."""

    def __init__(self) -> None:
        self._kept: dict[int, deque[VenueTrade]] = {}

    def add(self, trades: Iterable[VenueTrade]) -> None:
        """Keep these trades for both of their sides."""
        for trade in trades:
            for account in (trade.buyer, trade.seller):
                kept = self._kept.get(account)
                if kept is None:
                    kept = self._kept[account] = deque(maxlen=KEPT_FILLS)
                kept.append(trade)

    def of(self, account: int) -> list[VenueTrade]:
        """The kept trades of one account; fewer than `KEPT_FILLS` are all there are since the start."""
        return list(self._kept.get(account, ()))
