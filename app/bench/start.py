"""How long a newcomer waits: for the version, the first picture, the first price; and what it costs in memory."""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from app.bench.memory import process_tree, proportional_set_mb
from app.bench.report import Bench, Target
from app.bench.terminal import Terminal
from app.core.clock import SystemClock

_ROUNDS = 5
_SETTLE_S = 5.0
_TIMEOUT_S = 30.0
_PICTURE = rb"Markets"
_PRICE = rb"BTC\s+[0-9,]{5,}"


def _command(*words: str) -> list[str]:
    """The installed command where there is one: that is what a user types."""
    script = Path(sys.executable).with_name("tapedeck")
    return [str(script), *words] if script.exists() else [sys.executable, "-P", "-m", "app", *words]


def measure() -> dict[str, float]:
    """Medians of five rounds; memory once, five seconds after the first price."""
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as home:
        environ = {**os.environ, "TAPEDECK_HOME": home}
        version = statistics.median(_version_ms(environ) for _ in range(_ROUNDS))
        rounds = [_deck_round(environ, last=number == _ROUNDS - 1) for number in range(_ROUNDS)]
    return {
        "version_ms": round(version, 1),
        "first_paint_ms": round(statistics.median(paint for paint, _, _ in rounds), 1),
        "demo_first_price_ms": round(statistics.median(price for _, price, _ in rounds), 1),
        "pss_mb_total": round(rounds[-1][2], 1),
    }


def _version_ms(environ: dict[str, str]) -> float:
    clock = SystemClock()
    started_ns = clock.monotonic_ns()
    subprocess.run(_command("--version"), env=environ, check=True, capture_output=True)  # noqa: S603 - our own command
    return (clock.monotonic_ns() - started_ns) / 1e6


def _deck_round(environ: dict[str, str], *, last: bool) -> tuple[float, float, float]:
    """First picture (ms), first price (ms), and in the last round the memory of deck, engine and venue (MB)."""
    terminal = Terminal(_command("demo"), environ, SystemClock())
    try:
        paint_ms = terminal.wait_for(_PICTURE, _TIMEOUT_S)
        price_ms = terminal.wait_for(_PRICE, _TIMEOUT_S)
        if not last:
            return paint_ms, price_ms, 0.0
        terminal.watch(_SETTLE_S)
        return paint_ms, price_ms, proportional_set_mb(process_tree(terminal.pid))
    finally:
        terminal.end()


START = Bench(
    "start",
    "version, first picture, first price, memory",
    measure,
    {
        "version_ms": Target("<", 150),
        "first_paint_ms": Target("<", 800),
        "demo_first_price_ms": Target("<", 2_500),
        "pss_mb_total": Target("<", 250),
    },
)
