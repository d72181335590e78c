"""A file of candidates as marks on bars, checked against the screen that wrote it."""

from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.config.screener_settings import ScreenSettings
from app.core.errors import DataError
from app.core.text import clean
from app.markets.bar_table import MOST_ROWS, Integers
from app.screener.bars import Bars, moment_text
from app.screener.candidates_file import Sidecar, read_sidecar
from app.screener.screen import Screened, settings_sha256

_MOST_BYTES = 256 * 1024 * 1024


class _Line(msgspec.Struct, frozen=True):
    timestamp: str


class NamedCandidates(NamedTuple):
    """When the candidates of a file opened, in ms, and the sidecar beside it, None where there is none."""

    path: Path
    times: Integers
    sidecar: Sidecar | None


def read_candidates(path: Path) -> NamedCandidates:
    """The candidates in a file, one JSON record a line. Raises `DataError` that names the line."""
    try:
        if not path.is_file():
            raise DataError(f"{path} is no file; name a file that tapedeck screen wrote")
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"{path.name} is larger than {_MOST_BYTES // 2**20} MiB; cut it")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); name another file") from error
    if content.count(b"\n") > MOST_ROWS:
        raise DataError(f"{path.name} has more than {MOST_ROWS:,} lines; cut it")
    lines, decoder = content.split(b"\n"), msgspec.json.Decoder(_Line)
    times = [_time_ms(path.name, number, line, decoder) for number, line in enumerate(lines, start=1) if line.strip()]
    return NamedCandidates(path, np.array(times, dtype=np.int64), read_sidecar(path))


def _time_ms(name: str, number: int, line: bytes, decoder: "msgspec.json.Decoder[_Line]") -> int:
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(decoder.decode(line).timestamp)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise DataError(
            f"{clean(name, 100)}, line {number}: no candidate with a timestamp in ISO 8601; give a file that "
            "tapedeck screen wrote"
        ) from error


def check_origin(named: NamedCandidates, whole: Bars, settings: ScreenSettings) -> None:
    """Raises `DataError` where the sidecar tells of other bars or other settings of the screen."""
    sidecar, name = named.sidecar, clean(named.path.name, 100)
    if sidecar is None:
        return
    if sidecar.bars.sha256 != whole.sha256:
        raise DataError(
            f"{name} was screened from other bars ({clean(sidecar.bars.name, 100)}, {sidecar.bars.first} to "
            f"{sidecar.bars.last}) than {whole.name}; give those, or screen these"
        )
    if sidecar.settings_sha256 != settings_sha256(settings):
        names = [each for each in settings.screen.__struct_fields__
                 if getattr(settings, each) != getattr(sidecar.settings, each)]  # fmt: skip
        told = ", ".join(f"batch_mode.{each} was {getattr(sidecar.settings, each)}" for each in names) or "unknown ones"
        raise DataError(f"{name} was screened by other settings ({clean(told, 200)}); screen again, or set these")


def check_window(named: NamedCandidates, screened: Screened) -> None:
    """Raises `DataError` where bars are asked for that the screen did not look at."""
    if named.sidecar is None:
        return
    bars, sidecar = screened.bars, named.sidecar
    first, last = moment_text(int(bars.times[screened.first])), moment_text(int(bars.times[-1]))
    if first < sidecar.start or last > sidecar.end:
        raise DataError(
            f"{clean(named.path.name, 100)} was screened from {sidecar.start} to {sidecar.end}, not from {first} to "
            f"{last}; name a span inside, or screen again"
        )


def marks(named: NamedCandidates, whole: Bars, screened: Screened) -> NDArray[np.bool_]:
    """Which of the screened bars are named; candidates outside the span that was asked for are left out.

    Raises `DataError` for one at which no bar opened.
    """
    places = np.searchsorted(whole.times, named.times)
    there = np.zeros(len(places), dtype=np.bool_)
    inside = places < whole.length
    there[inside] = whole.times[places[inside]] == named.times[inside]
    if not there.all():
        moment = moment_text(int(np.clip(named.times[~there][0], 0, 1 << 42)))
        raise DataError(
            f"{clean(named.path.name, 100)} holds a candidate of {moment}, when no bar of {whole.name} opened; "
            "give the bars it was screened from"
        )
    marked = np.zeros(whole.length, dtype=np.bool_)
    marked[places] = True
    kept: NDArray[np.bool_] = marked[: screened.bars.length]
    kept[: screened.first] = False
    return kept


def changes(marked: NDArray[np.bool_], screened: Screened) -> tuple[int, int]:
    """How many named bars the screen does not let pass, and how many that it does are not named."""
    return int(np.count_nonzero(marked & ~screened.passed)), int(np.count_nonzero(screened.passed & ~marked))
