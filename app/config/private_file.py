"""Files that are written whole and for the user alone: the old one stays until the new one is complete."""

import contextlib
import os
from pathlib import Path

from app.config.locations import ensure
from app.core.errors import DataError


def write_private(path: Path, content: bytes) -> None:
    """Put `content` at `path` with mode 0600, in place of what was there. Raises `DataError` when it cannot."""
    ensure(path.parent)
    new = path.with_name(f"{path.name}.new")
    try:
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror}); free the path or some space") from error
