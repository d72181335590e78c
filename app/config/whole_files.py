"""Files that are written whole: complete and on the disk beside their place before they take it."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@contextlib.contextmanager
def written_beside(contents: Mapping[Path, bytes], mode: int = 0o666) -> Iterator[Mapping[Path, Path]]:
    """For each path a new file beside it with its content and `mode` (less the umask), on the disk when it is given.

    Whoever is given them renames them into their places; the names are on the disk at the end, and what was not
    renamed is taken away. Raises `OSError`.
    """
    # A name that nobody else has: what lies here already, and where links lead, is not ours.
    places = {path: path.with_name(f".{path.name}.{os.getpid()}.new") for path in contents}
    begun: list[Path] = []
    try:
        for path, new in places.items():
            descriptor = os.open(new, _FLAGS, mode)
            begun.append(new)
            _fill(descriptor, contents[path])
        yield places
        for folder in {path.parent for path in contents}:
            with contextlib.suppress(OSError):  # some file systems cannot; the files themselves are whole
                settle(folder)
    finally:
        for new in begun:
            with contextlib.suppress(OSError):
                new.unlink()


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Put `content` at `path`, in place of what was there: a link is replaced, not followed. Raises `OSError`."""
    with written_beside({path: content}, mode) as places:
        places[path].replace(path)


def settle(folder: Path) -> None:
    """Have the names in `folder` survive a loss of power. Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fill(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
