"""Files of launches become histories of pools; what cannot be used is counted, what is no such file is refused."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from launch_samples import HIGHER, LOWER, block_time, pool_name, reserves, update_rows, write_archive, write_folder

from app.core.errors import DataError
from app.training import launch_files
from app.training.launch_files import (
    KNOWN_BLOCK,
    WETH,
    ListedPool,
    read_collected_candles,
    read_hourly_mints,
    read_hourly_pools,
    read_listed_pools,
    read_pool_pairs,
    read_reserve_paths,
)
from app.training.tokens_data import read_paths

NAME = pool_name(7)


def archive_of(folder: Path, body: object, name: str = NAME) -> Path:
    return write_archive(folder / "pools.tar.gz", {f"{name}.json": json.dumps(body).encode()})


@pytest.mark.parametrize("token_is_first", [True, False])
def test_a_pool_of_an_archive(tmp_path: Path, token_is_first: bool) -> None:
    path = archive_of(tmp_path, update_rows(7, token_is_first=token_is_first))
    histories = read_reserve_paths(path, {NAME: ListedPool(token_is_first, True)}, "made up")
    assert (histories.bad_rows, histories.passed_over) == (0, 0)
    [pool] = histories.pools
    _, tokens, ether = reserves(7, 40)
    assert pool.path is not None
    np.testing.assert_allclose(pool.path.price, ether / tokens, rtol=1e-9)
    np.testing.assert_allclose(pool.path.liquidity, 2 * ether, rtol=1e-9)
    assert (pool.token, pool.born_s, pool.is_listed_scam) == (NAME, block_time(KNOWN_BLOCK), True)
    assert pool.watched_until_s == int(pool.path.time_s[-1])


def test_all_pools_were_watched_until_the_archives_last_update(tmp_path: Path) -> None:
    rows = {pool_name(place): update_rows(place, block=KNOWN_BLOCK + 10_000 * place) for place in (1, 2)}
    path = write_archive(
        tmp_path / "x.tar.gz", {f"{name}.json": json.dumps(row).encode() for name, row in rows.items()}
    )
    first, second = read_reserve_paths(path, {name: ListedPool(True, None) for name in rows}, "x").pools
    assert second.path is not None
    assert first.watched_until_s == second.watched_until_s == int(second.path.time_s[-1])


def test_updates_come_in_order_and_odd_ones_are_counted(tmp_path: Path) -> None:
    rows = update_rows(7)
    odd = [{"args": {}, "blockNumber": 5}, {"args": {"reserve0": -1, "reserve1": 1}, "blockNumber": 5}, None, 7]
    path = archive_of(tmp_path, [*rows[::-1], *odd])
    histories = read_reserve_paths(path, {NAME: ListedPool(True, None)}, "made up")
    assert histories.bad_rows == 4
    plain = read_reserve_paths(archive_of(tmp_path, rows), {NAME: ListedPool(True, None)}, "made up")
    assert histories.pools[0].path is not None
    assert plain.pools[0].path is not None
    assert histories.pools[0].path.price.tolist() == plain.pools[0].path.price.tolist()


def test_pools_that_nobody_knows_and_those_without_a_past_are_passed_over(tmp_path: Path) -> None:
    bodies = {pool_name(1): update_rows(1), pool_name(2): update_rows(2)[:1], pool_name(3): {"no": "list"}}
    files = {f"{name}.json": json.dumps(body).encode() for name, body in bodies.items()}
    path = write_archive(tmp_path / "x.tar.gz", files)
    known = {pool_name(number): ListedPool(True, None) for number in (2, 3)}
    assert read_reserve_paths(path, known, "x") == ((), 1, 3)


def test_lists_say_which_side_the_token_is(tmp_path: Path) -> None:
    table = tmp_path / "list.csv.gz"
    lines = [f"{LOWER},0xAB,1,0", f"{HIGHER.upper()},0xCD,0,1"]
    table.write_bytes(gzip.compress("\n".join(["token_address,pool_address,label,type", *lines]).encode()))
    assert read_listed_pools(table) == {"0xab": ListedPool(True, False), "0xcd": ListedPool(False, True)}
    pairs = tmp_path / "pairs.json"
    told = {
        "0xA": {"token0": WETH.upper().replace("0X", "0x"), "token1": LOWER},
        "0xB": {"token0": LOWER, "token1": HIGHER},
    }
    pairs.write_text(json.dumps(told))
    assert read_pool_pairs(pairs) == {"0xa": ListedPool(False, None)}


def test_a_whole_folder(tmp_path: Path) -> None:
    histories = read_paths(write_folder(tmp_path))
    told = [(pool.token, pool.source, pool.is_listed_scam) for pool in histories.pools]
    assert told == [
        (pool_name(1), "uniswap healthy", False),
        *((pool_name(number), "uniswap rug", True) for number in (2, 3, 4)),
        (pool_name(5), "uniswap unlabelled_2021-09", None),
    ]
    assert (histories.bad_rows, histories.passed_over) == (0, 1)
    assert len(read_paths(tmp_path, most_pools=1).pools) == 3


COLLECTED = (
    "id,pool_id,timeframe,timestamp,open_price,high_price,low_price,close_price,volume_usd\n"
    "1,a,5m,1758790800,1,2,0.5,1.5,9\n2,a,5m,1758790500,1,2,0.5,1.25,9\n3,a,5m,1758790501,1,1,1,1,1\n"
    "4,a,1h,1758790800,1,2,0.5,1.5,9\n5,a,5m,1758791100,1,2,0.5,NaN,9\n6,a,5m,,1,1,1,1,1\n7,b,5m,x,1,1,1,1,1\n8,a\n"
)


def test_candles_of_a_collector(tmp_path: Path) -> None:
    path = tmp_path / "candles.csv.gz"
    path.write_bytes(gzip.compress(COLLECTED.encode()))
    histories = read_collected_candles(path, "5m", "made up")
    [pool] = histories.pools
    assert (pool.token, pool.table.close.tolist(), pool.born_s) == ("a", [1.25, 1.5], None)
    assert pool.watched_until_s == 1758790800 + 300
    assert (histories.bad_rows, histories.passed_over) == (4, 1)
    assert [pool.table.interval_s for pool in read_collected_candles(path, "1h", "made up").pools] == [3_600]


def test_hourly_candles_of_pools_and_mints(tmp_path: Path) -> None:
    table = b"datetime,symbol,open,high,low,close,volume\n2025-09-21 10:00:00,a,1,2,0.5,1.5,7\nnever,a,1,1,1,1,1\n"
    histories = read_hourly_pools(write_archive(tmp_path / "x.tar.gz", {"a.csv": table, "b.csv": b"datetime\n"}), "x")
    [pool] = histories.pools
    assert (pool.token, pool.table.time_s.tolist(), pool.table.volume.tolist()) == ("a", [1758448800], [7])
    assert (histories.bad_rows, histories.passed_over) == (1, 1)
    rows = [[1758448800, 1, 2, 0.5, 1.5, None], [1758452400, 1, 2, None, 1, 1]]
    mints = {
        "m": {"created": 1758448000, "fetched_at": 1758999999, "ohlcv": rows},
        "n": {"created": 1, "fetched_at": 2},
    }
    file = tmp_path / "mints.json"
    file.write_text(json.dumps(mints))
    told = read_hourly_mints(file, "x")
    assert (told.bad_rows, told.passed_over) == (1, 1)
    assert (told.pools[0].born_s, told.pools[0].watched_until_s) == (1758448000, 1758999999)


def test_damaged_files_are_refused_by_name(tmp_path: Path) -> None:
    whole = archive_of(tmp_path, update_rows(7, 400)).read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "noise.csv.gz").write_bytes(b"noise")
    (tmp_path / "list.csv").write_text("a,b\n1,2\n")
    (tmp_path / "deep.json").write_bytes(b"[" * 100_000)
    known = {NAME: ListedPool(True, None)}
    with pytest.raises(DataError, match=r"cut.tar.gz cannot be read"):
        read_reserve_paths(tmp_path / "cut.tar.gz", known, "x")
    with pytest.raises(DataError, match=r"missing.tar.gz cannot be read"):
        read_reserve_paths(tmp_path / "missing.tar.gz", known, "x")
    with pytest.raises(DataError, match=r"noise.csv.gz cannot be read"):
        read_collected_candles(tmp_path / "noise.csv.gz", "5m", "x")
    with pytest.raises(DataError, match=r"list.csv cannot be read"):
        read_listed_pools(tmp_path / "list.csv")
    with pytest.raises(DataError, match=r"deep.json cannot be read"):
        read_hourly_mints(tmp_path / "deep.json", "x")


def test_files_larger_than_any_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive_of(tmp_path, update_rows(7))
    for limit in ("MOST_MEMBERS", "MOST_MEMBER_BYTES", "MOST_BYTES"):
        with monkeypatch.context() as patched:
            patched.setattr(launch_files, limit, 0)
            with pytest.raises(DataError, match="more or larger files"):
                read_reserve_paths(path, {}, "x")
    monkeypatch.setattr(launch_files, "MOST_ROWS", 3)
    (tmp_path / "candles.csv").write_text(COLLECTED)
    with pytest.raises(DataError, match="more than 3 rows"):
        read_collected_candles(tmp_path / "candles.csv", "5m", "x")
    monkeypatch.setattr(launch_files, "MOST_BYTES", 10)
    (tmp_path / "mints.json").write_text("{" + " " * 20 + "}")
    for read in (read_hourly_mints, lambda path, source: read_collected_candles(path, "5m", source)):
        with pytest.raises(DataError, match="larger than"):
            read(tmp_path / "mints.json", "x")
