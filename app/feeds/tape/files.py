"""Opening files that somebody else may have made."""

import io
import stat
from pathlib import Path

from app.core.errors import DataError
from app.core.text import clean


def open_regular(path: Path) -> io.BufferedReader:
    """`path` opened for reading. Raises `DataError` when it is absent, unreadable or not a regular file.

    A pipe or a device would block or never end.
    """
    name = clean(path.name)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{name} is not a file: give the name of a recording")
        return path.open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name is not valid"
        raise DataError(f"{name} cannot be opened: {reason}") from error
