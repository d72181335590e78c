"""Messages between the pool of inference and a worker process, on a pipe each way.

A message is two little-endian uint32, the lengths of what follows, then a header in msgpack and a payload of raw
little-endian float32, row by row. Both sides refuse what is longer than the largest message that makes sense, so that
neither can be made to fill its memory; what does not decode ends the conversation, for nobody can tell where the next
message would begin.
"""

import struct
import sys
from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

import msgspec
import numpy as np
from msgspec import Meta

from app.core.decoding import UNDECODABLE
from app.core.errors import DataError
from app.tokens.features import WIDTH, Singles
from app.tokens.heads import HEADS

LARGEST_BATCH = 32
"""Rows of one question at most: more at once are no faster, they leave the processor's caches."""
OUTPUTS = len(HEADS)
"""Numbers of one answer, in the order of the model's heads."""
LARGEST_HEADER = 2_048
LARGEST_PAYLOAD = LARGEST_BATCH * WIDTH * 4

Numbers = list[tuple[float, ...]]
"""Predictions, each of `OUTPUTS` numbers. So few of them are read as such: an array would take longer to make."""

_LENGTHS = struct.Struct("<II")
_prediction = struct.Struct(f"<{OUTPUTS}f")
_IS_LITTLE = sys.byteorder == "little"
_Rows = Annotated[int, Meta(ge=0, le=LARGEST_BATCH)]
_Id = Annotated[int, Meta(ge=0, lt=2**53)]
_Words = Annotated[str, Meta(max_length=300)]


class WorkerMessageError(DataError):
    """Bytes of the other side of a pipe that are no message."""


class Ask(msgspec.Struct, frozen=True, gc=False, tag="ask", array_like=True):
    """To a worker: predict `rows` rows of features, the payload. 0 rows ask whether it still answers."""

    id: _Id
    rows: _Rows


class Answer(msgspec.Struct, frozen=True, gc=False, tag="answer", array_like=True):
    """From a worker: the prediction of each row of question `id`, the payload: (rows, `OUTPUTS`)."""

    id: _Id
    rows: _Rows


class Failed(msgspec.Struct, frozen=True, gc=False, tag="failed", array_like=True):
    """From a worker: question `id` could not be answered. No payload."""

    id: _Id
    reason: _Words


class Ready(msgspec.Struct, frozen=True, gc=False, tag="ready", array_like=True):
    """From a worker, once: it has opened the bundle of this version and is warm. No payload.

    `origin` says of what data the bundle was made; `made_at_s` is when, in epoch seconds, 0 where it is not told.
    """

    version: Annotated[str, Meta(max_length=100)]
    origin: Literal["SIMULATED", "REAL"]
    made_at_s: Annotated[int, Meta(ge=0, lt=10_000_000_000)] = 0


class Refused(msgspec.Struct, frozen=True, gc=False, tag="refused", array_like=True):
    """From a worker, once: it cannot use the bundle, and ends. No payload."""

    reason: _Words


FromWorker = Answer | Failed | Ready | Refused
Header = TypeVar("Header")

_encode = msgspec.msgpack.Encoder().encode


def ask(number: int, rows: Sequence[bytes]) -> bytes:
    """A question with at most `LARGEST_BATCH` rows, each the bytes of 628 float32 (`row_bytes`)."""
    return _message(Ask(number, len(rows)), b"".join(rows))


def row_bytes(row: Singles) -> bytes:
    """One row of features as it travels. Raises `ValueError` for one of another shape or type, or not finite."""
    if row.shape != (WIDTH,) or row.dtype != np.float32:
        raise ValueError(f"features are {WIDTH} float32, not {row.shape} of {row.dtype}")
    if not np.isfinite(row).all():
        raise ValueError("a feature is not finite")
    return row.tobytes() if _IS_LITTLE else row.astype("<f4").tobytes()


def answer(number: int, predictions: Singles) -> bytes:
    """An answer with `predictions` (n, `OUTPUTS`)."""
    return _message(Answer(number, len(predictions)), predictions.astype("<f4", copy=False).tobytes())


def told(header: Failed | Ready | Refused) -> bytes:
    """A message without a payload."""
    return _message(header, b"")


def _message(header: Ask | FromWorker, payload: bytes) -> bytes:
    head = _encode(header)
    return b"".join((_LENGTHS.pack(len(head), len(payload)), head, payload))


class Messages:
    """Cuts the bytes of a pipe into messages, however they were cut on the way."""

    def __init__(self) -> None:
        self._waiting = b""

    def cut(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Header and payload of each message that `data` completes. Raises `WorkerMessageError` for lengths beyond
        the caps."""
        whole = self._waiting + data if self._waiting else data
        start, found = 0, []
        while len(whole) - start >= _LENGTHS.size:
            head, payload = _LENGTHS.unpack_from(whole, start)
            if head > LARGEST_HEADER or payload > LARGEST_PAYLOAD:
                raise WorkerMessageError(f"a message of {head} + {payload} bytes is too long; the pipe is given up")
            middle = start + _LENGTHS.size + head
            if len(whole) < middle + payload:
                break
            found.append((whole[middle - head : middle], whole[middle : middle + payload]))
            start = middle + payload
        self._waiting = whole[start:]
        return found


_asks = msgspec.msgpack.Decoder(Ask)
_from_worker = msgspec.msgpack.Decoder(FromWorker)


def read_ask(header: bytes, payload: bytes) -> tuple[Ask, Singles]:
    """A question and its rows (n, 628). Raises `WorkerMessageError` for what is none."""
    question = _decoded(_asks, header)
    _check_size(payload, question.rows, WIDTH)
    return question, np.frombuffer(payload, dtype="<f4").reshape(question.rows, WIDTH)


def read_from_worker(header: bytes, payload: bytes) -> tuple[FromWorker, Numbers]:
    """What a worker says, and its predictions, row by row; none but an `Answer` has any.

    Raises `WorkerMessageError` for what is no message of a worker.
    """
    said = _decoded(_from_worker, header)
    _check_size(payload, said.rows if isinstance(said, Answer) else 0, OUTPUTS)
    return said, list(_prediction.iter_unpack(payload))


def _decoded(decoder: msgspec.msgpack.Decoder[Header], header: bytes) -> Header:
    try:
        return decoder.decode(header)
    # Bytes that are no UTF-8 where text should be, and lists in lists, are errors of other families.
    except UNDECODABLE as error:
        raise WorkerMessageError(f"a message does not decode ({error}); the pipe is given up") from error


def _check_size(payload: bytes, rows: int, columns: int) -> None:
    if len(payload) != rows * columns * 4:
        raise WorkerMessageError(
            f"a message has {len(payload)} bytes of numbers, not {rows} rows of {columns}; the pipe is given up"
        )
