"""Starting the deck: the environment Textual reads at import, signals, and the way out."""

import asyncio
import logging
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.allocation import give_back_what_is_freed
from app.core.clock import Clock, SystemClock
from app.core.errors import DataError, TapedeckError
from app.engine.link import EngineLink
from app.engine.vitals import settle_memory

if TYPE_CHECKING:
    from textual.app import App

    from app.ui.app import DeckApp
    from app.ui.deck_options import DeckOptions
    from app.ui.layouts import Layout
    from app.ui.theme import Palette

_log = logging.getLogger(__name__)
_CLOSE_TIMEOUT_S = 5.0
_FRAMES_PER_SECOND = "240"
_SWITCH_S = 0.0005


def run_deck(link: EngineLink, options: "DeckOptions", clock: Clock | None = None) -> int:
    """Show the deck on `link` until it is left; gives the exit code.

    The code is 0, or that of the error that kept the deck from its engine. What nobody expected, in the deck or in the
    link, is raised once the terminal is restored. Needs a terminal and a thread without a running event loop.
    """
    give_back_what_is_freed()
    prepare_environment()
    deck = make_deck(link, options, clock or SystemClock())
    return asyncio.run(_run(deck, link))


def prepare_environment() -> None:
    """Set what Textual reads once, when it is first imported; a value that is set already is kept.

    Threads get their turn sooner, too: keys are read and pictures written in threads, each of which would wait for five
    milliseconds whenever the loop is at work.
    """
    # A high frame rate is what keeps a key's echo from waiting for the next frame.
    os.environ.setdefault("TEXTUAL_FPS", _FRAMES_PER_SECOND)
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    sys.setswitchinterval(_SWITCH_S)


async def _run(deck: "DeckApp", link: EngineLink) -> int:
    leave_on_signals(deck)
    try:
        await deck.run_async()
    finally:
        unclosed = await _close(link)
    unexpected = deck.crash or (None if isinstance(deck.failure, TapedeckError) else deck.failure)
    if unexpected is not None:
        if unclosed is not None:
            unexpected.add_note(f"Besides: {unclosed}")
        raise unexpected
    if unclosed is not None:
        raise unclosed
    return deck.failure.exit_code if isinstance(deck.failure, TapedeckError) else deck.return_code or 0


async def _close(link: EngineLink) -> Exception | None:
    """Close the link; why that failed, if it did: it must not hide why the deck ended."""
    try:
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await link.close()
    except TimeoutError:
        return TapedeckError(f"the engine did not end within {_CLOSE_TIMEOUT_S:.0f} s; it is left behind")
    except Exception as error:  # noqa: BLE001 - given back, and raised unless something worse is
        _log.exception("the link could not be closed")
        return error
    return None


def make_deck(link: EngineLink, options: "DeckOptions", clock: Clock) -> "DeckApp":
    """The application with its themes, keys and layouts.

    A theme or keymap that is missing or broken gives a notice, and the built-in theme or the default keys.
    """
    from app.ui.app import DeckApp
    from app.ui.key_conflicts import conflicts, hosts_around, unreachable_notice
    from app.ui.keymap_files import choose_keymap

    no_color = _no_color()
    themes, theme, theme_notice = _choose_theme(options, no_color)
    keys, key_notice = choose_keymap(options.keymap, options.keymap_folders)
    layouts, layout_notice = _saved_layouts(options.layouts)
    hosts = hosts_around(os.environ)
    unreachable = unreachable_notice(conflicts(keys.actions(), hosts))
    return DeckApp(
        link,
        clock,
        themes,
        _options_in_force(options, theme, no_color=no_color, layouts_kept=not layout_notice),
        keymap=keys,
        hosts=hosts,
        layouts=layouts,
        notices=[said for said in (*options.notices, key_notice, theme_notice, layout_notice, unreachable) if said],
        no_color=no_color,
        after_first_paint=settle_memory,
    )


def _no_color() -> bool:
    """Whether NO_COLOR asks for a deck without colours; an empty one is taken out of the environment."""
    if os.environ.get("NO_COLOR"):
        return True
    # Textual takes an empty one for set; https://no-color.org does not.
    os.environ.pop("NO_COLOR", None)
    return False


def _choose_theme(options: "DeckOptions", no_color: bool) -> tuple[dict[str, "Palette"], str, str]:
    """All themes, the name of the one to draw in, and a sentence where a theme cannot be used."""
    from app.ui.theme import default_palette, load_themes, one_notice

    themes, broken = load_themes(options.theme_folders)
    wanted = "mono" if no_color and "mono" in themes else options.theme
    notice = one_notice(broken, wanted, themes)
    if wanted in themes:
        return themes, wanted, notice
    fallback = default_palette()
    return {fallback.name: fallback, **themes}, fallback.name, notice


def _options_in_force(options: "DeckOptions", theme: str, *, no_color: bool, layouts_kept: bool) -> "DeckOptions":
    """What the user has chosen, as far as it can be had here."""
    return replace(
        options,
        theme=theme,
        flash="off" if no_color else options.flash,
        # A file that could not be read is not written over.
        layouts=options.layouts if layouts_kept else None,
    )


def _saved_layouts(path: Path | None) -> tuple[list["Layout"], str]:
    """The layouts of a file, and a sentence where they cannot be used."""
    from app.ui.layouts import load_layouts

    try:
        return (load_layouts(path) if path is not None else []), ""
    except DataError as error:
        return [], f"{error}."


def leave_on_signals(app: "App[Any]") -> None:
    """Let the terminal be restored when the app is told to end, or its terminal goes away. Needs a running loop."""
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGHUP", "SIGINT"):
        if hasattr(signal, name):
            try:
                # Exiting between two messages: an app that has exited refuses the widgets of a screen half mounted.
                loop.add_signal_handler(getattr(signal, name), app.call_later, app.exit)
            except NotImplementedError:  # Windows' loop has no signals; the console ends the process itself
                return
