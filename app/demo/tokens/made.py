"""Made-up launches dressed as the APIs name them: addresses, symbols, exchanges. What kind they are goes no further."""

from hashlib import blake2b
from typing import Final

import numpy as np

from app.demo import token_launches
from app.demo.token_launches import DAY_S, Birth, births_of_day
from app.demo.tokens.answers import base58
from app.demo.tokens.launch import Launch, Path

_EXCHANGES: Final = ("pumpswap",) * 7 + ("raydium",) * 6 + ("pump-fun",) * 4 + ("meteora-dbc",) * 2 + ("orca",)
"""Where a launch trades, one of twenty by its address: an exchange that went with the kind would tell it."""
_FIRST: Final = ("Turbo", "Baby", "Moon", "Giga", "Sad", "Based", "Tiny", "Mega", "Lazy", "Holy", "Dark", "Super")
_SECOND: Final = ("Cat", "Frog", "Duck", "Wif", "Inu", "Goat", "Chad", "Bean", "Toad", "Moth", "Yak", "Orb", "Crab")


class MadeLaunches:
    """The launches of a seed: the same at the same time, whoever asks and whenever it began to ask."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def launches(self, from_s: int, to_s: int) -> list[Launch]:
        """Those whose pools were made in this time, oldest first."""
        days = range(from_s // DAY_S, (to_s - 1) // DAY_S + 1)
        born = [(day, birth) for day in days for birth in births_of_day(self._seed, day)]
        return [_Made(self._seed, day, birth) for day, birth in born if from_s <= birth.born_s < to_s]


class _Made:
    """One of them; its life is made when it is asked for."""

    def __init__(self, seed: int, day: int, birth: Birth) -> None:
        self._seed, self._day, self._birth = seed, day, birth
        self.created_s = birth.born_s
        name = f"{seed} {day} {birth.number}"
        draws = blake2b(f"names {name}".encode(), digest_size=3).digest()
        self.dex = _EXCHANGES[draws[0] % len(_EXCHANGES)]
        self.symbol = f"{_FIRST[draws[1] % len(_FIRST)]}{_SECOND[draws[2] % len(_SECOND)]}"
        mint = base58(f"mint {name}")
        self.mint = f"{mint[:-4]}pump" if self.dex.startswith("pump") else mint
        self.pool = base58(f"pool {name}")

    def path(self) -> Path:
        """Its whole life. Each minute opens where the one before closed, as candles of pools do."""
        made = token_launches.launch(self._seed, self._day, *self._birth)
        opened = np.concatenate([made.price[:1], made.price[:-1]])
        return Path(
            open=opened,
            high=np.maximum(opened, made.price),
            low=np.minimum(opened, made.price),
            close=made.price,
            volume=made.volume_usd,
            buys=made.buys.astype(np.float64),
            sells=made.sells.astype(np.float64),
            liquidity=made.liquidity_usd,
            holders=made.holders.astype(np.float64),
        )
