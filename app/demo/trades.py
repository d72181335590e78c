"""Prints of the simulated market, before they become text."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from app.demo.accounts import ACCOUNTS

_IDENTIFIER_BITS = 50
_MASK = (1 << _IDENTIFIER_BITS) - 1
_MULTIPLIER = 0x2545F4914F6CD | 1
PAST_IDENTIFIERS = 1 << 49
TAKER_FEE = 0.00045
MAKER_FEE = 0.00015
KEPT_FILLS = 200
_COLUMNS = 12


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
    """The newest `KEPT_FILLS` trades of each account since the start, in memory that is all taken at once."""

    def __init__(self) -> None:
        # Filled, not only reserved: the venue's memory shall not grow while it runs. All numbers are whole below 2^53.
        self._rows = np.full((ACCOUNTS, KEPT_FILLS, _COLUMNS), -1.0)
        self._counts = [0] * ACCOUNTS

    def add(self, trades: Iterable[VenueTrade]) -> None:
        """Keep these trades, which have fills, for both of their sides."""
        for trade in trades:
            self._keep(trade, trade.buyer, 1, trade.seller, trade.buyer_fill)
            self._keep(trade, trade.seller, -1, trade.buyer, trade.seller_fill)

    def of(self, account: int) -> list[VenueTrade]:
        """The kept trades of one account, oldest first; fewer than `KEPT_FILLS` are all there are since the start."""
        count = self._counts[account]
        kept = self._rows[account][:count] if count < KEPT_FILLS else np.roll(self._rows[account], -count, axis=0)
        return [_restored(account, row) for row in kept.tolist()]

    def _keep(self, trade: VenueTrade, account: int, side: int, other: int, fill: Fill | None) -> None:
        if fill is not None:
            self._rows[account, self._counts[account] % KEPT_FILLS] = (*trade[:7], side, other, *fill, trade.forced_at)
            self._counts[account] += 1


def _restored(account: int, row: list[float]) -> VenueTrade:
    """The trade of a kept row, with this account's fill alone."""
    side, other = int(row[7]), int(row[8])
    fill = Fill(int(row[9]), row[10])
    buyer, seller = (account, other) if side > 0 else (other, account)
    whole = [int(value) for value in row[:7]]
    fills = (fill, None) if side > 0 else (None, fill)
    coin, sign, tick, lots, time_ms, serial, order_serial = whole
    return VenueTrade(
        coin, sign, tick, lots, time_ms, serial, order_serial, buyer, seller, fills[0], fills[1], forced_at=row[11]
    )
