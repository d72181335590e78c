"""Who the wallets are: addresses, kinds and habits of all of them, drawn in one go when the venue is first asked."""

from hashlib import blake2b

import numpy as np

from app.demo.grid import Floats, Integers
from app.demo.prediction import draws, kinds
from app.demo.prediction.categories import CATEGORIES, DAY_S
from app.demo.prediction.kinds import HABITS, SHARES, Kind, Spread
from app.demo.prediction.markets import PAST_S

WALLETS = 20_000
_SPACE, _PAIR_SPACE = 21, 22
_OLDEST_DAYS = PAST_S / DAY_S - 1.0


class Population:
    """Habits by wallet number, 0 to `count` − 1 (even, at most `WALLETS`).

    Neighbours (2k, 2k + 1) are a pair if their kind is WASH.

    Addresses depend on the seed alone, so that an alias a user gave stays with its wallet.
    """

    def __init__(self, seed: int, count: int = WALLETS) -> None:
        self.seed = seed
        self.count = count
        numbers = np.arange(count)
        self.keys = draws.keys(seed, _SPACE, numbers)
        self.pair_keys = draws.keys(seed, _PAIR_SPACE, numbers // 2)
        self.kind = _kinds(self.keys, self.pair_keys)
        self.bets = self._bets()
        self.focus = self._share(0, "focus")
        self.breadth = np.array([HABITS[kind].breadth for kind in Kind])[self.kind]
        self.chase = self._share(1, "chase")
        self.scalp, self.quick, self.early = self._share(2, "scalp"), self._share(3, "quick"), self._share(4, "early")
        self.merge, self.maker = self._share(5, "merge"), self._share(6, "maker")
        self.stake_usdc = np.maximum(kinds.STAKE_LEAST_USDC, self._amount(7, "stake_usdc"))
        self.age_days, self.idle_days = self._days()
        self.views = np.floor(self._amount(10, "views")).astype(np.int64)
        self.home = _homes(draws.uniform(self.keys, 11))
        self.turn = np.floor(draws.uniform(self.keys, 12) * (len(CATEGORIES) - 1)).astype(np.int64)
        self.favourite = draws.share(self.keys, 13, 0.5, 0.5)
        self.stake_noise = np.clip(draws.log_normal(self.keys, 14, 0.16, 0.5), 0.03, 0.6)
        self.raise_by = 1.6 + 0.8 * draws.uniform(self.keys, 15)
        self.redeem_s = draws.log_normal(self.keys, 16, 0.6 * DAY_S, 1.0)
        self.clears = draws.share(self.keys, 17, 0.30, 1.2)
        self.partial = draws.share(self.keys, 18, 0.30, 0.8)
        self.known = draws.uniform(self.keys, 19) < np.array([HABITS[kind].known for kind in Kind])[self.kind]
        self.edge = self._edges()
        self.wash_part = np.where(self.kind == Kind.WASH, draws.share(self.pair_keys, 1, *kinds.WASH_PART), 0.0)
        self._join_pairs()
        self._numbers: dict[str, int] = {}

    def address(self, wallet: int) -> str:
        """The wallet's address, lower-case."""
        return "0x" + blake2b(b"%d %d" % (self.seed, wallet), digest_size=20, person=b"wallet").hexdigest()

    def number(self, address: str) -> int | None:
        """The wallet behind an address in any case, None for a stranger."""
        if not self._numbers:
            self._numbers = {self.address(wallet): wallet for wallet in range(self.count)}
        return self._numbers.get(address.lower())

    def joined_s(self, wallet: int, anchor_s: int) -> int:
        """When the wallet signed up: some time before its first bet, for many the same day."""
        key = self.keys[wallet : wallet + 1]
        before = float(draws.log_normal(key, 20, 2.0 * DAY_S, 2.0)[0])
        return int(anchor_s - float(self.age_days[wallet]) * DAY_S - min(before, 400.0 * DAY_S))

    def _join_pairs(self) -> None:
        """Two wallets of a pair belong to one owner: the same time, pace and taste."""
        numbers = np.arange(self.count)
        lead = np.where(self.kind == Kind.WASH, numbers & ~1, numbers)
        for name in ("age_days", "idle_days", "bets", "home", "focus", "breadth", "turn", "wash_part"):
            setattr(self, name, getattr(self, name)[lead])

    def _bets(self) -> Integers:
        count = np.clip(self._amount(8, "bets"), kinds.BETS_LEAST, kinds.BETS_MOST)
        least, most = kinds.SKILLED_BETS_LEAST, kinds.SKILLED_BETS_MOST
        skilled = least * (most / least) ** draws.uniform(self.keys, 9)
        return np.round(np.where(self.kind == Kind.SKILLED, skilled, count)).astype(np.int64)

    def _days(self) -> tuple[Floats, Floats]:
        idle = np.minimum(self._amount(21, "idle_days"), 0.8 * _OLDEST_DAYS)
        age = np.clip(self._amount(22, "age_days"), 1.0, _OLDEST_DAYS)
        # Skilled wallets have had the time their record takes; nobody stopped before beginning.
        age = np.where(self.kind == Kind.SKILLED, np.maximum(age, 60.0), age)
        return np.clip(age, np.minimum(1.25 * idle, _OLDEST_DAYS), _OLDEST_DAYS), idle

    def _edges(self) -> Floats:
        drawn = kinds.EDGE_LEAST + (kinds.EDGE_MOST - kinds.EDGE_LEAST) * draws.uniform(self.keys, 23)
        result: Floats = np.where(self.kind == Kind.SKILLED, drawn, 0.5)
        return result

    def _share(self, stream: int, habit: str) -> Floats:
        return draws.share(self.keys, stream + 40, *self._of_kind(habit))

    def _amount(self, stream: int, habit: str) -> Floats:
        return draws.log_normal(self.keys, stream + 40, *self._of_kind(habit))

    def _of_kind(self, habit: str) -> tuple[Floats, Floats]:
        spreads: list[Spread] = [getattr(HABITS[kind], habit) for kind in Kind]
        table = np.array(spreads)
        return table[self.kind, 0], table[self.kind, 1]


def _kinds(keys: draws.Keys, pair_keys: draws.Keys) -> Integers:
    """Pairs first, so that both neighbours are one; everybody else by the shares that are left."""
    single = [kind for kind in Kind if kind is not Kind.WASH]
    ends = np.cumsum([SHARES[kind] for kind in single]) / (1.0 - SHARES[Kind.WASH])
    place = np.minimum(np.searchsorted(ends, draws.uniform(keys, 24)), len(single) - 1)
    drawn = np.array(single, dtype=np.int64)[place]
    result: Integers = np.where(draws.uniform(pair_keys, 0) < SHARES[Kind.WASH], int(Kind.WASH), drawn)
    return result


def _homes(drawn: Floats) -> Integers:
    """The category a wallet knows best: as often as the venue has markets of it, the small ones a little more."""
    weight = np.array([category.part for category in CATEGORIES]) ** 0.8
    result: Integers = np.minimum(np.searchsorted(np.cumsum(weight) / weight.sum(), drawn), len(CATEGORIES) - 1)
    return result
