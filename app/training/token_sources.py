"""Where samples of tokens come from: folders of recordings, or launches that are made up."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.core.errors import DataError
from app.tokens.bundle_parts import Origin
from app.training.launch_files import read_hourly_mints
from app.training.pool_history import HOUR_S, PoolHistory
from app.training.simulated_launches import TWO_HOURLY, simulated_days
from app.training.tokens_data import (
    HOURLY,
    Samples,
    Sampling,
    read_five_minute_candles,
    read_hourly_candles,
    read_paths,
    samples_of,
)

PATHS_FILE = "uniswap_v2_sync_rug_dev.tar.gz"
COLLECTED_FILE = "solana_pools_ohlcv_2025-08_09.csv.gz"
MINTS_FILE = "geckoterminal_ohlcv_hour_by_mint_first60pct.json"
MADE_UP, OUTCOMES = "simulated launches", "outcomes"
_REMEDIES = {MADE_UP: "make up more with --days", OUTCOMES: "let a deck run for some more days"}
Tell = Callable[[float], None]


class Source(NamedTuple):
    """Samples of one kind and what they are; slots of five minutes and of an hour are never one source."""

    name: str
    origin: Origin
    told: tuple[str, ...]
    samples: Samples

    @property
    def remedy(self) -> str:
        """What to do where there is too little of it."""
        return _REMEDIES.get(self.name, "give recordings that tell more (docs/tokens.md, “Data”)")

    @property
    def sha256(self) -> str:
        """Hash of all that is learnt from."""
        digest = hashlib.sha256("\n".join(self.samples.token.tolist()).encode())
        for part in (self.samples.at_s, self.samples.features, self.samples.labels):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()


def simulated(seed: int, days: int, tell: Tell) -> Source:
    """Launches of so many made-up days, in slots of five minutes."""
    pools = simulated_days(seed, days, lambda share: tell(share / 2))
    told = (f"{len(pools):,} launches of {days} simulated days, seed {seed}",)
    return Source(MADE_UP, "SIMULATED", told, _sampled(pools, TWO_HOURLY, lambda share: tell(0.5 + share / 2)))


def five_minutes(folders: Sequence[Path], tell: Tell) -> Source | None:
    """What folders hold in slots of five minutes: reserve paths and collected candles; None where they hold none.

    Raises `DataError` for a damaged file.
    """
    pools: list[PoolHistory] = []
    told: list[str] = []
    for folder in folders:
        if (folder / PATHS_FILE).is_file():
            found = read_paths(folder)
            told.append(f"{len(found.pools):,} reserve paths, {found.bad_rows} bad rows")
            pools += found.pools
        if (folder / COLLECTED_FILE).is_file():
            found = read_five_minute_candles(folder)
            told.append(f"{len(found.pools):,} pools of five-minute candles, {found.bad_rows} bad rows")
            pools += found.pools
    return Source("five minutes", "REAL", tuple(told), _sampled(pools, HOURLY, tell)) if pools else None


def hours(folders: Sequence[Path], tell: Tell) -> Source | None:
    """What folders hold in slots of an hour: collected candles and mints; None where they hold none. No rugs there.

    Raises `DataError` for a damaged file.
    """
    pools: list[PoolHistory] = []
    told: list[str] = []
    for folder in folders:
        if (folder / COLLECTED_FILE).is_file():
            found = read_hourly_candles(folder)
            told.append(f"{len(found.pools):,} pools of hourly candles, {found.bad_rows} bad rows")
            pools += found.pools
        if (folder / MINTS_FILE).is_file():
            found = read_hourly_mints(folder / MINTS_FILE, "pump.fun 1h")
            told.append(f"{len(found.pools):,} mints of hourly candles, {found.bad_rows} bad rows")
            pools += found.pools
    return Source("hours", "REAL", tuple(told), _sampled(pools, HOURLY, tell, HOUR_S)) if pools else None


def checked_folders(folders: Sequence[Path]) -> Sequence[Path]:
    """The folders, if they are such. Raises `DataError`."""
    for folder in folders:
        if not folder.is_dir():
            raise DataError(f"{folder} is no folder; give one that holds recorded launches (docs/tokens.md, “Data”)")
    return folders


def _sampled(pools: Sequence[PoolHistory], sampling: Sampling, tell: Tell, slot_s: int = 300) -> Samples:
    """Samples of pools, a hundred at a time: an hour of pools is no time to be silent."""
    pieces = []
    for first in range(0, len(pools), 100):
        pieces.append(samples_of(pools[first : first + 100], sampling, slot_s))
        tell(min(1.0, (first + 100) / len(pools)))
    return Samples(slot_s, *(np.concatenate(each) for each in list(zip(*pieces, strict=True))[1:]))
