"""What a leaderboard of the venue's size costs: the time to read it, and memory and loop of who fetches it."""

import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np

from app.bench.leaderboards import write_leaderboard
from app.bench.memory import process_tree, proportional_set_mb
from app.core.clock import Clock, SystemClock
from app.core.errors import TapedeckError
from app.core.record import Answer, Kind, Request
from app.feeds.hyperliquid.leaderboard import CHANNEL, LeaderboardRules, encode_rules, parse_leaderboard_digest
from app.feeds.hyperliquid.leaderboard_client import LeaderboardClient
from app.feeds.hyperliquid.limits import VENUE
from app.feeds.inbox import Inbox

ROWS = 47_000
_BEAT_S = 0.001
_decode_answer = msgspec.msgpack.Decoder(Answer).decode


def measure_leaderboard(rows: int = ROWS) -> dict[str, float]:
    """Read and fetch a leaderboard of `rows` rows (47,000: 39 MB) that is made for this run.

    `leaderboard_parse_s`: from the start of the reading process to its end, the document being at hand.
    `leaderboard_peak_mb`: at most so much above what this process had before, of it and the reader together (Linux).
    `leaderboard_loop_gap_ms`: the longest time for which fetching it held the loop. `leaderboard_mb`: its size, 10⁶ B.
    """
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as folder:
        path = Path(folder) / "leaderboard.json"
        size = write_leaderboard(path, rows, seed=7)
        return {"leaderboard_mb": round(size / 1e6, 1), **asyncio.run(_measure(path, rows, SystemClock()))}


async def _measure(path: Path, rows: int, clock: Clock) -> dict[str, float]:
    parse_s = min([await _read(path, clock) for _ in range(3)])
    peak_mb, gap_ms = await _fetch(path, rows, clock)
    return {
        "leaderboard_parse_s": round(parse_s, 3),
        "leaderboard_peak_mb": round(peak_mb, 1),
        "leaderboard_loop_gap_ms": round(gap_ms, 1),
    }


async def _read(path: Path, clock: Clock) -> float:
    """Seconds for the reading process, its start included."""
    rules = encode_rules(LeaderboardRules()).decode()
    with path.open("rb") as document:
        started_ns = clock.monotonic_ns()
        reader = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "app.feeds.hyperliquid.leaderboard_child", rules,
            stdin=document, stdout=PIPE, stderr=DEVNULL,
        )  # fmt: skip
        digest, _ = await reader.communicate()
        taken_s = (clock.monotonic_ns() - started_ns) / 1e9
    parse_leaderboard_digest(digest)
    return taken_s


async def _fetch(path: Path, rows: int, clock: Clock) -> tuple[float, float]:
    """MB above base, and the loop's longest gap in ms, while the client fetches the document from a server."""
    async with _served(path) as (url, server):
        inbox, meter = Inbox(clock), _Meter(clock, without=server)
        client = LeaderboardClient(url, 1_000_000_000, inbox, clock, np.random.default_rng(1))
        client.request(Request(1, VENUE, CHANNEL, encode_rules(LeaderboardRules())))
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(work) for work in (client.run(), meter.watch_memory(), meter.watch_loop())]
            answer = await _answered(inbox)
            for worker in workers:
                worker.cancel()
    if answer.error or parse_leaderboard_digest(answer.body).rows_seen != rows:
        raise TapedeckError(f"the leaderboard was not read: {answer.error}; run the tests in tests/feeds/hyperliquid")
    return meter.peak_mb, meter.gap_ms


class _Meter:
    """Memory of this process and its children above what it was, and how long the loop was held at most."""

    def __init__(self, clock: Clock, without: int) -> None:
        """`without` is the process of a server, which does not count."""
        self._clock = clock
        self._without = without
        self._base_mb = self._memory_mb()
        self.peak_mb = self.gap_ms = 0.0

    async def watch_memory(self) -> None:
        """Look again and again, in a thread: looking takes longer than the loop may be held."""
        while True:
            self.peak_mb = max(self.peak_mb, await asyncio.to_thread(self._memory_mb) - self._base_mb)

    async def watch_loop(self) -> None:
        """Wake up again and again, and see how late that is."""
        while True:
            began_ns = self._clock.monotonic_ns()
            await asyncio.sleep(_BEAT_S)
            self.gap_ms = max(self.gap_ms, (self._clock.monotonic_ns() - began_ns) / 1e6 - _BEAT_S * 1e3)

    def _memory_mb(self) -> float:
        return proportional_set_mb([pid for pid in process_tree(os.getpid()) if pid != self._without])


async def _answered(inbox: Inbox) -> Answer:
    while True:
        for arrival in await inbox.fetch():
            if arrival.kind == Kind.ANSWER:
                return _decode_answer(arrival.payload)


@asynccontextmanager
async def _served(path: Path) -> AsyncIterator[tuple[str, int]]:
    """The document's URL on loopback, and the process that serves it."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(path.parent),
        stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL,
    )  # fmt: skip
    try:
        # "Serving HTTP on 127.0.0.1 port 40123 (http://127.0.0.1:40123/) ..."
        words = (await server.stdout.readline()).decode().split() if server.stdout else []
        yield f"http://127.0.0.1:{int(words[words.index('port') + 1])}/{path.name}", server.pid
    finally:
        server.kill()
        await server.wait()
