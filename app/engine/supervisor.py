"""Named tasks that are restarted when they fail, and ended together."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from app.core.clock import Clock
from app.core.text import SafeText, clean

_log = logging.getLogger(__name__)

_STABLE_NS = 60_000_000_000

Sleep = Callable[[float], Awaitable[None]]


class Supervisor:
    """Runs workers. One that fails is started again after a pause that doubles, up to a number of times in a row."""

    def __init__(
        self,
        report: Callable[[str, str], None],
        clock: Clock,
        *,
        restarts: int = 5,
        first_pause_s: float = 0.5,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._report = report
        self._clock = clock
        self._restarts = restarts
        self._first_pause_s = first_pause_s
        self._sleep = sleep
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, worker: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `worker` under `name` until it returns, is stopped, or has failed too often.

        Raises `ValueError` for a name under which one runs: that one could not be ended any more.
        """
        running = self._tasks.get(name)
        if running is not None and not running.done():
            raise ValueError(f"a worker runs under the name {name!r} already; give this one another")
        self._tasks[name] = asyncio.create_task(self._keep(name, worker), name=name)

    async def stop(self, deadline_s: float = 2.0) -> list[str]:
        """Cancel everything and wait; returns the names of what would not end in time."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=deadline_s)
        survivors = [task.get_name() for task in tasks if not task.done()]
        if survivors:
            _log.error("still running after %s s: %s", deadline_s, ", ".join(survivors))
        return survivors

    async def _keep(self, name: str, worker: Callable[[], Coroutine[Any, Any, None]]) -> None:
        failures = 0
        while failures <= self._restarts:
            started_ns = self._clock.monotonic_ns()
            try:
                await worker()
            except Exception as error:  # noqa: BLE001 - a worker may fail in any way; the deck lives on and says so
                _log.exception("worker %s failed", name)
                if self._clock.monotonic_ns() - started_ns > _STABLE_NS:
                    failures = 0
                failures += 1
                self._report(name, _innermost(error))
                await self._sleep(self._first_pause_s * 2 ** (failures - 1))
            else:
                return
        self._report(name, f"failed {failures} times in a row and is not started again")


def _innermost(error: BaseException) -> SafeText:
    """What really went wrong, out of the groups it may be wrapped in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return clean(f"{type(error).__name__}: {error}", 200)
