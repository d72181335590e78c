"""Only one program writes a database: a lock file beside it, held while the program lives, names that program."""

import fcntl
import os
from pathlib import Path

from app.core.errors import DataError
from app.core.text import clean

_PID_LENGTH = 20


class FileLock:
    """A held lock. The system lets go of it when the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Let others in. The file stays: removing it would let two programs lock two files of one name."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def lock_file(database: Path) -> Path:
    """The lock file of a database."""
    return database.with_name(f"{database.name}.lock")


def acquire(database: Path) -> FileLock:
    """Take the lock of `database`. Raises `DataError` naming the process that has it, or why it cannot be taken."""
    path = lock_file(database)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataError(f"{clean(path.name)} cannot be written ({error.strerror}); check its directory") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except OSError as error:
        reason = _refusal(descriptor, database, error)
        os.close(descriptor)
        raise DataError(reason) from error
    return FileLock(descriptor)


def _refusal(descriptor: int, database: Path, error: OSError) -> str:
    name = clean(database.name)
    if not isinstance(error, BlockingIOError):
        return f"{name} cannot be locked ({error.strerror}); keep it on a local disk with free space"
    holder = os.pread(descriptor, _PID_LENGTH, 0)
    process = f"process {holder.decode()}" if holder.isdigit() else "another process"
    return f"{name} is written by another tapedeck ({process}); use `tapedeck attach`, or end that one"
