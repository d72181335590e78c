"""New files that a command writes: never over what is there, and only when complete."""

import contextlib
import errno
import os
from collections.abc import Mapping
from pathlib import Path

from app.config.whole_files import written_beside
from app.core.errors import DataError, UsageError


def check_new(path: Path) -> None:
    """Raises `UsageError` where something lies at `path` already, or its folder is none."""
    if os.path.lexists(path):
        raise UsageError(f"{path} exists already; name a new file")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder; make it or name another file")


def write_new(files: Mapping[Path, bytes]) -> None:
    """Write all of them, each beside its place first. Raises `DataError` when one cannot be, and then leaves none."""
    placed: list[Path] = []
    try:
        with written_beside(files) as places:
            for path, new in places.items():
                if os.path.lexists(path):
                    raise FileExistsError(errno.EEXIST, "somebody else has written it meanwhile")
                new.replace(path)
                placed.append(path)
    except OSError as error:
        for path in placed:
            with contextlib.suppress(OSError):
                path.unlink()
        failed = next(path for path in files if path not in placed)
        raise DataError(
            f"{failed} cannot be written ({error.strerror}); name another file or free some space"
        ) from error
