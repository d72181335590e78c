"""Starting the deck: the environment Textual reads at import, signals, and the way out."""

import asyncio
import gc
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.clock import Clock, SystemClock
from app.core.errors import TapedeckError
from app.engine.link import EngineLink

if TYPE_CHECKING:
    from app.ui.app import DeckApp

_CLOSE_TIMEOUT_S = 5.0
_FRAMES_PER_SECOND = "240"


def run_deck(
    link: EngineLink,
    *,
    theme: str = "tape",
    theme_folders: Sequence[Path] = (),
    clock: Clock | None = None,
    expected: str = "",
) -> int:
    """Show the deck on `link` until it is left; gives the exit code.

    Themes are looked for in `theme_folders`, the earlier folder winning a name. `expected` is the word for the source
    that was asked for (LIVE, DEMO, TAPE), shown with a `?` until the engine answers. The code is 0, or that of the
    error that kept the deck from its engine. What nobody expected, in the deck or in the link, is raised once the
    terminal is restored. Needs a terminal and a thread without a running event loop.
    """
    # Textual reads these once, at import. A high frame rate is what keeps a key's echo from waiting for the next frame.
    os.environ.setdefault("TEXTUAL_FPS", _FRAMES_PER_SECOND)
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    deck = make_deck(link, theme, theme_folders, clock or SystemClock(), expected)
    return asyncio.run(_run(deck, link))


async def _run(deck: "DeckApp", link: EngineLink) -> int:
    _leave_on_signals(deck)
    try:
        await deck.run_async()
    finally:
        await _close(link)
    if deck.crash is not None:
        raise deck.crash
    if isinstance(deck.failure, TapedeckError):
        return deck.failure.exit_code
    if deck.failure is not None:
        raise deck.failure
    return deck.return_code or 0


async def _close(link: EngineLink) -> None:
    try:
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await link.close()
    except TimeoutError as error:
        raise TapedeckError(f"the engine did not end within {_CLOSE_TIMEOUT_S:.0f} s; it is left behind") from error


def make_deck(
    link: EngineLink, theme: str, theme_folders: Sequence[Path], clock: Clock, expected: str = ""
) -> "DeckApp":
    """The application with its themes; one that is missing or broken gives a notice and the built-in theme."""
    from app.ui.app import DeckApp
    from app.ui.theme import default_palette, load_themes

    themes, notices = load_themes(theme_folders)
    no_color = bool(os.environ.get("NO_COLOR"))
    wanted = "mono" if no_color and "mono" in themes else theme
    if wanted not in themes:
        fallback = default_palette()
        themes = {fallback.name: fallback, **themes}
        notices.append(f"There is no usable theme {wanted!r}; the built-in one is shown.")
        wanted = fallback.name
    return DeckApp(
        link,
        clock,
        themes,
        theme=wanted,
        expected=expected,
        notices=notices,
        no_color=no_color,
        after_first_paint=_settle_memory,
    )


def _leave_on_signals(deck: "DeckApp") -> None:
    """Let the terminal be restored when the deck is told to end, or its terminal goes away."""
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGHUP", "SIGINT"):
        if hasattr(signal, name):
            try:
                loop.add_signal_handler(getattr(signal, name), deck.exit)
            except NotImplementedError:  # Windows' loop has no signals; the console ends the process itself
                return


def _settle_memory() -> None:
    """Keep the collector from walking what lives as long as the deck: its pauses are the tail of key latency."""
    gc.collect()
    gc.freeze()
