"""Bars in files: CSV, also gzipped, and the Parquet and Feather files that other tools write. Hostile input."""

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np

from app.core.errors import DataError
from app.core.text import clean
from app.markets.hourly_bars import COLUMNS, HOUR_MS, HourlyBars, Integers, bars_of
from app.measures.returns import Floats
from app.training.library import needed

MOST_ROWS = 2_000_000
MOST_BYTES = 512 * 1024 * 1024
_TIME_COLUMNS = ("timestamp", "date", "datetime", "time", "open_time", "open_ms")
_RATE_COLUMNS = ("funding", "funding_rate", "fundingrate", "rate", "open")
_PRICES = ("open", "high", "low", "close")
_MILLISECONDS_FROM = 10**11
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
    times, columns = _table(path)
    missing = [name for name in (*_PRICES, "volume") if name not in columns]
    if missing:
        raise DataError(f"{path.name} has no column {missing[0]}; bars need a time, {', '.join(_PRICES)} and volume")
    if len(times) < 2:
        raise DataError(f"{path.name} holds {len(times)} bars; give a file with more")
    kept = {name: values for name, values in columns.items() if name in COLUMNS}
    times, kept = _by_the_hour(path.name, times, kept)
    digest = _sha256(path)
    if funding is not None:
        kept["funding"] = _rates(funding, times)
        digest = hashlib.sha256((digest + _sha256(funding)).encode()).hexdigest()
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
    stamps, columns = _table(path)
    name = next((name for name in _RATE_COLUMNS if name in columns), None)
    if name is None:
        raise DataError(f"{path.name} has no column of rates; name it funding, rate or open")
    # Stamps are some milliseconds late.
    known = dict(zip(((stamps + HOUR_MS // 2) // HOUR_MS).tolist(), columns[name].tolist(), strict=True))
    hours = ((times + HOUR_MS // 2) // HOUR_MS).tolist()
    return np.array([known.get(hour, np.nan) for hour in hours], dtype=np.float64)


def _table(path: Path) -> Table:
    try:
        if not path.is_file():
            raise DataError(f"{path} is no file; name a file of bars")
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path.name} is larger than {MOST_BYTES // 2**20} MiB; cut it")
        if path.suffix in (".parquet", ".feather"):
            return _arrow_table(path)
        with _opened(path) as file:
            return _csv_table(path.name, file)
    except (OSError, EOFError, zlib.error, csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} cannot be read ({clean(str(error), 120)}); give a whole file of bars") from error


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path), encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _csv_table(name: str, file: IO[str]) -> Table:
    reader = csv.reader(file)
    header = [column.strip().lower() for column in next(reader, [])]
    place, wanted = _time_place(name, header), {c: header.index(c) for c in _wanted(header)}
    times: list[int] = []
    columns: dict[str, list[float]] = {column: [] for column in wanted}
    for row in reader:
        if len(row) != len(header):
            raise DataError(f"{name}, line {reader.line_num}: {len(row)} cells, not {len(header)}; correct it")
        if len(times) >= MOST_ROWS:
            raise DataError(f"{name} has more than {MOST_ROWS:,} rows; cut it")
        times.append(_time_ms(name, reader.line_num, row[place]))
        for column, values in columns.items():
            values.append(_number(name, reader.line_num, row[wanted[column]]))
    return np.array(times, dtype=np.int64), {c: np.array(v, dtype=np.float64) for c, v in columns.items()}


def _wanted(header: Sequence[str]) -> list[str]:
    return [column for column in dict.fromkeys((*COLUMNS, *_RATE_COLUMNS)) if column in header]


def _time_place(name: str, header: Sequence[str]) -> int:
    found = next((header.index(column) for column in _TIME_COLUMNS if column in header), None)
    if found is None:
        raise DataError(f"{name} has no column of times; name it {', '.join(_TIME_COLUMNS[:3])} or {_TIME_COLUMNS[-1]}")
    return found


def _time_ms(name: str, line: int, text: str) -> int:
    text = text.strip()
    try:
        if re.fullmatch(r"\d{9,13}", text, re.ASCII):
            return int(text) if int(text) >= _MILLISECONDS_FROM else int(text) * 1000
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"{name}, line {line}: {clean(text, 40)!r} is no time; write ISO 8601 or ms") from error
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _number(name: str, line: int, text: str) -> float:
    """A number; an empty cell is unknown."""
    if not text.strip():
        return float("nan")
    try:
        return float(text)
    except ValueError as error:
        raise DataError(f"{name}, line {line}: {clean(text, 40)!r} is no number; correct it") from error


def _arrow_table(path: Path) -> Table:
    arrow = needed("pyarrow")
    try:
        module = needed("pyarrow.parquet" if path.suffix == ".parquet" else "pyarrow.feather")
        table = module.read_table(path)
        header = [str(column).lower() for column in table.column_names]
        if table.num_rows > MOST_ROWS:
            raise DataError(f"{path.name} has more than {MOST_ROWS:,} rows; cut it")
        times = _arrow_times(arrow, table.column(_time_place(path.name, header)))
        return times, _arrow_columns(arrow, table, header)
    except (arrow.ArrowException, ValueError) as error:
        raise DataError(f"{path.name} cannot be read ({clean(str(error), 120)}); give a whole file of bars") from error


def _arrow_times(arrow: Any, column: Any) -> Integers:  # noqa: ANN401 - pyarrow has no types of its own
    if arrow.types.is_integer(column.type):
        times: Integers = column.to_numpy().astype(np.int64)
        return times if len(times) and times.max() >= _MILLISECONDS_FROM else times * 1000
    milliseconds = column.cast(arrow.timestamp("ms", tz="UTC"), safe=False)
    result: Integers = milliseconds.cast(arrow.int64()).to_numpy().astype(np.int64)
    return result


def _arrow_columns(arrow: Any, table: Any, header: Sequence[str]) -> dict[str, Floats]:  # noqa: ANN401
    return {
        name: table.column(header.index(name)).cast(arrow.float64()).to_numpy().astype(np.float64)
        for name in _wanted(header)
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
