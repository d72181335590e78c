"""Made-up candles of tokens, and the same figures reckoned in the plainest way there is."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from app.tokens.candles import SLOT_S, CandleTable
from app.tokens.features import Context

BORN_S = 1_790_000_100 // SLOT_S * SLOT_S
FULL = Context(
    liquidity_usd=5_000.0, market_cap_usd=80_000.0, holders=321, age_s=7_200, volume_24h_usd=9_000.0, trades_1h=0,
    turnover=1.8,
)  # fmt: skip


def walk(
    seed: int, slots: int = 150, *, traded: float = 0.7, interval_s: int = SLOT_S, volatility: float = 0.05
) -> CandleTable:
    """A price at random; a share `traded` of the intervals has a candle. Volumes are whole numbers."""
    rng = np.random.default_rng(seed)
    close = 1e-5 * np.exp(np.cumsum(volatility * rng.standard_normal(slots)))
    opened = np.concatenate([[1e-5], close[:-1]])
    wick = np.exp(np.abs(rng.standard_normal((2, slots))) * volatility / 2)
    table = CandleTable(
        interval_s,
        BORN_S + np.arange(slots, dtype=np.int64) * interval_s,
        opened,
        np.maximum(opened, close) * wick[0],
        np.minimum(opened, close) / wick[1],
        close,
        rng.integers(0, 9_000, slots).astype(np.float64),
    )
    return table.rows(rng.random(slots) < traded)


def of_closes(closes: Sequence[float], first_s: int = BORN_S, interval_s: int = SLOT_S) -> CandleTable:
    """One candle an interval, without gaps, that only knows its close."""
    values = np.array(closes, dtype=np.float64)
    times = first_s + np.arange(len(values), dtype=np.int64) * interval_s
    return CandleTable(interval_s, times, values, values, values, values, np.ones(len(values)))


def plain_average(values: list[float], period: int) -> float:
    """The exponential average at the end of `values`."""
    average = sum(values[:period]) / period
    for value in values[period:]:
        average = value * 2 / (period + 1) + average * (1 - 2 / (period + 1))
    return average


def plain_rsi(closes: list[float]) -> float:
    """Wilder's RSI 14 by its ratio."""
    changes = [after - before for before, after in pairwise(closes)]
    rise = sum(max(change, 0) for change in changes[:14]) / 14
    fall = sum(max(-change, 0) for change in changes[:14]) / 14
    for change in changes[14:]:
        rise = (rise * 13 + max(change, 0)) / 14
        fall = (fall * 13 + max(-change, 0)) / 14
    return 100 - 100 / (1 + rise / fall)


def plain_indicators(closes: list[float]) -> list[float | None]:
    """All indicators, each by its definition; None where there are too few closes."""
    last, count = closes[-1], len(closes)
    lines = [plain_average(closes[:end], 12) - plain_average(closes[:end], 26) for end in range(26, count + 1)]
    line = lines[-1] / last if lines else None
    signal = plain_average(lines, 9) / last if len(lines) >= 9 else None
    recent = closes[-20:]
    middle = sum(recent) / len(recent)
    deviation = math.sqrt(sum((close - middle) ** 2 for close in recent) / len(recent))
    return [
        plain_rsi(closes) / 50 - 1 if count >= 15 else None,
        line,
        signal,
        None if line is None or signal is None else line - signal,
        math.log(last / plain_average(closes, 12)) if count >= 12 else None,
        math.log(last / plain_average(closes, 26)) if count >= 26 else None,
        4 * deviation / middle if count >= 20 else None,
    ]


def plain_features(table: CandleTable, context: Context, at_s: int) -> list[float]:
    """The whole vector of features, candle by candle."""
    rows = {int(row[0]): [float(value) for value in row[1:]] for row in zip(*table[1:], strict=True)}
    end_s = at_s - at_s % SLOT_S
    slots = [rows.get(end_s - (100 - slot) * SLOT_S) for slot in range(100)]
    traded = [slot for slot in slots if slot is not None]
    mean = sum(slot[4] for slot in traded) / len(traded) if traded else 0
    matrix: list[float] = []
    for slot in slots:
        if slot is None:
            matrix += [0.0] * 5
            continue
        matrix += [math.log(price / traded[-1][3]) for price in slot[:4]]
        matrix.append(math.log(1 + slot[4] / mean) if mean else 0.0)
    told = [None if value is None else math.log(1 + value) for value in context]
    values = plain_indicators([slot[3] for slot in traded]) if traded else [None] * 7
    vector = [*matrix, *(0.0 if slot is None else 1.0 for slot in slots)]
    for known in (told, values):
        vector += [0.0 if value is None else value for value in known]
        vector += [0.0 if value is None else 1.0 for value in known]
    return vector
