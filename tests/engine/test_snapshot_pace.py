"""Snapshots keep their distance, but what a model said does not wait for the next one."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest
from test_scalper_desk import Deck
from virtual_loop import VirtualClock, VirtualLoop, run_virtual

from app.config.settings import Settings
from app.core.clock import ManualClock
from app.core.record import Kind
from app.engine.core import Core
from app.engine.engine import Engine
from app.engine.freeze import Outside
from app.engine.protocol import Command, SourceView
from app.engine.venue_run import VenueRun


class HandRun:
    """A run whose inputs come by hand."""

    source = SourceView("demo", "DEMO", "by hand")

    def __init__(self) -> None:
        self.deck = Deck()
        self.deck.live(64)
        self.changed: Callable[[], None] = lambda: None

    @property
    def core(self) -> Core:
        return self.deck.core

    def outside(self) -> Outside:
        return Outside()

    async def start(self, changed: Callable[[], None]) -> None:
        self.changed = changed
        changed()

    async def finished(self) -> None:
        await asyncio.Event().wait()

    def command(self, command: Command) -> tuple[bool, str]:
        return self.deck.core.apply(command)

    async def stop(self) -> None:
        """Nothing to end."""


def snapshot_times(then: Callable[[HandRun], None], after_s: float) -> tuple[float, float]:
    """When the first two snapshots of an engine with one a second come; `then` happens after `after_s`."""

    async def main(loop: VirtualLoop) -> tuple[float, float]:
        run = HandRun()
        engine = Engine(run, VirtualClock(loop), snapshot_hz=1)
        await engine.start()
        first = await engine.next_snapshot(0)
        assert first is not None
        began_s = loop.time()

        async def happen() -> None:
            await asyncio.sleep(after_s)
            then(run)
            run.changed()

        task = asyncio.create_task(happen())
        run.changed()
        second = await engine.next_snapshot(first[0])
        second_s = loop.time() - began_s
        await task
        run.changed()
        assert second is not None
        assert await engine.next_snapshot(second[0]) is not None
        third_s = loop.time() - began_s
        await engine.stop()
        return round(second_s, 3), round(third_s, 3)

    return run_virtual(main)


def answer(run: HandRun) -> None:
    run.deck.exchange(run.deck.questions[0])


def test_snapshots_are_a_period_apart() -> None:
    assert snapshot_times(lambda run: run.deck.tick(), 0.5) == (1.0, 2.0)


def test_what_a_model_said_is_shown_at_once() -> None:
    assert snapshot_times(answer, 0.5) == (0.5, 1.5)


def test_an_answer_right_after_a_snapshot_waits_a_twentieth_of_the_period() -> None:
    assert snapshot_times(answer, 0.01) == (0.05, 1.05)


class HurriedClock(ManualClock):
    """A clock on which two milliseconds pass whenever somebody looks: every input takes a whole turn."""

    def monotonic_ns(self) -> int:
        self.advance(0.002)
        return super().monotonic_ns()


@pytest.mark.asyncio
async def test_what_a_turn_has_brought_does_not_wait_for_all_that_is_left() -> None:
    run = VenueRun(SourceView("live", "LIVE", "nobody"), Settings(), HurriedClock(), generator=np.random.default_rng(0))
    told: list[int] = []
    run._changed = lambda: told.append(run.core.sequence)
    for _ in range(4):
        run._inbox.put(0, Kind.TIMER, b"")
    worker = asyncio.create_task(run._dispatch_arrivals())
    await run._inbox.drained()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    before = next(sequence for sequence in told if sequence)
    assert before < told[-1] == run.core.sequence
    assert told[-5:-1] == list(range(before, told[-1] + 1))
