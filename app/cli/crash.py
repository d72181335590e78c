"""What happens when something failed that nobody expected: the traceback goes to a file, the user gets one sentence."""

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

from app.cli.main import version_text
from app.cli.output import print_error
from app.config.locations import ensure, find_locations
from app.config.logs import last_lines
from app.core.clock import Clock, SystemClock
from app.core.errors import TapedeckError
from app.core.text import clean

_LOG_LINES = 200
_WIDEST_LINE = 1_000


def report_crash(error: BaseException, clock: Clock | None = None) -> int:
    """Write the crash file and tell the user; always exit code 1."""
    what = f"{type(error).__name__}: {error}"
    try:
        path = write_crash_file(error, clock or SystemClock())
    except (OSError, TapedeckError) as failure:
        print_error(f"tapedeck failed unexpectedly ({what}), and no crash file could be written: {failure}")
    else:
        print_error(f"tapedeck failed unexpectedly ({what}); please report it with the file {path}")
    return 1


def write_crash_file(error: BaseException, clock: Clock) -> Path:
    """Versions, traceback and the end of the log in a new file (0600) beside the log; its path.

    Raises `OSError` or `TapedeckError` when it cannot be written.
    """
    locations = find_locations()
    moment = datetime.fromtimestamp(clock.wall_ns() / 1e9, UTC)
    path = ensure(locations.log_dir) / f"crash-{moment:%Y%m%d-%H%M%S-%f}.txt"
    lines = [
        *version_text().splitlines(),
        f"at {moment.isoformat(timespec='seconds')}",
        "",
        *"".join(traceback.format_exception(error)).splitlines(),
        "",
        f"the last lines of {locations.log_file.name}:",
        *last_lines(locations.log_file, _LOG_LINES),
    ]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.writelines(clean(line, _WIDEST_LINE) + "\n" for line in lines)
    return path
