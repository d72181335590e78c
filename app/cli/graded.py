"""Where graded calls come from: the run of a tape, or the database of a source."""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from app.cli import options
from app.cli.moments import parse_moment
from app.config.locations import Locations
from app.core.calls import Call, Outcome
from app.core.clock import SystemClock
from app.core.errors import DataError

if TYPE_CHECKING:
    from app.engine.engine import Run

Pair = tuple[Call, Outcome]

RECORDS: tuple[Literal["live", "demo"], ...] = ("live", "demo")
"""The sources whose calls are kept in a database of their own."""

_DAY_NS = 86_400_000_000_000
_UNDECIDED = "still open, or its run was cut off"


def graded_pairs(run: "Run") -> list[Pair]:
    """All calls of a run that has ended, with what became of them, in the order in which that was decided."""
    return list(run.core.journal.decided)


def stored_pairs(database: Path, since_ms: int) -> list[Pair]:
    """Calls in a database made from `since_ms` on, with what became of them. Raises `DataError` for one it cannot read.

    A call without an outcome is still open, or its run was cut off: it counts as not graded.
    """
    return asyncio.run(_read(database, since_ms))


async def _read(database: Path, since_ms: int) -> list[Pair]:
    from app.scorecards.grading import ungraded
    from app.store.reader import open_reader

    async with open_reader(database) as reader:
        decided = [pair async for pair in reader.decided(since_ms)]
        undecided = [call async for call in reader.undecided(since_ms)]
    return decided + [(call, ungraded(call, _UNDECIDED, call.available_at_ms)) for call in undecided]


def other_records(mode: options.Mode, locations: Locations) -> list[str]:
    """The sources other than `mode` whose databases hold a call."""
    found = (other for other in RECORDS if other != mode and locations.database(other).exists())
    return [other for other in found if asyncio.run(_holds_calls(locations.database(other)))]


async def _holds_calls(database: Path) -> bool:
    from app.store.reader import open_reader

    try:
        async with open_reader(database) as reader:
            return bool(await reader.calls(limit=1))
    except DataError:
        # Nobody asked for this one; `tapedeck doctor` tells what is wrong with it.
        return False


def pairs_of(source: options.Source, prepared: options.Prepared, since: str | None) -> list[Pair]:
    """Calls of a source and what became of them, from the moment `since` on (None: all).

    Raises `UsageError` for words that are no moment, `DataError` for a tape or database that cannot be read.
    """
    if source.tape is not None:
        return _tape_pairs(source.tape, prepared, since)
    now_ns = SystemClock().wall_ns()
    database = prepared.locations.database("demo" if source.mode == "demo" else "live")
    return stored_pairs(database, moment_ms(since, now_ns - _DAY_NS, now_ns))


def moment_ms(since: str | None, start_ns: int, end_ns: int) -> int:
    """Milliseconds since 1970 of `--since`: a duration counts back from the end, all else is a moment after the start.

    0 for None. Raises `UsageError` for what is neither.
    """
    if since is None:
        return 0
    try:
        return end_ns // 1_000_000 - round(options.parse_duration(since) * 1000)
    except argparse.ArgumentTypeError:
        return parse_moment(since, start_ns) // 1_000_000


def _tape_pairs(tape: Path, prepared: options.Prepared, since: str | None) -> list[Pair]:
    from app.feeds.tape.importers import open_recording

    recording = open_recording(tape)
    since_ms = moment_ms(since, recording.start_ns, recording.end_ns)
    pairs = graded_pairs(asyncio.run(play_whole(tape, prepared)))
    return [pair for pair in pairs if pair[0].made_at_ms >= since_ms]


async def play_whole(tape: Path, prepared: options.Prepared) -> "Run":
    """The run of a recording that was played to its end. Raises `DataError` for one that cannot be read."""
    from app.engine.build import Plan, build_run

    run = build_run(Plan("tape", tape), prepared.settings, SystemClock(), prepared.locations)
    try:
        await run.start(lambda: None)
        await run.finished()
    finally:
        await run.stop()
    return run
