"""Recorded launches as collectors write them: tables, archives, candles by mint."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from launch_samples import LOWER, pool_name, update_rows, write_archive
from target import Target, each, from_file, written

from app.training import launch_files as launches

_POOL = pool_name(7)
_KNOWN = {_POOL: launches.ListedPool(token_is_first=True, is_scam=None)}
_HOUR_S = 3_600
_BORN_S = 1_790_000_000 // _HOUR_S * _HOUR_S
_CANDLES = [(_BORN_S + hour * _HOUR_S, 1.0, 2.0, 0.5, 1.5, 9.0) for hour in range(3)]


def _in_archive(name: str, read_archive: Callable[[Path], object]) -> Callable[[bytes], None]:
    """Reads the bytes as a file in an archive: those of the archive itself would refuse nearly all damage."""

    def read(data: bytes) -> None:
        from_file("pools.tar", lambda path: read_archive(write_archive(path, {name: data})))(b"")

    return read


def _paths(path: Path) -> object:
    return launches.read_reserve_paths(path, _KNOWN, "made up")


def _hourly(path: Path) -> object:
    return launches.read_hourly_pools(path, "made up")


def _updates() -> bytes:
    return json.dumps(update_rows(7, 4)).encode()


def _table(header: str, *rows: tuple[object, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header.split(","), *rows])
    return text.getvalue().encode()


@cache
def _tables() -> tuple[bytes, ...]:
    """A labelled list, candles of many pools, candles of one."""
    collected = "pool_id,timeframe,timestamp,open_price,high_price,low_price,close_price,volume_usd"
    return (
        _table("token_address,pool_address,label,type", (LOWER, _POOL, 1, 1)),
        _table(collected, *(("pool", "1h", *candle) for candle in _CANDLES)),
        _table("datetime,open,high,low,close,volume", ("2025-08-01 05:00:00", *_CANDLES[0][1:])),
    )


def _trees() -> list[bytes]:
    """Pairs of pools, and candles by mint."""
    pairs = {_POOL: {"token0": LOWER, "token1": launches.WETH}}
    mints = {"mint": {"created": _BORN_S, "fetched_at": _BORN_S + 9 * _HOUR_S, "ohlcv": _CANDLES}}
    return [json.dumps(told).encode() for told in (pairs, mints)]


def _archives() -> list[bytes]:
    packed = written("x.tar.gz", lambda path: write_archive(path, {f"{_POOL}.json": _updates()}))
    return [packed, gzip.decompress(packed)]


LAUNCH_TARGETS: dict[str, Target] = {
    "tables of launches": Target(
        each(
            (
                from_file("list.csv", launches.read_listed_pools),
                from_file("candles.csv", lambda path: launches.read_collected_candles(path, "1h", "made up")),
                _in_archive("pool.csv", _hourly),
            )
        ),
        _tables,
    ),
    "launches in JSON": Target(
        each(
            (
                from_file("pairs.json", launches.read_pool_pairs),
                from_file("mints.json", lambda path: launches.read_hourly_mints(path, "made up")),
                _in_archive(f"{_POOL}.json", _paths),
            )
        ),
        lambda: [*_trees(), _updates()],
    ),
    "archives of launches": Target(from_file("pools.tar.gz", _paths), _archives),
}
