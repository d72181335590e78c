"""Reading small files that a user wrote: whatever lies at the path, it costs little and nobody waits for it."""

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from app.core.errors import ConfigError

_MOST_PARTS = 16
_PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\[^\n])*+"?|'[^'\n]*+'?)"""
# Texts of many lines and comments are passed over, for they may hold any number of dots. Nothing here can be read in
# two ways, so that the search takes a time in proportion to the text.
_DEEP_KEY = re.compile(
    r'''"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\\?\Z)'''
    r"""|'''(?:[^']|'(?!''))*+(?:'''|\Z)|#[^\n]*+"""
    rf"|(?P<deep>{_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{_MOST_PARTS},}})|{_PART}",
    re.DOTALL,
)


def load_toml(text: str) -> dict[str, Any]:
    """The tables of TOML text. Raises `ValueError` for what is not TOML, and for a key of more than 16 parts."""
    # tomllib takes a time in proportion to the square of a key's parts: 20 s for one of 64 KiB.
    for match in _DEEP_KEY.finditer(text):
        if match["deep"]:
            line = text.count("\n", 0, match.start()) + 1
            raise ValueError(f"a key of more than {_MOST_PARTS} parts (at line {line}); write it with fewer dots")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    except ValueError as error:
        raise ValueError("a number with too many digits") from error


def read_small(path: Path, most_bytes: int) -> str:
    """The text in a file of at most `most_bytes`. Raises `FileNotFoundError`, or `ConfigError` for anything else."""
    try:
        # Opening a pipe would otherwise wait for somebody to write into it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ConfigError("it is no file; remove it")
            content = file.read(most_bytes + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror}); correct the file or remove it") from error
    if len(content) > most_bytes:
        raise ConfigError(f"larger than {most_bytes // 1024} KiB; remove it")
    try:
        # Editors of other systems begin a file with a mark of the byte order, which belongs to no word in it.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError("cannot be read (it is no UTF-8 text); correct the file or remove it") from error
