"""Messages of the link on a stream: four bytes of length, little-endian, then msgpack. Oversized ones are refused."""

import asyncio
from typing import TypeVar

import msgspec

from app.core.decoding import UNDECODABLE
from app.core.errors import VenueError

MESSAGE_BYTES = 8 << 20
Message = TypeVar("Message")


def pack(message: msgspec.Struct) -> bytes:
    """One message as it goes over the wire."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(4, "little") + body


async def read_message(reader: asyncio.StreamReader, decoder: msgspec.msgpack.Decoder[Message]) -> Message | None:
    """The next message; None at the end of the stream. Raises `VenueError` for what is no message of the link."""
    try:
        size = int.from_bytes(await reader.readexactly(4), "little")
        if size > MESSAGE_BYTES:
            raise VenueError(f"a message of {size} bytes came over the link; at most {MESSAGE_BYTES} are taken")
        return decoder.decode(await reader.readexactly(size))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except UNDECODABLE as error:
        raise VenueError("the other end of the link speaks another protocol; update both to one version") from error
