"""Bars in files by the hour, with funding beside them. Hostile input (`app.markets.bar_table` reads it)."""

import hashlib
import re
from pathlib import Path

import msgspec
import numpy as np

from app.core.errors import DataError
from app.core.text import clean
from app.markets.bar_table import file_sha256, read_table
from app.markets.hourly_bars import COLUMNS, HOUR_MS, HourlyBars, Integers, bars_of
from app.measures.returns import Floats

_RATE_COLUMNS = ("funding", "funding_rate", "fundingrate", "rate", "open")
_PRICES = ("open", "high", "low", "close")
_NOT_A_COIN = re.compile(r"(?:^|[_\-. ])(?:binance|um|hyperliquid|funding|\d\S*)(?=[_\-. ]|$)", re.IGNORECASE)
_QUOTE = re.compile(r"(?:USDT|USDC|USD)\Z")

Table = tuple[Integers, dict[str, Floats]]


class BarFile(msgspec.Struct, frozen=True):
    """Bars of one file by the hour; `name` and `sha256` are the file's."""

    name: str
    sha256: str
    bars: HourlyBars


def read_bars(path: Path, funding: Path | None = None) -> BarFile:
    """The bars of a file, those shorter than an hour put together, with the rates of a second file beside them.

    The coin comes from the file's name. Raises `DataError` for a file that cannot be read as bars.
    """
    times, columns, *_ = read_table(path, COLUMNS)
    missing = [name for name in (*_PRICES, "volume") if name not in columns]
    if missing:
        raise DataError(f"{path.name} has no column {missing[0]}; bars need a time, {', '.join(_PRICES)} and volume")
    if len(times) < 2:
        raise DataError(f"{path.name} holds {len(times)} bars; give a file with more")
    times, kept = _by_the_hour(path.name, times, columns)
    digest = file_sha256(path)
    if funding is not None:
        kept["funding"] = _rates(funding, times)
        digest = hashlib.sha256((digest + file_sha256(funding)).encode()).hexdigest()
    return BarFile(clean(path.name, 100), digest, bars_of(coin_of(path), times, kept))


def coin_of(path: Path) -> str:
    """The coin in a file's name: ETH of `binance_um_ETHUSDT_1h_2023-2025.parquet`."""
    stem = path.name.partition(".")[0]
    words = [word for word in re.split(r"[_\-. ]", _NOT_A_COIN.sub("", stem)) if word]
    return clean(_QUOTE.sub("", words[0]) or words[0], 24) if words else clean(stem, 24)


def _by_the_hour(name: str, times: Integers, columns: dict[str, Floats]) -> Table:
    order = np.argsort(times, kind="stable")
    times = times[order]
    steps = np.diff(times)
    step = int(np.median(steps[steps > 0])) if (steps > 0).any() else 0
    if step > HOUR_MS + 60_000:
        raise DataError(f"{name} has a bar each {step / 60_000:g} minutes; give bars of an hour or shorter")
    columns = {column: values[order] for column, values in columns.items()}
    return (times, columns) if step > HOUR_MS // 2 else _put_together(times, columns)


def _put_together(times: Integers, columns: dict[str, Floats]) -> Table:
    """Bars shorter than an hour → hours; an hour may be incomplete where bars are missing."""
    hours = times // HOUR_MS
    starts = np.flatnonzero(np.diff(hours, prepend=hours[0] - 1))
    ends = np.append(starts[1:], len(hours)) - 1
    merged = {name: columns[name][ends] for name in columns}
    merged["open"] = columns["open"][starts]
    merged["high"] = np.maximum.reduceat(columns["high"], starts)
    merged["low"] = np.minimum.reduceat(columns["low"], starts)
    merged["volume"] = np.add.reduceat(columns["volume"], starts)
    return hours[starts] * HOUR_MS, merged


def _rates(path: Path, times: Integers) -> Floats:
    """Hourly funding at the hours of bars; NaN where the file has none."""
    stamps, columns, *_ = read_table(path, _RATE_COLUMNS)
    name = next((name for name in _RATE_COLUMNS if name in columns), None)
    if name is None:
        raise DataError(f"{path.name} has no column of rates; name it funding, rate or open")
    # Stamps are some milliseconds late.
    known = dict(zip(((stamps + HOUR_MS // 2) // HOUR_MS).tolist(), columns[name].tolist(), strict=True))
    hours = ((times + HOUR_MS // 2) // HOUR_MS).tolist()
    return np.array([known.get(hour, np.nan) for hour in hours], dtype=np.float64)
