"""What every account holds: positions in lots, their mean entry prices, and the cash behind them."""

import numpy as np

from app.demo.accounts import ACCOUNTS
from app.demo.grid import Floats, Integers
from app.demo.trades import Fill


class Ledger:
    """Positions (coins × accounts) and, by account, cash, deposits and traded volume in USD.

    Cash is the venue's raw USD: what an account would have left had it paid for its positions in full, so that equity
    is cash plus the value of all positions, shorts counting negative.
    """

    def __init__(self, coins: int) -> None:
        self.lots: Integers = np.zeros((coins, ACCOUNTS), dtype=np.int64)
        self.entry: Floats = np.zeros((coins, ACCOUNTS))
        self.cash_usd: Floats = np.zeros(ACCOUNTS)
        self.deposited_usd: Floats = np.zeros(ACCOUNTS)
        self.volume_usd: Floats = np.zeros(ACCOUNTS)

    def open(self, lots: Integers, entry: Floats, equity_usd: Floats, lot_usd: Floats) -> None:
        """Begin with these positions and this equity; `lot_usd` is what a lot of each coin is worth now."""
        self.lots[:], self.entry[:] = lots, entry
        self.cash_usd[:] = equity_usd - lot_usd @ lots

    def position(self, coin: int, account: int) -> int:
        """Lots held, negative when short."""
        return int(self.lots[coin, account])

    def equity_usd(self, lot_usd: Floats) -> Floats:
        """What each account is worth when a lot of each coin is worth `lot_usd`."""
        result: Floats = self.cash_usd + lot_usd @ self.lots
        return result

    def deposit(self, account: int, usd: float) -> None:
        """Pay in, or take out when negative."""
        self.cash_usd[account] += usd
        self.deposited_usd[account] += usd

    def apply(self, coin: int, account: int, signed_lots: int, price: float, lot: float, fee: float = 0.0) -> Fill:
        """Book a trade of `signed_lots` at `price` USD; `lot` is the size of one lot in coins, `fee` its share."""
        held = int(self.lots[coin, account])
        entry = float(self.entry[coin, account])
        realised = realised_usd(held, signed_lots, price - entry, lot)
        now = held + signed_lots
        if held * signed_lots >= 0:
            self.entry[coin, account] = (abs(held) * entry + abs(signed_lots) * price) / abs(now)
        elif held * now < 0:
            self.entry[coin, account] = price
        self.lots[coin, account] = now
        value = signed_lots * lot * price
        self.cash_usd[account] -= value + abs(value) * fee
        self.volume_usd[account] += abs(value)
        return Fill(held, realised)


def realised_usd(held: int, signed_lots: int, gain: float, lot: float) -> float:
    """What a trade realises of a position of `held` lots that stands `gain` USD a coin above its entry."""
    closed = min(abs(held), abs(signed_lots)) if held * signed_lots < 0 else 0
    return closed * lot * gain * (1 if held > 0 else -1)
