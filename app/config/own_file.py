"""Beginning the user's own settings file. One that is there already is the user's, and is left alone."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from app.config.locations import ensure
from app.config.toml import toml_value
from app.core.errors import DataError

_HEAD = "# What was chosen on tapedeck's first screen; `tapedeck config show` lists all settings.\n"


def begin_own_file(path: Path, values: Mapping[str, object]) -> None:
    """Make the settings file at `path` with these values by dotted key, for the user alone.

    Raises `DataError` when there is a file already, which stays as it is, or when it cannot be written.
    """
    ensure(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise DataError(f"{path} is there already and stays as it is; write {_listed(values)} into it") from error
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(own_text(values))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        # Half a file would keep the next start from reading its settings.
        with contextlib.suppress(OSError):
            path.unlink()
        raise _not_written(path, error) from error


def own_text(values: Mapping[str, object]) -> str:
    """The text of a settings file with these values by dotted key."""
    sections: dict[str, list[str]] = {}
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        sections.setdefault(section, []).append(f"{name} = {toml_value(value)}")
    return _HEAD + "".join(f"\n[{section}]\n" + "\n".join(lines) + "\n" for section, lines in sections.items())


def _listed(values: Mapping[str, object]) -> str:
    return " and ".join(f"{key} = {toml_value(value)}" for key, value in values.items())


def _not_written(path: Path, error: OSError) -> DataError:
    return DataError(f"{path} cannot be written ({error.strerror}); free the path or set the folder's rights")
