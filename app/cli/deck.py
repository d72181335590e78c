"""The deck on an engine of its own process."""

import sys
from typing import TYPE_CHECKING

from app.cli.options import Prepared
from app.config.locations import ensure
from app.core.errors import UsageError

if TYPE_CHECKING:
    from app.engine.build import Plan


def open_deck(plan: "Plan", prepared: Prepared) -> int:
    """Show the deck until it is left; its exit code. Raises `DataError` for a tape that cannot be read."""
    from app.core.clock import SystemClock
    from app.engine.build import build_engine, local_link
    from app.ui.run import run_deck

    clock = SystemClock()
    engine = build_engine(plan, prepared.settings, clock)
    link = local_link(engine, ensure(prepared.locations.state_dir) / prepared.locations.engine_socket.name)
    return run_deck(
        link, theme=prepared.settings.deck.theme, theme_folders=prepared.locations.theme_folders(), clock=clock
    )


def require_terminal() -> None:
    """Raises `UsageError` where a deck cannot be shown."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("A deck needs a terminal; `tapedeck run` works without one")
