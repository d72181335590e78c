"""The venue as a process of its own: it lives as long as its parent and ends quietly."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading

from app.core.clock import SystemClock
from app.demo.prediction.server import PredictionVenue
from app.demo.prediction.server import serve as serve_prediction
from app.demo.server import serve
from app.demo.sockets import Sockets
from app.demo.venue import Venue


async def run(seed: int, coins: int, sockets: Sockets) -> None:
    """Serve until stdin reaches its end, or SIGTERM or SIGINT comes."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    threading.Thread(target=_watch_stdin, args=(loop, stop), daemon=True).start()
    clock = SystemClock()
    start_ms = clock.wall_ns() // 1_000_000
    venue = Venue(seed=seed, coins=coins, start_ms=start_ms)
    wallets = PredictionVenue(seed=seed, start_s=start_ms // 1_000, clock=clock)
    # What is there now stays for good; leaving it out keeps collections short.
    gc.freeze()
    async with (
        serve(venue, clock=clock, sockets=sockets, paced=False) as server,
        serve_prediction(wallets, sockets.prediction, sockets.gamma),
    ):
        await server.pace(stop)


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """A thread, because neither terminals nor files nor /dev/null can all be polled by the loop."""
    # Without any stdin nobody holds the other end, which is what its end would mean.
    if sys.__stdin__ is not None:
        with contextlib.suppress(OSError):
            while os.read(sys.__stdin__.fileno(), 4096):
                continue
    loop.call_soon_threadsafe(stop.set)
