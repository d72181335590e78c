"""When which market is read. Pure: told what happens and what time it is, it says what to read next.

Of several reasons the strongest counts: by hand, price move, large trade, position, periodic. What becomes due while
a read is under way is merged: when the model is free, each market is looked at as it stands then.
"""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, get_args

from app.config.settings import ScalperSettings

Reason = Literal["by hand", "price move", "large trade", "position", "periodic"]
"""Why a market is read, strongest first."""
_STRENGTH = {reason: place for place, reason in enumerate(get_args(Reason))}


class Due(NamedTuple):
    """A market that is to be read now, and why."""

    coin: str
    reason: Reason


class _Coin:
    """What has happened to one market since it was last read."""

    def __init__(self) -> None:
        self.read_ms: int | None = None
        self.read_price: float | None = None
        self.large_trade = False
        self.by_hand = False
        self.not_before_ms = 0


class ReadScheduler:
    """Chooses the next market of those that may be read."""

    def __init__(self, settings: ScalperSettings) -> None:
        self._settings = settings
        self._coins: dict[str, _Coin] = {}
        self._asked_ms: int | None = None
        self.merged = 0
        """How many times a market became due again while it was due already, or while the model was busy."""

    def follow(self, coins: Iterable[str]) -> None:
        """These markets are read from now on, and no others."""
        self._coins = {coin: self._coins.get(coin) or _Coin() for coin in coins}

    @property
    def coins(self) -> tuple[str, ...]:
        """The markets that are read."""
        return tuple(self._coins)

    def by_hand(self, coin: str) -> bool:
        """Read a market as soon as may be; whether it is one of those that are read."""
        state = self._coins.get(coin)
        if state is None:
            return False
        self.merged += state.by_hand
        state.by_hand = True
        return True

    def is_wanted_by_hand(self, coin: str) -> bool:
        """Whether somebody waits for a market to be read."""
        state = self._coins.get(coin)
        return state is not None and state.by_hand

    def cancel_by_hand(self) -> None:
        """Nobody waits for a market any more."""
        for state in self._coins.values():
            state.by_hand = False

    def traded(self, coin: str, size: float, average_size: float) -> bool:
        """A print of a market, with the average size of those before; whether it is a large one."""
        state = self._coins.get(coin)
        is_large = average_size > 0 and size >= self._settings.large_trade * average_size
        if state is not None and is_large:
            self.merged += state.large_trade
            state.large_trade = True
        return is_large

    def has_moved(self, coin: str, price: float) -> bool:
        """Whether the price of a market has moved since it was last read as far as brings the next read."""
        state = self._coins.get(coin)
        return state is not None and self._moved(state, price)

    def next_due(
        self,
        now_ms: int,
        price_of: Callable[[str], float | None],
        in_position: Callable[[str], bool],
    ) -> Due | None:
        """The market to read at `now_ms`, or None. Those without a price wait."""
        if self._asked_ms is not None and now_ms - self._asked_ms < 1_000 * self._settings.minimum_gap_s:
            return None
        candidates = []
        for place, (coin, state) in enumerate(self._coins.items()):
            price = price_of(coin)
            reason = (
                None
                if price is None or now_ms < state.not_before_ms
                else self._reason(state, price, in_position(coin), now_ms)
            )
            if reason is not None:
                # Of equal reasons the market that has waited longest, then the first in the list.
                candidates.append((_STRENGTH[reason], state.read_ms or 0, place, Due(coin, reason)))
        return min(candidates)[-1] if candidates else None

    def asked(self, due: Due, now_ms: int, price: float) -> None:
        """A market is being read: it is due again when something new happens."""
        self._asked_ms = now_ms
        state = self._coins[due.coin]
        state.read_ms, state.read_price = now_ms, price
        state.large_trade = state.by_hand = False

    def postpone(self, coin: str, until_ms: int) -> None:
        """A market that was due cannot be read yet: others have their turn first."""
        self._coins[coin].not_before_ms = until_ms

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back: nothing was read later than now."""
        self._asked_ms = None if self._asked_ms is None else min(self._asked_ms, now_ms)
        for state in self._coins.values():
            state.read_ms = None if state.read_ms is None else min(state.read_ms, now_ms)
            state.not_before_ms = min(state.not_before_ms, now_ms)

    def _reason(self, state: _Coin, price: float, in_position: bool, now_ms: int) -> Reason | None:
        settings = self._settings
        if state.by_hand:
            return "by hand"
        age_s = float("inf") if state.read_ms is None else (now_ms - state.read_ms) / 1_000
        if age_s >= settings.price_move_gap_s and self._moved(state, price):
            return "price move"
        if age_s >= settings.large_trade_gap_s and state.large_trade:
            return "large trade"
        if in_position and age_s >= settings.in_position_every_s:
            return "position"
        return "periodic" if age_s >= settings.every_s else None

    def _moved(self, state: _Coin, price: float) -> bool:
        return (
            bool(state.read_price)
            and abs(price / (state.read_price or price) - 1) >= self._settings.price_move_pct / 100
        )
