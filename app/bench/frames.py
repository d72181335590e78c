"""Frames as a busy venue sends them: a fixed mix, the same for the same seed, every trade another."""

from collections.abc import Iterator

import numpy as np

COINS = ("BTC", "ETH", "SOL", "HYPE", "DOGE", *(f"C{number:03d}" for number in range(195)))
BUSY = 40
"""So many of the coins trade, the first far more often than the last."""
TRADES_SHARE, BOOKS_SHARE = 0.70, 0.28
"""What is neither trades nor a book is a list of all mid prices."""
_TRADES_A_FRAME = (1, 1, 1, 2, 3)
_LEVELS = 20


def make_frames(count: int, seed: int, start_ms: int, gap_ms: float = 10.0) -> list[bytes]:
    """`count` frames from `start_ms` on, `gap_ms` apart on average: 70 % trades, 28 % books of 20 x 2, 2 % mids."""
    generator = np.random.default_rng(seed)
    times = start_ms + np.cumsum(generator.uniform(0, 2 * gap_ms, count)).astype(int)
    return [frame.encode() for frame in _frames(times.tolist(), generator)]


def _frames(times: list[int], generator: np.random.Generator) -> Iterator[str]:
    count = len(times)
    prices = 10 ** generator.uniform(-2, 5, len(COINS))
    kinds = generator.random(count).tolist()
    coins = (generator.random(count) ** 3 * BUSY).astype(int).tolist()
    for time_ms, kind, coin in zip(times, kinds, coins, strict=True):
        if kind < TRADES_SHARE:
            yield _trades(generator, coin, prices[coin], time_ms)
        elif kind < TRADES_SHARE + BOOKS_SHARE:
            yield _book(generator, coin, prices[coin], time_ms)
        else:
            mids = ",".join(f'"{name}":"{price:.6g}"' for name, price in zip(COINS, prices.tolist(), strict=True))
            yield f'{{"channel":"allMids","data":{{"mids":{{{mids}}}}}}}'


def _trades(generator: np.random.Generator, coin: int, price: float, time_ms: int) -> str:
    count = _TRADES_A_FRAME[generator.integers(len(_TRADES_A_FRAME))]
    return f'{{"channel":"trades","data":[{",".join(_trade(generator, coin, price, time_ms) for _ in range(count))}]}}'


def _trade(generator: np.random.Generator, coin: int, price: float, time_ms: int) -> str:
    noise = generator.bytes(80).hex()
    paid = price * (1 + generator.normal(0, 1e-4))
    return (
        f'{{"coin":"{COINS[coin]}","side":"{"AB"[generator.integers(2)]}","px":"{paid:.5g}",'
        f'"sz":"{generator.exponential():.4f}","time":{time_ms},"hash":"0x{noise[:64]}",'
        f'"tid":{generator.integers(1, 2**50)},"users":["0x{noise[64:104]}","0x{noise[104:144]}"]}}'
    )


def _book(generator: np.random.Generator, coin: int, price: float, time_ms: int) -> str:
    bids, asks = _side(generator, price, -1), _side(generator, price, 1)
    return f'{{"channel":"l2Book","data":{{"coin":"{COINS[coin]}","time":{time_ms},"levels":[[{bids}],[{asks}]]}}}}'


def _side(generator: np.random.Generator, price: float, sign: int) -> str:
    sizes = generator.exponential(5, _LEVELS).tolist()
    orders = generator.integers(1, 30, _LEVELS).tolist()
    return ",".join(
        f'{{"px":"{price * (1 + sign * 1e-4 * (place + 1)):.6g}","sz":"{size:.4f}","n":{number}}}'
        for place, (size, number) in enumerate(zip(sizes, orders, strict=True))
    )
