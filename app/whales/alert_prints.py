"""Large trades and liquidations of accounts nobody follows. Pure.

What one taker took from many makers at one time is one trade: the venue prints it maker by maker.
"""

from collections.abc import Container

import msgspec

from app.config.whale_settings import AlertsSettings
from app.core.events import Side, Trade
from app.whales.alert_values import AlertCause, Liquidation
from app.whales.alert_words import Who, number, usd
from app.whales.rarity import RarityByCoin

TRADES_KNOWN = 1_000
"""A share of one in a thousand cannot be seen on fewer trades."""
SWEEP_MS = 100
"""A taker's prints at one time are whole so much later, if no later print told that before."""


OLD_MS = 600_000
"""A trade that is learned of so much later is counted and not told: it is no news."""


class _Sweep(msgspec.Struct, gc=False):
    taker: str
    side: Side
    time_ms: int
    seen_ms: int
    size: float = 0.0
    value_usd: float = 0.0


class LargeTrades:
    """The trade each coin's newest prints belong to, and the sizes of the last day."""

    def __init__(self, settings: AlertsSettings, followed: Container[str], who: Who) -> None:
        self._settings = settings
        self._followed = followed
        self._who = who
        self._rarity = RarityByCoin(TRADES_KNOWN)
        self._open: dict[str, _Sweep] = {}
        self.unranked = 0

    def saw(self, trade: Trade, now_ms: int) -> AlertCause | None:
        """One print; the alert of the trade before it in its coin, now that this one shows that it is whole."""
        taker = trade.raw_users[0] if trade.side is Side.BUY else trade.raw_users[1]
        sweep = self._open.get(trade.coin)
        told = None
        if sweep is None or sweep.time_ms != trade.time_ms or sweep.taker != taker or sweep.side is not trade.side:
            told = None if sweep is None else self._whole(trade.coin, sweep, now_ms)
            sweep = self._open[trade.coin] = _Sweep(taker, trade.side, trade.time_ms, now_ms)
        sweep.size += trade.size
        sweep.value_usd += trade.size * trade.price
        return told

    def tick(self, now_ms: int) -> tuple[AlertCause, ...]:
        """Time passed: trades whose last print is long enough ago are whole."""
        due = [(coin, sweep) for coin, sweep in self._open.items() if sweep.seen_ms <= now_ms - SWEEP_MS]
        for coin, _ in due:
            del self._open[coin]
        causes = (self._whole(coin, sweep, now_ms) for coin, sweep in due)
        return tuple(cause for cause in causes if cause is not None)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        for sweep in self._open.values():
            sweep.seen_ms = min(sweep.seen_ms, now_ms)

    def _whole(self, coin: str, sweep: _Sweep, now_ms: int) -> AlertCause | None:
        is_large = sweep.value_usd >= self._settings.large_trade_usd
        # Asked before it is counted itself, and only where the answer matters.
        percentile = self._rarity.percentile(coin, sweep.value_usd, now_ms) if is_large else None
        self._rarity.add(coin, sweep.value_usd, now_ms)
        taker = sweep.taker.lower()
        if not is_large or taker in self._followed or now_ms - sweep.time_ms > OLD_MS:
            return None
        if percentile is None:
            self.unranked += 1
            return None
        if percentile < self._settings.large_trade_percentile:
            return None
        return self._cause(coin, sweep, taker, percentile, now_ms)

    def _cause(self, coin: str, sweep: _Sweep, taker: str, percentile: float, now_ms: int) -> AlertCause:
        price = sweep.value_usd / sweep.size
        is_address = taker.isascii() and taker.isalnum()
        word = "bought" if sweep.side is Side.BUY else "sold"
        name = self._who(taker) if is_address else "somebody"
        return AlertCause(
            cause=f"trade:{coin}:{taker}:{sweep.side.value}:{sweep.time_ms}",
            kind="large_trade",
            severity="LOW",
            coin=coin,
            at_ms=now_ms,
            direction=1 if sweep.side is Side.BUY else -1,
            text=f"{name} {word} {number(sweep.size)} {coin} at once: {usd(sweep.value_usd)} at {number(price)}",
            value_usd=sweep.value_usd,
            percentile=percentile,
            price=price,
            traders=(taker,) if is_address else (),
        )


def liquidated(liquidation: Liquidation, settings: AlertsSettings, who: Who, now_ms: int) -> AlertCause | None:
    """A liquidation that is worth telling; MEDIUM, because it is no decision of anybody and seldom the last."""
    value_usd = liquidation.size * liquidation.price
    if value_usd < settings.liquidation_usd:
        return None
    side = "short" if liquidation.direction > 0 else "long"
    coin = liquidation.coin
    return AlertCause(
        cause=f"liquidation:{coin}:{liquidation.trader}:{liquidation.at_ms}:{liquidation.trade_id}",
        kind="liquidation",
        severity="MEDIUM",
        coin=coin,
        at_ms=now_ms,
        direction=liquidation.direction,
        text=f"{who(liquidation.trader)} was liquidated: {side} {number(liquidation.size)} {coin}, "
        f"{usd(value_usd)} at {number(liquidation.price)}",
        value_usd=value_usd,
        percentile=None,
        price=liquidation.price,
        traders=(liquidation.trader,),
    )
