"""Any file that can be played: recognised by its first bytes, opened as a recording, made into a tape, or cut."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import msgspec

from app.core.clock import Clock
from app.core.errors import DataError, UsageError
from app.core.record import Kind, Record
from app.core.text import clean
from app.feeds.tape.chain import open_parts
from app.feeds.tape.csv_rows import (
    BOOKS_HEADER,
    PRICES_HEADER,
    TRADES_HEADER,
    book_rows,
    coin_of,
    price_rows,
    trade_rows,
)
from app.feeds.tape.files import open_regular
from app.feeds.tape.format import MAGIC, Session
from app.feeds.tape.imported import ImportedRecording
from app.feeds.tape.jsonl_rows import jsonl_rows
from app.feeds.tape.reader import TapeReader
from app.feeds.tape.recording import Recording
from app.feeds.tape.text_lines import read_lines
from app.feeds.tape.writer import TapeWriter

_HEADER_LIMIT = 16 * 1024
_CONTEXT_KINDS = frozenset({Kind.STREAM, Kind.CONNECT, Kind.DROP, Kind.REQUEST, Kind.ANSWER, Kind.SETTINGS})


def open_recording(path: Path) -> Recording:
    """The recording in `path`: a tape, raw JSON lines, or a trade, book or price table; text may be gzipped.

    Raises `DataError` when the file cannot be read, is none of these, or is a table whose name does not say the coin.
    """
    with open_regular(path) as file:
        if file.read(len(MAGIC)) == MAGIC:
            return open_parts(TapeReader(path), path)
    header = next(read_lines(path), b"").strip()
    if header.startswith(b"{"):
        return ImportedRecording(path, "JSON lines", partial(jsonl_rows, path))
    return _open_table(path, header[:_HEADER_LIMIT].decode("ascii", "replace"))


def _open_table(path: Path, header: str) -> ImportedRecording:
    if header == TRADES_HEADER:
        form, rows = "trade table", trade_rows
    elif header == PRICES_HEADER:
        form, rows = "price table", price_rows
    elif header.startswith(BOOKS_HEADER):
        form, rows = "book table", book_rows
    else:
        raise DataError(
            f"{clean(path.name)} is no recording: expected a tape, JSON lines, or a table whose first line is "
            f"{TRADES_HEADER} (trades), {PRICES_HEADER} (prices) or {BOOKS_HEADER},… (books)"
        )
    coin_of(path)
    return ImportedRecording(path, form, partial(rows, path))


def import_file(source: Path, target: Path, clock: Clock) -> None:
    """Make a tape of `source` at `target`; its session names the file and its SHA-256.

    Raises `DataError` as `open_recording` and writing do; then `target` is not left behind.
    """
    recording = open_recording(source)
    session = msgspec.structs.replace(recording.session, created_wall_ns=clock.wall_ns())
    _write(target, session, recording.records(), clock)


def cut(source: Path, target: Path, start_ns: int, end_ns: int, clock: Clock) -> None:
    """Copy the records of wall times [`start_ns`, `end_ns`) to a new tape.

    Of what came before, streams, connects, drops, requests, answers and settings are kept as context; playing begins
    at `start_ns`. Sequence numbers, times and the session's provenance stay as they are. Raises `UsageError` when the
    range is empty, `DataError` when it lies outside the recording or reading or writing fails.
    """
    if not 0 <= start_ns < end_ns:
        raise UsageError("a cut needs an end that is later than its start")
    recording = open_recording(source)
    if end_ns <= recording.start_ns or start_ns > recording.end_ns:
        raise DataError(f"{clean(source.name)} holds nothing in that range: see `tapedeck tape info` for its span")
    begins_ns = max(start_ns, recording.start_ns)
    session = msgspec.structs.replace(recording.session, begins_ns=begins_ns)
    _write(target, session, _within(recording.records(), begins_ns, end_ns), clock)


def _within(records: Iterable[Record], start_ns: int, end_ns: int) -> Iterator[Record]:
    for record in records:
        if record.wall_ns < start_ns:
            if record.kind in _CONTEXT_KINDS:
                yield record
        elif record.wall_ns < end_ns:
            yield record


def _write(target: Path, session: Session, records: Iterable[Record], clock: Clock) -> None:
    """Write a whole tape or none."""
    writer = TapeWriter(target, session, clock)
    try:
        with writer:
            for record in records:
                writer.write(record)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
