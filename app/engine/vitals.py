"""The engine's own health: memory, processor time, how late the loop is, how much is waiting."""

import asyncio
import gc
import os
import resource
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from app.core.clock import Clock
from app.engine.protocol_vitals import VitalsView

_PROBE_S = 0.1
_PROBES_A_VIEW = 10
_WINDOW = 600
_THRESHOLDS = (5_000, 10, 40)
"""When the collector looks at the youngest containers, those that outlived it, and all (CPython's own: 700, 10, 10)."""
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4_096
_STATM = Path("/proc/self/statm")
_DESCRIPTORS = Path("/proc/self/fd")


class VitalsProbe:
    """Sleeps a tenth of a second again and again: what it oversleeps is how long the loop was held."""

    def __init__(self, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lags_ms: deque[float] = deque(maxlen=_WINDOW)
        self._started_ns = clock.monotonic_ns()
        self._cpu: deque[tuple[int, float]] = deque(maxlen=_WINDOW // _PROBES_A_VIEW)
        self._view = self._measured()

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            for _ in range(_PROBES_A_VIEW):
                before_ns = self._clock.monotonic_ns()
                await self._sleep(_PROBE_S)
                late_ms = (self._clock.monotonic_ns() - before_ns) / 1e6 - _PROBE_S * 1000
                self._lags_ms.append(max(0.0, late_ms))
            self._cpu.append((self._clock.monotonic_ns(), _cpu_s()))
            self._view = self._measured()

    def view(self, waiting: int) -> VitalsView:
        """The last minute, measured once a second; `waiting` inputs have arrived and are not dispatched."""
        return msgspec.structs.replace(self._view, waiting_inputs=waiting)

    def _measured(self) -> VitalsView:
        lags = sorted(self._lags_ms)
        return VitalsView(
            uptime_s=round((self._clock.monotonic_ns() - self._started_ns) / 1e9, 1),
            memory_mb=round(resident_bytes() / 1e6, 1),
            cpu_pct=round(self._cpu_pct(), 1),
            loop_lag_ms_p99=round(lags[int(0.99 * (len(lags) - 1))], 2) if lags else 0.0,
            loop_lag_ms_max=round(lags[-1], 2) if lags else 0.0,
            waiting_inputs=0,
            open_files=open_files(),
        )

    def _cpu_pct(self) -> float:
        if len(self._cpu) < 2:
            return 0.0
        (first_ns, first_s), (last_ns, last_s) = self._cpu[0], self._cpu[-1]
        return 100 * (last_s - first_s) / max(1e-9, (last_ns - first_ns) / 1e9)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident_bytes() -> int:
    """Resident memory of this process; where the system does not tell, its highest so far."""
    try:
        return int(_STATM.read_text().split()[1]) * _PAGE
    except OSError:
        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return highest if sys.platform == "darwin" else highest * 1024


def open_files() -> int | None:
    """Open file descriptors; None where the system does not tell."""
    try:
        return sum(1 for _ in _DESCRIPTORS.iterdir()) - 1
    except OSError:
        return None


def settle_memory() -> None:
    """Keep the collector from walking what lives as long as the program: its pauses are the tail of all latency.

    Pictures and answers that live for a second would be taken for what lives long, and bring on a walk through
    everything every few seconds: the collector looks later, when most of them are gone.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
