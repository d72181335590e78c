"""Bars, and what is made of them: tables of three kinds, candidates, results of sweeps, columns that workers share."""

import gzip
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as arrow
from bar_samples import START_MS, THRESHOLDS, market, write_csv
from hourly_samples import ALL_BY_HAND
from hourly_samples import market as hourly
from pyarrow import feather, parquet
from target import Target, each, from_file, written

from app.config.screener_settings import BatchModeSettings
from app.core.errors import DataError
from app.markets.regime_features import features
from app.markets.regime_model import decode_model, encode_model, misnamed
from app.screener.bars import HOUR_MS, read_bars
from app.screener.candidates_file import candidate_lines, read_sidecar, sidecar_of, sidecar_path, write_candidates
from app.screener.folds import Place
from app.screener.named_candidates import check_origin, check_window, marks, read_candidates
from app.screener.screen import Screened, screen
from app.screener.shared_columns import (
    market_of,
    open_market,
    open_screen,
    save_bars,
    save_market,
    save_screen,
    screen_of,
)
from app.screener.sweep_run import RunFigures
from app.sweep.results import StoredRun, Where, open_results
from app.training import bar_files

_BARS = market(12, 6)
_HERE = Where("bars", "", 5, 9)
_WIDE = BatchModeSettings(minimum_score=0.0)
_HOURS = features(hourly(400, 3))


def _both(path: Path) -> None:
    """As the screener reads bars, and as training does; each may refuse them."""
    for read in (read_bars, bar_files.read_bars, lambda given: bar_files.read_bars(_sound_csv(given), given)):
        try:
            read(path)
        except DataError:
            continue


def _sound_csv(beside: Path) -> Path:
    return write_csv(beside.with_name("ETH_1h.csv"), _BARS)


@cache
def _csv() -> bytes:
    return written("ETH.csv", lambda path: write_csv(path, _BARS))


def _table() -> arrow.Table:
    names = ("open", "high", "low", "close", "volume")
    return arrow.table({"timestamp": _BARS.times, **dict(zip(names, _BARS[4:], strict=True))})


def _screened() -> Screened:
    return screen(_BARS, _WIDE, START_MS + 2 * HOUR_MS, START_MS + 9 * HOUR_MS)


def _read_sidecar(path: Path) -> None:
    lies = sidecar_path(path)
    path.rename(lies)
    path.write_bytes(candidate_lines(_screened(), _WIDE))
    if read_sidecar(path) is None:
        raise DataError("it is none")
    named = read_candidates(path)
    check_origin(named, _BARS, _WIDE)
    check_window(named, _screened())


@cache
def _candidates() -> bytes:
    return candidate_lines(_screened(), _WIDE) or b'{"timestamp":"2025-01-01T05:00:00+00:00"}\n'


def _sidecars() -> list[bytes]:
    sidecar = sidecar_of(_BARS, _screened(), _WIDE, 1)

    def write(path: Path) -> None:
        write_candidates(path.with_name("c"), _candidates(), sidecar)

    return [written("c.screen.json", write)]


def _read_results(path: Path) -> None:
    with open_results(path) as results:
        for figures in (*results.known(["k"]).values(), *results.tried(_HERE, "1").values()):
            figures.daily()


@cache
def _results() -> bytes:
    run = RunFigures(
        candidates=3, trades=2, won=1, total_return=1.0, sharpe=None, maximum_drawdown=0.5, exposure=0.25, gross=2.0,
        fees=1.0, funding=0.0, first_day=20_000, returns=np.array([0.5, -0.25]).tobytes(),
    )  # fmt: skip

    def write(path: Path) -> None:
        with open_results(path) as results:
            results.put([StoredRun("k", "1", _HERE, "s", run)])

    return written("r.sqlite", write)


_COLUMN_FILES = ("times.npy", "prices.npy", "features.npy", "screen.npy")


def _in_place_of(name: str) -> Callable[[bytes], None]:
    """Reads the bytes as one file of the columns that workers share, among sound ones."""

    def read(data: bytes) -> None:
        with TemporaryDirectory(prefix="tapedeck-fuzz-") as told:
            folder = Path(told)
            for sound in _COLUMN_FILES:
                (folder / sound).write_bytes(data if sound == name else _columns()[sound])
            market_ = open_market(folder, "ETH", HOUR_MS)
            # Columns are ours: their form is checked, and a number in them may be any.
            with np.errstate(invalid="ignore"):
                market_.part(open_screen(folder / "screen.npy"), Place(0, _BARS.length))

    return read


@cache
def _columns() -> dict[str, bytes]:
    with TemporaryDirectory(prefix="tapedeck-fuzz-") as told:
        folder, whole = Path(told), market_of(_BARS, THRESHOLDS)
        save_bars(folder, _BARS, None)
        save_market(folder, whole)
        save_screen(folder / "screen.npy", screen_of(whole, THRESHOLDS))
        return {name: (folder / name).read_bytes() for name in _COLUMN_FILES}


def _use_model(data: bytes) -> None:
    model = decode_model(data)
    misnamed(model)
    model.probabilities(_HOURS)


BAR_TARGETS: dict[str, Target] = {
    "bars in CSV": Target(from_file("ETH_1h.csv", _both), lambda: [_csv()]),
    "bars in gzip": Target(from_file("ETH_1h.csv.gz", _both), lambda: [gzip.compress(_csv())]),
    "bars in Parquet": Target(
        from_file("ETH_1h.parquet", _both),
        lambda: [written("x.parquet", lambda path: parquet.write_table(_table(), path))],
    ),
    "bars in Feather": Target(
        from_file("ETH_1h.feather", _both),
        lambda: [written("x.feather", lambda path: feather.write_feather(_table(), str(path)))],
    ),
    "candidates": Target(
        from_file("c.jsonl", lambda path: marks(read_candidates(path), _BARS, _screened())), lambda: [_candidates()]
    ),
    "sidecar": Target(from_file("c.jsonl", _read_sidecar), _sidecars),
    "sweep results": Target(from_file("r.sqlite", _read_results), lambda: [_results()]),
    "shared columns": Target(each(map(_in_place_of, _COLUMN_FILES)), lambda: _columns().values()),
    "regimes": Target(_use_model, lambda: [encode_model(ALL_BY_HAND)]),
}
