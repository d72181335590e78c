"""Files that are written whole and for the user alone: the old one stays until the new one is complete."""

from pathlib import Path

from app.config.locations import ensure
from app.config.whole_files import write_whole
from app.core.errors import DataError


def write_private(path: Path, content: bytes) -> None:
    """Put `content` at `path` with mode 0600, in place of what was there. Raises `DataError` when it cannot."""
    ensure(path.parent)
    try:
        write_whole(path, content, 0o600)
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror}); free the path or some space") from error
