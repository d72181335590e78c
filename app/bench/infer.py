"""Asking the token model through its worker processes, beside asking it here: latency, rate, starts, kills, reloads.

All arms answer the same rows with the same bundle, scaling and calibration included, one after the other in each round,
so that what else the machine does falls on all of them alike. `torch_eager` says the same by torch, as the setting
`runtime = "torch"` does; `torch_network` is its network alone, without trees, scaling and calibration. The pool keeps
no answers here, and may lose as many workers as it likes.
"""

import asyncio
import functools
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np

from app.bench.report import Bench, Target
from app.bench.ui import percentile
from app.config.locations import shipped
from app.config.token_settings import TokenModelSettings
from app.core.clock import SystemClock
from app.core.errors import DataError, TapedeckError
from app.engine.inference_pool import InferencePool
from app.engine.inference_process import WorkerProcess, start_process, worker_command
from app.engine.inference_requests import PredictionError
from app.tokens.bundle import Bundle, current_folder, publish, verify
from app.tokens.features import WIDTH, Singles
from app.tokens.predictor import Predictor
from app.tokens.worker_protocol import FromWorker, Numbers, Ready

_ROUNDS, _CALLS = 30, 100
_LOAD_S, _CLIENTS = 2.0, 96
_STARTS, _IMPORTS, _KILLS, _RELOADS = 5, 3, 5, 3
_LOOK_S = 0.05
_PATIENCE_S = 30.0
_MEMORY_MB = TokenModelSettings().memory_mb
Predict = Callable[[Singles], Singles]


def measure() -> dict[str, float]:
    """All figures, of the bundle that ships."""
    from app.training.token_network import torch_graph
    from app.training.token_worker import network_alone

    folder_shipped = current_folder(shipped("data") / "token_bundles")
    if folder_shipped is None:
        raise DataError("the shipped token model is missing from this installation; install tapedeck again")
    bundle = verify(folder_shipped)
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as folder:
        root = Path(folder)
        publish(root, bundle.manifest, bundle.files)
        arms = {
            "inprocess": Predictor(bundle).predict,
            "torch_eager": Predictor(bundle, torch_graph(bundle)).predict,
            "torch_network": network_alone(bundle),
        }
        return asyncio.run(_measured(root, bundle, arms))


async def _measured(root: Path, bundle: Bundle, arms: Mapping[str, Predict]) -> dict[str, float]:
    folder = root / bundle.manifest.version
    calls = await _calls(root, arms)
    one, two = [await _rate(root, workers) for workers in (1, 2)]
    return {
        **calls,
        "batch32_per_s": round(one),
        "batch32_per_s_2_workers": round(two),
        "scaling_1_to_2": round(two / one, 2),
        "worker_cold_start_ms": round(statistics.median([await cold_start_ms(folder) for _ in range(_STARTS)]), 1),
        "torch_import_ms": round(statistics.median(_torch_import_ms() for _ in range(_IMPORTS)), 1),
        "reload_dropped_requests": float(await dropped_on_reload(root, bundle, _RELOADS)),
        "kill_recovery_ms": round(max(await recoveries_ms(root, _KILLS)), 1),
    }


@asynccontextmanager
async def running_pool(root: Path, **settings: float) -> AsyncIterator[InferencePool]:
    """A pool whose workers are all ready, without caches. Raises `TapedeckError` when they are not within 30 s."""
    chosen = {"cache_s": 0.0, "reload_s": _LOOK_S, "restarts_a_minute": 1_000, "workers": 2, **settings}
    pool = InferencePool(msgspec.convert(chosen, TokenModelSettings), [root], SystemClock(), lambda _: None)
    pool.crew.call(pool.crew.most)
    running = asyncio.create_task(pool.run())
    try:
        await until(lambda: pool.health().workers == pool.crew.wanted)
        yield pool
    finally:
        running.cancel()
        await asyncio.wait([running])


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true. Raises `TapedeckError` when it does not within 30 s."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - what is waited for sets no event
                await asyncio.sleep(0.002)
    except TimeoutError as error:
        raise TapedeckError(f"the workers were not ready within {_PATIENCE_S:g} s; see `tapedeck doctor`") from error


async def _calls(root: Path, arms: Mapping[str, Predict]) -> dict[str, float]:
    """Latencies at one row a call, in microseconds: through a worker, and of each arm in this process."""
    through: list[float] = []
    here: dict[str, list[float]] = {name: [] for name in arms}
    async with running_pool(root) as pool:
        for number in range(_ROUNDS):
            rows = rows_at_random(number, _CALLS)
            through += await _timed(rows, pool.predict)
            for name, predict in arms.items():
                here[name] += _timed_here(rows, predict)
    call_us = statistics.median(through)
    medians = {name: statistics.median(taken) for name, taken in here.items()}
    return {
        "call_us_p50": round(call_us, 1),
        "call_us_p95": round(percentile(through, 95), 1),
        **{f"{name}_us_p50": round(median, 1) for name, median in medians.items()},
        "inprocess_us_p95": round(percentile(here["inprocess"], 95), 1),
        "call_over_torch": round(call_us / min(medians["torch_eager"], medians["torch_network"]), 2),
    }


async def _timed(rows: Singles, predict: Callable[[Singles], Awaitable[object]]) -> list[float]:
    taken = []
    for row in rows:
        began = time.perf_counter()
        await predict(row)
        taken.append((time.perf_counter() - began) * 1e6)
    return taken


def _timed_here(rows: Singles, predict: Predict) -> list[float]:
    taken = []
    for place in range(len(rows)):
        began = time.perf_counter()
        predict(rows[place : place + 1])
        taken.append((time.perf_counter() - began) * 1e6)
    return taken


async def _rate(root: Path, workers: int) -> float:
    """Rows a second while 96 clients ask without pause, so that each batch is full."""
    async with running_pool(root, workers=workers) as pool, asking(pool, _CLIENTS) as counts:
        began = time.perf_counter()
        await asyncio.sleep(_LOAD_S)
        return counts.answers / (time.perf_counter() - began)


class Counts:
    """What became of the requests of clients."""

    def __init__(self) -> None:
        self.answers = self.failures = 0


@asynccontextmanager
async def asking(pool: InferencePool, clients: int) -> AsyncIterator[Counts]:
    """Clients that ask without pause, each one request at a time, and count."""
    rows, counts = rows_at_random(1, 4_096), Counts()

    async def ask_on(place: int) -> None:
        while True:
            place = (place + 1) % len(rows)
            try:
                await pool.predict(rows[place])
                counts.answers += 1
            except PredictionError:
                counts.failures += 1
                await asyncio.sleep(0.001)  # a pool that refuses does so at once

    tasks = [asyncio.create_task(ask_on(place)) for place in range(clients)]
    try:
        yield counts
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def cold_start_ms(folder: Path) -> float:
    """From nothing to a worker that has verified its bundle, is warm and says so."""
    ready = asyncio.get_running_loop().create_future()

    def hear(said: FromWorker, _: Numbers) -> None:
        ready.set_result(isinstance(said, Ready))

    began = time.perf_counter()
    worker = await start_process(worker_command("onnx", _MEMORY_MB, folder), hear, lambda _: None)
    if not await ready:
        raise TapedeckError("the worker refused the bundle that ships; install tapedeck again")
    taken_ms = (time.perf_counter() - began) * 1e3
    await worker.close()
    return taken_ms


def _torch_import_ms() -> float:
    """What `import torch` alone takes in a fresh process; the interpreter's own start is not in it."""
    code = "import time; began = time.perf_counter(); import torch; print(time.perf_counter() - began)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)  # noqa: S603 - our own command
    return float(ran.stdout) * 1e3


async def dropped_on_reload(root: Path, bundle: Bundle, reloads: int) -> int:
    """Requests without an answer while other bundles take over, under load."""
    async with running_pool(root) as pool, asking(pool, _CLIENTS) as counts:
        for number in range(reloads):
            version = f"bench-{number}"
            publish(root, msgspec.structs.replace(bundle.manifest, version=version), bundle.files)
            await until(functools.partial(_answers_only, pool, version))
        if pool.health().reloads != reloads or not counts.answers:
            raise TapedeckError("the pool did not take over the bundles it was given")
        return counts.failures


def _answers_only(pool: InferencePool, version: str) -> bool:
    return {member.target.version for member in pool.crew.members} == {version}


async def recoveries_ms(root: Path, kills: int) -> list[float]:
    """Milliseconds from `kill -9` of every worker at once to the next answer."""
    rows = rows_at_random(3, kills)
    taken = []
    async with running_pool(root) as pool:
        for row in rows:
            await until(lambda: pool.health().workers == pool.crew.wanted)
            began = time.perf_counter()
            for member in pool.crew.members:
                if isinstance(member.link, WorkerProcess):
                    os.kill(member.link.pid, signal.SIGKILL)
            await pool.predict(row)
            taken.append((time.perf_counter() - began) * 1e3)
    return taken


def rows_at_random(seed: int, count: int) -> Singles:
    """Features of no token, (count, 628), in the range of real ones."""
    return np.random.default_rng(seed).uniform(-2, 2, (count, WIDTH)).astype(np.float32)


INFER = Bench(
    name="infer",
    about="the token model through its worker processes: latency, rate, starts, reloads, kills",
    measure=measure,
    targets={
        "call_us_p50": Target("<=", 0, times=3, of="inprocess_us_p50"),
        "call_us_p95": Target("<=", 0, times=3, of="call_us_p50"),
        "call_over_torch": Target("<=", 1),
        "worker_cold_start_ms": Target("<=", 0, times=0.4, of="torch_import_ms"),
        "reload_dropped_requests": Target("<=", 0),
        "kill_recovery_ms": Target("<", 2_000),
    },
)
