"""From a socket to state: the product's own connection, and the few lines everybody writes first.

Both give the CPU seconds of this process from before they connect until the sender has closed.
"""

import asyncio
import time
from pathlib import Path

import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from app.bench.blaster import subscriptions
from app.bench.decoding import read_with_json
from app.config.settings import Settings
from app.core.clock import Clock
from app.core.errors import TapedeckError
from app.core.record import Kind
from app.engine.core import Core
from app.engine.demo_venue import Urls
from app.engine.sequencer import Sequencer
from app.engine.venue_urls import client_settings
from app.feeds.hyperliquid.client import HyperliquidClient
from app.feeds.inbox import Inbox
from app.feeds.tape.format import Session
from app.feeds.tape.writer import TapeWriter

_NO_REST = "http://127.0.0.1:9"


class ShiftedClock:
    """A clock whose wall time begins at `start_ms`: the engine's time is then that of the frames it gets."""

    def __init__(self, clock: Clock, start_ms: int) -> None:
        wall_ns = clock.wall_ns
        shift_ns = start_ms * 1_000_000 - wall_ns()
        self.wall_ns = lambda: wall_ns() + shift_ns
        self.monotonic_ns = clock.monotonic_ns


async def receive_with_json(url: str, frames: int) -> float:
    """`websockets`, `json.loads` and `float`. Raises `TapedeckError` when frames are missing."""
    received = 0
    started = time.process_time()
    async with connect(url, max_size=None, compression=None) as socket:
        try:
            while True:
                message = await socket.recv()
                read_with_json(message)
                received += 1
        except ConnectionClosed:
            spent = time.process_time() - started
    _check(received, frames)
    return spent


async def receive_with_engine(url: str, frames: int, clock: Clock, tape: Path) -> float:
    """Connection, client, inbox, sequencer, recorder and core, with the timer running.

    Raises `TapedeckError` when a frame was neither used nor superseded.
    """
    settings = Settings()
    core, inbox = Core("live", settings), Inbox(clock)
    client = HyperliquidClient(client_settings(settings, Urls(url, _NO_REST)), inbox, clock, np.random.default_rng(0))
    client.subscribe(subscriptions())
    with TapeWriter(tape, Session(created_wall_ns=clock.wall_ns(), mode="live", label="bench"), clock) as writer:
        sequencer = Sequencer(clock, core.dispatch)
        sequencer.recorder = writer
        started = time.process_time()
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(client.data.run()), group.create_task(_tick(inbox, settings))]
            await _dispatch_until_dropped(inbox, sequencer)
            spent = time.process_time() - started
            for worker in workers:
                worker.cancel()
    _check(core.connections.data.frames + inbox.superseded, frames)
    return spent


async def _tick(inbox: Inbox, settings: Settings) -> None:
    while True:
        await asyncio.sleep(settings.engine.tick_ms / 1000)
        inbox.put(0, Kind.TIMER, b"")


async def _dispatch_until_dropped(inbox: Inbox, sequencer: Sequencer) -> None:
    while True:
        for arrival in await inbox.fetch():
            sequencer.put(arrival)
            if arrival.kind == Kind.DROP:
                return


def _check(received: int, frames: int) -> None:
    if received != frames:
        raise TapedeckError(f"{received} of {frames} frames arrived; run the benchmark again on a quieter machine")
