"""Raw recordings, one JSON object a line: `{"recv_ns": …, "frame": {…}}`, or the venue's frame alone."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from app.core.events import Milliseconds, Name
from app.core.text import clean
from app.feeds.tape.rows import Row
from app.feeds.tape.text_lines import read_lines


class Line(msgspec.Struct):
    """A line of either form; where `frame` is absent the line is the frame."""

    recv_ns: int | None = None
    frame: msgspec.Raw = msgspec.Raw(b"")


class Envelope(msgspec.Struct):
    """What every frame of the venue has."""

    channel: Name
    data: msgspec.Raw = msgspec.Raw(b"null")


class About(msgspec.Struct):
    """The names a frame's data may be filed under, and its time in milliseconds."""

    coin: Name = ""
    s: Name = ""
    user: Name = ""
    time: Milliseconds | None = None


def jsonl_rows(path: Path) -> Iterator[Row | None]:
    """The frames of a raw recording, byte for byte. None for each line that is no frame or has no time.

    Without `recv_ns` the stamp is the frame's own time, or that of the frame before where it has none or an older one.
    """
    newest_ns = 0
    for line in read_lines(path):
        if not line.strip():
            continue
        row = _row(line, newest_ns)
        newest_ns = row.stamp_ns if row else newest_ns
        yield row


def _row(line: bytes, newest_ns: int) -> Row | None:
    try:
        outer = msgspec.json.decode(line, type=Line)
        frame = bytes(outer.frame) or line.strip()
        envelope = msgspec.json.decode(frame, type=Envelope)
        about = _about(envelope.data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    stamp_ns = outer.recv_ns
    if stamp_ns is None:
        stamp_ns = max((about.time or 0) * 1_000_000, newest_ns)
    if not stamp_ns:
        return None
    return Row(stamp_ns, clean(envelope.channel), clean(about.coin or about.s or about.user), frame)


def _about(data: msgspec.Raw) -> About:
    """What `data` is about: its own fields, or in a list those of the newest element. Raises `msgspec.MsgspecError`."""
    start = bytes(memoryview(data)[:1])
    if start == b"{":
        return msgspec.json.decode(data, type=About)
    if start == b"[":
        elements = msgspec.json.decode(data, type=list[About])
        return max(elements, key=lambda about: about.time or 0, default=About())
    return About()
