"""Real worker processes killed and stopped under load, again and again."""

import asyncio
import functools
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from tiny_bundle import by_hand, rows_of, tiny_bundle

from app.config.token_settings import TokenModelSettings
from app.core.clock import SystemClock
from app.engine.inference_health import InferenceHealth
from app.engine.inference_pool import InferencePool
from app.engine.inference_process import WorkerProcess
from app.engine.inference_requests import PredictionError

_ROWS = 64
_PATIENCE_S = 30.0


class Soak:
    """A pool of two workers, and clients that ask it without pause. `worst_s` is how long a request took at most."""

    def __init__(self, bundles: Path, timeout_ms: int = 6_000) -> None:
        tiny_bundle(bundles)
        # Kills come faster here than workers may be lost in a minute; that limit has tests of its own.
        settings = TokenModelSettings(workers=2, timeout_ms=timeout_ms, restarts_a_minute=1_000, cache_s=0)
        self.pool = InferencePool(settings, [bundles], SystemClock(), lambda _: None, cores=2)
        self.endings: Counter[str] = Counter()
        self.wrong = 0
        self.worst_s = 0.0
        self.pids: set[int] = set()
        self._killed: set[int] = set()
        self.allowed_s = timeout_ms / 1_000 + 2.0  # the machine may be busy with something else
        self._rows = rows_of(4, _ROWS)
        self._expected = by_hand(self._rows)
        self._stopping = False

    async def run(self, kills: int, seed: int = 1) -> InferenceHealth:
        """Kill a worker `kills` times, every tenth by stopping it, each time once both answer; returns the health."""
        rng = np.random.default_rng(seed)
        self.pool.crew.call(2)
        running = asyncio.create_task(self.pool.run())
        clients = [asyncio.create_task(self._ask(place)) for place in range(4)]
        try:
            for kill in range(kills):
                workers = await self._both()
                pid = workers[rng.integers(2)].pid
                self._killed.add(pid)
                os.kill(pid, signal.SIGSTOP if kill % 10 == 4 else signal.SIGKILL)
                await self._until(functools.partial(_is_gone, pid))
            await self._both()
            health = self.pool.health()
        finally:
            self._stopping = True
            await asyncio.wait(clients)
            running.cancel()
            await asyncio.wait([running])
        return health

    @property
    def orphans(self) -> list[int]:
        """Workers that are still there."""
        return [pid for pid in self.pids if psutil.pid_exists(pid)]

    async def _both(self) -> list[WorkerProcess]:
        await self._until(lambda: len(self._workers()) == 2)
        return self._workers()

    def _workers(self) -> list[WorkerProcess]:
        found = [member.link for member in self.pool.crew.ready if isinstance(member.link, WorkerProcess)]
        self.pids |= {link.pid for link in found}
        return [link for link in found if link.pid not in self._killed]

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - a process that ends sets no event
                await asyncio.sleep(0.005)

    async def _ask(self, place: int) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping:
            place = (place + 1) % _ROWS
            began_s = loop.time()
            try:
                answer = await self.pool.predict(self._rows[place])
            except PredictionError as error:
                self.endings[error.kind] += 1
            else:
                self.endings["answered"] += 1
                told = [answer.p_rise, answer.gain_pct, answer.p_rug]
                self.wrong += not np.allclose(told, self._expected[place], atol=1e-5)
            self.worst_s = max(self.worst_s, loop.time() - began_s)
            await asyncio.sleep(0.01)


def _is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid)
