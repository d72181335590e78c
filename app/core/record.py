"""The engine's inputs. A tape is a list of them; a run is their dispatch in order.

Everything the engine reacts to is a `Record`: a frame from a venue, an answer to a request, a timer tick, a command.
Whatever is derived from them is a function of the records alone, so a recording replays to the same result.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Annotated, Literal

import msgspec

from app.core.errors import FrameError

DATA_CONNECTION = "stream"
"""Name of the connection that delivers a venue's data, in `Connected` and `Dropped`."""
WITHDRAWN = "no longer wanted"
"""What the answer to a question says that was given up."""
AT_REST = "nothing is wanted of it"
"""Why a connection was closed that nobody needs: that is no drop."""
MODEL_CONNECTION = "model"
"""Name of the one to a language model: up while it takes questions."""
BOOKS_CONNECTION = "books"
"""Name of the one that delivers fast books alone."""
TRADERS_CONNECTION = "traders"
"""Name of the one that delivers what a few accounts do."""
COINS_CONNECTION = "coins"
"""Name of the one that delivers the trades of coins that are no markets here, for the sake of who trades."""
FOR_TRADERS = "traders"
"""The variant of a stream of such trades."""
FAST = "fast"
"""The variant of a stream of small books that come twice a second."""
REQUEST_CONNECTION = "requests"
"""Name of the one that answers requests."""
FRAMES_BYTES = 1 << 20
"""Largest payload of a record of several frames."""
_unpack_frames = msgspec.msgpack.Decoder(list[bytes]).decode

Word = Annotated[str, msgspec.Meta(max_length=128)]
"""A name on a tape, which may come from anywhere."""


class Kind(IntEnum):
    """What a record holds; the payload's form goes with it."""

    STREAM = 1
    """A subscription or path was opened: `StreamOpened` (msgpack)."""
    CONNECT = 2
    """A connection of a venue is up: `Connected` (msgpack)."""
    FRAME = 3
    """One frame as the venue sent it: raw bytes."""
    DROP = 4
    """A connection of a venue is down: `Dropped` (msgpack)."""
    REQUEST = 5
    """The engine asked for something: `Request` (msgpack). Answers carry its id."""
    ANSWER = 6
    """A request was answered or failed: `Answer` (msgpack)."""
    COMMAND = 7
    """A user's command: `app.engine.protocol.Command` (msgpack)."""
    TIMER = 8
    """The engine's tick; empty."""
    SETTINGS = 9
    """Settings changed while running: TOML text."""
    FRAMES = 10
    """Frames of one stream that waited together, in their order: list of raw bytes (msgpack)."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """One input. `stream` points at the `StreamOpened` that described it (0: none)."""

    sequence: int
    wall_ns: int
    monotonic_ns: int
    stream: int
    kind: int
    payload: bytes


def pack_frames(frames: Sequence[bytes]) -> bytes:
    """Payload of a record of kind `FRAMES`."""
    return msgspec.msgpack.encode(frames)


def unpack_frames(payload: bytes) -> list[bytes]:
    """The frames in it. Raises `FrameError` for more bytes than `FRAMES_BYTES`, and for what is no list of frames."""
    if len(payload) > FRAMES_BYTES:
        raise FrameError(f"{len(payload)} bytes of frames in one record; the tape is damaged")
    try:
        return _unpack_frames(payload)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise FrameError("a record of several frames cannot be unpacked; the tape is damaged") from error


class StreamOpened(msgspec.Struct, frozen=True):
    """From here on `stream` carries this channel of this venue.

    `channel` is the venue's subscription type (`trades`, `l2Book`, …) or the path of a request; `subject` is the coin
    or account it is about, empty for the whole venue; `variant` an interval or mode.
    """

    stream: int
    venue: str
    transport: Literal["websocket", "http", "file"]
    channel: str
    subject: str = ""
    variant: str = ""


class Connected(msgspec.Struct, frozen=True):
    """A connection is up. `attempt` counts the tries it took, from 1."""

    venue: str
    connection: str
    attempt: int = 1


LONGEST_RETRY_S = 86_400.0
"""Seconds; nobody waits longer for the next try to connect."""


class Dropped(msgspec.Struct, frozen=True):
    """A connection is down, or could not be made. `retry_in_s` is when the next try comes (None: never)."""

    venue: str
    connection: str
    reason: str
    retry_in_s: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_RETRY_S)] | None = None


class Request(msgspec.Struct, frozen=True):
    """What the engine wants to know from a venue.

    `request_id` is unique within a session; `body` is the JSON the venue takes; `channel` and `subject` say what it is.
    """

    request_id: int
    venue: Word
    channel: Word
    body: Annotated[bytes, msgspec.Meta(max_length=65_536)]
    subject: Word = ""
    variant: Word = ""


class Answer(msgspec.Struct, frozen=True):
    """The answer to request `request_id`. `status` is HTTP's, 0 when no answer came; then `error` says why."""

    request_id: int
    status: int
    body: bytes = b""
    error: str = ""
