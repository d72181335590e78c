"""The venue as a process of its own: it lives as long as its parent and ends quietly."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterable

from app.core.clock import Clock, SystemClock
from app.demo.options import Options
from app.demo.server import serve
from app.demo.sockets import Sockets
from app.demo.venue import Venue


async def run(options: Options, sockets: Sockets) -> None:
    """Serve until stdin reaches its end, or SIGTERM or SIGINT comes."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    threading.Thread(target=_watch_stdin, args=(loop, stop), daemon=True).start()
    clock = SystemClock()
    venue = Venue(
        seed=options.seed,
        coins=options.coins,
        start_ms=clock.wall_ns() // 1_000_000,
        users=options.users,
        storm_per_s=options.storm_per_s,
    )
    # What is there now stays for good; leaving it out keeps collections short.
    gc.freeze()
    rows, refused = options.leaderboard_rows, options.refuse_leaderboard
    # A part that fails ends the whole venue: its clients are told, and nobody waits for answers that never come.
    async with (
        serve(
            venue, clock=clock, sockets=sockets, paced=False, leaderboard_rows=rows, refuse_leaderboard=refused
        ) as server,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(_serve_wallets(options.seed, clock, sockets, stop))
        group.create_task(_serve_tokens(options.seed, clock, sockets, stop))
        await server.pace(stop)


async def _serve_wallets(seed: int, clock: Clock, sockets: Sockets, stop: asyncio.Event) -> None:
    """Serve the prediction markets from the first client on; nothing of them is even loaded before."""
    listening = (sockets.prediction, sockets.gamma)
    await _first_client(listening, stop)
    if stop.is_set():
        return
    from app.demo.prediction.server import PredictionVenue, serve

    wallets = PredictionVenue(seed=seed, start_s=clock.wall_ns() // 1_000_000_000, clock=clock)
    async with serve(wallets, *listening):
        await stop.wait()


async def _serve_tokens(seed: int, clock: Clock, sockets: Sockets, stop: asyncio.Event) -> None:
    """Serve the token APIs, likewise from the first client on."""
    listening = (sockets.gecko, sockets.screener, sockets.birdeye)
    await _first_client(listening, stop)
    if stop.is_set():
        return
    from app.demo.tokens.made import MadeLaunches
    from app.demo.tokens.server import TokenVenue, serve

    async with serve(TokenVenue(MadeLaunches(seed), seed=seed, clock=clock), *listening):
        await stop.wait()


async def _first_client(listening: Iterable[socket.socket], stop: asyncio.Event) -> None:
    """Return when somebody wants to connect, or when `stop` is set."""
    loop = asyncio.get_running_loop()
    knocked = asyncio.Event()
    for one in listening:
        loop.add_reader(one, knocked.set)
    waits = [asyncio.create_task(event.wait()) for event in (knocked, stop)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for one in listening:
        loop.remove_reader(one)
    for wait in waits:
        wait.cancel()


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """A thread, because neither terminals nor files nor /dev/null can all be polled by the loop."""
    # Without any stdin nobody holds the other end, which is what its end would mean.
    if sys.__stdin__ is not None:
        with contextlib.suppress(OSError):
            while os.read(sys.__stdin__.fileno(), 4096):
                continue
    loop.call_soon_threadsafe(stop.set)
