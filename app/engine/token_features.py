"""What a model and the strategies are told of tokens, worked out once: a function of the inputs, as all of the core.

Candles change once a slot, so what they alone tell is kept by pool and slot. What venues tell beside them changes more
often: while it is as it was, and for a minute at most, the same question is asked with the very same row, so that the
answer of a moment ago is its answer. Only the token's age, which is part of the row, is then up to a minute old.
"""

from typing import NamedTuple

import numpy as np

from app.config.token_settings import TokenModelSettings
from app.engine.inference_cache import TimedCache
from app.tokens.candles import SLOT_S, Window
from app.tokens.features import ChartFeatures, Context, chart_of, with_context
from app.tokens.strategies import StrategySays, strategies
from app.tokens.watched import Seen
from app.tokens.worker_protocol import row_bytes

_SECOND_NS = 1_000_000_000


class Chart(NamedTuple):
    """What the candles of a slot tell."""

    window: Window
    strategy: StrategySays
    features: ChartFeatures


class Told(NamedTuple):
    """All that is told of a token: its chart, and the row of features as it travels."""

    chart: Chart
    row: bytes


class TokenFeatures:
    """Keeps charts by pool for the length of a slot, and rows by token for `cache_s`; at most `cached` of each."""

    def __init__(self, settings: TokenModelSettings) -> None:
        lasts_s = SLOT_S if settings.cache_s else 0
        self.charts: TimedCache[tuple[str, int], Chart] = TimedCache(lasts_s, settings.cached)
        self.rows: TimedCache[str, tuple[Context, Told]] = TimedCache(settings.cache_s, settings.cached)

    def of(self, seen: Seen) -> Told:
        """What is told of a token as it is known now."""
        now_ns, mint, context = seen.at_s * _SECOND_NS, seen.listed.mint, seen.context._replace(age_s=None)
        chart = self._chart(seen, now_ns)
        kept = self.rows.get(mint, now_ns, lambda before: before[0] == context and before[1].chart is chart)
        if kept is not None:
            return kept[1]
        told = Told(chart, row_bytes(with_context(chart.features, seen.context).flat()))
        self.rows.put(mint, (context, told), now_ns)
        return told

    def _chart(self, seen: Seen, now_ns: int) -> Chart:
        key, window = (seen.listed.pool, seen.at_s // SLOT_S), seen.window
        kept = self.charts.get(key, now_ns, lambda before: _is_same(before.window, window))
        if kept is not None:
            return kept
        chart = Chart(window, strategies(window), chart_of(window))
        self.charts.put(key, chart, now_ns)
        return chart


def _is_same(one: Window, other: Window) -> bool:
    """Whether two windows hold the same candles; a venue may tell a candle otherwise a moment later."""
    return np.array_equal(one.mask, other.mask) and np.array_equal(one.values, other.values, equal_nan=True)
