"""Prices of a coin at whole seconds of the last hour: what changes, momentum and volatility are measured on."""

import numpy as np

from app.core.ring import Ring
from app.markets.rules import LONGEST_HOLE_MS, minute_window
from app.measures.returns import Floats, exponential_volatility

SAMPLES_KEPT = 3_700
VOLATILITY_SAMPLES, VOLATILITY_HALF_LIFE_S = 900, 300.0
_MINUTE_MS = 60_000


class PriceSamples:
    """One price a second at most, in order of time (ms)."""

    def __init__(self) -> None:
        self._rows = Ring(SAMPLES_KEPT, 2)
        self._unbroken_ms: int | None = None

    def take(self, now_ms: int, price: float) -> None:
        """The price at this second; one for a second that has gone by changes nothing."""
        newest_ms = self._rows.view()[-1, 0] if len(self._rows) else None
        if newest_ms is not None and newest_ms >= now_ms:
            return
        if self._unbroken_ms is None or newest_ms is None or now_ms - newest_ms > LONGEST_HOLE_MS:
            self._unbroken_ms = now_ms
        self._rows.append(now_ms, price)

    def at(self, time_ms: int) -> float | None:
        """The price at a moment: the newest not after it; None where that is missing or older than 5 s."""
        rows = self._rows.view()
        index = int(np.searchsorted(rows[:, 0], time_ms, side="right")) - 1
        if index < 0 or time_ms - rows[index, 0] > LONGEST_HOLE_MS:
            return None
        return float(rows[index, 1])

    def minute(self, now_ms: int) -> Floats:
        """The prices of the 61 seconds up to now, oldest first; empty while there is a hole in them."""
        rows = self._rows.view()
        return minute_window(rows[:, 0], rows[:, 1], now_ms)

    def minute_in_s(self, now_ms: int) -> int:
        """Seconds until those are known without a hole."""
        if self._unbroken_ms is None:
            return _MINUTE_MS // 1_000
        return max(0, -((now_ms - self._unbroken_ms - _MINUTE_MS) // 1_000))

    def volatility(self) -> float:
        """Of a second's change, over the last quarter of an hour; see `exponential_volatility`."""
        rows = self._rows.view()[-VOLATILITY_SAMPLES:]
        return exponential_volatility(
            rows[:, 0] / 1_000,
            rows[:, 1],
            half_life_s=VOLATILITY_HALF_LIFE_S,
            longest_step_s=LONGEST_HOLE_MS / 1_000,
        )
