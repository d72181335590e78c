"""Checks of the machine itself: versions, directories, disk, terminal, a running engine."""

import os
import platform
import shutil
import socket
import sqlite3
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from app import __version__
from app.cli.checks.check import Check
from app.cli.main import installed_version
from app.config.locations import Locations

_OLDEST_PYTHON = (3, 11)
_WAL_RESET_BUG = ((3, 7, 0), (3, 51, 2))
_LOW_BYTES = 2 * 1024**3
_FULL_BYTES = 256 * 1024**2
# The smallest limit among the systems tapedeck runs on, with the closing zero byte.
_LONGEST_SOCKET_PATH = 103
_SMALLEST_TERMINAL = (60, 20)


def versions() -> Iterator[Check]:
    """tapedeck, Python, SQLite, and the libraries that are large or optional, by their metadata."""
    yield Check("tapedeck", "ok", __version__)
    yield python_version(sys.version_info[:3])
    yield sqlite_version(sqlite3.sqlite_version_info)
    for distribution in ("textual", "torch"):
        yield _library(distribution, installed_version(distribution))


def python_version(version: tuple[int, ...]) -> Check:
    """Python is 3.11 or newer."""
    text = ".".join(map(str, version))
    if version < _OLDEST_PYTHON:
        return Check("Python", "fail", text, "install Python 3.11 or newer")
    return Check("Python", "ok", f"{text} on {platform.system()} {platform.machine()}")


def sqlite_version(version: tuple[int, ...]) -> Check:
    """SQLite 3.7.0 to 3.51.2 can damage a WAL database when two connections write or checkpoint at once."""
    text = ".".join(map(str, version))
    oldest, newest = _WAL_RESET_BUG
    if oldest <= version <= newest:
        fact = f"{text}, in the range of the WAL-reset bug (3.7.0 to 3.51.2)"
        return Check("SQLite", "warn", fact, "let no other program write tapedeck's databases; 3.51.3 has the fix")
    return Check("SQLite", "ok", text)


def _library(name: str, version: str) -> Check:
    if version == "not installed":
        return Check(name, "fail", version, "install tapedeck again with its dependencies")
    return Check(name, "ok", version)


def directories(locations: Locations) -> Iterator[Check]:
    """Each directory is the user's own and can be written, or can be made."""
    for name, path in locations.directories().items():
        yield directory(f"{name} directory", path)


def directory(name: str, path: Path) -> Check:
    """One directory: writable, and closed to others."""
    if not path.exists():
        return _missing_directory(name, path)
    if not path.is_dir():
        return Check(name, "fail", f"{path} is not a directory", "move it away or set TAPEDECK_HOME")
    if not os.access(path, os.W_OK | os.X_OK):
        return Check(name, "fail", f"{path} cannot be written", "change its owner or set TAPEDECK_HOME")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Check(name, "warn", f"{path} is open to others (mode {mode:04o})", f"run: chmod 700 {path}")
    return Check(name, "ok", str(path))


def _missing_directory(name: str, path: Path) -> Check:
    parent = _nearest_existing(path)
    if os.access(parent, os.W_OK | os.X_OK):
        return Check(name, "ok", f"{path} (made when needed)")
    return Check(name, "fail", f"{path} is missing and {parent} cannot be written", "make it or set TAPEDECK_HOME")


def _nearest_existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def log_file(locations: Locations) -> Check:
    """Where the log is."""
    path = locations.log_file
    return Check("log file", "ok", f"{path}" if path.exists() else f"{path} (nothing logged yet)")


def disk_space(locations: Locations) -> Check:
    """Room for recordings."""
    return free_space(shutil.disk_usage(_nearest_existing(locations.tape_dir)).free)


def free_space(free: int) -> Check:
    """The verdict on `free` bytes."""
    fact = f"{free / 1024**3:.1f} GiB free for recordings"
    if free < _FULL_BYTES:
        return Check("disk space", "fail", fact, "free some space: nothing can be recorded")
    if free < _LOW_BYTES:
        return Check("disk space", "warn", fact, "free some space before a long recording")
    return Check("disk space", "ok", fact)


def terminal(environ: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """What the terminal says about itself."""
    yield terminal_kind(environ)
    yield terminal_size(*shutil.get_terminal_size())


def terminal_kind(environ: Mapping[str, str]) -> Check:
    """TERM, colours, and a multiplexer in between."""
    kind = environ.get("TERM", "")
    if kind in ("", "dumb"):
        fact = f"TERM is {kind or 'not set'}"
        return Check("terminal", "warn", fact, "the deck needs a terminal; other commands work without")
    facts = [f"TERM={kind}", f"COLORTERM={environ.get('COLORTERM') or 'not set'}"]
    facts += ["inside tmux"] if environ.get("TMUX") else []
    facts += ["colours off (NO_COLOR)"] if environ.get("NO_COLOR") else []
    return Check("terminal", "ok", ", ".join(facts))


def terminal_size(columns: int, lines: int) -> Check:
    """Room for the deck: one panel from 60x20, all panels from 140 columns."""
    fact = f"{columns}x{lines}"
    least_columns, least_lines = _SMALLEST_TERMINAL
    if columns < least_columns or lines < least_lines:
        return Check("terminal size", "warn", fact, f"the deck needs at least {least_columns}x{least_lines}")
    return Check("terminal size", "ok", fact)


def engine_socket(locations: Locations) -> Check:
    """Whether an engine answers on its socket; one that is left over is harmless."""
    path = locations.engine_socket
    if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
        fact = f"{path} is too long for a socket"
        return Check("engine", "warn", fact, "set TAPEDECK_HOME to a shorter path to use attach")
    if not path.exists():
        return Check("engine", "ok", "no engine is running")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return Check("engine", "warn", f"{path} is there but nobody answers", "start tapedeck, or delete the file")
    return Check("engine", "ok", f"an engine is running on {path}")
