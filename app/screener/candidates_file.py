"""Candidates in a file, one record a line, and beside it a sidecar that tells of which bars and by which settings."""

import os
from pathlib import Path

import msgspec

from app.config.files import read_small
from app.config.screener_settings import ScreenSettings
from app.config.whole_files import written_beside
from app.core.errors import ConfigError, DataError, UsageError
from app.screener.bars import Bars, moment_text
from app.screener.screen import Screened, candidates, settings_sha256

SCHEMA_VERSION = 1
_LARGEST_SIDECAR = 64 * 1024


class ScreenedBars(msgspec.Struct, frozen=True):
    """The bars of a screen: their file's name for people, and the hash of what they say, before any end was cut off."""

    name: str
    sha256: str
    interval_ms: int
    length: int
    missing: int
    first: str
    last: str


class Sidecar(msgspec.Struct, frozen=True, kw_only=True):
    """What a file of candidates was made from. `start` and `end` are the first and the last bar that were screened.

    It holds nothing of a strategy: one screen serves many.
    """

    schema_version: int = SCHEMA_VERSION
    kind: str = "tapedeck screen"
    bars: ScreenedBars
    start: str
    end: str
    settings: ScreenSettings
    settings_sha256: str
    candidates: int


def sidecar_path(path: Path) -> Path:
    """Where the sidecar of a file of candidates lies: beside it, with `.screen.json` behind its name."""
    return path.with_name(f"{path.name}.screen.json")


def check_free(path: Path) -> None:
    """Raises `UsageError` where something that no screen wrote lies at `path`: that is never written over."""
    if os.path.lexists(path) and read_sidecar(path) is None:
        raise UsageError(f"{path} exists already and was not written by a screen; name another file")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder; make it or name another file")


def read_sidecar(path: Path) -> Sidecar | None:
    """The sidecar of a file of candidates; None where there is none that could be one."""
    try:
        return msgspec.json.decode(read_small(sidecar_path(path), _LARGEST_SIDECAR), type=Sidecar)
    except (FileNotFoundError, ConfigError, msgspec.DecodeError, RecursionError):
        return None


def sidecar_of(whole: Bars, screened: Screened, settings: ScreenSettings, found: int) -> Sidecar:
    """The sidecar of a screen of `whole`, of which `screened` is a part."""
    return Sidecar(
        bars=ScreenedBars(
            name=whole.name,
            sha256=whole.sha256,
            interval_ms=whole.interval_ms,
            length=whole.length,
            missing=whole.missing,
            first=moment_text(int(whole.times[0])),
            last=moment_text(int(whole.times[-1])),
        ),
        start=moment_text(int(screened.bars.times[screened.first])),
        end=moment_text(int(screened.bars.times[-1])),
        settings=settings.screen,
        settings_sha256=settings_sha256(settings),
        candidates=found,
    )


def candidate_lines(screened: Screened, settings: ScreenSettings) -> bytes:
    """The candidates as JSON, one a line, oldest first."""
    return msgspec.json.Encoder().encode_lines(candidates(screened, settings))


def write_candidates(path: Path, lines: bytes, sidecar: Sidecar) -> None:
    """Put candidates at `path` and their sidecar beside it; what was there stays until both are complete.

    Raises `DataError` when one cannot be written, `UsageError` as `check_free` does.
    """
    check_free(path)
    beside = sidecar_path(path)
    told = msgspec.json.format(msgspec.json.encode(sidecar), indent=2) + b"\n"
    try:
        with written_beside({path: lines, beside: told}) as places:
            # Candidates are never seen with the sidecar of others, whatever ends this process between the two.
            beside.unlink(missing_ok=True)
            places[path].replace(path)
            places[beside].replace(beside)
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror}); name another file or free some space") from error
