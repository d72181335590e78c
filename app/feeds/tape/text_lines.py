"""Lines of a text file, plain or gzip, without ever holding more than one of them."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from app.core.errors import DataError
from app.core.text import clean
from app.feeds.tape.files import open_regular

LINE_LIMIT = 4 * 1024 * 1024
"""Longest line, in bytes."""
TEXT_LIMIT = 4 * 1024**3
"""Most bytes of one file, after decompression."""
_GZIP_MAGIC = b"\x1f\x8b"


def read_lines(path: Path, limit: int = TEXT_LIMIT) -> Iterator[bytes]:
    """The lines of `path` without their ends; a gzip file is decompressed on the way.

    Raises `DataError` when the file cannot be opened, its compression is damaged, a line is longer than `LINE_LIMIT`
    or the whole is longer than `limit`.
    """
    name = clean(path.name)
    total = 0
    with open_regular(path) as file, _decompressed(file) as text:
        try:
            while line := text.readline(LINE_LIMIT + 1):
                total += len(line)
                if len(line) > LINE_LIMIT:
                    raise DataError(
                        f"{name} has a line of more than {LINE_LIMIT} bytes: neither a recording nor a table has"
                    )
                if total > limit:
                    raise DataError(f"{name} holds more than {limit} bytes of text: split it")
                yield line.rstrip(b"\r\n")
        except (EOFError, zlib.error, OSError) as error:
            raise DataError(f"{name} cannot be read to its end: it is cut off or damaged") from error


def _decompressed(file: BinaryIO) -> BinaryIO:
    compressed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    file.seek(0)
    return cast("BinaryIO", gzip.GzipFile(fileobj=file)) if compressed else file
