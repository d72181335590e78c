"""Workers without processes for the pool of inference: each speaks the real messages, and does as it is told."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Self

import numpy as np
from tiny_bundle import by_hand, tiny_bundle

from app.config.token_settings import TokenModelSettings
from app.core.clock import Clock
from app.engine.inference_pool import InferencePool
from app.engine.inference_process import Ended, Hear, WorkerLink
from app.tokens.features import Singles
from app.tokens.worker_protocol import Answer, Failed, Messages, Ready, Refused, read_ask

Manner = Literal["answers", "hangs", "fails", "lies", "dies", "refuses", "is never ready", "cannot be started"]
_NO_NUMBERS = np.zeros((0, 3), dtype=np.float32)


class FakeWorker:
    """One worker. It is ready after `start_s`, and answers after `answer_s`, in its bundle's matrix of seed 1."""

    def __init__(self, house: "FakeWorkers", folder: Path, hear: Hear, ended: Ended) -> None:
        self._house = house
        self._loop = asyncio.get_running_loop()
        self._hear, self._ended = hear, ended
        self._messages = Messages()
        self.folder = folder
        self.manner: Manner = house.manner_of(folder.name)
        self.is_open = True
        self.batches: list[int] = []
        self._loop.call_later(house.start_s, self._begin)

    def _begin(self) -> None:
        if self.manner == "refuses":
            self._say(Refused("its graph is no graph"))
            self.die("it ended with exit code 3")
        elif self.manner != "is never ready":
            self._say(Ready(self.folder.name, "SIMULATED", 1_790_000_000))

    def send(self, message: bytes) -> None:
        for header, payload in self._messages.cut(message):
            question, rows = read_ask(header, payload)
            self.batches.append(question.rows)
            self._loop.call_later(self._house.answer_s, self._reply, question.id, rows)

    def _reply(self, number: int, rows: Singles) -> None:
        match self.manner:
            case "dies":
                self.die("it was ended by signal 9")
            case "fails" if len(rows):
                self._say(Failed(number, "no kernel"))
            case "lies" if len(rows):
                self._say(Answer(number, len(rows)), np.full((len(rows), 3), 1.5, dtype=np.float32))
            case "hangs":
                pass
            case _:
                self._say(Answer(number, len(rows)), by_hand(rows))

    def _say(self, said: Answer | Failed | Ready | Refused, numbers: Singles = _NO_NUMBERS) -> None:
        if self.is_open:
            self._hear(said, [tuple(row) for row in numbers.tolist()])

    def die(self, reason: str) -> None:
        """Be gone, from the loop's next round on."""
        if self.is_open:
            self.is_open = False
            self._house.gone += 1
            self._loop.call_soon(self._ended, reason)

    def kill(self, reason: str) -> None:
        self.die(reason)

    async def close(self) -> None:
        await asyncio.sleep(2 * self._house.answer_s)  # what it is at comes first
        self.die("it ended with exit code 0")


class FakeWorkers:
    """Starts workers; `manner_of` says, by the bundle's version, how the next one behaves."""

    def __init__(self, manner_of: Callable[[str], Manner] = lambda _: "answers") -> None:
        self.manner_of = manner_of
        self.start_s, self.answer_s = 0.5, 0.001
        self.all: list[FakeWorker] = []
        self.gone = 0

    async def start(self, folder: Path, hear: Hear, ended: Ended) -> WorkerLink:
        if self.manner_of(folder.name) == "cannot be started":
            raise OSError(24, "Too many open files")
        self.all.append(FakeWorker(self, folder, hear, ended))
        return self.all[-1]

    @property
    def alive(self) -> list[FakeWorker]:
        """Those that are not gone."""
        return [worker for worker in self.all if worker.is_open]


class PoolHouse:
    """A pool on fake workers, running, with what it reported. Of its workers `called` are wanted from the start, all
    where None."""

    def __init__(
        self, bundles: Path, clock: Clock, workers: FakeWorkers, settings: TokenModelSettings | None = None,
        called: int | None = None,
    ) -> None:  # fmt: skip
        self._called = called
        self.bundles = bundles
        self.workers = workers
        self.reports: list[str] = []
        settings = settings or TokenModelSettings(workers=2)
        self.pool = InferencePool(
            settings, [bundles / "own", bundles], clock, self.reports.append, start=workers.start, cores=8
        )
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if not (self.bundles / "current").exists():
            tiny_bundle(self.bundles)
        self.pool.crew.call(self.pool.crew.most if self._called is None else self._called)
        self._running = asyncio.create_task(self.pool.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End the pool, as the supervisor does."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
            if (error := None if self._running.cancelled() else self._running.exception()) is not None:
                raise error
