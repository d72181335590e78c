"""The markets of a sweep: bars of files, the span that is asked for, and the candidates that files name."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.config.screener_settings import ScreenSettings
from app.core.errors import DataError, UsageError
from app.screener.backtest import Macro
from app.screener.bars import Bars, moment_text
from app.screener.candidates_file import Sidecar
from app.screener.folds import Fold, Place, folds_of, places_of
from app.screener.named_candidates import check_origin, check_window, marks, read_candidates
from app.screener.screen import screen
from app.sweep.results import Where


class SweptBars(NamedTuple):
    """Bars up to the end of the span, the place of its first one, which are named as candidates, if a file does, and
    the series of the wider market beside them, if there are some."""

    bars: Bars
    first: int
    marks: NDArray[np.bool_] | None
    macro: Macro | None = None


class Cell(NamedTuple):
    """A fold of one market, by their numbers from 0: where it lies, and what its runs are over."""

    market: int
    fold: int
    place: Place
    where: Where


class Span(NamedTuple):
    """The days that were asked for, in ms, both ends with them; None where none was named."""

    start_ms: int | None
    end_ms: int | None


def swept_markets(
    given: Sequence[Bars], candidates: Sequence[Path], span: Span, screens: Iterable[ScreenSettings],
    macros: Sequence[Macro | None] = (),
) -> list[SweptBars]:  # fmt: skip
    """The bars in the span, with the candidates of the file, and the series as long as the bars, in the same place.

    Raises `DataError` for bars or candidates that cannot be used, or that are not of the screens that are swept.
    """
    if candidates and len(candidates) != len(given):
        raise UsageError("--candidates needs a file for each file of --bars, in the same order")
    distinct = list(dict.fromkeys(screens))
    read = [
        _market(bars, candidates[place] if candidates else None, span, distinct) for place, bars in enumerate(given)
    ]
    read = [market if macro is None else _beside(market, macro)
            for market, macro in zip(read, macros or [None] * len(read), strict=True)]  # fmt: skip
    hashes = [market.bars.sha256 for market in read]
    twice = next((place for place, each in enumerate(hashes) if each in hashes[:place]), None)
    if twice is not None:
        raise DataError(f"{read[twice].bars.name} holds the same bars as another file; give each market once")
    return read


def _beside(market: SweptBars, macro: Macro) -> SweptBars:
    return market._replace(macro=Macro._make(column[: market.bars.length] for column in macro))


def _market(whole: Bars, candidates: Path | None, span: Span, screens: Sequence[ScreenSettings]) -> SweptBars:
    named = None if candidates is None else read_candidates(candidates)
    start_ms, end_ms = _ends(span, named.sidecar if named else None)
    bars = whole.until(end_ms)
    first = int(np.searchsorted(bars.times, start_ms))
    if bars.length - first < 2:
        raise DataError(f"{bars.name} holds no two bars from {moment_text(start_ms)} on; name another span")
    if bars.missing_share > screens[0].maximum_missing:
        raise DataError(
            f"{bars.name}: {bars.missing:,} of {bars.missing + bars.length:,} bars are missing, more than "
            f"batch_mode.maximum_missing = {screens[0].maximum_missing:g} allows; give bars with fewer holes, or "
            "raise it"
        )
    if named is None:
        return SweptBars(bars, first, None)
    for each in screens:
        check_origin(named, whole, each)
    screened = screen(whole, screens[0], start_ms, end_ms)
    check_window(named, screened)
    return SweptBars(bars, first, marks(named, whole, screened))


def _ends(span: Span, sidecar: Sidecar | None) -> tuple[int, int]:
    """The span that was asked for; where no day is named, that of the screen."""
    from datetime import datetime

    def moment(text: str) -> int:
        try:
            return round(datetime.fromisoformat(text).timestamp() * 1000)
        except ValueError as error:
            raise DataError("the sidecar of the candidates names no span; screen again") from error

    start_ms, end_ms = span
    if start_ms is None:
        start_ms = moment(sidecar.start) if sidecar else 0
    if end_ms is None:
        end_ms = moment(sidecar.end) if sidecar else 1 << 42
    return start_ms, end_ms


def folds_over(markets: Sequence[SweptBars], count: int) -> list[Fold]:
    """Folds from the first bar that any market has in the span to the last."""
    start = min(int(market.bars.times[market.first]) for market in markets)
    end = max(int(market.bars.times[-1]) + market.bars.interval_ms for market in markets)
    return folds_of(start, end, count)


def cells_of(markets: Sequence[SweptBars], folds: list[Fold]) -> list[Cell]:
    """Every fold of every market that has bars in it, market by market."""
    cells = []
    for number, market in enumerate(markets):
        for fold, place in enumerate(places_of(market.bars, folds)):
            first = max(place.first, market.first) if place else 0
            if place is not None and place.last - first >= 2:
                inside = Place(first, place.last)
                cells.append(Cell(number, fold, inside, _where(market, inside)))
    return cells


def _where(market: SweptBars, place: Place) -> Where:
    first_ms, last_ms = int(market.bars.times[place.first]), int(market.bars.times[place.last - 1])
    return Where(market.bars.until(last_ms).sha256, _named(market, slice(*place)), first_ms, last_ms)


def _named(market: SweptBars, piece: slice) -> str:
    """A hash of what is named beside the bars of a fold; that of candidates alone is of nothing else."""
    digest = hashlib.sha256(b"" if market.marks is None else market.marks[piece].tobytes())
    if market.macro is None:
        return "" if market.marks is None else digest.hexdigest()
    digest.update(b"macro 1 none" if market.marks is None else b"macro 1")
    for column in market.macro:
        digest.update(np.ascontiguousarray(column[piece], dtype="<f8").tobytes())
    return digest.hexdigest()
