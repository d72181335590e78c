"""Files that users and other programs write: recordings, settings, themes, lists."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from target import Target, from_file, from_text, written
from venue_targets import START_MS, venue_frames

from app.config.load import build, parse_settings
from app.config.locations import shipped
from app.config.profiles import read_profile
from app.core.clock import ManualClock
from app.core.record import Kind, Record
from app.engine.last_backtest import keep_backtest, read_backtest
from app.engine.protocol_screen import BacktestRecord
from app.feeds.tape.csv_rows import BOOKS_HEADER, PRICES_HEADER, TRADES_HEADER
from app.feeds.tape.format import Session
from app.feeds.tape.importers import open_recording
from app.feeds.tape.writer import TapeWriter
from app.ui.keymap import default_file, parse_keymap
from app.ui.layouts import Layout, TableLayout, load_layouts
from app.ui.theme import parse_theme
from app.wallets.viral import read_viral


def _reader_of(name: str) -> Callable[[bytes], None]:
    """Opens the bytes as a file of this name and reads it to its end."""

    def read_to_the_end(path: Path) -> None:
        for _ in open_recording(path).records():
            pass

    return from_file(name, read_to_the_end)


def _layouts() -> list[bytes]:
    tables = {"markets": TableLayout(column="age", filter="btc")}
    return [msgspec.json.encode([Layout(theme="tape", alone=1, coin="BTC", tables=tables), Layout()])]


def _themes() -> list[bytes]:
    return [path.read_bytes() for path in sorted(shipped("themes").glob("*.toml"))]


def _keymaps() -> list[bytes]:
    own = b'name = "mine"\ndescription = "x"\n[keys]\nhelp = ["f1", "ctrl+g"]\n'
    return [own, default_file().encode()]


def _tapes() -> list[bytes]:
    def record(path: Path) -> None:
        with TapeWriter(path, Session(created_wall_ns=1, mode="demo", label="DEMO"), ManualClock()) as writer:
            for number, frame in enumerate(venue_frames()):
                writer.write(Record(number, number, number, 1, Kind.FRAME, frame))
                writer.flush()

    return [written("sound.tape", record)]


def _lines() -> list[bytes]:
    frames = [frame for frame in venue_frames() if frame.startswith(b'{"channel":"trades"')]
    stamp_ns = START_MS * 1_000_000
    wrapped = [msgspec.json.encode({"recv_ns": stamp_ns, "frame": msgspec.Raw(frame)}) for frame in frames]
    return [b"\n".join(wrapped), b"\n".join(frames)]


def _tables() -> list[bytes]:
    rows = {
        TRADES_HEADER: ("1790000000.5,100.5,0.1,buy,7,1790000000100", "1790000001.5,100.4,0.2,sell,8,1790000001100"),
        PRICES_HEADER: ("1790000000.5,100.5,0.1,bid,1790000000100", "1790000000.5,100.6,0.2,ask,1790000000100"),
        BOOKS_HEADER: ("1790000000.5,1,1790000000100,100.5,1,100.6,2",),
    }
    return ["\n".join((header, *lines, "")).encode() for header, lines in rows.items()]


def _backtests() -> list[bytes]:
    told = BacktestRecord(
        made_ms=START_MS, title="ETH 1h", compared=(("return", "+1 %", "+2 %"),), lines=("12 trades",),
        assumptions=("fills at the next open",), settings="strategy.stop_atr=2",
    )  # fmt: skip
    return [written("backtest.json", lambda path: keep_backtest(path, told))]


def _lists() -> list[bytes]:
    told = {"wallets": ["0x" + "a" * 40, "no address", 7, None], "last_updated": "2026-01-01", "notes": "by hand"}
    return [msgspec.json.encode(told)]


def _profiles() -> list[bytes]:
    return [b"[wallets]\ntarget_score = 0.7\nchase_limit = 0.2\n"]


FILE_TARGETS: dict[str, Target] = {
    "tape": Target(_reader_of("run.tape"), _tapes),
    "jsonl": Target(_reader_of("frames_BTC.jsonl"), _lines),
    "csv": Target(_reader_of("table_BTC.csv"), _tables),
    "settings": Target(
        from_text(parse_settings),
        lambda: [b'[markets]\ntop = 3\nfavourites = ["BTC"]\n', b"[rules]\nhorizon_s = 60\n"],
    ),
    "keymap": Target(from_text(parse_keymap), _keymaps),
    "theme": Target(from_text(parse_theme), _themes),
    "layouts": Target(from_file("layouts.json", load_layouts), _layouts),
    "last backtest": Target(from_file("backtest.json", read_backtest), _backtests),
    "viral wallets": Target(from_file("viral.json", read_viral), _lists),
    "wallet profile": Target(from_file("mine.toml", lambda path: build(read_profile(path))), _profiles),
}
