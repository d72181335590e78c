import gzip
from pathlib import Path

import numpy as np
import pytest
from hourly_samples import START_MS, market, write_csv
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DataError
from app.feeds.tape.text_lines import LINE_LIMIT
from app.markets.hourly_bars import HOUR_MS
from app.training.bar_files import coin_of, read_bars

HEAD = "date,open,high,low,close,volume\n"


def written(folder: Path, text: str, name: str = "ETH_1h.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_holds_the_bars_that_were_written(tmp_path: Path) -> None:
    bars = market(50, 1)
    path = write_csv(tmp_path / "binance_um_ETHUSDT_1h_2023-2025.csv", bars)
    read = read_bars(path)
    assert read.bars.coin == "ETH"
    for column, other in zip(read.bars[1:], bars[1:], strict=True):
        np.testing.assert_array_equal(column, other)
    zipped = tmp_path / "ETHUSDT.csv.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    np.testing.assert_array_equal(read_bars(zipped).bars.close, bars.close)


@pytest.mark.parametrize(
    "time", ["{s}", "{ms}", "2023-11-14T{h:02d}:00:00+00:00", "2023-11-14 {h:02d}:00:00", "2023-11-14 {h:02d}:00:00Z"]
)
def test_times_are_read_in_all_usual_ways(tmp_path: Path, time: str) -> None:
    first_s = 1_699_920_000
    rows = [time.format(s=first_s + h * 3600, ms=(first_s + h * 3600) * 1000, h=h) + ",1,2,1,2,5" for h in range(3)]
    bars = read_bars(written(tmp_path, HEAD + "\n".join(rows) + "\n")).bars
    assert bars.open_ms.tolist() == [(first_s + hour * 3600) * 1000 for hour in range(3)]


def test_short_bars_are_put_together(tmp_path: Path) -> None:
    rows = [
        f"{START_MS + minute * 60_000},{10 + minute},{20 + minute},{5 - minute / 100},{11 + minute},2"
        for minute in range(120)
    ]
    bars = read_bars(written(tmp_path, HEAD + "\n".join(rows) + "\n")).bars
    assert [column.tolist() for column in bars[1:7]] == [
        [START_MS, START_MS + HOUR_MS], [10, 70], [79, 139], [5 - 0.59, 5 - 1.19], [70, 130], [120, 120],
    ]  # fmt: skip


def test_funding_is_found_by_its_hour(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "ETH.csv", market(5, 1))
    rates = [f"{START_MS + hour * HOUR_MS + 47},{hour / 1e5},0" for hour in (0, 1, 3)]
    funding = written(tmp_path, "date,open,volume\n" + "\n".join(rates) + "\n", "funding.csv")
    read = read_bars(path, funding)
    np.testing.assert_array_equal(read.bars.funding, [0, 1e-5, np.nan, 3e-5, np.nan])
    assert read.sha256 != read_bars(path).sha256
    with pytest.raises(DataError, match="no column of rates"):
        read_bars(path, written(tmp_path, "date,fees\n1699920000,1\n", "other.csv"))


def test_unknown_cells_are_unknown(tmp_path: Path) -> None:
    head = "date,open,high,low,close,volume,funding,open_interest\n"
    rows = [f"{START_MS + hour * HOUR_MS},1,2,1,2,5,,{hour}" for hour in range(3)]
    bars = read_bars(written(tmp_path, head + "\n".join(rows))).bars
    assert np.isnan(bars.funding).all()
    assert bars.open_interest.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column of times"),
        ("open,high,low,close,volume\n1,1,1,1,1\n", "no column of times"),
        ("date,open,high,low,close\n1700000000,1,1,1,1\n", "no column volume"),
        (HEAD, "0 bars"),
        (HEAD + "1700000000,1,1,1,1,1\n", "1 bars"),
        (HEAD + "yesterday,1,1,1,1,1\n", "line 2: 'yesterday' is no time"),
        (HEAD + "1700000000,1,1,1\n", "line 2: 4 cells, not 6"),
        (HEAD + "1700000000,one,1,1,1,1\n", "'one' is no number"),
        (HEAD + "1700000000,1,1,1,1,1\n1700086400,1,1,1,1,1\n1700172800,1,1,1,1,1\n", "a bar each 1440 minutes"),
        (HEAD + '"' + "x" * 200_000, "field larger than field limit"),
    ],
)
def test_files_that_are_no_bars_are_refused_with_the_reason(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_bars(written(tmp_path, text))


@given(st.binary(max_size=400), st.sampled_from([".csv", ".csv.gz", ".parquet", ".feather"]))
def test_whatever_lies_in_a_file_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("hostile") / f"x{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError, match="x"):
        read_bars(path)


def test_a_small_file_that_unpacks_to_one_endless_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"1" * (LINE_LIMIT + 2)))
    with pytest.raises(DataError, match=r"bomb\.csv\.gz has a line of more than"):
        read_bars(path)


def test_no_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DataError, match="is no file"):
            read_bars(path)


@pytest.mark.parametrize(
    ("name", "coin"),
    [
        ("binance_um_ETHUSDT_1h_2023-2025.parquet", "ETH"), ("hyperliquid_kPEPE_1h.feather", "kPEPE"),
        ("BTC.csv", "BTC"), ("SOL-USDT-1h.csv.gz", "SOL"), ("1h.csv", "1h"), ("USDT.csv", "USDT"),
    ],
)  # fmt: skip
def test_the_coin_is_in_the_name(name: str, coin: str) -> None:
    assert coin_of(Path(name)) == coin
