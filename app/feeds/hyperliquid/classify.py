"""Which subscription a frame belongs to, found without decoding it where the venue's usual form allows.

A key is (channel, subject, variant). The fast path cuts a frame where its coin ends; what is before the cut names
channel and coin, if the frame has the venue's usual form. Any other form falls back to a decode of the envelope.
"""

from typing import NamedTuple

import msgspec

from app.core.decoding import UNDECODABLE
from app.core.errors import FrameError
from app.core.text import clean

_FIRST_COIN = len('{"channel":"bbo","data":{"coin":"')
_SEARCH_END = 80


class Key(NamedTuple):
    """Channel, coin or account it is about, and interval: empty where there is none."""

    channel: str
    subject: str = ""
    variant: str = ""


class _Subject(msgspec.Struct):
    coin: str = ""
    s: str = ""
    i: str = ""
    user: str = ""


class _Envelope(msgspec.Struct):
    channel: str
    data: msgspec.Raw = msgspec.Raw(b"null")


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_subject = msgspec.json.Decoder(_Subject | None).decode
_decode_subjects = msgspec.json.Decoder(list[_Subject]).decode

_WITHOUT_SUBJECT = frozenset({"subscriptionResponse", "pong", "error", "post", "allMids"})


def fast_key(frame: bytes) -> bytes | None:
    """All of a frame of the venue's usual form up to the end of its coin; None where there is no such end.

    In any other form it is something that `fast_key_of` never gives.
    """
    end = frame.find(b'","', _FIRST_COIN, _SEARCH_END)
    return frame[:end] if end > 0 else None


def fast_key_of(channel: str, coin: str) -> bytes:
    """What `fast_key` gives for frames of this channel and coin in the venue's usual form."""
    opening = '","data":[{"coin":"' if channel == "trades" else '","data":{"coin":"'
    return f'{{"channel":"{channel}{opening}{coin}'.encode()


def classify(frame: bytes) -> Key:
    """The key of any frame, by decoding its envelope. Raises `FrameError` for what is no frame of the venue."""
    try:
        envelope = _decode_envelope(frame)
        if envelope.channel in _WITHOUT_SUBJECT:
            return Key(envelope.channel)
        if envelope.channel == "trades":
            subjects = _decode_subjects(envelope.data)
            return Key("trades", subjects[0].coin if subjects else "")
        subject = _decode_subject(envelope.data) or _Subject()
    except UNDECODABLE as error:
        raise FrameError(f"not a frame of Hyperliquid: {clean(str(error), 120)}") from error
    return Key(envelope.channel, subject.coin or subject.s or subject.user, subject.i)
