"""New files that a command writes: never over what is there, and only when complete."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from app.core.errors import DataError, UsageError


def check_new(path: Path) -> None:
    """Raises `UsageError` where something lies at `path` already, or its folder is none."""
    if os.path.lexists(path):
        raise UsageError(f"{path} exists already; name a new file")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder; make it or name another file")


def write_new(files: Mapping[Path, bytes]) -> None:
    """Write all of them, each beside its place first. Raises `DataError` when one cannot be, and then leaves none."""
    beside = {path: path.with_name(f"{path.name}.new") for path in files}
    try:
        for path, content in files.items():
            beside[path].write_bytes(content)
        for path, new in beside.items():
            new.replace(path)
    except OSError as error:
        for new in beside.values():
            with contextlib.suppress(OSError):
                new.unlink()
        raise DataError(f"{path} cannot be written ({error.strerror}); name another file or free some space") from error
