"""Samples of tokens for training and evaluation: features, labels, whose they are and when; split by token and time.

Reserve paths give every label; candles alone give rises, gains and falls, and no rugs, because a pool that is emptied
just stops having candles. `launch_files` says which file gives what; with the sampling as it stands, that is

| samples of | slots | pools | samples | labels |
|---|---|---|---|---|
| `read_paths` | 5 min | 881 of 1,269 live at an hour's age | 15,416 | all; the list's of 9,132 |
| `read_five_minute_candles` | 5 min | 2 | 96 | rises, gains, falls |
| `read_hourly_candles` | 1 h | 111 | 5,275 | rises, gains, falls |

Samples with slots of five minutes and of an hour are never mixed: `slot_s` is part of the schema.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.errors import DataError
from app.measures.returns import Floats
from app.tokens.candles import SLOT_S, SLOTS, Integers
from app.tokens.features import WIDTH, Singles, features, parts
from app.tokens.labels import RUG_HORIZON_S, labels
from app.training.launch_files import (
    read_collected_candles,
    read_hourly_pools,
    read_listed_pools,
    read_pool_pairs,
    read_reserve_paths,
)
from app.training.pool_history import DAY_S, HOUR_S, Histories, PoolHistory, context_at, entry_at, is_alive

LABELS = ("rises", "gain_pct", "high_gain_pct", "falls", "drains", "rugs", "is_listed_scam")
Texts = NDArray[np.str_]


class Sampling(NamedTuple):
    """When a pool is looked at: first at an age, then each `every_s`, at most so often."""

    first_age_s: int = HOUR_S
    every_s: int = HOUR_S
    most_a_pool: int = 48


HOURLY = Sampling()


class Samples(NamedTuple):
    """One row a moment of a pool, pool by pool, oldest first.

    `features`: (n, WIDTH) float32; `labels`: (n, LABELS), NaN where a label is not known. What a row knows and tells
    lies between `from_s` and `until_s`. `candles` counts the slots of the window that have one.
    """

    slot_s: int
    token: Texts
    source: Texts
    at_s: Integers
    from_s: Integers
    until_s: Integers
    candles: Integers
    features: Singles
    labels: Floats

    def label(self, name: str) -> Floats:
        """One label of all rows, NaN where it is not known."""
        column: Floats = self.labels[:, LABELS.index(name)]
        return column

    def rows(self, kept: NDArray[np.bool_] | Integers) -> "Samples":
        """Only the `kept` rows."""
        return Samples(
            self.slot_s,
            self.token[kept],
            self.source[kept],
            self.at_s[kept],
            self.from_s[kept],
            self.until_s[kept],
            self.candles[kept],
            self.features[kept],
            self.labels[kept],
        )


class Split(NamedTuple):
    """Places of rows for training, validation and test; `purged` rows belong to none: their span crosses a cut."""

    train: Integers
    validation: Integers
    test: Integers
    purged: Integers


class BaseRate(NamedTuple):
    """Share of rows of which a label is true, among the `n` of `tokens` pools where it is known."""

    n: int
    tokens: int
    share: float


def read_paths(folder: Path, most_pools: int = 5_000) -> Histories:
    """All reserve paths of a folder of launches; at most so many pools of each archive. Raises `DataError`."""
    listed = read_listed_pools(folder / "uniswap_v2_labeled_list.csv.gz")
    pairs = read_pool_pairs(folder / "uniswap_v2_pool_dict_full_data.json.gz")
    archives = (("healthy", listed), ("rug", listed), ("unlabelled_2021-09", pairs))
    return together(
        read_reserve_paths(folder / f"uniswap_v2_sync_{name}_dev.tar.gz", known, f"uniswap {name}", most_pools)
        for name, known in archives
    )


def read_five_minute_candles(folder: Path) -> Histories:
    """Pools of which a folder of launches has candles each five minutes. Raises `DataError`."""
    return read_collected_candles(folder / "solana_pools_ohlcv_2025-08_09.csv.gz", "5m", "solana 5m")


def read_hourly_candles(folder: Path) -> Histories:
    """Pools of which a folder of launches has candles each hour. Raises `DataError`."""
    collected = read_collected_candles(folder / "solana_pools_ohlcv_2025-08_09.csv.gz", "1h", "solana 1h")
    archive = read_hourly_pools(folder / "solana_pools_hourly_ohlcv_2025-08_09_dev.tar.gz", "solana 1h files")
    return together((collected, archive))


def together(each: Iterable[Histories]) -> Histories:
    """Histories of several files; of a pool that is in two, the first stays."""
    pools: dict[str, PoolHistory] = {}
    bad = passed = 0
    for histories in each:
        bad, passed = bad + histories.bad_rows, passed + histories.passed_over
        for pool in histories.pools:
            passed += pool.token in pools
            pools.setdefault(pool.token, pool)
    return Histories(tuple(pools.values()), bad, passed)


def samples_of(pools: Sequence[PoolHistory], sampling: Sampling = HOURLY, slot_s: int = SLOT_S) -> Samples:
    """Samples of pools while they live: features and labels by the very functions that serve and grade.

    A pool is looked at while it trades and holds liquidity: what is dead already is no prediction.
    """
    rows = [row for pool in pools for row in _rows_of(pool, sampling, slot_s)]
    return Samples(
        slot_s,
        np.array([row.token for row in rows], dtype=np.str_),
        np.array([row.source for row in rows], dtype=np.str_),
        np.array([row.at_s for row in rows], dtype=np.int64),
        np.array([row.from_s for row in rows], dtype=np.int64),
        np.array([row.at_s + RUG_HORIZON_S for row in rows], dtype=np.int64),
        np.array([row.candles for row in rows], dtype=np.int64),
        np.array([row.features for row in rows], dtype=np.float32).reshape(-1, WIDTH),
        np.array([row.labels for row in rows], dtype=np.float64).reshape(-1, len(LABELS)),
    )


def split(samples: Samples, train: float = 0.6, validation: float = 0.2) -> Split:
    """Rows by token and by time: a token belongs to the part in which it was first seen, and a row to none unless all
    it knows and tells lies within that part.

    The cuts lie between tokens, `train` and `validation` being shares of tokens in order of their first row. So no
    token is in two parts, and no moment is: the last label of training is known before the first candle of validation.
    Raises `DataError` for fewer than three tokens.
    """
    births = _births(samples)
    if len(births) < 3:
        raise DataError(f"{len(births)} tokens cannot be split in three; give more data")
    order = np.sort(np.array(list(births.values()), dtype=np.int64))
    places = [min(int(share * len(order)), len(order) - 1) for share in (train, train + validation)]
    first, second = (int(order[place]) for place in places)
    born = np.array([births[token] for token in samples.token.tolist()], dtype=np.int64)
    in_train = (born < first) & (samples.until_s <= first)
    in_validation = (born >= first) & (born < second) & (samples.until_s <= second)
    in_test = born >= second
    purged = ~(in_train | in_validation | in_test)
    kept = [np.flatnonzero(mask).astype(np.int64) for mask in (in_train, in_validation, in_test, purged)]
    return Split(*kept)


def folds(samples: Samples, count: int, seed: int) -> Integers:
    """The fold of each row, 0 to count − 1: all rows of a token are in one, whatever order they come in."""
    own = {token: _fold(token, count, seed) for token in dict.fromkeys(samples.token.tolist())}
    return np.array([own[token] for token in samples.token.tolist()], dtype=np.int64)


def base_rate(samples: Samples, label: str) -> BaseRate:
    """How often a label is true where it is known; `share` is NaN where it never is."""
    values = samples.label(label)
    known = np.isfinite(values)
    share = float(values[known].mean()) if known.any() else float("nan")
    return BaseRate(int(known.sum()), len(set(samples.token[known].tolist())), share)


class _Row(NamedTuple):
    token: str
    source: str
    at_s: int
    from_s: int
    candles: int
    features: Singles
    labels: tuple[float, ...]


def _rows_of(pool: PoolHistory, sampling: Sampling, slot_s: int) -> list[_Row]:
    rows: list[_Row] = []
    for at_s in _moments(pool, sampling, slot_s):
        if len(rows) >= sampling.most_a_pool:
            break
        if is_alive(pool, at_s, slot_s) and (row := _row(pool, at_s, slot_s)) is not None:
            rows.append(row)
    return rows


def _moments(pool: PoolHistory, sampling: Sampling, slot_s: int) -> range:
    """Moments at which a pool may be looked at; with candles alone the price is known only at the end of one."""
    start_s = int(pool.table.time_s[0]) if pool.born_s is None or pool.path is None else pool.born_s
    first_s = start_s + sampling.first_age_s
    if pool.path is None:
        first_s = -(-first_s // slot_s) * slot_s
    last_s = int(pool.table.time_s[-1]) + SLOTS * slot_s if len(pool.table.time_s) else first_s
    return range(first_s, min(last_s, pool.watched_until_s) + 1, sampling.every_s)


def _row(pool: PoolHistory, at_s: int, slot_s: int) -> _Row | None:
    entry = entry_at(pool, at_s)
    if entry is None:
        return None
    told = labels(entry, pool.table, pool.levels, pool.watched_until_s)
    vector = features(pool.table, context_at(pool, at_s), at_s, slot_s).flat()
    truths = (told.rises, told.gain_pct, told.high_gain_pct, told.falls, told.drains, told.rugs, pool.is_listed_scam)
    figures = tuple(np.nan if truth is None else float(truth) for truth in truths)
    from_s = max(at_s - max((SLOTS + 1) * slot_s, DAY_S), _first_s(pool))
    candles = int(parts(vector).mask.sum())
    return _Row(pool.token, pool.source, at_s, from_s, candles, vector, figures)


def _first_s(pool: PoolHistory) -> int:
    first_s = int(pool.table.time_s[0])
    return first_s if pool.born_s is None else min(pool.born_s, first_s)


def _births(samples: Samples) -> dict[str, int]:
    births: dict[str, int] = {}
    for token, from_s in zip(samples.token.tolist(), samples.from_s.tolist(), strict=True):
        births[token] = min(births.get(token, from_s), from_s)
    return births


def _fold(token: str, count: int, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{token}".encode()).digest()[:8], "big") % count
