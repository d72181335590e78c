"""Bars of files: what is taken, what is refused, and the sentence that says why."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from bar_samples import START_MS, market, rows_of, write_csv
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DataError, TapedeckError
from app.markets.bar_table import BarTable
from app.screener.bars import COLUMNS, HOUR_MS, Bars, check_bars, interval_text, moment_text, read_bars

HEAD = "timestamp,open,high,low,close,volume"


def written(folder: Path, rows: list[list[str]], head: str = HEAD) -> Path:
    path = folder / "ETH.csv"
    path.write_text("\n".join([head, *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")
    return path


def same(one: Bars, other: Bars) -> None:
    assert one[1:3] == other[1:3]
    for column, expected in zip(one[3:], other[3:], strict=True):
        np.testing.assert_array_equal(column, expected)


def test_csv_parquet_and_feather_hold_the_same_bars(tmp_path: Path) -> None:
    import pyarrow as arrow
    from pyarrow import feather, parquet

    bars = market(60, 1)
    names = ("timestamp", "open", "high", "low", "close", "volume")
    table = arrow.table(dict(zip(names, [column.tolist() for column in bars[3:]], strict=True)))
    moments = table.column("timestamp").cast(arrow.timestamp("ms", tz="UTC"))
    parquet.write_table(table.set_column(0, "timestamp", moments), tmp_path / "a.parquet")
    feather.write_feather(table, tmp_path / "a.feather")
    texts = arrow.array([row[0] for row in rows_of(bars)])
    parquet.write_table(table.set_column(0, "date", texts), tmp_path / "texts.parquet")
    read = [read_bars(write_csv(tmp_path / "a.csv", bars))]
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    read += [read_bars(tmp_path / name) for name in ("a.csv.gz", "a.parquet", "a.feather", "texts.parquet")]
    for each in read:
        same(each, bars)
        assert each.sha256 == bars.sha256


def test_bars_are_named_after_their_sources_which_are_outside_text(tmp_path: Path) -> None:
    rows = rows_of(market(30, 1))
    said = ["ETH DEMO", "", *("\x1b[31mred",) * 28]
    path = written(tmp_path, [[*row, source] for row, source in zip(rows, said, strict=True)], f"{HEAD},source")
    read = read_bars(path)
    assert read.name == "ETH.csv (ETH DEMO; [31mred)"
    assert read.sha256 == market(30, 1).sha256
    many = [[*row, f"{number:03}"] for number, row in enumerate(rows)]
    assert read_bars(written(tmp_path, many, f"{HEAD},source")).name == "ETH.csv (000; 001; 002; 003)"


@pytest.mark.filterwarnings("ignore:Feather V1")
def test_what_else_a_file_holds_is_not_read(tmp_path: Path) -> None:
    bars = market(30, 1)
    import pyarrow as arrow
    from pyarrow import feather, parquet

    columns = {"timestamp": bars.times, "note": ["x" * 100] * 30}
    columns |= {name: getattr(bars, f"{name}s") for name in ("open", "high", "low", "close", "volume")}
    table = arrow.table(columns)
    parquet.write_table(table, tmp_path / "a.parquet", compression="none", use_dictionary=False)
    feather.write_feather(table, tmp_path / "a.feather", version=1)
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    note = parquet.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0).column(1)
    content[note.data_page_offset : note.data_page_offset + note.total_compressed_size] = bytes(
        note.total_compressed_size
    )
    (tmp_path / "a.parquet").write_bytes(content)
    for name in ("a.parquet", "a.feather"):
        same(read_bars(tmp_path / name), bars)


def test_gaps_are_counted_and_kept_as_gaps(tmp_path: Path) -> None:
    rows = rows_of(market(40, 2))
    del rows[30], rows[10:13]
    bars = read_bars(written(tmp_path, rows))
    assert (bars.length, bars.missing) == (36, 4)
    assert bars.missing_share == pytest.approx(0.1)
    assert np.diff(bars.times).max() == 4 * HOUR_MS
    assert bars.until(START_MS + 12 * HOUR_MS).missing == 0
    assert bars.until(START_MS + 20 * HOUR_MS).missing == 3


def changed(row: int, column: int, text: str) -> "list[list[str]]":
    rows = rows_of(market(30, 3))
    rows[row][column] = text
    return rows


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "holds 0 bars; give a file with at least 2"),
        (rows_of(market(30, 3))[:1], "holds 1 bars"),
        (list(reversed(rows_of(market(30, 3)))), "row 2: 2025-01-02T04:00:00Z is before the row above; sort by time"),
        (changed(7, 0, "2025-01-01T06:00:00Z"), "row 8: 2025-01-01T06:00:00Z is there twice; leave one of them"),
        (changed(4, 0, "2025-01-01T04:30:00Z"), "row 5: 2025-01-01T04:30:00Z is no time at which a bar of 1h opens"),
        (changed(4, 0, "1900-01-01T00:00:00Z"), "row 5: its time is not between 1970 and 2200"),
        (changed(3, 4, ""), r"row 4 \(2025-01-01T03:00:00Z\): close is nan, which is no number"),
        (changed(3, 2, "inf"), "high is inf, which is no number"),
        (changed(3, 3, "-5"), "low is -5, which is not above 0"),
        (changed(3, 1, "0"), "open is 0, which is not above 0"),
        (changed(3, 3, "1e-300"), "low is 1e-300, which is below 1e-15"),
        (changed(3, 1, "1e16"), "open is 1e[+]16, which is above 1e[+]15"),
        (changed(3, 5, "-1"), "volume is -1, which is below 0"),
        (changed(3, 2, "1000"), "high is 1000, which is below another price of its bar"),
        (changed(3, 3, "2100"), "low is 2100, which is above another price|high is"),
        (changed(9, 0, "2025-01-01T11:00:00+02:00"), "mixes times of several zones"),
        (changed(9, 0, "2025-01-01T09:00:00"), "mixes times of several zones .UTC, none.; write all of them in UTC"),
        (changed(9, 0, "soon"), "line 11: 'soon' is no time"),
        (changed(9, 3, "low"), "line 11: 'low' is no number"),
    ],
)  # fmt: skip
def test_bars_that_cannot_be_used_are_refused_with_the_row_and_the_reason(
    tmp_path: Path, rows: list[list[str]], said: str
) -> None:
    with pytest.raises(DataError, match=said) as refused:
        read_bars(written(tmp_path, rows))
    assert str(refused.value).startswith("ETH.csv")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("interval_ms", [86_400_000, 7 * 60_000, 1_000])
def test_spans_that_make_no_4_hours_are_refused(interval_ms: int, tmp_path: Path) -> None:
    rows = [[str(START_MS + number * interval_ms), "1", "1", "1", "1", "1"] for number in range(5)]
    with pytest.raises(DataError, match="give bars of 4 hours or a whole part of that"):
        read_bars(written(tmp_path, rows))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    rows = [row[:5] for row in rows_of(market(5, 1))]
    with pytest.raises(DataError, match="has no column volume"):
        read_bars(written(tmp_path, rows, HEAD.removesuffix(",volume")))


def test_without_pyarrow_the_next_step_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    path = tmp_path / "ETH.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TapedeckError, match=r"pip install 'tapedeck\[export\]', or give CSV"):
        read_bars(path)


def test_an_end_before_the_second_bar_is_refused() -> None:
    with pytest.raises(DataError, match=r"holds 1 bars up to 2025-01-01T00:00:00Z.*name a later end"):
        market(30, 3).until(START_MS)


def test_the_hash_is_of_what_bars_say() -> None:
    bars = market(30, 3)
    assert bars.sha256 == bars._replace(name="other").sha256
    moved = bars.closes.copy()
    moved[17] = np.nextafter(moved[17], 0)
    assert bars._replace(closes=moved).sha256 != bars.sha256
    assert bars.until(int(bars.times[-2])).sha256 != bars.sha256


@given(st.integers(1, 60))
def test_spans_and_moments_are_told_as_people_write_them(minutes: int) -> None:
    assert interval_text(minutes * 60_000) == ("1h" if minutes == 60 else f"{minutes}m")
    assert moment_text(START_MS + minutes * 60_000).startswith("2025-01-01T0")


@given(st.binary(max_size=300), st.sampled_from([".csv", ".csv.gz", ".parquet", ".feather"]))
def test_whatever_lies_in_a_file_it_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("hostile") / f"x{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError, match="x"):
        read_bars(path)


def test_bars_that_were_taken_are_taken_again() -> None:
    bars = market(200, 5, gaps=0.05)
    assert bars.missing > 0
    same(check_bars("again", BarTable(bars.times, dict(zip(COLUMNS, bars[4:], strict=True)))), bars)
