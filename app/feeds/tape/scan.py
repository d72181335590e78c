"""Rebuilds the index of a tape that has lost its own, by walking from block to block."""

import zlib
from typing import BinaryIO

from app.feeds.tape.format import (
    BLOCK_HEADER,
    BLOCK_MARKER,
    INDEX_LIMIT,
    INDEX_MARKER,
    Block,
    BlockHeader,
    unpack_block_header,
)

_SEARCH_CHUNK = 1024 * 1024


def scan_blocks(file: BinaryIO, data_start: int) -> tuple[list[Block], str]:
    """All whole blocks from `data_start` on, and a sentence about what was found.

    A block whose checksum fails is left out; where a header is unreadable the next readable one is searched for.
    """
    blocks: list[Block] = []
    skipped = 0
    offset = data_start
    while len(blocks) < INDEX_LIMIT:
        header = _header_at(file, offset)
        if header is None:
            file.seek(offset)
            if file.read(len(INDEX_MARKER)) == INDEX_MARKER:
                break
            found = _next_block(file, offset + 1)
            if found is None:
                break
            skipped += 1
            offset = found
            continue
        if _body_is_whole(file, header):
            blocks.append(header.at(offset))
        elif _is_last(file, offset, header):
            break
        else:
            skipped += 1
        offset += BLOCK_HEADER.size + header.packed_length
    return blocks, _describe(file, offset, skipped)


def _header_at(file: BinaryIO, offset: int) -> BlockHeader | None:
    file.seek(offset)
    return unpack_block_header(file.read(BLOCK_HEADER.size))


def _body_is_whole(file: BinaryIO, header: BlockHeader) -> bool:
    """Whether the bytes after the header, where the file stands, are those it describes."""
    packed = file.read(header.packed_length)
    return len(packed) == header.packed_length and zlib.crc32(packed) == header.checksum


def _is_last(file: BinaryIO, offset: int, header: BlockHeader) -> bool:
    return offset + BLOCK_HEADER.size + header.packed_length > file.seek(0, 2)


def _next_block(file: BinaryIO, offset: int) -> int | None:
    """Offset of the next readable block header at or after `offset`; None when there is none."""
    overlap = len(BLOCK_MARKER) - 1
    while True:
        file.seek(offset)
        chunk = file.read(_SEARCH_CHUNK)
        at = chunk.find(BLOCK_MARKER)
        while at >= 0:
            if _header_at(file, offset + at) is not None:
                return offset + at
            at = chunk.find(BLOCK_MARKER, at + 1)
        if len(chunk) < _SEARCH_CHUNK:
            return None
        offset += len(chunk) - overlap


def _describe(file: BinaryIO, offset: int, skipped: int) -> str:
    """What a scan that stopped at `offset` has to say."""
    end = file.seek(0, 2)
    file.seek(offset)
    closed = file.read(len(INDEX_MARKER)) == INDEX_MARKER
    if closed:
        sentence = "The index at its end was damaged and has been rebuilt."
    elif offset < end:
        sentence = f"The recording was not closed: its last {end - offset} bytes are no whole block and were left out."
    else:
        sentence = "The recording was not closed: every block in it was read."
    return f"{sentence} {skipped} damaged block(s) were skipped." if skipped else sentence
