"""Which way all whales together lean in each coin: what they hold long less what they hold short, of all they hold.

Coins are counted, not dollars: a price that moves is nobody's opinion.
"""

from collections.abc import Iterable

from app.core.traders import TraderState
from app.whales.alert_values import WhaleLean
from app.whales.moves import sizes

STAYS_SHARE = 0.9
"""A whale stays one until its account falls below this share of the limit: one at the limit does not flicker."""
NAMED = 5


class WhaleBias:
    """Sizes held by whales, by coin."""

    def __init__(self, whale_usd: float) -> None:
        self._whale_usd = whale_usd
        self._held: dict[str, dict[str, float]] = {}
        self._prices: dict[str, float] = {}
        self._by_coin: dict[str, dict[str, float]] = {}

    def restore(self, states: Iterable[TraderState]) -> None:
        """Begin with what is known of all traders."""
        for state in states:
            self.learn(state)

    def learn(self, state: TraderState, *, is_rebased: bool = False) -> tuple[WhaleLean, ...]:
        """A state of an account; how whales lean now in each coin in which that changed what they hold.

        `is_rebased` tells that nobody saw when it changed: the bias begins anew, as where somebody joins the whales.
        """
        was_whale = state.trader in self._held
        limit = self._whale_usd * (STAYS_SHARE if was_whale else 1)
        if state.equity_usd < limit:
            return self.forget(state.trader, state.at_ms)
        for position in state.positions:
            self._prices[position.coin] = position.value_usd / abs(position.size) if position.size else 0.0
        return self._replace(state.trader, sizes(state), state.at_ms, is_rebased=is_rebased or not was_whale)

    def forget(self, trader: str, at_ms: int) -> tuple[WhaleLean, ...]:
        """The trader is not followed any more."""
        leans = self._replace(trader, {}, at_ms, is_rebased=True)
        self._held.pop(trader, None)
        return leans

    def _replace(self, trader: str, held: dict[str, float], at_ms: int, is_rebased: bool) -> tuple[WhaleLean, ...]:
        before = self._held.get(trader, {})
        self._held[trader] = held
        changed = sorted(coin for coin in before.keys() | held.keys() if before.get(coin) != held.get(coin))
        for coin in changed:
            self._set(coin, trader, held.get(coin))
        leans = (self.lean(coin, at_ms, is_rebased) for coin in changed)
        return tuple(lean for lean in leans if lean is not None)

    def _set(self, coin: str, trader: str, size: float | None) -> None:
        holders = self._by_coin.setdefault(coin, {})
        if size is None:
            holders.pop(trader, None)
        else:
            holders[trader] = size
        if not holders:
            del self._by_coin[coin]
            self._prices.pop(coin, None)

    def lean(self, coin: str, at_ms: int, is_rebased: bool = False) -> WhaleLean | None:
        """How whales lean in a coin; None where none holds it."""
        holders = self._by_coin.get(coin)
        if not holders:
            return None
        total = sum(map(abs, holders.values()))
        largest = sorted(holders, key=lambda trader: (-abs(holders[trader]), trader))[:NAMED]
        return WhaleLean(
            coin=coin,
            at_ms=at_ms,
            bias=sum(holders.values()) / total,
            whales=len(holders),
            value_usd=total * self._prices.get(coin, 0.0),
            traders=tuple(largest),
            is_rebased=is_rebased,
        )
