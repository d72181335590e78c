"""Readers of recorded launches: reserve paths of Uniswap pools, and collectors' candles of Solana pools. Hostile input.

`uniswap_v2_sync_{healthy,rug}_dev.tar.gz` with `uniswap_v2_labeled_list.csv.gz`: every reserve update of 931 pools. All
labels, and the list's own word of each pool.
`uniswap_v2_sync_unlabelled_2021-09_dev.tar.gz` with `uniswap_v2_pool_dict_full_data.json.gz`: the same of 350 pools
that no list names. All labels.
`solana_pools_ohlcv_2025-08_09.csv.gz`, and other tables of that collector: candles, of a few pools each five minutes,
of 52 each hour. Rises, gains and falls; no rugs.
`solana_pools_hourly_ohlcv_2025-08_09_dev.tar.gz`: candles of 59 pools each hour. The same.
Candles by mint in JSON: candles of pump.fun mints each hour, with the time of birth. The same.

What has labels and no path (`pumpfun_raydium_targets`, `solrpds_2021`, the features of 18,348 pools), and what ends
after five minutes (`pumpfun_first300s_swaps`), gives no candles to learn from and is not read. docs/tokens.md has the
counts.
"""

import contextlib
import csv
import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TypeVar

import msgspec
import numpy as np

from app.core.errors import DataError
from app.core.text import clean
from app.tokens.candles import CandleTable, sound
from app.training.pool_history import HOUR_S, Histories, PoolHistory, history_of_path, reserve_path

Decoded = TypeVar("Decoded")

WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
KNOWN_BLOCK, KNOWN_BLOCK_S, BLOCK_S = 12_965_000, 1_628_166_822, 13.3
"""The block of the London fork, its time, and the mean time between blocks in 2020-21: paths know only blocks."""
INTERVALS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3_600}
MOST_MEMBERS, MOST_MEMBER_BYTES, MOST_BYTES, MOST_ROWS = 5_000, 16 * 2**20, 256 * 2**20, 2_000_000
LEAST_UPDATES = 2

_DAMAGE = (OSError, EOFError, zlib.error, tarfile.TarError, csv.Error, UnicodeDecodeError, msgspec.MsgspecError)
_PRICES = ("open", "high", "low", "close")


class _Reserves(msgspec.Struct):
    reserve0: float
    reserve1: float


class _Update(msgspec.Struct):
    args: _Reserves
    blockNumber: int  # noqa: N815 - the file's own name
    logIndex: int = 0  # noqa: N815


class _Pair(msgspec.Struct):
    token0: str
    token1: str


class _Mint(msgspec.Struct):
    created: int
    fetched_at: int
    pool: str | None = None
    ohlcv: list[tuple[int, float | None, float | None, float | None, float | None, float | None]] | None = None


class ListedPool(msgspec.Struct, frozen=True):
    """What is known of a pool before its path: which side the token is, and what a list says of it."""

    token_is_first: bool
    is_scam: bool | None


def read_listed_pools(path: Path) -> dict[str, ListedPool]:
    """Pools of a labelled list by address in lower case. All are paid in WETH, and the lower address is the first."""
    return _reading(path, lambda file: {row["pool_address"].lower(): _listed(row) for row in _rows(path, file)})


def read_pool_pairs(path: Path) -> dict[str, ListedPool]:
    """Pools of a table of pairs by address in lower case: those that are paid in WETH; no list names them."""
    pairs = _reading(path, lambda file: msgspec.json.decode(_whole(path, file), type=dict[str, _Pair]))
    known = {pool.lower(): (pair.token0.lower(), pair.token1.lower()) for pool, pair in pairs.items()}
    return {pool: ListedPool(tokens[1] == WETH, None) for pool, tokens in known.items() if WETH in tokens}


def read_reserve_paths(
    path: Path, known: Mapping[str, ListedPool], source: str, most_pools: int = MOST_MEMBERS
) -> Histories:
    """Pools of an archive of reserve updates, one JSON file a pool, named by its address.

    Pools that `known` does not name, and those with fewer than two updates, are passed over. All were watched until the
    last update of the archive. Raises `DataError` for a file that is no such archive.
    """
    found: list[tuple[str, list[_Update]]] = []
    bad = passed = 0
    for name, body in _members(path):
        if len(found) >= most_pools:
            break
        updates, bad_here = _updates(body)
        bad += bad_here
        pool = name.lower()
        if pool not in known or len(updates) < LEAST_UPDATES:
            passed += 1
            continue
        found.append((pool, updates))
    until_s = max((_block_time(updates[-1].blockNumber) for _, updates in found), default=0)
    pools = tuple(_history(pool, updates, known[pool], source, until_s) for pool, updates in found)
    return Histories(pools, bad, passed)


def read_collected_candles(path: Path, timeframe: str, source: str) -> Histories:
    """Candles of one timeframe (`INTERVALS`) in a collector's table of many pools.

    A pool was watched until the end of its last candle: that is all the table says. Raises `DataError`.
    """
    interval_s = INTERVALS[timeframe]
    by_pool: dict[str, list[tuple[float, ...]]] = {}

    def collect(file: IO[bytes]) -> None:
        for row in _rows(path, file):
            if row.get("timeframe") == timeframe:
                figures = (row.get("timestamp"), *(row.get(f"{name}_price") for name in _PRICES), row.get("volume_usd"))
                by_pool.setdefault(clean(row.get("pool_id") or "", 80), []).append(tuple(map(_float, figures)))

    _reading(path, collect)
    return _candle_histories(by_pool, interval_s, source)


def read_hourly_pools(path: Path, source: str) -> Histories:
    """An archive of hourly candles, one CSV file a pool, named by it. Watched as in `read_collected_candles`."""
    by_pool: dict[str, list[tuple[float, ...]]] = {}
    for name, body in _members(path):
        with _damage_named(path):
            by_pool[name] = [
                (_moment(row.get("datetime")), *(_float(row.get(column)) for column in (*_PRICES, "volume")))
                for row in _rows(path, io.BytesIO(body))
            ]
    return _candle_histories(by_pool, HOUR_S, source)


def read_hourly_mints(path: Path, source: str) -> Histories:
    """Hourly candles by mint in JSON, with the time of birth, watched until they were fetched. Raises `DataError`."""
    mints = _reading(path, lambda file: msgspec.json.decode(_whole(path, file), type=dict[str, _Mint]))
    pools: list[PoolHistory] = []
    bad = passed = 0
    for mint, told in mints.items():
        rows = [tuple(np.nan if figure is None else float(figure) for figure in row) for row in told.ohlcv or []]
        table, bad_here = _table(rows, HOUR_S)
        bad += bad_here
        if not len(table.time_s):
            passed += 1
            continue
        pools.append(PoolHistory(clean(mint, 80), source, told.created, told.fetched_at, table))
    return Histories(tuple(pools), bad, passed)


def _listed(row: Mapping[str, str]) -> ListedPool:
    return ListedPool(row["token_address"].lower() < WETH, {"0": True, "1": False}.get(row["label"]))


def _updates(body: bytes) -> tuple[list[_Update], int]:
    """Updates in order, and how many could not be read."""
    good: list[_Update] = []
    try:
        pieces = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        return [], 1
    for piece in pieces:
        try:
            update = msgspec.json.decode(piece, type=_Update)
        except (msgspec.MsgspecError, RecursionError):
            continue
        if 0 < update.blockNumber < 10**9 and min(update.args.reserve0, update.args.reserve1) >= 0:
            good.append(update)
    return sorted(good, key=lambda update: (update.blockNumber, update.logIndex)), len(pieces) - len(good)


def _block_time(block: int) -> int:
    return KNOWN_BLOCK_S + round((block - KNOWN_BLOCK) * BLOCK_S)


def _history(pool: str, updates: list[_Update], known: ListedPool, source: str, until_s: int) -> PoolHistory:
    times = np.array([_block_time(update.blockNumber) for update in updates], dtype=np.int64)
    reserves = np.array([(update.args.reserve0, update.args.reserve1) for update in updates], dtype=np.float64)
    # 18 decimals, so that volumes stay in the range of candles; tokens' own decimals only scale the price.
    tokens, quote = (reserves if known.token_is_first else reserves[:, ::-1]).T / 1e18
    return history_of_path(pool, source, reserve_path(times, tokens, quote), until_s, known.is_scam)


def _candle_histories(by_pool: Mapping[str, list[tuple[float, ...]]], interval_s: int, source: str) -> Histories:
    pools: list[PoolHistory] = []
    bad = passed = 0
    for pool, rows in by_pool.items():
        table, bad_here = _table(rows, interval_s)
        bad += bad_here
        if len(table.time_s):
            pools.append(PoolHistory(pool, source, None, int(table.time_s[-1]) + interval_s, table))
        else:
            passed += 1
    return Histories(tuple(pools), bad, passed)


def _table(rows: list[tuple[float, ...]], interval_s: int) -> tuple[CandleTable, int]:
    """Rows of time, open, high, low, close and volume → a table, and how many rows could not be candles."""
    values = np.array(rows, dtype=np.float64).reshape(-1, 6)
    with np.errstate(invalid="ignore"):
        timed = (values[:, 0] > 0) & (values[:, 0] < 1e10) & (values[:, 0] % interval_s == 0)
    kept = values[timed]
    table, bad = sound(interval_s, kept[:, 0].astype(np.int64), kept[:, 1:5].T, kept[:, 5])
    return table, bad + int((~timed).sum())


def _float(text: str | None) -> float:
    """A number, NaN for what is none."""
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _moment(text: str | None) -> float:
    """A time in UTC as epoch seconds, NaN for what is none."""
    try:
        return datetime.fromisoformat(text or "").replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return float("nan")


def _reading(path: Path, read: Callable[[IO[bytes]], Decoded]) -> Decoded:
    with _damage_named(path), gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        return read(file)  # type: ignore[arg-type]


@contextlib.contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """Whatever is wrong inside with the content of this file is a `DataError` that names it."""
    try:
        yield
    except (*_DAMAGE, KeyError, RecursionError) as error:
        raise DataError(
            f"{path.name} cannot be read ({clean(str(error), 120)}); give a whole file of launches"
        ) from error


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Names without their ending, and contents, of the files of an archive; nothing is written to disk."""
    with _damage_named(path), tarfile.open(path) as archive:
        total = 0
        for number, member in enumerate(archive):
            total += member.size
            if number >= MOST_MEMBERS or member.size > MOST_MEMBER_BYTES or total > MOST_BYTES:
                raise DataError(f"{path.name}: more or larger files than any archive of pools has; leave it out")
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                yield clean(Path(member.name).stem, 80), file.read()


def _rows(path: Path, file: IO[bytes]) -> Iterator[dict[str, str]]:
    text = io.StringIO(_whole(path, file).decode("utf-8-sig"), newline="")
    for number, row in enumerate(csv.DictReader(text, restval="")):
        if number >= MOST_ROWS:
            raise DataError(f"{path.name} has more than {MOST_ROWS:,} rows; cut it")
        yield row


def _whole(path: Path, file: IO[bytes]) -> bytes:
    body = file.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise DataError(f"{path.name} is larger than {MOST_BYTES // 2**20} MiB; cut it")
    return body
