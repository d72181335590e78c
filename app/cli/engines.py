"""The engine a command asks: one that runs here on the same data, or one of its own."""

from typing import TYPE_CHECKING

from app.cli import options
from app.config.locations import Locations
from app.core.clock import SystemClock
from app.core.errors import VenueError

if TYPE_CHECKING:
    from app.config.settings import Settings
    from app.engine.link import EngineLink
    from app.engine.protocol import SourceView


def source_view(mode: options.Mode, settings: "Settings") -> "SourceView":
    """What an engine says of its data, for a venue: the simulated one or the real one."""
    from app.engine.venue_run import demo_source, live_source

    return demo_source(settings) if mode == "demo" else live_source(settings)


async def running_engine(source: "SourceView", locations: Locations) -> "EngineLink | None":
    """A connected link to the engine that runs here, where its data is of this source."""
    from app.engine.socket_link import SocketLink

    link = SocketLink(locations.engine_socket)
    try:
        welcome = await link.connect()
    except VenueError:
        return None
    if welcome.source == source:
        return link
    await link.close()
    return None


async def own_engine(mode: options.Mode, prepared: options.Prepared) -> "EngineLink":
    """A link to a started engine that goes on with what is stored of the source, and to which nobody else attaches."""
    from app.config.locations import ensure
    from app.engine.build import Plan, build_engine
    from app.engine.local_link import LocalLink

    ensure(prepared.locations.state_dir)
    plan = Plan(mode, set_by_hand=prepared.loaded.by_hand)
    link = LocalLink(build_engine(plan, prepared.settings, SystemClock(), prepared.locations))
    try:
        await link.connect()
    except BaseException:
        await link.close()
        raise
    return link
