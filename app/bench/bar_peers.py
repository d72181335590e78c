"""What other programs make of bars: pandas and TA-Lib screen them, vectorbt and backtesting.py replay one rule.

A script of its own for the Python of `make peers`: it knows nothing of tapedeck. Each line of its input is the name of
an arm and a file of arrays; it answers with the nanoseconds of processor time that the arm took, and leaves what it
found beside the file.
"""

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]
_HOUR_MS = 3_600_000
_ENTRY, _FEE = 0.45, 0.0004


def screen_in_pandas(given: Arrays) -> Arrays:
    """The whole screen: 13 features, five sentinels, score and side."""
    import pandas as pd

    names = ("opens", "highs", "lows", "closes", "volumes")
    frame = pd.DataFrame({name: given[name] for name in names}, index=pd.to_datetime(given["times"], unit="ms"))
    close, before = frame.closes, frame.closes.shift()
    sma_20, sma_50, deviation = close.rolling(20).mean(), close.rolling(50).mean(), close.rolling(20).std(ddof=0)
    change = close.diff().fillna(0)
    gains = change.clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    losses = (-change).clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    rsi = (100 * gains / (gains + losses)).fillna(50)
    reach = np.maximum(frame.highs, before) - np.minimum(frame.lows, before)
    atr = reach.ewm(alpha=1 / 14, adjust=False).mean()
    rank = (atr.rolling(101).rank(method="min") - 1) / 100
    macd = close.ewm(span=12, adjust=False).mean() - close.ewm(span=26, adjust=False).mean()
    signal = macd.ewm(span=9, adjust=False).mean()
    volume_mean, volume_deviation = frame.volumes.rolling(20).mean(), frame.volumes.rolling(20).std(ddof=0)
    adx, direction = _movement_in_pandas(frame)
    days = close.resample("1D").last()
    trend = np.sign(days - days.rolling(20).mean())
    trend = trend.shift(periods=1).reindex(frame.index + pd.Timedelta(hours=1), method="ffill").to_numpy()
    high = np.where(rank.isna(), np.nan, rank >= 0.8)
    struck = {
        1: _crossed(np.sign((close - sma_20).to_numpy())),
        2: _crossed(np.sign((close - sma_50).to_numpy())),
        4: np.r_[False, (high[1:] != high[:-1]) & ~np.isnan(high[:-1]) & ~np.isnan(high[1:])],
        8: (frame.volumes > volume_mean.shift() + 2 * volume_deviation.shift()).to_numpy(),
        16: np.r_[False, np.diff(given["times"]) > 3 * _HOUR_MS],
    }
    near = np.sign((sma_20 - sma_50).to_numpy())
    columns = {
        "sma_20": sma_20, "sma_50": sma_50, "deviation": deviation, "rsi": rsi, "atr": atr, "atr_rank": rank,
        "macd": macd, "macd_signal": signal, "volume_mean": volume_mean, "volume_deviation": volume_deviation,
    }  # fmt: skip
    told = {name: column.to_numpy() for name, column in columns.items()}
    told |= {"adx": adx, "direction": direction, "trend": trend}
    return told | _judged(told, struck, near, high)


def _movement_in_pandas(frame: Any) -> tuple[Any, Any]:  # noqa: ANN401 - pandas has no types here
    import pandas as pd

    longer = frame.resample("4h").agg({"highs": "max", "lows": "min", "closes": "last"})
    before = longer.closes.shift()
    reach = (np.maximum(longer.highs, before) - np.minimum(longer.lows, before)).fillna(0)
    rise, fall = longer.highs.diff(), -longer.lows.diff()
    up = pd.Series(np.where((rise > fall) & (rise > 0), rise, 0), longer.index).ewm(alpha=1 / 14, adjust=False).mean()
    down = pd.Series(np.where((fall > rise) & (fall > 0), fall, 0), longer.index).ewm(alpha=1 / 14, adjust=False).mean()
    reach = reach.ewm(alpha=1 / 14, adjust=False).mean()
    up, down = up / reach, down / reach
    adx = (100 * (up - down).abs() / (up + down)).ewm(alpha=1 / 14, adjust=False).mean()
    closed = frame.index + pd.Timedelta(hours=1)
    return tuple(
        column.shift(periods=1).reindex(closed, method="ffill").to_numpy() for column in (adx, np.sign(up - down))
    )


def screen_in_talib(given: Arrays) -> Arrays:
    """The same with TA-Lib's indicators, and numpy for what it has not."""
    import talib

    times, highs, lows, closes, volumes = (given[name] for name in ("times", "highs", "lows", "closes", "volumes"))
    upper, sma_20, _ = talib.BBANDS(closes, 20, 1.0, 1.0)
    sma_50, rsi, atr = talib.SMA(closes, 50), talib.RSI(closes, 14), talib.ATR(highs, lows, closes, 14)
    macd, signal, _ = talib.MACD(closes, 12, 26, 9)
    volume_mean, volume_deviation = talib.SMA(volumes, 20), talib.STDDEV(volumes, 20, 1.0)
    windows = np.lib.stride_tricks.sliding_window_view(atr[:-1], 100)
    rank = np.full(len(closes), np.nan)
    rank[100:] = (windows < atr[100:, np.newaxis]).sum(axis=1) / 100
    rank[:114] = np.nan
    shift, whole = int(-(times[0] // _HOUR_MS) % 4), len(closes)
    fours = slice(shift, shift + (whole - shift) // 4 * 4)
    high, low = highs[fours].reshape(-1, 4).max(1), lows[fours].reshape(-1, 4).min(1)
    close = closes[fours][3::4].copy()
    strength = talib.ADX(high, low, close, 14)
    way = np.sign(talib.PLUS_DI(high, low, close, 14) - talib.MINUS_DI(high, low, close, 14))
    adx, direction = (_repeated(column, whole, shift, 4) for column in (strength, way))
    shift = int(-(times[0] // _HOUR_MS) % 24)
    days = closes[shift : shift + (whole - shift) // 24 * 24][23::24].copy()
    trend = _repeated(np.sign(days - talib.SMA(days, 20)), whole, shift, 24)
    wild = np.where(np.isnan(rank), np.nan, rank >= 0.8)
    struck = {
        1: _crossed(np.sign(closes - sma_20)),
        2: _crossed(np.sign(closes - sma_50)),
        4: np.r_[False, (wild[1:] != wild[:-1]) & ~np.isnan(wild[:-1]) & ~np.isnan(wild[1:])],
        8: np.r_[False, volumes[1:] > volume_mean[:-1] + 2 * volume_deviation[:-1]],
        16: np.r_[False, np.diff(times) > 3 * _HOUR_MS],
    }
    told = {
        "sma_20": sma_20, "sma_50": sma_50, "deviation": upper - sma_20, "rsi": rsi, "atr": atr, "atr_rank": rank,
        "macd": macd, "macd_signal": signal, "volume_mean": volume_mean, "volume_deviation": volume_deviation,
        "adx": adx, "direction": direction, "trend": trend,
    }  # fmt: skip
    return told | _judged(told, struck, np.sign(sma_20 - sma_50), wild)


def _repeated(values: npt.NDArray[Any], whole: int, shift: int, times: int) -> npt.NDArray[Any]:
    """Values of longer bars at the shorter ones, each from the close of its last one on."""
    told = np.full(whole, np.nan)
    start = shift + times - 1
    spread = np.repeat(values, times)[: whole - start]
    told[start : start + len(spread)] = spread
    return told


def _crossed(side: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Where a side is not what it was. A close that equals its average does not occur in these bars."""
    crossed: npt.NDArray[Any] = np.r_[False, side[1:] * side[:-1] < 0]
    return crossed


def _judged(
    told: Arrays, struck: dict[int, npt.NDArray[Any]], near: npt.NDArray[Any], high: npt.NDArray[Any]
) -> Arrays:
    votes = near + told["direction"] + told["trend"]
    push = np.clip((told["rsi"] - 30) / 40, 0, 1)
    score = 0.3 * np.minimum(1, told["adx"] / 50) + 0.2 * push + 0.1 * np.abs(votes) + 0.2 * (1 - high)
    sentinels = np.zeros(len(near), np.int64)
    for flag, where in struck.items():
        sentinels[where] += flag
    return {"score": score, "side": np.sign(np.nan_to_num(votes)), "sentinels": sentinels}


def simple_in_pandas(given: Arrays) -> Arrays:
    """The score of the simple rule."""
    import pandas as pd

    highs, lows, close = (pd.Series(given[name]) for name in ("highs", "lows", "closes"))
    before = close.shift().fillna(close.iloc[0])
    m20, m50, sd = close.rolling(20).mean(), close.rolling(50).mean(), close.rolling(20).std(ddof=0)
    reach = np.maximum(highs, before) - np.minimum(lows, before)
    short, long = (reach.ewm(alpha=alpha, adjust=False).mean() for alpha in (1 / 14, 0.01))
    change = close - before
    gains = change.clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    losses = (-change).clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    line = close.ewm(span=12, adjust=False).mean() - close.ewm(span=26, adjust=False).mean()
    signal = line.ewm(span=9, adjust=False).mean()
    session = np.arange(len(close)) // 24
    top = highs.groupby(session).cummax().groupby(session).shift()
    bottom = lows.groupby(session).cummin().groupby(session).shift()
    broken = (close > top).astype(float) - (close < bottom).astype(float)
    score = 0.3 * np.where(m20 > m50, 1, -1) + 0.2 * (2 * gains / (gains + losses) - 1)
    score = score + 0.2 * np.where(line > signal, 1, -1) + 0.15 * (close - m20) / (2 * sd) + 0.15 * broken
    return {"score": (score * np.where(short > long, 1, 0.5)).to_numpy()}


def simple_in_talib(given: Arrays) -> Arrays:
    """The same with TA-Lib."""
    import talib

    highs, lows, closes = (given[name] for name in ("highs", "lows", "closes"))
    m20, m50 = talib.SMA(closes, 20), talib.SMA(closes, 50)
    upper, mean, _ = talib.BBANDS(closes, 20)
    short, long, rsi = talib.ATR(highs, lows, closes, 14), talib.ATR(highs, lows, closes, 100), talib.RSI(closes, 14)
    line, signal, _ = talib.MACD(closes)
    whole = len(closes) // 24 * 24
    top = np.maximum.accumulate(highs[:whole].reshape(-1, 24), 1)
    bottom = np.minimum.accumulate(lows[:whole].reshape(-1, 24), 1)
    days, broken = closes[:whole].reshape(-1, 24), np.zeros(len(closes))
    broken[:whole].reshape(-1, 24)[:, 1:] = (days[:, 1:] > top[:, :-1]).astype(float) - (days[:, 1:] < bottom[:, :-1])
    score = 0.3 * np.where(m20 > m50, 1, -1) + 0.2 * (rsi / 50 - 1) + 0.2 * np.where(line > signal, 1, -1)
    score += 0.15 * (closes - mean) / (upper - mean) + 0.15 * broken
    return {"score": score * np.where(short > long, 1, 0.5)}


def _frame(given: Arrays) -> Any:  # noqa: ANN401
    import pandas as pd

    columns = {name.title()[:-1]: given[name] for name in ("opens", "highs", "lows", "closes")}
    return pd.DataFrame({**columns, "Volume": 1.0}, index=pd.to_datetime(given["times"], unit="ms"))


def replay_in_vectorbt(given: Arrays) -> Callable[[], Arrays]:
    """The simple rule by `from_signals`; scores, ranges and the frame are there before the time counts."""
    import vectorbt

    frame, scores, unit = _frame(given), given["scores"], given["ranges"] / given["closes"]

    def replay() -> Arrays:
        folio = vectorbt.Portfolio.from_signals(
            frame.Close, scores > _ENTRY, None, scores < -_ENTRY, None, open=frame.Open, high=frame.High, low=frame.Low,
            sl_stop=2 * unit, tp_stop=4 * unit, fees=_FEE, init_cash=1e4, upon_opposite_entry="ignore", freq="1h",
        )  # fmt: skip
        return {"trades": np.array([folio.orders.count() // 2]), "final": np.array([folio.final_value()])}

    return replay


def replay_in_backtesting_py(given: Arrays) -> Callable[[], Arrays]:
    """The same by a Strategy with a stop and a target at each order."""
    import backtesting

    frame, scores, ranges = _frame(given), given["scores"], given["ranges"]

    class Simple(backtesting.Strategy):  # type: ignore[misc] # the peer has no types
        def init(self) -> None:
            self.score, self.reach = self.I(lambda: scores, plot=False), self.I(lambda: ranges, plot=False)

        def next(self) -> None:
            if self.position:
                return
            score, reach, close = self.score[-1], self.reach[-1], self.data.Close[-1]
            if score > _ENTRY:
                self.buy(size=0.95, sl=close - 2 * reach, tp=close + 4 * reach)
            elif score < -_ENTRY:
                self.sell(size=0.95, sl=close + 2 * reach, tp=close - 4 * reach)

    def replay() -> Arrays:
        told = backtesting.Backtest(frame, Simple, cash=1e6, commission=_FEE).run()
        return {"trades": np.array([int(told["# Trades"])]), "final": np.array([float(told["Equity Final [$]"]) / 100])}

    return replay


SCREENS = {
    "screen_in_pandas": screen_in_pandas, "screen_in_talib": screen_in_talib, "simple_in_pandas": simple_in_pandas,
    "simple_in_talib": simple_in_talib,
}  # fmt: skip
REPLAYS = {"replay_in_vectorbt": replay_in_vectorbt, "replay_in_backtesting_py": replay_in_backtesting_py}


def main() -> None:
    """Take one arm after another until the input ends."""
    warnings.filterwarnings("ignore")
    for line in sys.stdin:
        name, _, file = line.strip().partition(" ")
        with np.load(file, allow_pickle=False) as stored:
            given = {key: stored[key] for key in stored.files}
        work = REPLAYS[name](given) if name in REPLAYS else lambda: SCREENS[name](given)  # noqa: B023 - called here
        started_ns = time.process_time_ns()
        found: dict[str, Any] = work()
        taken_ns = time.process_time_ns() - started_ns
        np.savez(Path(file).with_suffix(".found.npz"), **found)
        sys.stdout.write(f"{taken_ns}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
