"""Bars in files as columns: CSV, also gzipped, and Parquet and Feather as other tools write them. Hostile input."""

import csv
import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.errors import DataError, TapedeckError
from app.core.text import clean
from app.feeds.tape.text_lines import read_lines
from app.measures.returns import Floats

Integers = NDArray[np.int64]

MOST_ROWS = 2_000_000
MOST_BYTES = 512 * 1024 * 1024
_TIME_COLUMNS = ("timestamp", "date", "datetime", "time", "open_time", "open_ms")
_MILLISECONDS_FROM = 10**11
SOURCE_COLUMN = "source"
_MOST_SOURCES = 4


class BarTable(NamedTuple):
    """Rows as they stand in a file: times in ms since 1970 UTC, and those of the wanted columns that it has.

    `zones` are the offsets from UTC that its times are written with, "none" among them where one has none (it is then
    taken as UTC). A cell without a number is NaN. `sources` are what a column `source` of CSV says,
    a few texts at most.
    """

    times: Integers
    columns: dict[str, Floats]
    zones: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()


def read_table(path: Path, wanted: Sequence[str]) -> BarTable:
    """The times and the `wanted` columns of a file, by names in small letters.

    Raises `DataError` for a file that cannot be read as a table with a column of times, `TapedeckError` where it needs
    pyarrow and that is not installed.
    """
    try:
        if not path.is_file():
            raise DataError(f"{path} is no file; name a file of bars")
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path.name} is larger than {MOST_BYTES // 2**20} MiB; cut it")
        if path.suffix in (".parquet", ".feather"):
            return _arrow_table(path, wanted)
        # A line is never held unless it is short: a small gzip file may hold one that fills the memory.
        return _csv_table(path.name, (line.decode() for line in read_lines(path, MOST_BYTES)), wanted)
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} cannot be read ({clean(str(error), 120)}); give a whole file of bars") from error


def file_sha256(path: Path) -> str:
    """The hash of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _csv_table(name: str, lines: Iterable[str], wanted: Sequence[str]) -> BarTable:
    reader = csv.reader(lines)
    header = [column.strip().lower() for column in next(reader, [])]
    place, places = _time_place(name, header), {c: header.index(c) for c in dict.fromkeys(wanted) if c in header}
    times: list[int] = []
    source_place = header.index(SOURCE_COLUMN) if SOURCE_COLUMN in header else None
    zones: set[str] = set()
    sources: set[str] = set()
    columns: dict[str, list[float]] = {column: [] for column in places}
    for row in reader:
        if len(row) != len(header):
            raise DataError(f"{name}, line {reader.line_num}: {len(row)} cells, not {len(header)}; correct it")
        if len(times) >= MOST_ROWS:
            raise DataError(f"{name} has more than {MOST_ROWS:,} rows; cut it")
        times.append(_time_ms(name, reader.line_num, row[place], zones))
        if source_place is not None and len(sources) < _MOST_SOURCES:
            sources.add(row[source_place])
        for column, values in columns.items():
            values.append(_number(name, reader.line_num, row[places[column]]))
    floats = {column: np.array(values, dtype=np.float64) for column, values in columns.items()}
    return BarTable(np.array(times, dtype=np.int64), floats, frozenset(zones), _cleaned(sources))


def _cleaned(sources: Iterable[str]) -> frozenset[str]:
    return frozenset(text for each in sources if (text := clean(each.strip(), 60)))


def _time_place(name: str, header: Sequence[str]) -> int:
    found = next((header.index(column) for column in _TIME_COLUMNS if column in header), None)
    if found is None:
        raise DataError(f"{name} has no column of times; name it {', '.join(_TIME_COLUMNS[:3])} or {_TIME_COLUMNS[-1]}")
    return found


def _time_ms(name: str, line: int, text: str, zones: set[str]) -> int:
    text = text.strip()
    try:
        if re.fullmatch(r"\d{9,13}", text, re.ASCII):
            return int(text) if int(text) >= _MILLISECONDS_FROM else int(text) * 1000
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"{name}, line {line}: {clean(text, 40)!r} is no time; write ISO 8601 or ms") from error
    offset = moment.utcoffset()
    zones.add("none" if offset is None else str(offset) if offset else "UTC")
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _number(name: str, line: int, text: str) -> float:
    """A number; an empty cell is unknown."""
    if not text.strip():
        return float("nan")
    try:
        return float(text)
    except ValueError as error:
        raise DataError(f"{name}, line {line}: {clean(text, 40)!r} is no number; correct it") from error


def _arrow(module: str) -> Any:  # noqa: ANN401 - pyarrow has no types of its own
    try:
        return import_module(module)
    except ImportError as error:
        raise TapedeckError(
            "pyarrow is not installed, and Parquet and Feather files need it; "
            "run: python -m pip install 'tapedeck[export]', or give CSV"
        ) from error


def _arrow_table(path: Path, wanted: Sequence[str]) -> BarTable:
    arrow = _arrow("pyarrow")
    try:
        table = _parquet(path, wanted) if path.suffix == ".parquet" else _feather(path, wanted)
        header = [str(column).lower() for column in table.column_names]
        if table.num_rows > MOST_ROWS:
            raise DataError(f"{path.name} has more than {MOST_ROWS:,} rows; cut it")
        zones: set[str] = set()
        times = _arrow_times(path.name, arrow, table.column(_time_place(path.name, header)), zones)
        present = [name for name in dict.fromkeys(wanted) if name in header]
        columns = {
            name: table.column(header.index(name)).cast(arrow.float64()).to_numpy().astype(np.float64)
            for name in present
        }
        return BarTable(times, columns, frozenset(zones))
    except (arrow.ArrowException, ValueError) as error:
        raise DataError(f"{path.name} cannot be read ({clean(str(error), 120)}); give a whole file of bars") from error


def _parquet(path: Path, wanted: Sequence[str]) -> Any:  # noqa: ANN401
    file = _arrow("pyarrow.parquet").ParquetFile(path)
    if file.metadata.num_rows > MOST_ROWS:
        raise DataError(f"{path.name} has more than {MOST_ROWS:,} rows; cut it")
    return file.read(columns=_read_of(file.schema_arrow.names, wanted))


def _feather(path: Path, wanted: Sequence[str]) -> Any:  # noqa: ANN401
    feather, ipc = _arrow("pyarrow.feather"), _arrow("pyarrow.ipc")
    with path.open("rb") as file:
        # The first version of the format is another one, in which nothing can be compressed.
        is_first = file.read(4) == b"FEA1"
    if is_first:
        return feather.read_table(path)
    with ipc.open_file(str(path)) as file:
        names = file.schema.names
    return feather.read_table(path, columns=_read_of(names, wanted))


def _read_of(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The columns that are read at all: what else a small file holds may fill the memory."""
    return list(dict.fromkeys(name for name in names if name.lower() in (*wanted, *_TIME_COLUMNS)))


def _arrow_times(name: str, arrow: Any, column: Any, zones: set[str]) -> Integers:  # noqa: ANN401
    if column.null_count:
        raise DataError(f"{name} has {column.null_count} rows without a time; correct them")
    if arrow.types.is_string(column.type) or arrow.types.is_large_string(column.type):
        texts = column.to_pylist()
        return np.array([_time_ms(name, row, text, zones) for row, text in enumerate(texts, 2)], dtype=np.int64)
    if arrow.types.is_integer(column.type):
        times: Integers = column.to_numpy().astype(np.int64)
        return times if len(times) and times.max() >= _MILLISECONDS_FROM else times * 1000
    milliseconds = column.cast(arrow.timestamp("ms", tz="UTC"), safe=False)
    result: Integers = milliseconds.cast(arrow.int64()).to_numpy().astype(np.int64)
    return result
