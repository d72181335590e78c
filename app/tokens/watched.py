"""One token that is watched: what is known of it, and what will be asked about it next. No clock: times are given."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.core.tokens import PoolState, TokenCandle, TokenHolders
from app.feeds.token_rows import Rows
from app.tokens.candles import SLOT_S, CandleTable, Window, table_of, window
from app.tokens.features import Context, Features, context_of, features

OLD_S = 6 * 3_600
"""From this age on candles are asked for each quarter of an hour instead of each five minutes."""
HOLDERS_S, NO_HOLDERS_S = 1_800, 600
"""A number of holders is asked for again after so long; one that nobody tells."""
ASKED_S = 4_000
"""A token that somebody asked for is watched for so long: until what was said of it can be graded."""
AGAIN_S = 60
"""What failed is asked again after so long."""
QUIET_S = 7_200
"""A token without a trade for so long is dead."""
DRAINED = 0.10
"""A pool with this share or less of the most it ever had is drained."""
MOST_UNLISTED, MOST_UNTOLD = 3, 20
"""So many answers in a row without any pair of a token; with pairs of it, but none of its own pool."""
_SETTLED_S = 5
"""A candle is asked for so long after it has ended: venues need a moment."""
_OLD_SLOTS = 3
_CANDLES_FRESH_S = (_OLD_SLOTS + 1) * SLOT_S
"""Older candles are no basis for anything: slots that were not asked for would pass for slots without a trade."""


class Listed(NamedTuple):
    """A token as it was found. `asked_s`: when somebody asked for it by hand, 0 for never."""

    mint: str
    pool: str
    name: str
    exchange: str
    created_s: int
    asked_s: int = 0

    def until(self, now_s: int) -> "Listed":
        """The same, neither made nor asked for later than `now_s`."""
        return self._replace(created_s=min(self.created_s, now_s), asked_s=min(self.asked_s, now_s))


class Seen(NamedTuple):
    """All that is known of a token at `at_s`, and can no longer change. `state` is that of its pool, told at
    `state_s`."""

    listed: Listed
    at_s: int
    table: CandleTable
    state: PoolState | None
    holders: TokenHolders | None
    state_s: int

    @property
    def window(self) -> Window:
        """The slots that a model and the strategies look at."""
        return window(self.table, self.at_s)

    @property
    def price(self) -> float | None:
        """The last price that is known: the pair's, or else the last candle's."""
        if self.state is not None and self.state.price_usd is not None:
            return self.state.price_usd
        return float(self.table.close[-1]) if len(self.table.close) else None

    @property
    def priced_s(self) -> int:
        """When `price` was told, or the candle that it is of had ended."""
        if self.state is not None and self.state.price_usd is not None:
            return self.state_s
        return min(self.at_s, int(self.table.time_s[-1]) + SLOT_S) if len(self.table.time_s) else self.at_s

    @property
    def liquidity_usd(self) -> float | None:
        """Dollars in its pool; None where they are not told."""
        return None if self.state is None else self.state.liquidity_usd

    @property
    def context(self) -> Context:
        """What venues tell beside the candles."""
        return context_of(self.state, self.holders, self.at_s)

    def features(self) -> Features:
        """What a model is told."""
        return features(self.table, self.context, self.at_s)


NO_CANDLES = table_of((), SLOT_S)


class Watched:
    """A token under watch. Times are epoch seconds; `due` times say from when on something should be asked."""

    def __init__(self, listed: Listed, state: PoolState, now_s: int, fresh_s: float, held_until_s: int = 0) -> None:
        """`state` is that of its pool now; one that is older than `fresh_s` is no basis for anything. Until
        `held_until_s` its candles are wanted, whatever becomes of it."""
        self.listed = listed
        self.table = NO_CANDLES
        self.state = state
        self.holders: TokenHolders | None = None
        self.candles_s: int | None = None
        self.state_s = self.state_asked_s = now_s
        self.candles_due_s = self.holders_due_s = now_s
        self.holders_tried = False
        self._unlisted = self._untold = 0
        self.is_wanted = False
        """Whether somebody waits for the next time that it is ready."""
        self.held_until_s = held_until_s
        self._fresh_s = fresh_s
        self._most_liquidity = state.liquidity_usd or 0.0
        self._told_slot = -1

    @property
    def volume_24h(self) -> float:
        """Dollars traded in a day; 0 where nobody says."""
        return self.state.volume_24h_usd or 0.0

    def has_fresh_state(self, now_s: int) -> bool:
        """Whether the state of its pool was told lately enough to judge it by."""
        return now_s - self.state_s <= self._fresh_s

    def take_states(self, states: Sequence[PoolState], now_s: int) -> None:
        """What a venue says of the token's pairs now: of its price and its money its own pool alone can tell."""
        self.state_asked_s = now_s
        own = next((state for state in states if state.pool == self.listed.pool), None)
        self._unlisted = 0 if states else self._unlisted + 1
        self._untold = 0 if own is not None else self._untold + 1
        if own is not None:
            self.state, self.state_s = own, now_s
            self._most_liquidity = max(self._most_liquidity, own.liquidity_usd or 0.0)

    def take_candles(self, rows: Rows[TokenCandle], now_s: int) -> int:
        """The newest candles; they replace those before. How many were left out: they begin after `now_s`, and would
        pass for the last trade and the last price until then. Raises `ValueError` for times that are no slots'."""
        begun = [candle for candle in rows.rows if candle.time_s <= now_s]
        self.table = table_of(begun, SLOT_S)
        self.candles_s = now_s
        slots = _OLD_SLOTS if now_s - self.listed.created_s >= OLD_S else 1
        self.candles_due_s = (now_s // SLOT_S + slots) * SLOT_S + _SETTLED_S
        return len(rows.rows) - len(begun)

    def take_holders(self, holders: TokenHolders | None, now_s: int) -> bool:
        """Who holds it, or that nobody says; whether the number is known. What was known before stays."""
        self.holders_tried = True
        is_known = holders is not None and holders.count is not None
        self.holders = holders if is_known else self.holders
        self.holders_due_s = now_s + (HOLDERS_S if is_known else NO_HOLDERS_S)
        return is_known

    def ready(self, now_s: int, least_candles: int) -> Seen | None:
        """All that is known, once in each slot: when its candles are those of the slot, holders were asked for, and
        its state is fresh.

        What somebody asked for, or waits for, is ready whatever the number of its candles.
        """
        slot = now_s // SLOT_S
        if self.candles_s is None or self.candles_s // SLOT_S != slot or not self.holders_tried:
            return None
        seen = self.known(now_s)
        if seen is None or self._told_slot == slot:
            return None
        if not self.listed.asked_s and not self.is_wanted and seen.window.candles < least_candles:
            return None
        self._told_slot, self.is_wanted = slot, False
        return seen

    def known(self, now_s: int) -> Seen | None:
        """All that is known; None before the first candles, and while these or its state are too old."""
        if self.candles_s is None or now_s - self.candles_s > _CANDLES_FRESH_S or not self.has_fresh_state(now_s):
            return None
        return Seen(self.listed, now_s, self.table, self.state, self.holders, self.state_s)

    def clock_set_back(self, now_s: int) -> None:
        """The time went back to `now_s`: nothing came later, and nothing is due later than it would be now."""
        self.listed = self.listed.until(now_s)
        self.state_s, self.state_asked_s = min(self.state_s, now_s), min(self.state_asked_s, now_s)
        self.candles_s = None if self.candles_s is None else min(self.candles_s, now_s)
        self.candles_due_s, self.holders_due_s = min(self.candles_due_s, now_s), min(self.holders_due_s, now_s)

    def ask_anew(self, now_s: int) -> None:
        """Somebody wants it judged now; what was asked for before is watched as long as if that were the first time."""
        self.candles_due_s, self._told_slot, self.is_wanted = now_s, -1, True
        if self.listed.asked_s:
            self.listed = self.listed._replace(asked_s=now_s)
        if self.holders is None:
            self.holders_due_s, self.holders_tried = now_s, False

    def ending(self, now_s: int, oldest_s: float) -> str:
        """Why it is watched no longer; empty while it is."""
        asked_s = self.listed.asked_s
        if asked_s:
            return "asked for long ago" if now_s - asked_s > ASKED_S else ""
        if now_s - self.listed.created_s > oldest_s:
            return "too old"
        left = self.state.liquidity_usd
        if left is not None and left <= DRAINED * self._most_liquidity:
            return "drained"
        if self.candles_s is not None and now_s - self._last_trade_s() > QUIET_S:
            return "no trades"
        return "no longer listed" if self._unlisted >= MOST_UNLISTED or self._untold >= MOST_UNTOLD else ""

    def _last_trade_s(self) -> int:
        ends = self.table.time_s + SLOT_S
        return int(np.max(ends)) if len(ends) else self.listed.created_s
