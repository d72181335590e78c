"""Run the simulated venue in its own process: `python -m app.demo --seed 7 --coins 32`."""

import argparse
import json
import os
import signal
import sys
from types import FrameType

from app.demo.options import Options
from app.demo.sockets import Sockets, listen


def main() -> int:
    """Listen, print the addresses as one JSON line, serve until stdin ends or a signal comes. Exit code 0."""
    arguments = _arguments()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    sockets = listen()
    line = {
        "websocket_url": sockets.websocket_url,
        "rest_url": sockets.rest_url,
        "prediction_url": sockets.prediction_url,
        "gamma_url": sockets.gamma_url,
        "gecko_url": sockets.gecko_url,
        "screener_url": sockets.screener_url,
        "birdeye_url": sockets.birdeye_url,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    _run(Options(**vars(arguments)), sockets)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="app.demo", description="A simulated venue on loopback. Its data is made up.")
    parser.add_argument("--seed", type=_seed, default=7, help="the same seed gives the same market (default 7)")
    parser.add_argument("--coins", type=_coins, default=32, help="live markets, 1 to 60 (default 32)")
    parser.add_argument(
        "--leaderboard-rows", type=int, default=5_000, help="rows of the leaderboard (default 5000; really 47000)"
    )
    parser.add_argument("--users", type=int, default=15, help="how many users can have streams (default 15)")
    parser.add_argument("--storm-per-s", type=int, default=0, help="error frames a second above that (default 0)")
    parser.add_argument(
        "--refuse-leaderboard", type=int, default=0, help="so often the leaderboard is first refused (default 0)"
    )
    return parser.parse_args()


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Before the event loop runs and has its own handlers: end as quietly as it would."""
    raise SystemExit(0)


def _seed(text: str) -> int:
    seed = int(text)
    if not 0 <= seed < 2**63:
        raise argparse.ArgumentTypeError(f"{seed} is not a seed: choose 0 to 2^63 − 1")
    return seed


def _coins(text: str) -> int:
    coins = int(text)
    if not 1 <= coins <= 60:
        raise argparse.ArgumentTypeError(f"{coins} markets are not on offer: choose 1 to 60")
    return coins


def _run(options: Options, sockets: Sockets) -> None:
    # One thread is plenty for arrays this small, and each more would cost memory and start-up time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import asyncio

    from app.core.allocation import share_one_heap
    from app.demo.process import run

    share_one_heap()

    asyncio.run(run(options, sockets))


if __name__ == "__main__":
    raise SystemExit(main())
