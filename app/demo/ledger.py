"""What every account holds: positions in lots and their mean entry prices. All accounts start flat."""

import numpy as np

from app.demo.accounts import ACCOUNTS
from app.demo.trades import Fill


class Ledger:
    """Positions of all accounts in all coins."""

    def __init__(self, coins: int) -> None:
        self._lots = np.zeros((coins, ACCOUNTS), dtype=np.int64)
        self._entry = np.zeros((coins, ACCOUNTS))

    def position(self, coin: int, account: int) -> int:
        """Lots held, negative when short."""
        return int(self._lots[coin, account])

    def apply(self, coin: int, account: int, signed_lots: int, price: float, lot: float) -> Fill:
        """Book a trade of `signed_lots` at `price` USD; `lot` is the size of one lot in coins."""
        held = int(self._lots[coin, account])
        entry = float(self._entry[coin, account])
        closed = min(abs(held), abs(signed_lots)) if held * signed_lots < 0 else 0
        realised = closed * lot * (price - entry) * (1 if held > 0 else -1)
        now = held + signed_lots
        if held * signed_lots >= 0:
            self._entry[coin, account] = (abs(held) * entry + abs(signed_lots) * price) / abs(now)
        elif held * now < 0:
            self._entry[coin, account] = price
        self._lots[coin, account] = now
        return Fill(held, realised)
