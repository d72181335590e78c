"""A venue's bytes cut at the borders of its WebSocket frames. A server does not mask, which keeps it simple."""

from collections.abc import Iterator

_HEAD_END = b"\r\n\r\n"
_TEXT = 1


class FrameSplitter:
    """Takes bytes as they come; gives whole pieces: first the answer to the handshake, then frame by frame."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._upgraded = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pieces that `data` completes. Put together they are what was fed."""
        self._buffer += data
        while (size := self._piece_size()) is not None and size <= len(self._buffer):
            piece = bytes(self._buffer[:size])
            del self._buffer[:size]
            self._upgraded = True
            yield piece

    def _piece_size(self) -> int | None:
        if not self._upgraded:
            end = self._buffer.find(_HEAD_END)
            return None if end < 0 else end + len(_HEAD_END)
        return frame_size(self._buffer)


def frame_size(buffer: bytes | bytearray) -> int | None:
    """Size of the unmasked frame that `buffer` begins with; None while its header is not complete."""
    head = header_size(buffer)
    if head is None or len(buffer) < head:
        return None
    length = buffer[1] & 0x7F
    return head + (length if head == 2 else int.from_bytes(buffer[2:head], "big"))


def header_size(buffer: bytes | bytearray) -> int | None:
    """Size of a frame's header; None before its first two bytes."""
    if len(buffer) < 2:
        return None
    return {126: 4, 127: 10}.get(buffer[1] & 0x7F, 2)


def is_text(piece: bytes) -> bool:
    """Whether a piece is a whole text frame."""
    return len(piece) >= 2 and piece[0] == 0x80 | _TEXT and frame_size(piece) == len(piece)
