"""From a model's answer to the deck that shows it: a real deck in a pseudo-terminal, asking a scripted model."""

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from app.bench.keys import Keyboard
from app.bench.model_server import MODEL, Answered, scripted_model, sentence_mark
from app.core.clock import Clock
from app.core.errors import TapedeckError

_WARM_UP_S = 75.0
"""A whole minute of prices comes before the first read."""
_LAST_S = 1.0
"""An answer that leaves so shortly before the end is not waited for."""
_MARK = re.compile(rb"S\d{6}\.")
_FASTER = ("every_s=2", "in_position_every_s=2", "minimum_gap_s=0.3", "price_move_gap_s=0.3", "large_trade_gap_s=0.3")
"""Reads as close together as they come, so that a minute gives a sample."""


def answers_to_paint_ms(seconds: float, clock: Clock) -> list[float]:
    """Milliseconds from the moment each answer leaves the scripted model until the deck has written it to its terminal.

    The way over loopback and through the client to the inbox is in it. The deck is `tapedeck demo` on 200 x 50 cells,
    with a lively simulated market. Takes a minute and a quarter longer than `seconds`. Raises `TapedeckError` when the
    deck shows no answer, or ends.
    """
    left_ns: dict[bytes, int] = {}

    def answered(number: int) -> None:
        left_ns[sentence_mark(number).encode()] = clock.monotonic_ns()

    shown_ns, ended_ns = asyncio.run(_watch(seconds, clock, answered))
    times_ms = [(shown_ns[mark] - at_ns) / 1e6 for mark, at_ns in left_ns.items() if mark in shown_ns]
    missing = [mark for mark, at_ns in left_ns.items() if mark not in shown_ns and ended_ns - at_ns > _LAST_S * 1e9]
    if not times_ms or len(missing) > len(times_ms) / 20:
        raise TapedeckError(f"the deck did not show {len(missing)} of {len(left_ns)} answers; look at its panel")
    return times_ms


async def _watch(seconds: float, clock: Clock, answered: Answered) -> tuple[dict[bytes, int], int]:
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as home:
        async with scripted_model(answered) as model:
            command = deck_command(f"url={model.url}", f"model={MODEL}", *_FASTER)
            with Keyboard(command, deck_environ(Path(home)), clock) as keyboard:
                shown_ns = await asyncio.to_thread(keyboard.first_shown, _MARK, _WARM_UP_S + seconds)
                return shown_ns, clock.monotonic_ns()


def deck_command(*settings: str) -> list[str]:
    """How a deck is started on the simulated venue, with these settings of the scalper (`name=value`)."""
    flags = [word for each in settings for word in ("--set", f"scalper.{each}")]
    return [sys.executable, "-P", "-m", "app", "demo", *flags]


def deck_environ(home: Path) -> Mapping[str, str]:
    """The environment for a deck whose directories are all below `home`, and that no variable of ours changes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAPEDECK_")}
    return {**kept, "TAPEDECK_HOME": str(home)}
