"""How fast frames become state: against `json.loads` and `float`, without a socket and over one."""

import asyncio
import gc
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from app.bench.blaster import HOST, acknowledgements
from app.bench.decoding import Conflating, parse_whole, read_with_json
from app.bench.frames import make_frames
from app.bench.receivers import ShiftedClock, receive_with_engine, receive_with_json
from app.bench.report import Bench, Target
from app.core.clock import Clock, SystemClock
from app.core.errors import TapedeckError

_SEED = 7
_DECODED_FRAMES, _DECODE_ROUNDS = 1_000, 21
_SENT_FRAMES, _SOCKET_ROUNDS = 40_000, 7
_START_MS = 1_790_000_000_000
_SENT_GAP_MS = 0.015
"""About as fast as a receiver takes them, so that the times in the frames keep pace with the engine's clock."""


def measure() -> dict[str, float]:
    """Medians of interleaved rounds. The frames are the bench's own mix: 70 % trades, 28 % books, 2 % lists of mids."""
    # As the deck does: what is loaded stays for good, and is not looked through at each collection.
    gc.freeze()
    clock = SystemClock()
    json_us, decoded_us, conflated_us = decode_times(clock, _DECODED_FRAMES, _DECODE_ROUNDS)
    json_s, engine_s = asyncio.run(socket_times(clock, _SENT_FRAMES, _SOCKET_ROUNDS))
    return {
        "ratio_vs_json_decoded": round(json_us / decoded_us, 2),
        "ratio_vs_json_conflated": round(json_us / conflated_us, 2),
        "socket_ratio_vs_websockets_json": round(json_s / engine_s, 2),
        "frames_per_cpu_second_socket": round(_SENT_FRAMES / engine_s),
        "json_us_per_frame": round(json_us, 2),
        "decoded_us_per_frame": round(decoded_us, 2),
        "conflated_us_per_frame": round(conflated_us, 2),
    }


def decode_times(clock: Clock, count: int, rounds: int) -> tuple[float, float, float]:
    """Microseconds a frame: json and float; whole validated events; the engine's way with conflation and dedupe."""
    frames = make_frames(count, _SEED, _START_MS)
    times: list[list[float]] = [[], [], []]
    for _ in range(rounds):
        # The last arm remembers trades, so it gets a new memory each round.
        arms: list[Callable[[Sequence[bytes]], None]] = [
            partial(_each, read_with_json),
            partial(_each, parse_whole),
            Conflating().decode,
        ]
        for decode, taken in zip(arms, times, strict=True):
            started_ns = clock.monotonic_ns()
            decode(frames)
            taken.append((clock.monotonic_ns() - started_ns) / 1_000 / count)
    json_us, decoded_us, conflated_us = map(median, times)
    return json_us, decoded_us, conflated_us


async def socket_times(clock: Clock, count: int, rounds: int) -> tuple[float, float]:
    """CPU seconds of this process to receive `count` frames: websockets and json; the engine with its recorder on."""
    json_s: list[float] = []
    engine_s: list[float] = []
    sent = count + len(acknowledgements())
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as folder, blaster(count) as url:
        for number in range(rounds):
            json_s.append(await receive_with_json(url, sent))
            began = ShiftedClock(clock, _START_MS)
            engine_s.append(await receive_with_engine(url, count, began, Path(folder) / f"{number}.tape"))
    return median(json_s), median(engine_s)


@contextmanager
def blaster(count: int) -> Iterator[str]:
    """Address of a process that sends `count` frames to whoever connects, and ends with the context."""
    words = {"--frames": count, "--seed": _SEED, "--start-ms": _START_MS, "--gap-ms": _SENT_GAP_MS}
    command = [sys.executable, "-P", "-m", "app.bench.blaster", *(str(word) for pair in words.items() for word in pair)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            if not port:
                raise TapedeckError("the process that sends frames did not start; run `python -m app.bench.blaster -h`")
            yield f"ws://{HOST}:{port}/ws"
        finally:
            process.kill()


def _each(read: Callable[[bytes], object], frames: Sequence[bytes]) -> None:
    for frame in frames:
        read(frame)


INGEST = Bench(
    "ingest",
    "frames decoded and received, against json",
    measure,
    {
        "ratio_vs_json_decoded": Target(">=", 3),
        "ratio_vs_json_conflated": Target(">=", 8),
        "socket_ratio_vs_websockets_json": Target(">=", 2.3),
    },
)
