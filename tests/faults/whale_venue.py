"""The quiet venue with a few large accounts that trade: what they hold can be asked for, and is streamed of some."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import numpy as np
from quiet_venue import USERS, Info, QuietMarket, QuietVenue, Wanted, frame, wire_trade
from truth import SOMEBODY, TruthTrade
from virtual_loop import VirtualClock

EQUITY_USD = 25_000_000.0
MEAN_GAP_S = 6.0
STARTS_S = 60.0
"""Until then nobody trades: what is held at first is known by then."""
_OF_ACCOUNTS = ("userFills", "clearinghouseState")


def whale(number: int) -> str:
    """The address of an account."""
    return f"0x{number + 1:040x}"


class WhaleVenue(QuietVenue):
    """Its accounts move until `ends_s`: mostly by much, now and then by little, sometimes several times at once."""

    def __init__(self, market: QuietMarket, clock: VirtualClock, seed: int, whales: int, ends_s: float) -> None:
        super().__init__(market, clock, beat_s=5.0)
        self._generator = np.random.default_rng([seed, 5])
        self._ends_s = ends_s
        self.held: dict[str, dict[str, float]] = {whale(number): {} for number in range(whales)}
        for number in range(0, whales, 2):
            self.held[whale(number)] = {market.coins[0]: 5_000.0}
        self.opening = {trader: dict(held) for trader, held in self.held.items()}
        """What was held before anybody traded."""
        self.changes = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["WhaleVenue"]:
        """Serve and trade while the context lasts."""
        async with super().running():
            moving = asyncio.create_task(self._move_on())
            try:
                yield self
            finally:
                moving.cancel()

    async def _move_on(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(STARTS_S)
        while loop.time() < self._ends_s:
            trader = whale(int(self._generator.integers(len(self.held))))
            coin = self.market.coins[int(self._generator.integers(len(self.market.coins)))]
            for _ in range(1 + int(self._generator.integers(1, 4)) * (self._generator.random() < 0.2)):
                await self._move(trader, coin)
                await asyncio.sleep(float(self._generator.uniform(0.0, 0.3)))
            await asyncio.sleep(float(self._generator.exponential(MEAN_GAP_S)))

    async def _move(self, trader: str, coin: str) -> None:
        before = self.held[trader].get(coin, 0.0)
        after = self._size_after(before)
        if after == before:
            return
        self.held[trader][coin] = after
        self.changes += 1
        trade = self._print(trader, coin, after - before)
        sent = {
            Wanted("trades", coin): [frame("trades", [wire_trade(trade)])],
            Wanted("userFills", trader): [frame("userFills", {"user": trader, "fills": [_fill(trade, before)]})],
        }
        if self._generator.random() < 0.7:
            sent[Wanted("clearinghouseState", trader)] = [self._state_frame(trader)]
        await self._publish(sent)

    def _size_after(self, before: float) -> float:
        """Up to 10,000 coins of 100 USD and more long or short; one in six changes is worth less than is told."""
        if self._generator.random() < 1 / 6:
            return before + float(self._generator.integers(-300, 301))
        return float(self._generator.integers(-4, 5)) * 2_500.0

    def _print(self, trader: str, coin: str, change: float) -> TruthTrade:
        self.market.trade(coin, self._clock.now_ms())
        users = (trader, SOMEBODY[1]) if change > 0 else (SOMEBODY[0], trader)
        newest = self.market.truth.trades[coin].pop()
        trade = newest._replace(size=f"{abs(change):g}", side="B" if change > 0 else "A", users=users)
        self.market.truth.publish(trade)
        return trade

    def refuses(self, wanted: Wanted) -> bool:
        """Accounts above the cap are not streamed."""
        if wanted.channel not in _OF_ACCOUNTS:
            return False
        users = {one.coin for subscribed in self._clients.values() for one in subscribed if one.channel in _OF_ACCOUNTS}
        return wanted.coin not in users and len(users) >= USERS

    def picture(self, wanted: Wanted) -> list[bytes]:
        """What a new subscription is shown at once."""
        if wanted.channel == "userFills":
            return [frame("userFills", {"user": wanted.coin, "fills": [], "isSnapshot": True})]
        if wanted.channel == "clearinghouseState":
            return [self._state_frame(wanted.coin)]
        return super().picture(wanted)

    def answer(self, asked: Info, now_ms: int) -> object:
        """What a request is answered."""
        match asked.type:
            case "clearinghouseState":
                return self._state(asked.user)
            case "portfolio":
                history = {"accountValueHistory": [], "pnlHistory": [], "vlm": "0"}
                return [["perpMonth", history]]
            case "userFills":
                return []
        return super().answer(asked, now_ms)

    def _state_frame(self, trader: str) -> bytes:
        return frame("clearinghouseState", {"dex": "", "user": trader, "clearinghouseState": self._state(trader)})

    def _state(self, trader: str) -> dict[str, object]:
        margin = {"accountValue": str(EQUITY_USD), "totalNtlPos": "0", "totalMarginUsed": "0", "totalRawUsd": "0"}
        return {
            "marginSummary": margin, "crossMarginSummary": margin, "withdrawable": "0",
            "assetPositions": list(self._positions(trader)), "time": self._clock.now_ms(),
        }  # fmt: skip

    def _positions(self, trader: str) -> Iterator[dict[str, object]]:
        for coin, size in self.held.get(trader, {}).items():
            price = float(self.market.price(coin))
            # The venue goes on listing some positions that were closed.
            if size or self._generator.random() < 0.1:
                yield {"type": "oneWay", "position": _position(coin, size, price)}


def _position(coin: str, size: float, price: float) -> dict[str, object]:
    value = str(abs(size) * price)
    return {
        "coin": coin, "szi": str(size), "leverage": {"type": "cross", "value": 5}, "entryPx": str(price),
        "positionValue": value, "unrealizedPnl": "0", "returnOnEquity": "0", "liquidationPx": None,
        "marginUsed": value, "maxLeverage": 20,
    }  # fmt: skip


def _fill(trade: TruthTrade, size_before: float) -> dict[str, object]:
    return {
        "coin": trade.coin, "px": trade.price, "sz": trade.size, "side": trade.side, "time": trade.time_ms,
        "startPosition": str(size_before), "dir": "Open Long", "closedPnl": "0", "hash": "0x" + "0" * 64, "oid": 1,
        "crossed": True, "fee": "0.5", "tid": trade.trade_id, "feeToken": "USDC",
    }  # fmt: skip
