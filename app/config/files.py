"""Reading small files that a user wrote: whatever lies at the path, it costs little and nobody waits for it."""

import os
import stat
from pathlib import Path

from app.core.errors import ConfigError


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
        return content.decode()
    except UnicodeDecodeError as error:
        raise ConfigError("cannot be read (it is no UTF-8 text); correct the file or remove it") from error
