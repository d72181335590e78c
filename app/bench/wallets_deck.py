"""A deck while a scan of wallets runs: how long keys wait, and how late its loop is, beside the same deck without one.

The deck is `tapedeck demo` with its default settings in a pseudo-terminal, over its own simulated venue.
"""

import asyncio
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.bench.keys import Keyboard
from app.bench.scalper_paint import deck_command, deck_environ
from app.bench.ui import percentile
from app.core.clock import Clock
from app.core.errors import TapedeckError
from app.engine.protocol import Snapshot
from app.engine.protocol_vitals import VitalsView
from app.engine.socket_link import SocketLink

_HOLD, _SHOWS = b"f", (b"Held; the engine goes on.", b"The display goes on.")
"""The key that holds the display and lets it go on, and what the deck says at each press, in turn."""
_PANEL, _SCAN = b"3", b"s"
"""The key of the panel of wallets, and the one that starts a scan there."""
_PAUSES_S = (0.02, 0.16)
_WARM_UP_S, _FIRST_S, _SETTLE_S = 20.0, 30.0, 2.0
_WINDOW_S = 61.0
"""The engine tells how late its loop was in the last minute."""
_NEARLY = 0.8
_SEED = 8


class Pressed(NamedTuple):
    """Milliseconds from each key to its paint, and what the engine said of itself at the end."""

    keys_ms: list[float]
    vitals: VitalsView


def deck_figures(clock: Clock, seconds: float = _WINDOW_S) -> dict[str, float]:
    """The figures of `seconds` without a scan and at most as long with one; the lag is of the minute before the end.

    Raises `TapedeckError` when the deck does not answer a key, or no scan runs.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tapedeck-bench-")))
        keyboard = stack.enter_context(Keyboard(deck_command(), deck_environ(home), clock))
        keyboard.wait_for(b"BTC", _FIRST_S)
        keyboard.watch(_WARM_UP_S)
        keyboard.press(_PANEL)
        keyboard.watch(_SETTLE_S)
        trial = _Trial(keyboard, _socket(home), clock)
        quiet = trial.press_for(seconds, scanning=False)
        scanning = trial.press_for(seconds, scanning=True)
    return {**_figures(quiet, ""), **_figures(scanning, "_scanning")}


def _figures(pressed: Pressed, suffix: str) -> dict[str, float]:
    return {
        f"keys_n{suffix}": len(pressed.keys_ms),
        f"key_to_paint_ms_p50{suffix}": round(percentile(pressed.keys_ms, 50), 2),
        f"key_to_paint_ms_p99{suffix}": round(percentile(pressed.keys_ms, 99), 2),
        f"loop_lag_ms_p99{suffix}": pressed.vitals.loop_lag_ms_p99,
        f"loop_lag_ms_max{suffix}": pressed.vitals.loop_lag_ms_max,
    }


def _socket(home: Path) -> Path:
    found = sorted(home.rglob("engine.sock"))
    if not found:
        raise TapedeckError("the deck under test has no engine; run `tapedeck demo` to see why")
    return found[0]


class _Trial:
    """One deck whose keys are pressed."""

    def __init__(self, keyboard: Keyboard, socket: Path, clock: Clock) -> None:
        self._keyboard = keyboard
        self._socket = socket
        self._clock = clock
        self._generator = np.random.default_rng(_SEED)

    def press_for(self, seconds: float, *, scanning: bool) -> Pressed:
        """Press at random times, each when the press before has shown; with a scan, until it is nearly over."""
        keys_ms: list[float] = []
        if scanning:
            self._keyboard.press(_SCAN)
            self._keyboard.watch(_SETTLE_S)
        deadline_ns = self._clock.monotonic_ns() + round(seconds * 1e9)
        while self._clock.monotonic_ns() < deadline_ns and not (scanning and self._is_nearly_over()):
            for pauses_s in self._generator.uniform(*_PAUSES_S, (10, len(_SHOWS))).tolist():
                for pause_s, words in zip(pauses_s, _SHOWS, strict=True):
                    self._keyboard.watch(pause_s)
                    keys_ms.append(self._keyboard.press_until(_HOLD, words))
        vitals = self._snapshot().vitals
        if vitals is None:
            raise TapedeckError("the engine under test says nothing of itself")
        return Pressed(keys_ms, vitals)

    def _is_nearly_over(self) -> bool:
        """Whether the scan will soon say that it is over, in the place where keys are answered."""
        wallets = self._snapshot().wallets
        if wallets is None or wallets.scan is None:
            raise TapedeckError("no scan runs on the deck under test; press `s` on its panel of wallets to see why")
        return wallets.scan.ended_ms is not None or wallets.scan.seen > _NEARLY * wallets.scan.limit

    def _snapshot(self) -> Snapshot:
        snapshot = asyncio.run(_ask(self._socket))
        if snapshot is None:
            raise TapedeckError("the engine under test has ended")
        return snapshot


async def _ask(path: Path) -> Snapshot | None:
    link = SocketLink(path)
    await link.connect()
    try:
        return await link.snapshot()
    finally:
        await link.close()
