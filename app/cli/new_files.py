"""New files that a command writes: never over what is there, and only when complete."""

import contextlib
import errno
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
    # A name that nobody else has: what lies here already, and where links lead, is not ours.
    beside = {path: path.with_name(f".{path.name}.{os.getpid()}.new") for path in files}
    try:
        for path, content in files.items():
            with beside[path].open("xb") as file:
                file.write(content)
        for path, new in beside.items():
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, "somebody else has written it meanwhile")
            new.replace(path)
    except OSError as error:
        for new in beside.values():
            with contextlib.suppress(OSError):
                new.unlink()
        raise DataError(f"{path} cannot be written ({error.strerror}); name another file or free some space") from error
