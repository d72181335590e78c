"""TA-Lib as an oracle: the indicators are those that everybody else computes, from the first bar they are known at."""

import numpy as np
import pytest
import talib
from bar_samples import THRESHOLDS, market
from longer_bars import resample

from app.screener.bars import HOUR_MS
from app.screener.features import plain_features


@pytest.mark.parametrize("seed", [1, 2])
def test_indicators_are_those_of_ta_lib(seed: int) -> None:
    bars = market(3_000, seed)
    found = plain_features(bars, THRESHOLDS)
    upper, middle, _ = talib.BBANDS(bars.closes, 20)
    macd, signal, _ = talib.MACD(bars.closes)
    four, closed = resample(bars, 4 * HOUR_MS)
    four_adx = np.concatenate([[np.nan], talib.ADX(four.highs, four.lows, four.closes, 14)])
    up, down = (way(four.highs, four.lows, four.closes, 14) for way in (talib.PLUS_DI, talib.MINUS_DI))
    for name, expected in {
        "sma_20": talib.SMA(bars.closes, 20), "sma_50": talib.SMA(bars.closes, 50),
        "rsi": talib.RSI(bars.closes, 14), "atr": talib.ATR(bars.highs, bars.lows, bars.closes, 14),
        "deviation": (upper - middle) / 2, "macd": macd, "macd_signal": signal, "adx": four_adx[closed],
        "direction": np.concatenate([[np.nan], np.sign(up - down)])[closed],
    }.items():  # fmt: skip
        np.testing.assert_allclose(getattr(found, name), expected, rtol=1e-9, atol=1e-9, err_msg=name)
