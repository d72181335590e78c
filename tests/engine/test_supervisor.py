"""Workers are restarted, given up, and ended together."""

import asyncio

import pytest

from app.core.clock import ManualClock
from app.engine.supervisor import Supervisor

pytestmark = pytest.mark.asyncio


async def no_wait(_: float) -> None:
    await asyncio.sleep(0)


async def test_a_failing_worker_is_restarted_then_given_up_and_told() -> None:
    told: list[tuple[str, str]] = []
    tries = 0
    gave_up = asyncio.Event()

    def report(name: str, text: str) -> None:
        told.append((name, text))
        if "not started again" in text:
            gave_up.set()

    async def worker() -> None:
        nonlocal tries
        tries += 1
        raise ValueError("\x1b[31mbroken")

    supervisor = Supervisor(report, ManualClock(), restarts=3, sleep=no_wait)
    supervisor.start("scanner", worker)
    await gave_up.wait()
    assert tries == 4
    assert told[0] == ("scanner", "ValueError: [31mbroken")
    assert await supervisor.stop() == []


async def test_a_worker_that_recovers_goes_on() -> None:
    runs = 0
    done = asyncio.Event()

    async def worker() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise OSError("once")
        done.set()

    supervisor = Supervisor(lambda *_: None, ManualClock(), sleep=no_wait)
    supervisor.start("feed", worker)
    await done.wait()
    assert runs == 2
    await supervisor.stop()


async def test_a_name_that_runs_is_not_given_again() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    async def at_once() -> None:
        pass

    supervisor = Supervisor(lambda *_: None, ManualClock())
    supervisor.start("feed", forever)
    supervisor.start("once", at_once)
    with pytest.raises(ValueError, match="'feed' already"):
        supervisor.start("feed", forever)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    supervisor.start("once", at_once)
    assert await supervisor.stop() == []


async def test_what_does_not_end_is_named() -> None:
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    supervisor = Supervisor(lambda *_: None, ManualClock())
    supervisor.start("stubborn", stubborn)
    await asyncio.sleep(0)
    assert await supervisor.stop(deadline_s=0) == ["stubborn"]
    release.set()
    await asyncio.sleep(0)


async def test_a_worker_that_fails_once_a_day_is_never_given_up() -> None:
    clock = ManualClock()
    runs = 0
    done = asyncio.Event()

    async def worker() -> None:
        nonlocal runs
        runs += 1
        clock.advance(86_400)
        if runs < 20:
            raise ExceptionGroup("group", [OSError("inner")])
        done.set()

    told: list[tuple[str, str]] = []
    supervisor = Supervisor(lambda *line: told.append(line), clock, restarts=3, sleep=no_wait)
    supervisor.start("feed", worker)
    await done.wait()
    assert told == [("feed", "OSError: inner")] * 19
    await supervisor.stop()
