"""The token model asked by a real engine on the simulated venue: from a token that is ready to its verdict.

The engine is that of `tapedeck demo`, with its venue, its workers and all its other work, in this process; nothing is
asked of it but `s`, as a person would, each 20 seconds.
"""

import asyncio
from pathlib import Path

from app.bench.ui import percentile
from app.config.locations import find_locations
from app.config.settings import Settings
from app.core.clock import SystemClock
from app.core.errors import TapedeckError
from app.engine.build import Plan, build_engine, local_link, scanning_by_itself
from app.engine.local_link import LocalLink
from app.engine.protocol import StartJob
from app.engine.protocol_tokens import TokensView
from app.engine.token_state import TokenJudged
from app.engine.venue_run import VenueRun

_EACH_S = 20.0


async def deck_figures(home: Path, verdicts: int, longest_s: float) -> dict[str, float]:
    """Figures of a demo that keeps its data below `home`, once it has given so many verdicts.

    `end_to_end_p95_ms` is the time from the arrival of what made a token ready to its verdict, `cache_hit_rate` the
    percentage of questions to the model that were answered without it, `feature_hit_rate` of rows whose candles had
    been worked out before. Raises `TapedeckError` when there are fewer verdicts after `longest_s` seconds.
    """
    clock = SystemClock()
    settings = scanning_by_itself(Settings())
    locations = find_locations({"TAPEDECK_HOME": str(home)})
    engine = build_engine(Plan("demo"), settings, clock, locations)
    taken_ms: list[float] = []
    if isinstance(engine.run, VenueRun):
        engine.run.core.bus.subscribe(
            TokenJudged, lambda judged: taken_ms.append(clock.wall_ns() / 1e6 - judged.asked_ms)
        )
    link = local_link(engine, locations)
    await link.connect()
    try:
        async with asyncio.timeout(longest_s):
            shown = await _watched(link, taken_ms, verdicts)
    except TimeoutError as error:
        raise TapedeckError(f"{len(taken_ms)} of {verdicts} verdicts came within {longest_s:g} s") from error
    finally:
        await link.close()
    return {
        "end_to_end_p50_ms": round(percentile(taken_ms, 50), 1),
        "end_to_end_p95_ms": round(percentile(taken_ms, 95), 1),
        "verdicts": float(len(taken_ms)),
        "cache_hit_rate": round((shown.model.prediction_hit_pct if shown.model else None) or 0.0, 1),
        "feature_hit_rate": round(shown.feature_hit_pct or 0.0, 1),
    }


async def _watched(link: LocalLink, taken_ms: list[float], verdicts: int) -> TokensView:
    """What is shown of tokens once there are so many verdicts; `s` is pressed meanwhile."""
    loop = asyncio.get_running_loop()
    next_s = loop.time() + _EACH_S
    while (snapshot := await link.snapshot()) is not None:
        if snapshot.tokens is not None and len(taken_ms) >= verdicts:
            return snapshot.tokens
        if loop.time() >= next_s:
            next_s += _EACH_S
            await link.send(StartJob("tokens"))
    raise TapedeckError("the engine under test has ended")
