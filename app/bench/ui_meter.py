"""What the app under test measures of itself: its own process time, its paints, how late its loop was."""

import asyncio
import time

import msgspec

from app.core.clock import Clock

_PROBE_S = 0.01


class Measured(msgspec.Struct, frozen=True):
    """From the begin to the end of a round. `cpu_s` is of the app's process alone, all its threads.

    The numbers changed `steps` times and were painted `paints` times: less often where a paint showed several changes.
    `frames` arrived from the venue meanwhile; `refused` could not be used since the process started.
    """

    cpu_s: float
    wall_s: float
    steps: int
    paints: int
    frames: int
    refused: int
    lags_ms: list[float]


class Meter:
    """Counts between `begin` and `end`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_ns, self._began_cpu_s, self._began_frames = clock.monotonic_ns(), 0.0, 0
        self._steps = self._paints = 0
        self._lags_ms: list[float] = []

    def begin(self, frames: int) -> None:
        """Forget all before; `frames` have arrived so far."""
        self._began_ns, self._began_cpu_s, self._began_frames = self._clock.monotonic_ns(), time.process_time(), frames
        self._steps = self._paints = 0
        self._lags_ms.clear()

    def stepped(self) -> None:
        """Count a change of the numbers that the widgets were told."""
        self._steps += 1

    def painted(self) -> None:
        """Count a picture that is on its way to the terminal."""
        self._paints += 1

    async def watch_loop(self) -> None:
        """Sleep a hundredth of a second again and again; what is overslept is how long the loop was held."""
        while True:
            before_ns = self._clock.monotonic_ns()
            await asyncio.sleep(_PROBE_S)
            self._lags_ms.append((self._clock.monotonic_ns() - before_ns) / 1e6 - _PROBE_S * 1_000)

    def end(self, frames: int, refused: int) -> Measured:
        """The figures since `begin`."""
        return Measured(
            cpu_s=time.process_time() - self._began_cpu_s,
            wall_s=(self._clock.monotonic_ns() - self._began_ns) / 1e9,
            steps=self._steps,
            paints=self._paints,
            frames=frames - self._began_frames,
            refused=refused,
            lags_ms=list(self._lags_ms),
        )
