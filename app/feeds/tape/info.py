"""What a recording holds, for `tapedeck tape info`."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from app.core.errors import FrameError
from app.core.record import Kind, Record, StreamOpened, unpack_frames
from app.core.text import clean
from app.feeds.tape.importers import open_recording
from app.feeds.tape.reader import TapeReader
from app.feeds.tape.recording import Recording

SCHEMA_VERSION = 1
SIMULATED_VENUE = "simulated venue"
_STREAM_LIMIT = 10_000
_NANOSECONDS = 10**9


class StreamInfo(msgspec.Struct, frozen=True):
    """One stream: what it carries and how many frames of it there are."""

    stream: int
    venue: str
    transport: str
    channel: str
    subject: str
    variant: str
    frames: int


class TapeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about one recording.

    `start` and `end` are ISO 8601 in UTC, `seconds` lies between them. `file_bytes` is the size on disk,
    `payload_bytes` that of all payloads; `bytes_per_frame` is file bytes over frames, `compression_ratio` payload bytes
    over file bytes. `simulated` says that the records came from tapedeck's demo and not from a venue, `midway` that the
    engine ran before the tape begins, `recovered` that the index had to be rebuilt, `damage` what could not be read.
    """

    schema_version: int = SCHEMA_VERSION
    name: str
    form: str
    format_version: int
    mode: str
    label: str
    simulated: bool
    seed: int | None
    app_version: str
    created: str
    imported_from: str
    imported_sha256: str
    start: str
    end: str
    seconds: float
    records: int
    records_by_kind: dict[str, int]
    streams: tuple[StreamInfo, ...]
    file_bytes: int
    payload_bytes: int
    bytes_per_frame: float | None
    compression_ratio: float
    recovered: bool
    damage: str
    midway: bool


class _Count(msgspec.Struct):
    kinds: Counter[int]
    frames: Counter[int]
    opened: dict[int, StreamOpened]
    all_frames: int = 0
    payload_bytes: int = 0


def tape_info(path: Path) -> TapeInfo:
    """Read the whole recording in `path` and describe it. Raises `DataError` when it cannot be opened."""
    recording = open_recording(path)
    count = _count(recording.records())
    session = recording.session
    file_bytes = path.stat().st_size
    frames = count.all_frames
    return TapeInfo(
        name=clean(path.name),
        form=recording.form,
        format_version=session.format_version,
        mode=session.mode,
        label=session.label,
        simulated=session.mode == "demo",
        seed=session.seed,
        app_version=session.app_version,
        created=_iso(session.created_wall_ns),
        imported_from=session.imported_from,
        imported_sha256=session.imported_sha256,
        start=_iso(recording.start_ns),
        end=_iso(recording.end_ns),
        seconds=max(0, recording.end_ns - recording.start_ns) / _NANOSECONDS,
        records=sum(count.kinds.values()),
        records_by_kind={_kind_name(kind): number for kind, number in sorted(count.kinds.items())},
        streams=_streams(count, SIMULATED_VENUE if session.mode == "demo" else ""),
        file_bytes=file_bytes,
        payload_bytes=count.payload_bytes,
        bytes_per_frame=file_bytes / frames if frames else None,
        compression_ratio=count.payload_bytes / file_bytes,
        recovered=_recovered(recording),
        damage=recording.damage,
        midway=session.midway,
    )


def _count(records: Iterable[Record]) -> _Count:
    count = _Count(Counter(), Counter(), {})
    for record in records:
        count.kinds[record.kind] += 1
        count.payload_bytes += len(record.payload)
        if record.kind in (Kind.FRAME, Kind.FRAMES):
            frames = _frames_in(record)
            count.all_frames += frames
            if record.stream in count.opened:
                count.frames[record.stream] += frames
        elif record.kind == Kind.STREAM and len(count.opened) < _STREAM_LIMIT:
            opened = _opened(record)
            if opened is not None:
                count.opened[record.stream] = opened
    return count


def _frames_in(record: Record) -> int:
    """How many frames a record holds; none where a hostile tape holds something else."""
    try:
        return 1 if record.kind == Kind.FRAME else len(unpack_frames(record.payload))
    except FrameError:
        return 0


def _opened(record: Record) -> StreamOpened | None:
    """The description in a stream record; None where a hostile tape holds something else."""
    try:
        return msgspec.msgpack.decode(record.payload, type=StreamOpened)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _streams(count: _Count, venue: str) -> tuple[StreamInfo, ...]:
    """The streams; `venue` takes the place of the one they name, whose wire format a simulation only borrows."""
    return tuple(
        StreamInfo(
            stream,
            venue or clean(opened.venue),
            opened.transport,
            clean(opened.channel),
            clean(opened.subject),
            clean(opened.variant),
            count.frames[stream],
        )
        for stream, opened in sorted(count.opened.items())
    )


def _kind_name(kind: int) -> str:
    return Kind(kind).name.lower() if kind in set(Kind) else f"unknown {kind}"


def _recovered(recording: Recording) -> bool:
    return isinstance(recording, TapeReader) and recording.recovered


def _iso(wall_ns: int) -> str:
    """`wall_ns` in ISO 8601 to the millisecond, UTC."""
    moment = datetime.fromtimestamp(wall_ns // _NANOSECONDS, UTC)
    milliseconds = wall_ns % _NANOSECONDS // 1_000_000
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"
