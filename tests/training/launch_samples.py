"""Made-up launches: pools that live, are pulled or fall silent, and files as collectors write them."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from app.training.launch_files import BLOCK_S, KNOWN_BLOCK, KNOWN_BLOCK_S, WETH
from app.training.pool_history import PoolHistory, ReservePath, history_of_path, reserve_path

LOWER, HIGHER = "0x" + "1" * 40, "0x" + "d" * 40
BORN_S = 1_600_000_123
DAY_S = 86_400


def pool_name(number: int) -> str:
    return f"0x{number:040x}"


def reserves(seed: int, updates: int = 300, *, pulled_after: int | None = None) -> tuple[np.ndarray, ...]:
    """Seconds since birth, tokens and ether of a pool that is swapped in at random, and may be pulled in the end."""
    rng = np.random.default_rng(seed)
    seconds = np.concatenate([[0], np.cumsum(rng.exponential(400, updates - 1)).astype(np.int64)])
    ether = 20 * np.exp(np.cumsum(0.05 * rng.standard_normal(updates)))
    tokens = 20e6 / ether
    if pulled_after is not None:
        ether[pulled_after:] *= 1e-6
        tokens[pulled_after:] *= 1e-6
    return seconds.astype(np.int64), tokens, ether


def path_of(seed: int, updates: int = 300, *, pulled_after: int | None = None, born_s: int = BORN_S) -> ReservePath:
    seconds, tokens, ether = reserves(seed, updates, pulled_after=pulled_after)
    return reserve_path(born_s + seconds, tokens, ether)


def history(
    seed: int, updates: int = 300, *, pulled_after: int | None = None, born_s: int = BORN_S, watched_s: int = 4 * DAY_S
) -> PoolHistory:
    """A pool that was watched for `watched_s`."""
    path = path_of(seed, updates, pulled_after=pulled_after, born_s=born_s)
    return history_of_path(pool_name(seed), "made up", path, born_s + watched_s)


def update_rows(seed: int, updates: int = 40, *, token_is_first: bool = True, block: int = KNOWN_BLOCK) -> list[object]:
    """A pool's updates as the archives hold them."""
    seconds, tokens, ether = reserves(seed, updates)
    sides = (tokens, ether) if token_is_first else (ether, tokens)
    return [
        {
            "args": {"reserve0": int(first * 10**18), "reserve1": int(second * 10**18)},
            "event": "Sync",
            "logIndex": place,
            "blockNumber": block + int(second_s / BLOCK_S),
        }
        for place, (second_s, first, second) in enumerate(
            zip(seconds.tolist(), *map(np.ndarray.tolist, sides), strict=True)
        )
    ]


def block_time(block: int) -> int:
    return KNOWN_BLOCK_S + round((block - KNOWN_BLOCK) * BLOCK_S)


def write_archive(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return path


def write_folder(folder: Path) -> Path:
    """A folder of launches: four listed pools, of which one is healthy, and two that no list names."""
    numbers = {"healthy": (1,), "rug": (2, 3, 4), "unlabelled_2021-09": (5, 6)}
    for name, pools in numbers.items():
        rows = {f"{pool_name(number)}.json": json.dumps(update_rows(number)).encode() for number in pools}
        write_archive(folder / f"uniswap_v2_sync_{name}_dev.tar.gz", rows)
    lines = [f"{LOWER},{pool_name(number).upper()},{int(number == 1)},1" for number in (1, 2, 3, 4)]
    table = "\n".join(["token_address,pool_address,label,type", *lines, ""])
    (folder / "uniswap_v2_labeled_list.csv.gz").write_bytes(gzip.compress(table.encode()))
    pairs = {pool_name(5): {"token0": LOWER, "token1": WETH}, pool_name(6): {"token0": LOWER, "token1": HIGHER}}
    (folder / "uniswap_v2_pool_dict_full_data.json.gz").write_bytes(gzip.compress(json.dumps(pairs).encode()))
    return folder
