"""A foreign recording as the records a live engine would have seen."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from app import __version__
from app.core.errors import DataError
from app.core.record import DATA_CONNECTION, LONGEST_RETRY_S, Connected, Dropped, Kind, Record, StreamOpened
from app.core.text import clean
from app.feeds.tape.files import open_regular
from app.feeds.tape.format import Session
from app.feeds.tape.rows import Row, Rows, in_order

TIMER_NS = 250_000_000
"""Distance of the timer records put between the frames."""
GAP_NS = 120 * 10**9
"""A longer silence is taken for a hole in the recording."""
STREAM_LIMIT = 10_000
"""Most pairs of channel and coin in one file."""
_VENUE = "hyperliquid"


class Survey(msgspec.Struct):
    """What one look through a file found: usable rows, lines left out, the span, streams by their number."""

    rows: int = 0
    skipped: int = 0
    start_ns: int = 0
    end_ns: int = 0
    streams: dict[tuple[str, str], int] = {}


class ImportedRecording:
    """A file of frames with receive times, played as a recording of Hyperliquid.

    The file is read once on opening, to know its span and streams, and again for each call of `records`: a connect,
    all streams, then the frames in order of their stamps, with a timer record every 250 ms of the file's time. A
    silence of more than 120 s is a drop and a connect instead. Sequence numbers start at 1.
    """

    def __init__(self, path: Path, form: str, rows: Rows) -> None:
        """Survey `path`. Raises `DataError` when it cannot be read or no line of it can be used."""
        self._form = form
        self._rows = rows
        self._survey = survey = survey_rows(rows)
        if not survey.rows:
            raise DataError(f"{clean(path.name)} holds no usable row ({survey.skipped} were looked at)")
        self._session = Session(
            created_wall_ns=survey.start_ns,
            mode="import",
            label=clean(path.name),
            imported_from=clean(path.name),
            imported_sha256=sha256_of(path),
            app_version=__version__,
        )

    @property
    def session(self) -> Session:
        return self._session

    @property
    def form(self) -> str:
        return self._form

    @property
    def start_ns(self) -> int:
        return self._survey.start_ns

    @property
    def end_ns(self) -> int:
        return self._survey.end_ns

    @property
    def skipped(self) -> int:
        """Lines that held no usable numbers, or were too far out of order."""
        return self._survey.skipped

    @property
    def damage(self) -> str:
        skipped = self._survey.skipped
        return f"{skipped} line(s) could not be used and were skipped." if skipped else ""

    def records(self) -> Iterator[Record]:
        """The records in order. Raises `DataError` as reading does."""
        stamper = _Stamper(self.start_ns)
        yield stamper.connect(self.start_ns)
        for (channel, coin), stream in self._survey.streams.items():
            yield stamper.stream(self.start_ns, StreamOpened(stream, _VENUE, "file", channel, coin))
        timer_ns = self.start_ns + TIMER_NS
        newest_ns = self.start_ns
        for row, stream in _known(in_order(self._rows()), self._survey.streams):
            if row.stamp_ns - newest_ns > GAP_NS:
                yield stamper.drop(newest_ns, row.stamp_ns)
                yield stamper.connect(row.stamp_ns)
                timer_ns = row.stamp_ns + TIMER_NS
            while timer_ns <= row.stamp_ns:
                yield stamper.record(timer_ns, Kind.TIMER)
                timer_ns += TIMER_NS
            yield stamper.record(row.stamp_ns, Kind.FRAME, row.frame, stream)
            newest_ns = row.stamp_ns


class _Stamper:
    """Numbers the records; their monotonic time counts from the beginning of the file."""

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns
        self._sequence = 0

    def record(self, wall_ns: int, kind: Kind, payload: bytes = b"", stream: int = 0) -> Record:
        self._sequence += 1
        return Record(self._sequence, wall_ns, wall_ns - self._start_ns, stream, kind, payload)

    def stream(self, wall_ns: int, opened: StreamOpened) -> Record:
        return self.record(wall_ns, Kind.STREAM, msgspec.msgpack.encode(opened), opened.stream)

    def connect(self, wall_ns: int) -> Record:
        return self.record(wall_ns, Kind.CONNECT, msgspec.msgpack.encode(Connected(_VENUE, DATA_CONNECTION)))

    def drop(self, wall_ns: int, until_ns: int) -> Record:
        seconds = (until_ns - wall_ns) / 1e9
        reason = f"the recording has a gap of {seconds:.0f} s"
        dropped = Dropped(_VENUE, DATA_CONNECTION, reason, min(seconds, LONGEST_RETRY_S))
        return self.record(wall_ns, Kind.DROP, msgspec.msgpack.encode(dropped))


def survey_rows(rows: Rows) -> Survey:
    """Look through a file once. Raises `DataError` as reading does."""
    survey = Survey()
    for row in in_order(rows()):
        if row is None or not _has_stream(row, survey.streams):
            survey.skipped += 1
            continue
        survey.start_ns = survey.start_ns or row.stamp_ns
        survey.end_ns = row.stamp_ns
        survey.rows += 1
    return survey


def _has_stream(row: Row, streams: dict[tuple[str, str], int]) -> bool:
    key = (row.channel, row.coin)
    if key not in streams and len(streams) < STREAM_LIMIT:
        streams[key] = len(streams) + 1
    return key in streams


def _known(rows: Iterator[Row | None], streams: dict[tuple[str, str], int]) -> Iterator[tuple[Row, int]]:
    for row in rows:
        stream = streams.get((row.channel, row.coin)) if row else None
        if row and stream:
            yield row, stream


def sha256_of(path: Path) -> str:
    """SHA-256 of the file as it lies on disk, in hexadecimal. Raises `DataError` when it cannot be read."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
