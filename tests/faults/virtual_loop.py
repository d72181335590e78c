"""An event loop whose time jumps to the next timer instead of waiting for it.

Sockets are real: as long as one of them has something to say, time stands still. So does it while work is done outside
the loop, in an executor; a database needs no thread here. Days of timers pass in seconds, and the order of events
depends on nothing but the program. Sockets must have TCP_NODELAY, as asyncio's own have: bytes that the kernel keeps
back to join them with more are in no queue that could be asked.
"""

import asyncio
import contextlib
import os
import selectors
from collections.abc import Callable, Coroutine, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar
from unittest import mock

import aiosqlite.core
from aiosqlite.core import set_exception, set_result

T = TypeVar("T")

EPOCH_NS = 1_790_000_000_000_000_000
"""Wall time at which a virtual clock begins."""
PATIENCE_S = 30.0
"""Real seconds to wait for the outside when no timer is left, before it counts as a deadlock."""
_SLICE_S = 0.02


class DeadlockError(RuntimeError):
    """Nothing is ready, no timer is set, and nothing came from outside."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on virtual time, which begins at 0 s. Everything else is asyncio's own."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._held = 0
        self.jumps = 0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now_s

    @property
    def is_held(self) -> bool:
        """Whether something outside the loop is at work, so that time must not jump."""
        return self._held > 0

    def jump(self, seconds: float) -> None:
        """Let `seconds` (> 0) pass."""
        self._now_s += seconds
        self.jumps += 1

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Time stands still meanwhile: for work whose end the loop learns from another thread or process."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """As asyncio's; time stands still until the work is done."""
        future = super().run_in_executor(executor, func, *args)
        self._held += 1
        future.add_done_callback(self._release)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        """As asyncio's, waiting in real time."""
        with self.held():
            await super().shutdown_default_executor(*args)

    def _release(self, _: object) -> None:
        self._held -= 1


class _JumpingSelector(selectors.BaseSelector):
    """Asks the sockets without waiting; when they have nothing, moves the loop's time instead of sleeping."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._sockets = selectors.DefaultSelector()
        self._heard = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = self._sockets.select(0)
        self._heard |= bool(events)
        if events or (timeout is not None and timeout <= 0):
            return events
        if self._heard:
            # What was just written may still be on its way through the kernel: let it finish, then look once more.
            self._heard = False
            os.sched_yield()
            events = self._sockets.select(0)
        if events:
            return events
        if timeout is None or self._loop.is_held:
            return self._wait()
        self._loop.jump(timeout)
        return []

    def _wait(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait in real time for another thread, or a process, to say something."""
        for _ in range(round(PATIENCE_S / _SLICE_S)):
            events = self._sockets.select(_SLICE_S)
            if events:
                return events
        raise DeadlockError(f"nothing came in {PATIENCE_S:g} s; look for a task that waits for what nobody sends")

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._sockets.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._sockets.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._sockets.modify(fileobj, events, data)

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._sockets.get_key(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._sockets.get_map()

    def close(self) -> None:
        self._sockets.close()


class VirtualClock:
    """Both clocks of a program, read from the loop's virtual time; `wall_offset_s` moves the wall clock alone."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.wall_offset_s = 0.0

    def wall_ns(self) -> int:
        return EPOCH_NS + round((self._loop.time() + self.wall_offset_s) * 1e9)

    def monotonic_ns(self) -> int:
        return round(self._loop.time() * 1e9)

    def now_ms(self) -> int:
        """Wall time in milliseconds."""
        return self.wall_ns() // 1_000_000


def run_virtual(main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run `main` on a fresh virtual loop; it gets the loop."""
    loops: list[VirtualLoop] = []

    def make() -> VirtualLoop:
        loops.append(VirtualLoop())
        return loops[0]

    with asyncio.Runner(loop_factory=make) as runner:
        runner.get_loop()
        return runner.run(main(loops[0]))


@contextlib.contextmanager
def sqlite_at_once() -> Iterator[None]:
    """While this lasts, new aiosqlite connections work on the loop's own thread: a statement takes no time at all."""
    with mock.patch.multiple(aiosqlite.core, SimpleQueue=_AtOnce, Thread=_NoThread):
        yield


class _AtOnce:
    """In place of the queue to a connection's thread: does what is put in, and answers in the loop's next round."""

    def put_nowait(self, work: tuple[asyncio.Future[Any], Callable[[], Any]]) -> None:
        future, function = work
        try:
            outcome = partial(set_result, future, function())
        except Exception as error:  # noqa: BLE001 - whoever awaits the statement gets it, as from the thread
            outcome = partial(set_exception, future, error)
        future.get_loop().call_soon(outcome)


class _NoThread:
    """In place of a connection's thread, which has nothing to do."""

    def __init__(self, target: Callable[..., None], args: tuple[object, ...]) -> None: ...

    def start(self) -> None: ...
