"""Checks of an engine that runs in another process: how it does, by its own word."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.cli.checks.check import Check
from app.config.locations import Locations
from app.core.errors import VenueError

if TYPE_CHECKING:
    from app.engine.socket_link import SocketLink

_TIMEOUT_S = 5.0
_LAG_WARNING_MS = 100.0


def vitals(locations: Locations) -> Iterator[Check]:
    """Memory, processor, loop lag and queues of a running engine; nothing when none answers."""
    if not locations.engine_socket.exists():
        return
    from app.engine.socket_link import SocketLink

    try:
        yield asyncio.run(_ask(SocketLink(locations.engine_socket)))
    except (VenueError, TimeoutError) as error:
        yield Check("engine vitals", "warn", str(error) or "no answer", "restart the engine if it stays so")


async def _ask(link: "SocketLink") -> Check:
    async with asyncio.timeout(_TIMEOUT_S):
        welcome = await link.connect()
        try:
            snapshot = await link.snapshot()
        finally:
            await link.close()
    if snapshot is None or snapshot.vitals is None:
        return Check("engine vitals", "warn", "the engine is ending", "try again")
    own = snapshot.vitals
    fact = (
        f"{welcome.source.label}, up {own.uptime_s:.0f} s: {own.memory_mb:.0f} MB, CPU {own.cpu_pct:.0f} %, "
        f"loop lag p99 {own.loop_lag_ms_p99:.0f} ms, {own.waiting_inputs} inputs waiting, {own.open_files} files open"
    )
    if own.loop_lag_ms_p99 > _LAG_WARNING_MS:
        return Check("engine vitals", "warn", fact, "the machine is too busy, or follow fewer markets (markets.top)")
    return Check("engine vitals", "ok", fact)
