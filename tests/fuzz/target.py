"""What a target of the fuzzers is, and how readers of files and texts become one."""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from app.core.errors import TapedeckError


class Target(NamedTuple):
    """A reader of outside bytes, and sound inputs to start from.

    `read` takes any bytes and may raise the project's own errors only. With `is_slow` it is left to the night: what it
    needs takes longer to import than all the others to try.
    """

    read: Callable[[bytes], object]
    sound: Callable[[], Iterable[bytes]]
    is_slow: bool = False


def each(parsers: Iterable[Callable[[bytes], object]]) -> Callable[[bytes], int]:
    """Give the bytes to every parser; each may refuse them. Returns how many took them."""
    all_parsers = tuple(parsers)

    def read(data: bytes) -> int:
        taken = 0
        for parser in all_parsers:
            try:
                parser(data)
            except TapedeckError:
                continue
            taken += 1
        return taken

    return read


def from_file(name: str, read_file: Callable[[Path], object]) -> Callable[[bytes], None]:
    """Gives the bytes as a file of this name, in a folder that is gone afterwards: a fuzzer never comes back."""

    def read(data: bytes) -> None:
        with tempfile.TemporaryDirectory(prefix="tapedeck-fuzz-") as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            read_file(path)

    return read


def from_text(parse_text: Callable[[str, str], object]) -> Callable[[bytes], object]:
    """Gives the bytes as the text of a file that a user wrote."""
    return lambda data: parse_text(data.decode("utf-8", "replace"), "fuzz.toml")


def written(name: str, write: Callable[[Path], object]) -> bytes:
    """The bytes of a file of this name that `write` makes."""
    with tempfile.TemporaryDirectory(prefix="tapedeck-fuzz-") as folder:
        path = Path(folder) / name
        write(path)
        return path.read_bytes()
