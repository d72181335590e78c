"""The log: one JSON object a line in a file that rotates. Nothing goes to the terminal, which belongs to the deck."""

import contextlib
import io
import json
import logging
import os
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from app.config.locations import Locations, ensure
from app.config.settings import LogSettings
from app.core.errors import DataError
from app.core.text import clean

_WIDEST_TEXT = 2_000
_WIDEST_LINE = 400
_BYTES_TO_SEARCH = 256 * 1024


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, logger, message and, for an exception, its traceback by line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as its line, whatever it holds: texts are cleaned and cut."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": clean(record.name),
            "message": clean(record.getMessage(), _WIDEST_TEXT),
        }
        if record.exc_info:
            traceback = self.formatException(record.exc_info).splitlines()
            line["error"] = [clean(part, _WIDEST_LINE) for part in traceback]
        return json.dumps(line, ensure_ascii=False)


class PrivateFileHandler(RotatingFileHandler):
    """A rotating file only its owner may read.

    A line that cannot be written, as on a full disk, is counted; the next one that can is followed by the count.
    """

    lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, and how many were lost before it."""
        lost = self.lost
        super().emit(record)
        if lost and self.lost == lost:
            self.lost = 0
            told = {"name": __name__, "levelname": "WARNING", "msg": f"{lost} lines before may be missing"}
            super().emit(logging.makeLogRecord(told))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Count it: logging's own way writes a traceback onto the terminal, which belongs to the deck."""
        self.lost += 1

    def close(self) -> None:
        """Close the file, whether or not its last lines can be written."""
        with contextlib.suppress(OSError):
            super().close()

    def _open(self) -> io.TextIOWrapper:
        return open(self.baseFilename, "a", encoding=self.encoding, opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def setup_logging(locations: Locations, settings: LogSettings) -> Path:
    """Log to the file of `locations`, in place of an earlier set-up; answers with the file.

    tapedeck's own loggers write from `settings.level` up, those of libraries from warning up at the least. Raises
    `DataError` when the file cannot be opened.
    """
    stop_logging()
    path = ensure(locations.log_dir) / locations.log_file.name
    try:
        handler = PrivateFileHandler(
            path, maxBytes=settings.maximum_mb * 1_000_000, backupCount=settings.files, encoding="utf-8"
        )
    except OSError as error:
        raise DataError(f"the log {path} cannot be written ({error.strerror}); check its permissions") from error
    handler.setFormatter(JsonFormatter())
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    logging.getLogger("app").setLevel(level)
    logging.getLogger().setLevel(max(level, logging.WARNING))
    logging.getLogger().addHandler(handler)
    return path


def stop_logging() -> None:
    """Close the log file, if one is open."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, PrivateFileHandler)]:
        root.removeHandler(handler)
        handler.close()


def last_lines(path: Path, count: int) -> list[str]:
    """The last `count` lines of a log file, fewer when it is shorter, none when there is no file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _BYTES_TO_SEARCH))
            tail = file.read(_BYTES_TO_SEARCH)
    except FileNotFoundError:
        return []
    return tail.decode(errors="replace").splitlines()[-count:]
