"""What a scalper's read costs, beside the model: tokens, memory, our own work, the way to the screen, the rhythm.

The model is a scripted one on loopback (`app.bench.model_server`): nothing here says how good or how fast a model is.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from app.bench.demo_tape import VirtualDemo
from app.bench.memory import deep_bytes
from app.bench.model_server import MODEL, scripted_model
from app.bench.report import Bench, Target
from app.bench.scalper_faults import UnderFaults, keys_under_faults
from app.bench.scalper_paint import answers_to_paint_ms
from app.bench.ui import percentile
from app.config.settings import CostsSettings, ScalperSettings, Settings
from app.core.clock import Clock, SystemClock
from app.core.events import ScalperRead
from app.core.record import Answer, Kind, Record, Request
from app.engine.core import Core
from app.engine.evaluation import TimedAnswer
from app.engine.evaluation_model import ModelAnswers
from app.engine.tape_run import TapeRun, settings_of
from app.feeds.tape.importers import open_recording
from app.scalper.description import NotEnough, describe
from app.scalper.desk import MODEL_VENUE
from app.scalper.question import Question, ask, question_of, tokens_estimate

_COINS, _SECONDS, _PAINT_S = 30, 600.0, 60.0
_ROUNDS, _PAIRS = 5, 30
_SEED = 5
_LATENCY_S = (0.8, 2.4)
"""What a read of the scripted model takes in the simulated time: about what the target allows."""

_unpack_request = msgspec.msgpack.Decoder(Request).decode
_unpack_answer = msgspec.msgpack.Decoder(Answer).decode


class Simulated(NamedTuple):
    """A recorded demo in which a model read: its reads, and the hash of all that was derived."""

    reads: list[ScalperRead]
    log_sha256: str


class Costs(NamedTuple):
    """What reading cost in one replay: our own milliseconds for each read, every question, and bytes of the windows.

    Milliseconds are of processor time: what else runs on the machine is not in them.
    """

    overheads_ms: list[float]
    questions: list[Question]
    window_bytes: int


class SlowAnswers:
    """Answers of a fast model, each with a latency drawn for it: what passes is simulated time."""

    def __init__(self, answers: ModelAnswers, generator: np.random.Generator) -> None:
        self._answers = answers
        self._generator = generator

    async def answer(self, request: Request) -> TimedAnswer:
        """The answer, as if it had taken longer."""
        answer, _ = await self._answers.answer(request)
        return TimedAnswer(answer, round(float(self._generator.uniform(*_LATENCY_S)), 3))


def measure() -> dict[str, float]:
    """Ten simulated minutes of thirty coins of which three are read; then some nine minutes of two real decks.

    They run in terminals: the first shows answers as they come, under the other the model server hangs and is killed.
    """
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as folder:
        tape = Path(folder) / "demo.tape"
        figures = asyncio.run(reading_figures(tape, _COINS, _SECONDS, clock))
    paints_ms = answers_to_paint_ms(_PAINT_S, clock)
    faults = keys_under_faults(_ROUNDS, _PAIRS, clock)
    return {
        **figures,
        "answer_to_paint_ms_p50": round(float(np.percentile(paints_ms, 50)), 1),
        "answer_to_paint_ms_p99": round(float(np.percentile(paints_ms, 99)), 1),
        "answers_painted": len(paints_ms),
        **fault_figures(faults),
    }


def fault_figures(faults: UnderFaults) -> dict[str, float]:
    """How long keys wait while the server is good, hangs and is dead; the longest it took to read again afterwards."""
    figures: dict[str, float] = {"keys_n": min(map(len, faults.keys_ms.values()))}
    for state, keys_ms in faults.keys_ms.items():
        figures[f"key_to_paint_ms_p50_{state}"] = round(percentile(keys_ms, 50), 2)
        figures[f"key_to_paint_ms_p99_{state}"] = round(percentile(keys_ms, 99), 2)
    # The worse of both faults: held to milliseconds, where each alone is held to what is usual here.
    figures["key_to_paint_ms_p99_faults"] = max(
        figures[f"key_to_paint_ms_p99_{state}"] for state in faults.recoveries_s
    )
    for state, recoveries_s in faults.recoveries_s.items():
        figures[f"recovery_s_{state}"] = round(max(recoveries_s), 2)
    figures["recovery_s"] = max(figures[f"recovery_s_{state}"] for state in faults.recoveries_s)
    return figures


async def reading_figures(tape: Path, coins: int, seconds: float, clock: Clock) -> dict[str, float]:
    """The figures of so many simulated seconds, recorded to `tape` and replayed."""
    simulated = await simulate(tape, coins, seconds, clock)
    costs = costs_of_reading(tape)
    variable = [tokens_estimate(question.variable) for question in costs.questions]
    whole = [tokens_estimate(question.constant + question.variable) for question in costs.questions]
    return {
        "prompt_tokens_estimate": max(whole),
        "new_tokens_estimate": max(variable),
        "constant_prefix_pct": round(100 * constant_share(costs.questions), 1),
        "window_mb": round(costs.window_bytes / 1e6, 3),
        "overhead_ms_p50": round(float(np.percentile(costs.overheads_ms, 50)), 3),
        "overhead_ms_p99": round(float(np.percentile(costs.overheads_ms, 99)), 3),
        "read_interval_s_p50": round(float(np.median(intervals_s(simulated.reads))), 2),
        "reads": len(simulated.reads),
        "periodic_reads": sum(read.reason == "periodic" for read in simulated.reads),
        "replay_identical": await replays_identically(tape, simulated, clock),
    }


async def simulate(tape: Path, coins: int, seconds: float, clock: Clock) -> Simulated:
    """Record a demo in virtual time, in which the desk has a scripted model read as its settings say by default."""
    async with scripted_model() as model:
        scalper = ScalperSettings(url=model.url, model=MODEL)
        answers = ModelAnswers(scalper, CostsSettings(), clock)
        await answers.open()
        slow = SlowAnswers(answers, np.random.default_rng(_SEED))
        demo = VirtualDemo(coins, tape, answers=slow, scalper=scalper)
        reads: list[ScalperRead] = []
        demo.core.journal.keep = lambda event: reads.append(event) if isinstance(event, ScalperRead) else None
        with demo.writer:
            await demo.advance(seconds)
        await answers.close()
    return Simulated(reads, demo.core.journal.log_sha256)


def costs_of_reading(tape: Path) -> Costs:
    """Replay a tape, and do our part of each read once more in the midst of it.

    That part is the window, its description and the question, when it is asked; and parsing, the read and its calls,
    when the answer is there.
    """
    recording = open_recording(tape)
    core = Core("tape", settings_of(recording) or Settings())
    asked: dict[int, float] = {}
    overheads_ms: list[float] = []
    questions: list[Question] = []
    for record in recording.records():
        request = _model_request(record)
        if request is not None:
            questions.append(question_of(request.body))
            asked[request.request_id] = _asking_ms(core, request.subject)
        before_ms = asked.pop(_unpack_answer(record.payload).request_id, None) if record.kind == Kind.ANSWER else None
        started_ns = time.process_time_ns()
        core.dispatch(record)
        if before_ms is not None:
            overheads_ms.append(before_ms + (time.process_time_ns() - started_ns) / 1e6)
    desk = core.reading.desk
    windows = [desk.window(market, core.now_ms) for market in core.markets.values()]
    return Costs(overheads_ms, questions, deep_bytes([*windows, *desk.coins.values()]))


def constant_share(questions: Sequence[Question]) -> float:
    """The smallest share of a question, in characters, that is the same in all of them from its beginning on."""
    texts = [question.constant + question.variable for question in questions]
    first = min(texts)
    # What the first and the last in order have in common, all have in common.
    pairs = enumerate(zip(first, max(texts), strict=False))
    shared = next((place for place, (one, other) in pairs if one != other), len(first))
    return shared / max(map(len, texts))


def intervals_s(reads: Sequence[ScalperRead]) -> list[float]:
    """Seconds between one read and the next of the same coin."""
    newest: dict[str, int] = {}
    intervals = []
    for read in reads:
        if read.coin in newest:
            intervals.append((read.at_ms - newest[read.coin]) / 1_000)
        newest[read.coin] = read.at_ms
    return intervals


async def replays_identically(tape: Path, simulated: Simulated, clock: Clock) -> bool:
    """Whether a replay gives the same reads byte for byte, and derives the same events, with nobody to ask."""
    run = TapeRun(open_recording(tape), Settings(), clock, speed=None, hold=False)
    reads: list[ScalperRead] = []
    run.core.journal.keep = lambda event: reads.append(event) if isinstance(event, ScalperRead) else None
    await run.start(lambda: None)
    await run.finished()
    await run.stop()
    encode = msgspec.msgpack.encode
    return encode(reads) == encode(simulated.reads) and run.core.journal.log_sha256 == simulated.log_sha256


def _model_request(record: Record) -> Request | None:
    if record.kind != Kind.REQUEST:
        return None
    request = _unpack_request(record.payload)
    return request if request.venue == MODEL_VENUE else None


def _asking_ms(core: Core, coin: str) -> float:
    """How long it takes to look at a market and put it into words, as it stands now."""
    settings, desk = core.settings.scalper, core.reading.desk
    started_ns = time.process_time_ns()
    said = describe(desk.window(core.markets[coin], core.now_ms), settings)
    if not isinstance(said, NotEnough):
        ask(said, settings, core.settings.costs)
    return (time.process_time_ns() - started_ns) / 1e6


SCALPER = Bench(
    "scalper",
    "a scalper's read beside its model: tokens, memory, own work, way to the screen, keys while it fails, replay",
    measure,
    {
        "new_tokens_estimate": Target("<=", 500),
        "constant_prefix_pct": Target(">=", 60),
        "window_mb": Target("<", 5),
        "overhead_ms_p99": Target("<", 10),
        "answer_to_paint_ms_p99": Target("<", 100),
        "key_to_paint_ms_p99_good": Target("<=", 25),
        "key_to_paint_ms_p99_hung": Target("<=", 20, times=1.5, of="key_to_paint_ms_p99_good"),
        "key_to_paint_ms_p99_killed": Target("<=", 20, times=1.5, of="key_to_paint_ms_p99_good"),
        "key_to_paint_ms_p99_faults": Target("<=", 37.5),
        "recovery_s": Target("<=", ScalperSettings().every_s),
        "read_interval_s_p50": Target("<=", 15, least=10),
        "replay_identical": Target(">=", 1),
    },
)
