"""Real recordings, each compared with an independent reading of the same file."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.core.clock import ManualClock
from app.core.record import Kind, Record
from app.feeds.hyperliquid.wire import WireBook, WireQuote, WireTrade
from app.feeds.tape.imported import ImportedRecording
from app.feeds.tape.importers import import_file, open_recording
from app.feeds.tape.reader import TapeReader

pytestmark = pytest.mark.real

TRADES = [
    "data/ticks/hyperliquid_trades_BTC_2025-09-03.csv.gz",
    "data/ticks/hyperliquid_trades_ETH_2025-09-03.csv.gz",
    "data/ticks/hyperliquid_trades_SOL_2025-09-03.csv.gz",
    "data/ticks/hyperliquid_trades_BTC_2025-09-01_07.csv.gz",
    "wire/hyperliquid/csv_trades_BTC_2025-09-03.csv",
]
PRICES = [
    "data/ticks/hyperliquid_prices_BTC_2025-09-03.csv.gz",
    "data/ticks/hyperliquid_prices_ETH_2025-09-03.csv.gz",
    "data/ticks/hyperliquid_prices_BTC_2025-09-01_07.csv.gz",
]
BOOKS = [
    "data/ticks/hyperliquid_orderbooks_BTC_2025-09-03.csv.gz",
    "data/ticks/hyperliquid_orderbooks_SOL_2025-09-03.csv.gz",
    "wire/hyperliquid/csv_orderbooks_BTC_2025-09-03.csv",
]
RAW = "wire/hyperliquid/ws_l2Book_trades_BTC_2025-01-26.jsonl"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real payloads; the test is skipped where there is none."""
    folder = Path(__file__).parents[3] / "../shared"
    if not folder.is_dir():
        pytest.skip("needs the real payloads in ../shared")
    return folder


def table_rows(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return list(csv.DictReader(io.StringIO(text.decode())))


def stamp_ns(row: dict[str, str]) -> int:
    return int(Decimal(row["timestamp"]) * 10**9)


def import_and_read(source: Path, folder: Path) -> Iterator[tuple[Record, Any]]:
    """The frames of `source` after a trip through a tape, each with its decoded data."""
    recording = open_recording(source)
    assert isinstance(recording, ImportedRecording)
    assert recording.skipped == 0
    import_file(source, folder / "real.tape", ManualClock())
    reader = TapeReader(folder / "real.tape")
    assert (reader.start_ns, reader.end_ns) == (recording.start_ns, recording.end_ns)
    for record in reader.records():
        if record.kind == Kind.FRAME:
            yield record, json.loads(record.payload)["data"]


@pytest.mark.parametrize("name", TRADES)
def test_trade_tables(shared: Path, tmp_path: Path, name: str) -> None:
    expected = [
        (stamp_ns(row), int(row["exchange_timestamp"]), int(row["trade_id"]), row["side"], row["price"], row["size"])
        for row in table_rows(shared / name)
    ]
    found = []
    for record, data in import_and_read(shared / name, tmp_path):
        msgspec.convert(data, list[WireTrade], strict=False)
        found += [
            (record.wall_ns, t["time"], t["tid"], {"B": "buy", "A": "sell"}[t["side"]], t["px"], t["sz"]) for t in data
        ]
    assert found == expected


@pytest.mark.parametrize("name", PRICES)
def test_price_tables(shared: Path, tmp_path: Path, name: str) -> None:
    rows = table_rows(shared / name)
    frames = list(import_and_read(shared / name, tmp_path))
    assert frames[0][0].wall_ns == stamp_ns(rows[0])
    assert frames[-1][0].wall_ns == stamp_ns(rows[-1])
    assert {(record.wall_ns, data["time"]) for record, data in frames} == {
        (stamp_ns(row), int(row["exchange_timestamp"])) for row in rows
    }
    last = {row["side"]: {"px": row["price"], "sz": row["size"]} for row in rows}
    assert frames[-1][1]["bbo"] == [last["bid"], last["ask"]]
    msgspec.convert([data for _, data in frames], list[WireQuote], strict=False)


@pytest.mark.parametrize("name", BOOKS)
def test_book_tables(shared: Path, tmp_path: Path, name: str) -> None:
    rows = table_rows(shared / name)
    frames = list(import_and_read(shared / name, tmp_path))
    assert [record.wall_ns for record, _ in frames] == [stamp_ns(row) for row in rows]
    for row, (_, data) in zip(rows, frames, strict=True):
        bids, asks = data["levels"]
        assert bids == [{"px": row[f"bid_price_{n}"], "sz": row[f"bid_size_{n}"]} for n in range(20)]
        assert asks == [{"px": row[f"ask_price_{n}"], "sz": row[f"ask_size_{n}"]} for n in range(20)]
    msgspec.convert([data for _, data in frames], list[WireBook], strict=False)


def test_raw_frames(shared: Path, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in (shared / RAW).read_text().splitlines()]
    import_file(shared / RAW, tmp_path / "real.tape", ManualClock())
    frames = [record for record in TapeReader(tmp_path / "real.tape").records() if record.kind == Kind.FRAME]
    assert [record.wall_ns for record in frames] == [line["recv_ns"] for line in lines]
    assert [json.loads(record.payload) for record in frames] == [line["frame"] for line in lines]
    channels = [json.loads(record.payload)["channel"] for record in frames]
    assert (channels.count("l2Book"), channels.count("trades")) == (46, 9)
