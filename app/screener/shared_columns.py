"""Columns of bars that many backtests share: in files of arrays, mapped into memory by each process that reads them.

A market is what no setting changes (bars, features, the four domains); a screen is what thresholds change of it. The
files hold plain numbers (`.npy`), never objects.
"""

from pathlib import Path
from tokenize import TokenError
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.errors import DataError
from app.core.text import clean
from app.measures.returns import Floats
from app.screener.backtest import Macro
from app.screener.bars import Bars
from app.screener.columns import Thresholds
from app.screener.features import Features, compiling_pays, features_of, watched
from app.screener.folds import Place
from app.screener.replay_columns import Rules
from app.screener.strategy import Domains, domains_of

_TIMES, _PRICED, _MARKS, _KNOWN = "times.npy", "prices.npy", "marks.npy", "features.npy"
_MACRO = "macro.npy"
_PRICES = ("opens", "highs", "lows", "closes", "volumes")
_OF_SCREEN = ("sentinels", "score")
_FEATURES = tuple(name for name in Features._fields if name not in _OF_SCREEN)
_DOMAINS = tuple(name for name in Domains._fields if name != "fusion")


class Screen(NamedTuple):
    """What thresholds change of the features of bars, a column each."""

    sentinels: Floats
    score: Floats


class Market(NamedTuple):
    """Bars with what every backtest on them shares; `marks` are the candidates that a file names, `macro` the series
    of the wider market beside them, both None without any.

    The features' sentinels and score, and the domains' fusion, are those of no settings and are not to be read.
    """

    bars: Bars
    features: Features
    domains: Domains
    marks: NDArray[np.bool_] | None
    macro: Macro | None = None

    def part(self, screen: Screen, place: Place) -> "Market":
        """The bars of a fold, each with all that was known at its close, and with the screen's columns."""
        piece = slice(*place)
        features = self.features._replace(sentinels=screen.sentinels.astype(np.int64), score=screen.score)
        bars = self.bars
        return Market(
            bars._replace(missing=0, times=bars.times[piece], **{name: getattr(bars, name)[piece] for name in _PRICES}),
            Features._make(column[piece] for column in features),
            Domains._make(column[piece] for column in self.domains),
            None if self.marks is None else self.marks[piece],
            None if self.macro is None else Macro._make(column[piece] for column in self.macro),
        )


def market_of(bars: Bars, thresholds: Thresholds, marks: NDArray[np.bool_] | None = None) -> Market:
    """The market of these bars; the thresholds are any of their interval."""
    features = features_of(bars, thresholds)
    domains = domains_of(bars, features, Rules(), compiled=compiling_pays(bars.length))
    return Market(bars, features, domains, marks)


def screen_of(market: Market, thresholds: Thresholds) -> Screen:
    """The columns that these thresholds make."""
    return Screen(*watched(market.bars, market.features, thresholds))


def fused(domains: Domains, rules: Rules) -> Floats:
    """The fusion of domains by the rules' weights: equal in every bit to what the pass over bars makes of it."""
    # In this order of sums, as in the pass.
    fusion: Floats = (
        rules.structure_weight * domains.structure
        + rules.liquidity_weight * domains.liquidity
        + rules.blocks_weight * domains.blocks
        + rules.momentum_weight * domains.momentum
    )
    return fusion


def save_bars(folder: Path, bars: Bars, marks: NDArray[np.bool_] | None, macro: Macro | None = None) -> None:
    """Write bars, which of them are named, and the series beside them, to a folder that is there and empty."""
    _save(folder / _TIMES, bars.times)
    _save(folder / _PRICED, np.array([getattr(bars, name) for name in _PRICES]))
    if marks is not None:
        _save(folder / _MARKS, marks)
    if macro is not None:
        _save(folder / _MACRO, np.array(macro, dtype=np.float64))


def save_market(folder: Path, market: Market) -> None:
    """Write what is known of the bars that lie in this folder already."""
    columns = [getattr(market.features, name) for name in _FEATURES]
    columns += [getattr(market.domains, name) for name in _DOMAINS]
    _save(folder / _KNOWN, np.array(columns, dtype=np.float64))


def save_screen(path: Path, screen: Screen) -> None:
    """Write a screen's columns."""
    _save(path, np.array(screen, dtype=np.float64))


def _save(path: Path, values: NDArray[Any]) -> None:
    """Raises `DataError` where there is no room for it."""
    try:
        np.save(path, values, allow_pickle=False)
    except OSError as error:
        # Of a write that was cut short numpy tells the bytes, and the system's word for it is lost.
        said = error.strerror or clean(str(error), 80)
        raise DataError(
            f"{path.parent} takes no more columns ({said}); free some space, or name another folder with --shared"
        ) from error


def open_bars(folder: Path, name: str, interval_ms: int) -> Bars:
    """The bars of `save_bars`, mapped. Raises `DataError` where they are not there, or not whole."""
    times = _mapped(folder / _TIMES, np.int64)
    return Bars(name, interval_ms, 0, times, *_mapped(folder / _PRICED, np.float64, (len(_PRICES), len(times))))


def open_market(folder: Path, name: str, interval_ms: int) -> Market:
    """What `save_bars` and `save_market` wrote, mapped. Raises `DataError` where it is not there, or not whole."""
    bars = open_bars(folder, name, interval_ms)
    rows = iter(_mapped(folder / _KNOWN, np.float64, (len(_FEATURES) + len(_DOMAINS), bars.length)))
    found = {each: next(rows) for each in _FEATURES}
    features = Features(**found, **dict.fromkeys(_OF_SCREEN, found["side"]))
    known = {each: next(rows) for each in _DOMAINS}
    marks = _mapped(folder / _MARKS, np.bool_, (bars.length,)) if (folder / _MARKS).exists() else None
    series = (len(Macro._fields), bars.length)
    macro = Macro(*_mapped(folder / _MACRO, np.float64, series)) if (folder / _MACRO).exists() else None
    return Market(bars, features, Domains(**known, fusion=known["momentum"]), marks, macro)


def open_screen(path: Path) -> Screen:
    """What `save_screen` wrote, mapped. Raises `DataError` where it is not there, or not whole."""
    return Screen(*_mapped(path, np.float64, (len(_OF_SCREEN), None)))


def _mapped(path: Path, kind: type[np.generic], shape: tuple[int | None, ...] = (None,)) -> Any:  # noqa: ANN401
    """The numbers of this kind and shape in a file; None stands for any length."""
    try:
        # Of plain numbers in a file of one array alone: what else numpy can load is no column.
        found = np.asarray(np.lib.format.open_memmap(path, mode="r"))
        fits = found.ndim == len(shape) and all(
            want in (None, has) for want, has in zip(shape, found.shape, strict=True)
        )
        if not fits or found.dtype != kind:
            raise ValueError(f"it holds {found.shape} of {found.dtype}")
    except (OSError, ValueError, TokenError) as error:
        raise DataError(
            f"{path.parent} does not hold the bars of this sweep; every worker has to see that folder: "
            "name one that all machines share with --shared"
        ) from error
    return found
