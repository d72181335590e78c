"""Hours of following many traders in virtual time, and how much memory the process has meanwhile."""

import gc
from typing import Any, NamedTuple

import msgspec
import numpy as np
import psutil
from whale_driver import PRICES, WhaleDriver, address, digest, ranked, settings

from app.core.record import Record, Request

TICK_S = 1.0
_COINS = tuple(PRICES)
_OTHERS = 20
"""Of the leaderboard are so many more than are followed."""


class Sample(NamedTuple):
    """How things stood after so many virtual hours; `memory` is the process's, in bytes."""

    hours: float
    memory: int
    moves: int
    alerts: int
    states: int


class LongDriver(WhaleDriver):
    """Keeps nothing of what goes through it, so that what grows is the core's."""

    def __init__(self, tracked: int, seed: int) -> None:
        self._sequence = 0
        self._tracked = tracked
        self._generator = np.random.default_rng([seed, 11])
        super().__init__(settings(tracked=tracked))
        self.core.journal.keep = lambda row: None
        self.told_moves = self.told_alerts = self.states = 0
        for number in range(tracked + _OTHERS):
            elsewhere = {f"C{(number * 7 + place) % 150}": 1_000.0 for place in range(4)}
            self.held[address(number)] = {**elsewhere, "BTC": float(number % 5) * 10_000}
            self.equity_usd[address(number)] = 1e5 * 10 ** (2.5 * number / tracked)

    def put(self, kind: int, payload: bytes | msgspec.Struct = b"", stream: int = 0) -> None:
        data = payload if isinstance(payload, bytes) else msgspec.msgpack.encode(payload)
        nanoseconds = self.now_ms * 1_000_000
        self._sequence += 1
        self.core.dispatch(Record(self._sequence, nanoseconds, nanoseconds, stream, kind, data))

    def reply(self, request: Request) -> None:
        self.states += request.channel == "clearinghouseState"
        if request.channel == "leaderboard":
            rows = (ranked(number, self.equity_usd[address(number)]) for number in range(self._tracked + _OTHERS))
            self.answer(request, digest(*rows))
        else:
            super().reply(request)

    def live(self, hours: float, samples: int) -> list[Sample]:
        """So many hours, looked at so many times."""
        self.restore()
        found = []
        for number in range(samples):
            ends_ms = self.now_ms + round(hours * 3_600_000 / samples)
            while self.now_ms < ends_ms:
                self._second()
            found.append(self._sample(hours * (number + 1) / samples))
        return found

    def _second(self) -> None:
        for _ in range(int(self._generator.poisson(1.5))):
            trader = address(int(self._generator.integers(self._tracked)))
            coin = _COINS[int(self._generator.integers(2))]
            self.trades(trader, coin, float(self._generator.integers(-9, 10)) * 5_000.0)
        self.tick(TICK_S)
        for coin in ("BTC", "ETH"):
            self.quote(coin, PRICES[coin] - 0.01, PRICES[coin] + 0.01)
        self.carry()
        self._forget()

    def _forget(self) -> None:
        self.told_moves += len(self.moves)
        self.told_alerts += len(self.alerts)
        kept: tuple[list[Any], ...] = (self.moves, self.alerts, self.signals, self.asked_at, self.asked.requests)
        for one in (*kept, self.asked.hurried, self.asked.subscriptions):
            one.clear()
        self._done = 0

    def _sample(self, hours: float) -> Sample:
        gc.collect()
        memory = psutil.Process().memory_info().rss
        return Sample(hours, memory, self.told_moves, self.told_alerts, self.states)
