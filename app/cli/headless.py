"""An engine without a deck, until its time is over, its tape ends, or a signal comes."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.cli.main import INTERRUPTED
from app.cli.options import Prepared
from app.cli.output import progress
from app.core.allocation import give_back_what_is_freed

if TYPE_CHECKING:
    from app.engine.build import Plan
    from app.engine.engine import Engine
    from app.engine.summary import Summary

_BAR_EVERY_S = 0.25


class Ended(NamedTuple):
    """How a headless run came out. `interrupted` by a signal before its time was over; `reached` any data at all."""

    summary: "Summary"
    interrupted: bool
    reached: bool

    def exit_code(self, duration: float | None) -> int:
        """130 when a signal came before the time was over; a run without a time ends that way and is done."""
        return INTERRUPTED if self.interrupted and duration is not None else 0


def run_headless(plan: "Plan", prepared: Prepared, *, duration: float | None, quiet: bool) -> Ended:
    """Run to the end. Raises `DataError` and `VenueError` for what keeps the engine from starting."""
    give_back_what_is_freed()
    return asyncio.run(_run(plan, prepared, duration, quiet))


async def _run(plan: "Plan", prepared: Prepared, duration: float | None, quiet: bool) -> Ended:
    from app.core.clock import SystemClock
    from app.engine.build import build_engine, local_link
    from app.engine.summary import summarise
    from app.engine.vitals import settle_memory

    clock = SystemClock()
    plan = plan._replace(set_by_hand=prepared.loaded.by_hand)
    engine = build_engine(plan, prepared.settings, clock, prepared.locations)
    link = local_link(engine, prepared.locations)
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # `nohup` asks for a hang-up to be ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    started_ns = clock.monotonic_ns()
    try:
        await link.connect()
        settle_memory()
        await _wait(engine, interrupted, duration, quiet)
    finally:
        await link.close()
    seconds = (clock.monotonic_ns() - started_ns) / 1e9
    summary = summarise(engine.run, seconds, _name(plan.record_to))
    return Ended(summary, interrupted.is_set(), summary.events > 0)


async def _wait(engine: "Engine", interrupted: asyncio.Event, duration: float | None, quiet: bool) -> None:
    """Until the first of: end of the inputs, end of the time, a signal."""
    ends = [
        asyncio.ensure_future(end) for end in (engine.run.finished(), interrupted.wait(), _show_time(duration, quiet))
    ]
    try:
        await asyncio.wait(ends, timeout=duration, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
        await asyncio.gather(*ends, return_exceptions=True)


async def _show_time(duration: float | None, quiet: bool) -> None:
    with progress("running", duration, quiet=quiet) as advance:
        elapsed = 0.0
        while True:
            await asyncio.sleep(_BAR_EVERY_S)
            elapsed += _BAR_EVERY_S
            advance(elapsed)


def _name(path: Path | None) -> str | None:
    return None if path is None else path.name
