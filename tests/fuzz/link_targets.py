"""Messages between processes: of engine and deck, and of the pool and its workers."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from target import Target, each

from app.config.settings import Settings
from app.engine.core import Core
from app.engine.frames import pack, read_message
from app.engine.freeze import Outside, freeze
from app.engine.protocol import (
    PROTOCOL_VERSION,
    ClientMessage,
    CommandRequest,
    CommandResult,
    EngineMessage,
    Hello,
    LookAt,
    MarketRow,
    Refused,
    SourceView,
)
from app.engine.protocol_screen import SweepResult, SweptTrial
from app.engine.sweep_child import SweepChild
from app.screener.columns import Thresholds
from app.screener.sweep_run import RunFigures
from app.sweep import tasks
from app.tokens import worker_protocol as workers
from app.tokens.features import WIDTH


def _messages(kind: Any) -> Callable[[bytes], int]:
    """Reads messages of this kind from a stream of the link that holds the bytes; how many there were."""
    decoder = msgspec.msgpack.Decoder(kind)

    async def count(data: bytes) -> int:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        messages = 0
        while await read_message(reader, decoder) is not None:
            messages += 1
        return messages

    return lambda data: asyncio.run(count(data))


def _to_engine() -> list[bytes]:
    look = CommandRequest(1, LookAt("BTC", "1m"))
    return [pack(Hello(PROTOCOL_VERSION, "0.1.0")) + pack(look), pack(look)]


def _to_deck() -> list[bytes]:
    core = Core("live", Settings())
    rows = (MarketRow(coin="BTC", price=100.5, trend=(1.0, None)),)
    snapshot = msgspec.structs.replace(freeze(core, SourceView("demo", "DEMO", "seed 7"), Outside()), markets=rows)
    return [pack(Refused("full")) + pack(CommandResult(1, True, "done")), pack(snapshot)]


def _from_pool(data: bytes) -> None:
    """The bytes as what a worker hears."""
    for header, payload in workers.Messages().cut(data):
        workers.read_ask(header, payload)


def _from_worker(data: bytes) -> None:
    """The bytes as what the pool hears."""
    for header, payload in workers.Messages().cut(data):
        workers.read_from_worker(header, payload)


def _questions() -> list[bytes]:
    row = workers.row_bytes(np.ones(WIDTH, dtype=np.float32))
    return [workers.ask(7, [row]) + workers.ask(8, [])]


def _answers() -> list[bytes]:
    said = workers.answer(7, np.ones((2, workers.OUTPUTS), dtype=np.float32))
    ready = workers.told(workers.Ready("simulated-1", "SIMULATED", 1_790_000_000))
    return [ready + said, workers.told(workers.Failed(8, "no room")) + workers.told(workers.Refused("gone"))]


def _from_sweep(data: bytes) -> None:
    """The bytes as what a sweep in a process of its own says on its way, and in the end."""
    child = SweepChild("", lambda: None)
    for line in data.splitlines():
        child._take(line)
    child._end(0, data)


def _sweeps() -> list[bytes]:
    progress = b'{"kind":"progress","done":3,"total":9,"elapsed_s":1.5,"left_s":null}'
    trial = SweptTrial(
        number=1, values={"strategy.stop_atr": 1.5, "fusion.mode": ["advisory"]}, sharpe=1.5, total_return=0.25,
        maximum_drawdown=0.5, trades=3, won=2,
    )  # fmt: skip
    result = SweepResult(
        runs=9, known_before=0, markets=("ETH",), folds=1, days=30, trials=(trial,), doubts=("few trades",)
    )
    return [progress + b"\nerror: no room\n", msgspec.json.encode(result)]


def _tasks() -> list[bytes]:
    thresholds = Thresholds(interval_ms=3_600_000, session_gap_ms=7_200_000, high_rank=0.8, volume_sigma=2.0)
    return [tasks.asked(tasks.Prepare(tasks.Shared("/nowhere", "ETH", 3_600_000), thresholds, ())), _done()]


def _done() -> bytes:
    figures = RunFigures(
        candidates=3, trades=2, won=1, total_return=1.0, sharpe=None, maximum_drawdown=0.5, exposure=0.25, gross=2.0,
        fees=1.0, funding=0.0, first_day=20_000, returns=b"12345678",
    )  # fmt: skip
    return msgspec.msgpack.encode(tasks.Done({"k": figures}))


LINK_TARGETS: dict[str, Target] = {
    "link to engine": Target(_messages(ClientMessage), _to_engine),
    "link to deck": Target(_messages(EngineMessage), _to_deck),
    "worker hears": Target(_from_pool, _questions),
    "pool hears": Target(_from_worker, _answers),
    "sweep says": Target(_from_sweep, _sweeps),
    "sweep and its workers": Target(each((tasks.task_in, tasks.answered)), _tasks),
}
