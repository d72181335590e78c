"""Paper positions in tokens, at the prices that a pool would have given. Pure.

What is decided on one look at a pool happens at the next: it is bought and sold through the pool as it is then, with
a constant product and a fee each way (`token_fills.py`), never at the price that led to the decision.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from app.core.tokens import LEAST_PRICE, PoolState
from app.paper.events import TokenBought, TokenEnd, TokenOrdered, TokenRefused, TokenRule, TokenSold
from app.paper.token_fills import Pool, pool_of
from app.paper.token_position import averaged, closing, exit_of, lost, opened, seen, sold, until
from app.paper.token_state import (
    MOST_CLOSED,
    MOST_TOKENS,
    ClosedLately,
    TokenBookState,
    TokenOrder,
    TokenPart,
    TokenPosition,
    TokenRules,
    TokenWanted,
)
from app.tokens.sizing import LEAST_USD, parts_of, position_usd

GONE_MS = 600_000
"""A pool that venues no longer tell a price or liquidity of for so long is worth nothing."""
TokenEvent = TokenOrdered | TokenBought | TokenSold | TokenRefused


class Purse(NamedTuple):
    """What the ledger has for a position; `tripped`: the day's loss has reached its limit."""

    free_usd: float
    tripped: bool


class TokenBook:
    """Open positions and orders, one a token. Money is paper dollars."""

    def __init__(self, state: TokenBookState) -> None:
        self._positions = {position.mint: position for position in state.positions}
        self._orders = {order.mint: order for order in state.orders}
        self._closed = {each.mint: each.closed_ms for each in state.closed}
        self._wins = state.wins

    @property
    def positions(self) -> tuple[TokenPosition, ...]:
        """Open ones, the oldest first."""
        return tuple(self._positions.values())

    @property
    def orders(self) -> tuple[TokenOrder, ...]:
        """Positions that wait for a look at their pool."""
        return tuple(self._orders.values())

    @property
    def committed_usd(self) -> float:
        """What was paid for all that is open, and what is set aside for orders and parts."""
        return sum(each.committed_usd for each in self.positions) + sum(order.usd for order in self.orders)

    @property
    def result_usd(self) -> float:
        """What closing all now would come to."""
        return sum(position.result_usd for position in self.positions)

    @property
    def mints(self) -> tuple[str, ...]:
        """Tokens whose pools must be looked at, what waits for a look first."""
        closing = [position.mint for position in self.positions if position.closing]
        return tuple(dict.fromkeys([*self._orders, *closing, *self._positions]))

    @property
    def is_urgent(self) -> bool:
        """Whether something waits for a look."""
        return bool(self._orders) or any(position.closing for position in self.positions)

    def state(self) -> TokenBookState:
        """All that is needed to go on."""
        closed = tuple(ClosedLately(mint, at_ms) for mint, at_ms in self._closed.items())
        return TokenBookState(positions=self.positions, orders=self.orders, closed=closed, wins=self._wins)

    # Decisions.

    def order(
        self, wanted: TokenWanted, rules: TokenRules, purse: Purse, number: int, now_ms: int
    ) -> TokenOrdered | TokenRefused:
        """Have a position opened at the next look at its pool, unless a risk check is against it."""
        usd = position_usd(wanted.combined, self._wins, wanted.liquidity_usd, rules.sizing)
        against = self._against(wanted, usd, rules, purse, now_ms)
        if against is not None:
            return TokenRefused(wanted.mint, wanted.name, now_ms, *against)
        self._orders[wanted.mint] = TokenOrder(
            number=number, mint=wanted.mint, pool=wanted.pool, name=wanted.name, by=wanted.by,
            combined=wanted.combined, usd=usd, decided_ms=now_ms,
        )  # fmt: skip
        return TokenOrdered(number, wanted.mint, wanted.name, wanted.by, usd, now_ms)

    def _against(
        self, wanted: TokenWanted, usd: float, rules: TokenRules, purse: Purse, now_ms: int
    ) -> tuple[TokenRule, str] | None:
        paper, mint = rules.paper, wanted.mint
        closed_ms = self._closed.get(mint)
        if purse.tripped:
            return "breaker", "the day's loss has reached its limit"
        if mint in self._positions or mint in self._orders:
            return "one a token", "there is a position in it already"
        if closed_ms is not None and now_ms - closed_ms < 1_000 * paper.again_s:
            return "closed lately", f"its last position ended {(now_ms - closed_ms) / 60_000:.0f} minutes ago"
        if len(self._positions) + len(self._orders) >= min(paper.positions, MOST_TOKENS):
            return "positions", f"{paper.positions} are open or on their way (token_paper.positions)"
        if usd <= 0:
            return _too_small(wanted.liquidity_usd, rules)
        if self.committed_usd + usd > paper.exposure_usd:
            return "exposure", f"more than {paper.exposure_usd:,.0f} paper $ would be in tokens"
        if usd > purse.free_usd:
            return "free money", f"{usd:,.2f} paper $ are needed and {max(0.0, purse.free_usd):,.2f} are free"
        return None

    def close(self, mint: str, reason: TokenEnd, now_ms: int) -> bool:
        """Have a position end at the next look at its pool; whether there is one that was to stay."""
        position = self._positions.get(mint)
        if position is None or position.closing:
            return False
        self._positions[mint] = closing(position, reason, now_ms)
        return True

    def close_all(self, now_ms: int) -> list[TokenRefused]:
        """The breaker: every position ends at the next look at its pool, and what waits to open is given up."""
        for mint in self._positions:
            self.close(mint, "breaker", now_ms)
        given_up = list(self.orders)
        self._orders.clear()
        return [_refused(order, now_ms, "breaker", "the day's loss reached its limit") for order in given_up]

    def clock_set_back(self, now_ms: int) -> None:
        """The time went back to `now_ms`: nothing may be later than that."""
        for position in self.positions:
            self._positions[position.mint] = until(position, now_ms)
        for order in self.orders:
            self._orders[order.mint] = msgspec.structs.replace(order, decided_ms=min(order.decided_ms, now_ms))
        self._closed = {mint: min(at_ms, now_ms) for mint, at_ms in self._closed.items()}

    # Time and looks.

    def pass_time(self, rules: TokenRules, now_ms: int) -> list[TokenEvent]:
        """What the time alone brings: orders that found no price in time, and positions held for long enough."""
        patience_ms, hold_ms = 1_000 * rules.paper.patience_s, 1_000 * rules.paper.hold_s
        late = [order for order in self.orders if now_ms - order.decided_ms > patience_ms]
        for position in self.positions:
            if now_ms - position.opened_ms >= hold_ms:
                self.close(position.mint, "time stop", now_ms)
        why = f"no price and liquidity of its pool came within {rules.paper.patience_s:g} s"
        return [self._give_up(order, now_ms, "no price", why) for order in late]

    def look(
        self, mints: Iterable[str], states: Collection[PoolState], rules: TokenRules, now_ms: int
    ) -> list[TokenEvent]:
        """A venue was asked about `mints` and told these: fill what waits, value, buy parts, decide on exits."""
        by_pool: Mapping[str, PoolState] = {state.pool: state for state in states}
        events: list[TokenEvent] = []
        for mint in dict.fromkeys(mints):
            order, position = self._orders.get(mint), self._positions.get(mint)
            if order is not None:
                events += self._fill(order, pool_of(by_pool.get(order.pool)), rules, now_ms)
            elif position is not None:
                events += self._see(position, pool_of(by_pool.get(position.pool)), rules, now_ms)
        return events

    def _fill(self, order: TokenOrder, pool: Pool | None, rules: TokenRules, now_ms: int) -> list[TokenEvent]:
        if pool is None or now_ms < order.decided_ms + rules.latency_ms:
            return []
        usd = min(order.usd, position_usd(order.combined, self._wins, pool.liquidity_usd, rules.sizing))
        if usd < rules.sizing.minimum_usd or usd < LEAST_USD:
            return [self._give_up(order, now_ms, *_too_small(pool.liquidity_usd, rules))]
        first, *later = parts_of(usd, pool.price, rules.sizing)
        # At a price that no venue can tell nothing is ever bought.
        parts = tuple(TokenPart(part.usd, part.price) for part in later if part.price >= LEAST_PRICE)
        del self._orders[order.mint]
        self._positions[order.mint], bought = opened(order, first.usd, parts, pool, rules, now_ms)
        return [bought]

    def _see(self, position: TokenPosition, pool: Pool | None, rules: TokenRules, now_ms: int) -> list[TokenEvent]:
        if pool is None:
            return self._miss(position, now_ms)
        position = seen(position, pool, rules, now_ms)
        if position.closing and now_ms >= position.decided_ms + rules.latency_ms:
            return [self._end(sold(position, rules, now_ms))]
        reason = None if position.closing else exit_of(position, rules)
        if reason is not None:
            self._positions[position.mint] = closing(position, reason, now_ms)
            return []
        self._positions[position.mint], bought = averaged(position, pool, rules, now_ms)
        return [] if bought is None else [bought]

    def _miss(self, position: TokenPosition, now_ms: int) -> list[TokenEvent]:
        since_ms = position.missing_ms or now_ms
        self._positions[position.mint] = msgspec.structs.replace(position, missing_ms=since_ms)
        return [self._end(lost(position, now_ms))] if now_ms - since_ms >= GONE_MS else []

    def _end(self, ended: TokenSold) -> TokenSold:
        del self._positions[ended.mint]
        self._wins = self._wins + 1 if ended.result_usd > 0 else 0
        self._closed.pop(ended.mint, None)
        self._closed[ended.mint] = ended.closed_ms
        if len(self._closed) > MOST_CLOSED:
            del self._closed[next(iter(self._closed))]
        return ended

    def _give_up(self, order: TokenOrder, now_ms: int, rule: TokenRule, why: str) -> TokenRefused:
        del self._orders[order.mint]
        return _refused(order, now_ms, rule, why)


def _refused(order: TokenOrder, now_ms: int, rule: TokenRule, why: str) -> TokenRefused:
    return TokenRefused(order.mint, order.name, now_ms, rule, why)


def _too_small(liquidity_usd: float | None, rules: TokenRules) -> tuple[TokenRule, str]:
    if liquidity_usd is None:
        return "liquidity", "its pool's liquidity is not known"
    most, least = rules.sizing.maximum_liquidity_share, max(rules.sizing.minimum_usd, LEAST_USD)
    why = f"{most:.3g} of the {liquidity_usd:,.0f} $ in its pool is less than {least:,.2f}"
    return "liquidity", why
