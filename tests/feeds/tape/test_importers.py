import gzip
import hashlib
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_samples import START_NS, STEP_NS, numbered_records, write_tape

from app.core.clock import ManualClock
from app.core.errors import DataError, UsageError
from app.core.record import Connected, Dropped, Kind, Record, StreamOpened
from app.feeds.hyperliquid.wire import WireBook, WireQuote, WireTrade
from app.feeds.tape import importers
from app.feeds.tape.csv_rows import BOOKS_HEADER, PRICES_HEADER, TRADES_HEADER, coin_of
from app.feeds.tape.imported import GAP_NS, TIMER_NS, ImportedRecording
from app.feeds.tape.importers import cut, import_file, open_recording
from app.feeds.tape.reader import TapeReader
from app.feeds.tape.rows import Row, in_order, seconds_to_ns
from app.feeds.tape.text_lines import LINE_LIMIT, read_lines
from app.feeds.tape.writer import TapeWriter

TextFile = Callable[[str, str], Path]


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """A closed tape of 40 records in eight blocks."""
    return write_tape(tmp_path / "small.tape", numbered_records(40))


@pytest.fixture
def text_file(tmp_path: Path) -> TextFile:
    """Writes a text file of a given name."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def frames(path: Path) -> list[Any]:
    """All frames of a recording, decoded."""
    return [json.loads(record.payload) for record in open_recording(path).records() if record.kind == Kind.FRAME]


def imported(path: Path) -> ImportedRecording:
    recording = open_recording(path)
    assert isinstance(recording, ImportedRecording)
    return recording


def table(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


def test_trades_of_one_instant_are_one_frame(text_file: TextFile) -> None:
    path = text_file(
        "trades_BTC.csv",
        table(
            TRADES_HEADER,
            "1756904112.5455544,111039.0,0.00091,buy,1062032029372010,1756904102005",
            "1756904112.5455544,111038.0,1.0,sell,840625993692607,1756904103412",
            "1756904113.0,111038.0,2,sell,3,1756904103413",
        ),
    )
    first, second = frames(path)
    assert first == {
        "channel": "trades",
        "data": [
            {
                "coin": "BTC",
                "side": "B",
                "px": "111039.0",
                "sz": "0.00091",
                "time": 1756904102005,
                "tid": 1062032029372010,
            },
            {"coin": "BTC", "side": "A", "px": "111038.0", "sz": "1.0", "time": 1756904103412, "tid": 840625993692607},
        ],
    }
    assert [trade["tid"] for trade in second["data"]] == [3]
    msgspec.convert(first["data"], list[WireTrade], strict=False)


def test_prices_keep_the_other_side(text_file: TextFile) -> None:
    path = text_file(
        "prices_ETH.csv",
        table(
            PRICES_HEADER,
            "1756904112.7,4344.1,71.9,bid,1756904112212",
            "1756904112.7,4344.2,6.7,ask,1756904112212",
            "1756904113.1,4344.0,5,bid,1756904112500",
            "1756904113.1,4343.9,4,bid,1756904112500",
        ),
    )
    quotes = [frame["data"] for frame in frames(path)]
    assert [quote["bbo"] for quote in quotes] == [
        [{"px": "4344.1", "sz": "71.9"}, {"px": "4344.2", "sz": "6.7"}],
        [{"px": "4344.0", "sz": "5"}, {"px": "4344.2", "sz": "6.7"}],
        [{"px": "4343.9", "sz": "4"}, {"px": "4344.2", "sz": "6.7"}],
    ]
    assert [quote["time"] for quote in quotes] == [1756904112212, 1756904112500, 1756904112500]
    msgspec.convert(quotes, list[WireQuote], strict=False)


def test_a_side_not_seen_yet_is_null(text_file: TextFile) -> None:
    path = text_file("prices_SOL.csv", table(PRICES_HEADER, "1756904112.7,208.9,7,ask,1756904112212"))
    assert frames(path)[0]["data"]["bbo"] == [None, {"px": "208.9", "sz": "7"}]


def test_a_bad_price_is_skipped(text_file: TextFile) -> None:
    good = "1756904112.7,208.9,7,ask,1756904112212"
    path = text_file("prices_SOL.csv", table(PRICES_HEADER, good, good.replace("208.9", "nan")))
    assert (imported(path).skipped, len(frames(path))) == (1, 1)


def test_books_stop_at_their_first_empty_level(text_file: TextFile) -> None:
    header = BOOKS_HEADER + ",bid_price_1,bid_size_1,ask_price_1,ask_size_1"
    path = text_file("orderbooks_BTC.csv", table(header, "1756904112.5,1,1756904112212,10.5,1,11,2,10.4,3,,"))
    (frame,) = frames(path)
    assert frame["channel"] == "l2Book"
    assert frame["data"]["levels"] == [
        [{"px": "10.5", "sz": "1"}, {"px": "10.4", "sz": "3"}],
        [{"px": "11", "sz": "2"}],
    ]
    msgspec.convert(frame["data"], WireBook, strict=False)


GOOD = "1756904113,100,1,buy,1,1756904113000"


@pytest.mark.parametrize(
    "bad",
    [
        "1756904113,nan,1,buy,1,1756904113000",
        "1756904113,inf,1,buy,1,1756904113000",
        "1756904113,1e400,1,buy,1,1756904113000",
        "1756904113,1_0,1,buy,1,1756904113000",
        "1756904113,-1,1,buy,1,1756904113000",
        "1756904113,0,1,buy,1,1756904113000",
        "1756904113,100,nan,buy,1,1756904113000",
        "1756904113,100,1,hold,1,1756904113000",
        "1756904113,100,1,buy,-1,1756904113000",
        "1756904113,100,1,buy,1,nan",
        "nan,100,1,buy,1,1756904113000",
        "-5,100,1,buy,1,1756904113000",
        "1e9,100,1,buy,1,1756904113000",
        "99999999999,100,1,buy,1,1756904113000",
        "5,100,1,buy,1,1756904113000",
        "1756904000,100,1,buy,1,1756904113000",
        "１７５６９０４１１３,100,1,buy,1,1756904113000",
        "1756904113,100,1,buy,1",
        "1756904113,100,1,buy,1,1756904113000,extra",
        "",
        "\x1b[2J",
    ],
)
def test_bad_rows_are_skipped_and_counted(text_file: TextFile, bad: str) -> None:
    path = text_file("trades_BTC.csv", table(TRADES_HEADER, GOOD, bad, GOOD.replace("113,", "114,", 1)))
    recording = imported(path)
    assert recording.skipped == 1
    assert "1 line(s)" in recording.damage
    assert len(frames(path)) == 2


@pytest.mark.parametrize(
    "bad",
    [
        "1756904112.5,1,1756904112212,nan,1,11,2",
        "1756904112.5,1,1756904112212,10,1,11,inf",
        "1756904112.5,1,1756904112212,11,1,11,2",
        "1756904112.5,1,0,10,1,11,2",
        "1756904112.5,1,1756904112212,10,1",
        "x,1,1756904112212,10,1,11,2",
    ],
)
def test_bad_books_are_skipped(text_file: TextFile, bad: str) -> None:
    good = "1756904112.5,1,1756904112212,10,1,11,2"
    recording = imported(text_file("orderbooks_BTC.csv", table(BOOKS_HEADER, good, bad)))
    assert recording.skipped == 1


def test_raw_lines_keep_their_bytes_and_stamps(text_file: TextFile) -> None:
    frame = '{"channel": "l2Book",  "data":{"coin":"BTC","time":1756904112212,"levels":[[],[]]}}'
    path = text_file("any name.jsonl", f'{{"recv_ns":{START_NS},"frame":{frame}}}\n\n')
    record = list(open_recording(path).records())[-1]
    assert (record.wall_ns, record.payload) == (START_NS, frame.encode())


def test_bare_frames_are_stamped_with_their_own_time(text_file: TextFile) -> None:
    lines = [
        '{"channel":"pong"}',
        '{"channel":"bbo","data":{"coin":"BTC","time":1756904112000,"bbo":[null,null]}}',
        '{"channel":"trades","data":[{"coin":"ETH","time":1756904105000},{"coin":"ETH","time":1756904111000}]}',
        '{"channel":"pong"}',
        '{"channel":"candle","data":{"s":"SOL","i":"1m"}}',
        '{"channel":"bbo","data":{"coin":"BTC","time":1756904113000,"bbo":[null,null]}}',
    ]
    recording = imported(text_file("bare.jsonl", "\n".join(lines)))
    found = [record.wall_ns // 10**9 - 1756904112 for record in recording.records() if record.kind == Kind.FRAME]
    assert found == [0, 0, 0, 0, 1]
    assert recording.skipped == 1
    opened = [msgspec.msgpack.decode(r.payload, type=StreamOpened) for r in recording.records() if r.kind == 1]
    names = [(stream.channel, stream.subject) for stream in opened]
    assert names == [("bbo", "BTC"), ("trades", "ETH"), ("pong", ""), ("candle", "SOL")]


@pytest.mark.parametrize(
    "bad",
    ["[]", "{", "{}", '{"recv_ns":1}', '{"recv_ns":"1","frame":{}}', "null", "[" * 100_000, '{"channel":5}', "\x00"],
)
def test_bad_lines_are_skipped(text_file: TextFile, bad: str) -> None:
    good = f'{{"recv_ns":{START_NS},"frame":{{"channel":"pong"}}}}'
    assert imported(text_file("a.jsonl", f"{good}\n{bad}\n{good}\n")).skipped == 1


def pongs(text_file: TextFile, *stamps: int) -> Path:
    """A raw recording with a frame at each of `stamps`."""
    return text_file("a.jsonl", "".join(f'{{"recv_ns":{at},"frame":{{"channel":"pong"}}}}\n' for at in stamps))


def test_connect_and_streams_come_first_and_timers_between(text_file: TextFile) -> None:
    path = pongs(text_file, START_NS, START_NS + TIMER_NS - 1, START_NS + 3 * TIMER_NS)
    records = list(open_recording(path).records())
    assert [Kind(record.kind).name for record in records] == [
        *("CONNECT", "STREAM", "FRAME", "FRAME", "TIMER", "TIMER", "TIMER", "FRAME")
    ]
    assert [record.wall_ns - START_NS for record in records if record.kind == Kind.TIMER] == [
        TIMER_NS,
        2 * TIMER_NS,
        3 * TIMER_NS,
    ]
    assert [record.sequence for record in records] == list(range(1, 9))
    assert all(record.monotonic_ns == record.wall_ns - START_NS for record in records)
    opened = msgspec.msgpack.decode(records[1].payload, type=StreamOpened)
    assert opened == StreamOpened(1, "hyperliquid", "file", "pong", "")
    assert {record.stream for record in records if record.kind == Kind.FRAME} == {1}


@pytest.mark.parametrize(("seconds", "retry_s"), [(GAP_NS // 10**9 + 1, 121.0), (90 * 3_600, 86_400.0)])
def test_a_long_silence_is_a_gap_without_timers(text_file: TextFile, seconds: int, retry_s: float) -> None:
    path = pongs(text_file, START_NS, START_NS + seconds * 10**9)
    drop, connect, frame = list(open_recording(path).records())[-3:]
    dropped = msgspec.msgpack.decode(drop.payload, type=Dropped)
    assert (drop.kind, drop.wall_ns, dropped.reason) == (Kind.DROP, START_NS, f"the recording has a gap of {seconds} s")
    assert dropped.retry_in_s == retry_s
    assert (connect.kind, connect.wall_ns) == (Kind.CONNECT, frame.wall_ns)
    assert msgspec.msgpack.decode(connect.payload, type=Connected).venue == "hyperliquid"
    assert len(list(open_recording(path).records())) == 6


def test_the_longest_silence_without_a_gap_has_timers(text_file: TextFile) -> None:
    kinds = [record.kind for record in open_recording(pongs(text_file, START_NS, START_NS + GAP_NS)).records()]
    assert kinds.count(Kind.TIMER) == GAP_NS // TIMER_NS
    assert Kind.DROP not in kinds


@given(st.lists(st.integers(-(2**70), 2**70) | st.integers(START_NS, START_NS + 10**11), max_size=40))
def test_stamps_never_go_back(stamps: list[int]) -> None:
    ordered = list(in_order(Row(stamp, "c", "", b"") for stamp in stamps))
    kept = [row.stamp_ns for row in ordered if row]
    assert len(ordered) == len(stamps)
    assert kept == sorted(kept)
    assert all(0 <= row.stamp_ns - stamp <= 2 * 10**9 for row, stamp in zip(ordered, stamps, strict=True) if row)


def test_a_small_step_back_is_levelled_and_a_large_one_skipped(text_file: TextFile) -> None:
    recording = imported(pongs(text_file, START_NS, START_NS - 2 * 10**9, START_NS - 2 * 10**9 - 1, START_NS + 1))
    found = [record.wall_ns - START_NS for record in recording.records() if record.kind == Kind.FRAME]
    assert (found, recording.skipped) == ([0, 0, 1], 1)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("1756904112.5465927", 1756904112546592700), ("7", 7 * 10**9), ("1.0000000019", 10**9 + 1), ("1.", 10**9)],
)
def test_seconds_are_exact(text: str, nanoseconds: int) -> None:
    assert seconds_to_ns(text) == nanoseconds


@pytest.mark.parametrize("text", ["", ".5", "nan", "1e9", "-1", "1.2.3", "²", "1" * 5000, " 1"])
def test_what_is_no_number_of_seconds_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        seconds_to_ns(text)


@pytest.mark.parametrize(
    ("name", "coin"),
    [
        ("hyperliquid_trades_BTC_2025-09-03.csv.gz", "BTC"),
        ("trades_kPEPE.csv", "kPEPE"),
        ("prices_BTC_2025-09-01_07.csv.gz", "BTC"),
    ],
)
def test_coin_of_a_file_name(name: str, coin: str) -> None:
    assert coin_of(Path(name)) == coin


@pytest.mark.parametrize("name", ["trades.csv", "trades_BTC_ETH.csv", "20250903.csv", "btc.csv"])
def test_an_unclear_coin_is_an_error(text_file: TextFile, name: str) -> None:
    with pytest.raises(DataError, match="which coin"):
        open_recording(text_file(name, table(TRADES_HEADER, GOOD)))


@pytest.mark.parametrize("text", ["", "a,b,c\n1,2,3\n", "<html>", TRADES_HEADER.upper() + "\n" + GOOD])
def test_other_files_are_refused(text_file: TextFile, text: str) -> None:
    with pytest.raises(DataError, match="no recording"):
        open_recording(text_file("trades_BTC.csv", text))


def test_a_table_without_a_usable_row_is_refused(text_file: TextFile) -> None:
    with pytest.raises(DataError, match="no usable row"):
        open_recording(text_file("trades_BTC.csv", table(TRADES_HEADER, "a,b", "c,d")))


def test_a_gzip_file_reads_like_a_plain_one(text_file: TextFile, tmp_path: Path) -> None:
    plain = text_file("trades_BTC.csv", table(TRADES_HEADER, GOOD))
    packed = tmp_path / "trades_BTC.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(open_recording(packed).records()) == list(open_recording(plain).records())


def test_a_cut_gzip_file_is_a_data_error(tmp_path: Path) -> None:
    path = tmp_path / "trades_BTC.csv.gz"
    path.write_bytes(gzip.compress(table(TRADES_HEADER, *[GOOD] * 1000).encode())[:-30])
    with pytest.raises(DataError, match="cut off or damaged"):
        open_recording(path)


def test_decompressed_text_is_capped(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"x\n" * 500_000))
    with pytest.raises(DataError, match="more than 1000 bytes"):
        list(read_lines(path, limit=1000))


def test_a_line_is_capped(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(LINE_LIMIT + 1)))
    with pytest.raises(DataError, match="a line of more than"):
        open_recording(path)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_read(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "trades_BTC.csv"
    for prefix in (b"", f"{TRADES_HEADER}\n{GOOD}\n".encode(), b'{"channel":"pong"}\n{"recv_ns":'):
        path.write_bytes(prefix + data)
        try:
            found = list(open_recording(path).records())
        except DataError:
            continue
        assert all(one.wall_ns <= other.wall_ns for one, other in pairwise(found))


def test_an_imported_tape_holds_the_same_and_its_origin(text_file: TextFile, tmp_path: Path) -> None:
    source = text_file("trades_BTC.csv", table(TRADES_HEADER, GOOD))
    target = tmp_path / "a.tape"
    import_file(source, target, ManualClock(wall_ns=5))
    reader = TapeReader(target)
    assert list(reader.records()) == list(open_recording(source).records())
    assert reader.session.mode == "import"
    assert reader.session.imported_from == "trades_BTC.csv"
    assert reader.session.imported_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert reader.session.created_wall_ns == 5


def test_a_failed_import_leaves_nothing(text_file: TextFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = text_file("trades_BTC.csv", table(TRADES_HEADER, GOOD))

    class FailingWriter(TapeWriter):
        def write(self, record: Record) -> None:
            raise DataError("no space")

    monkeypatch.setattr(importers, "TapeWriter", FailingWriter)
    with pytest.raises(DataError, match="no space"):
        import_file(source, tmp_path / "a.tape", ManualClock())
    assert not (tmp_path / "a.tape").exists()


def test_an_import_does_not_overwrite(text_file: TextFile) -> None:
    source = text_file("trades_BTC.csv", table(TRADES_HEADER, GOOD))
    with pytest.raises(DataError, match="exists already"):
        import_file(source, source, ManualClock())
    assert source.exists()


def test_a_cut_keeps_context_and_range(tmp_path: Path) -> None:
    records = numbered_records(40)
    for number, kind in enumerate((*Kind, 99)):
        records[number] = msgspec.structs.replace(records[number], kind=int(kind))
    source = write_tape(tmp_path / "all.tape", records, seed=3)
    target = tmp_path / "part.tape"
    start, end = START_NS + 20 * STEP_NS, START_NS + 30 * STEP_NS
    cut(source, target, start, end, ManualClock())
    reader = TapeReader(target)
    kept = list(reader.records())
    context = {Kind.STREAM, Kind.CONNECT, Kind.DROP, Kind.REQUEST, Kind.ANSWER, Kind.SETTINGS}
    assert kept == [record for record in records[:20] if record.kind in context] + records[20:30]
    assert (reader.start_ns, reader.end_ns) == (start, START_NS + 29 * STEP_NS)
    assert (reader.session.seed, reader.session.created_wall_ns) == (3, START_NS)


def test_a_cut_of_a_table_keeps_its_origin(text_file: TextFile, tmp_path: Path) -> None:
    source = pongs(text_file, START_NS, START_NS + 10**9, START_NS + 2 * 10**9)
    cut(source, tmp_path / "a.tape", START_NS + 1, START_NS + 10**10, ManualClock())
    reader = TapeReader(tmp_path / "a.tape")
    kinds = [record.kind for record in reader.records()]
    assert kinds.count(Kind.FRAME) == 2
    assert kinds[:2] == [Kind.CONNECT, Kind.STREAM]
    assert (reader.start_ns, reader.session.imported_from) == (START_NS + 1, "a.jsonl")


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5), (-1, 5)])
def test_an_empty_range_is_a_usage_error(tape: Path, tmp_path: Path, start: int, end: int) -> None:
    with pytest.raises(UsageError):
        cut(tape, tmp_path / "a.tape", start, end, ManualClock())


def test_a_range_outside_the_recording_is_a_data_error(tape: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds nothing in that range"):
        cut(tape, tmp_path / "a.tape", 1, START_NS, ManualClock())
    with pytest.raises(DataError, match="holds nothing in that range"):
        cut(tape, tmp_path / "a.tape", START_NS * 2, START_NS * 3, ManualClock())
    assert not (tmp_path / "a.tape").exists()
