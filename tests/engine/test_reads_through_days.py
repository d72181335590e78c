"""Minutes of a simulated market with a scripted model beside it, in virtual time: reads, failures, recovery, replay."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from ollama_server import OllamaServer, serving
from virtual_loop import EPOCH_NS, VirtualClock, VirtualLoop, run_virtual, sqlite_at_once

from app.config.settings import HyperliquidSettings, MarketsSettings, ScalperSettings, Settings
from app.config.whale_settings import WhalesSettings
from app.core.events import NoRead, ScalperRead
from app.core.record import Answer, Kind, Record, Request
from app.demo.server import serve
from app.demo.venue import Venue
from app.engine.core import Core
from app.engine.engine import Engine
from app.engine.tape_run import TapeRun
from app.engine.venue_run import RunFiles, VenueRun, live_source
from app.feeds.tape.importers import open_recording

_request = msgspec.msgpack.Decoder(Request).decode
_answer = msgspec.msgpack.Decoder(Answer).decode


class Lived(NamedTuple):
    """What became of some minutes. Times are seconds since the start."""

    reads: list[ScalperRead]
    failures: list[NoRead]
    asked: list[tuple[float, Request]]
    answered: list[tuple[float, Answer]]
    log_sha256: str
    most_under_way: int
    calls: int


class Tap:
    """Notes what goes through a core."""

    def __init__(self, core: Core) -> None:
        self.reads: list[ScalperRead] = []
        self.failures: list[NoRead] = []
        self.asked: list[tuple[float, Request]] = []
        self.answered: list[tuple[float, Answer]] = []
        self._dispatch = core.dispatch
        core.bus.subscribe(ScalperRead, self.reads.append)
        core.bus.subscribe(NoRead, self.failures.append)

    def dispatch(self, record: Record) -> None:
        at_s = (record.wall_ns - EPOCH_NS) / 1e9
        if record.kind == Kind.REQUEST and _request(record.payload).venue == "ollama":
            self.asked.append((at_s, _request(record.payload)))
        elif record.kind == Kind.ANSWER:
            self.answered.append((at_s, _answer(record.payload)))
        self._dispatch(record)


Beside = Callable[[OllamaServer, VenueRun], Awaitable[None]]


def live(
    seconds: float, *scripts: str, tape: Path | None = None, beside: Beside | None = None, **scalper: Any
) -> Lived:
    """Let some minutes pass."""
    with sqlite_at_once():
        return run_virtual(lambda loop: _live(loop, seconds, scripts, tape, beside, scalper))


async def _live(
    loop: VirtualLoop,
    seconds: float,
    scripts: tuple[str, ...],
    tape: Path | None,
    beside: Beside | None,
    scalper: dict[str, Any],
) -> Lived:
    clock = VirtualClock(loop)
    venue = Venue(seed=3, coins=6, start_ms=EPOCH_NS // 1_000_000)
    options = {"delay_s": 0.8} | {key: scalper.pop(key) for key in ("models",) if key in scalper}
    async with serve(venue, clock=clock) as server, serving(*scripts, **options) as model:
        settings = Settings(
            markets=MarketsSettings(favourites=("BTC", "ETH", "SOL"), top=4),
            hyperliquid=HyperliquidSettings(websocket_url=server.websocket_url, rest_url=server.rest_url),
            whales=WhalesSettings(enabled=False),
            scalper=ScalperSettings(url=model.url, **scalper),
        )
        run = VenueRun(live_source(settings), settings, clock, RunFiles(record_to=tape))
        tap = Tap(run.core)
        run._sequencer._dispatch = tap.dispatch
        engine = Engine(run, clock, snapshot_hz=1)
        await engine.start()
        helper = asyncio.create_task(_nothing() if beside is None else _as_task(beside(model, run)))
        await asyncio.sleep(seconds)
        await helper
        await engine.stop()
        journal = run.core.journal
        return Lived(
            tap.reads,
            tap.failures,
            tap.asked,
            tap.answered,
            journal.log_sha256,
            model.most_under_way,
            journal.calls_filed,
        )


async def _nothing() -> None: ...


async def _as_task(awaitable: Awaitable[None]) -> None:
    await awaitable


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lived, Path]:
    tape = tmp_path_factory.mktemp("reads") / "run.tape"
    return live(200, "schema", tape=tape), tape


def test_three_coins_are_read_in_turn_for_reasons_of_each_kind(lived: tuple[Lived, Path]) -> None:
    reads = lived[0].reads
    assert {read.coin for read in reads} == {"BTC", "ETH", "SOL"}
    assert len(reads) >= 25
    assert {"periodic", "large trade"} <= {read.reason for read in reads}
    assert not lived[0].failures


def test_reads_never_overlap_and_each_is_in_time(lived: tuple[Lived, Path]) -> None:
    answered = {answer.request_id: at_s for at_s, answer in lived[0].answered}
    spans = [(at_s, answered[request.request_id]) for at_s, request in lived[0].asked if request.request_id in answered]
    assert lived[0].most_under_way == 1
    assert len(spans) >= 25
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))
    assert all(end - start <= 3.0 for start, end in spans)


def test_no_coin_waits_much_longer_than_its_period(lived: tuple[Lived, Path]) -> None:
    for coin in ("BTC", "ETH", "SOL"):
        times = [at_s for at_s, request in lived[0].asked if request.subject == coin]
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert max(gaps) <= 15


def test_a_replay_gives_the_same_reads_and_calls_with_no_model(lived: tuple[Lived, Path]) -> None:
    async def replay(loop: VirtualLoop) -> tuple[str, int, int]:
        run = TapeRun(open_recording(lived[1]), Settings(), VirtualClock(loop), speed=None, hold=False)
        engine = Engine(run, VirtualClock(loop), snapshot_hz=1)
        await engine.start()
        await run.finished()
        await engine.stop()
        return run.core.journal.log_sha256, run.core.journal.ai_reads, run.core.journal.calls_filed

    assert run_virtual(replay) == (lived[0].log_sha256, len(lived[0].reads), lived[0].calls)


def test_hazard_21_a_model_that_hangs_costs_deadlines_and_nothing_else() -> None:
    hung = live(150, "hang", deadline_s=1.0)
    assert hung.reads == []
    assert hung.failures
    assert all("did not answer within 1 s" in failed.why or "is late" in failed.why for failed in hung.failures)
    assert hung.most_under_way == 1
    assert hung.calls > 0  # the rules go on


def test_a_server_that_is_restarted_is_found_within_a_period() -> None:
    async def restart(model: OllamaServer, run: VenueRun) -> None:
        await asyncio.sleep(90)
        await model.stop()
        await asyncio.sleep(30)
        assert run.core.reading.desk.coins["BTC"].waits_for.startswith("Ollama does not run")
        await model.start()

    lived = live(160, "schema", beside=restart)
    times = [(read.at_ms - EPOCH_NS // 1_000_000) / 1_000 for read in lived.reads]
    assert any(time < 90 for time in times)
    assert not any(92 < time < 120 for time in times)
    assert any(120 <= time <= 132 for time in times)
    # The one under way when the server went is all that failed: nobody asks a server that is not there.
    assert len(lived.failures) <= 2


def test_hazard_21_a_model_that_talks_nonsense_is_no_read_and_never_a_default() -> None:
    lived = live(90, "out_of_range")
    assert lived.reads == []
    assert len(lived.failures) >= 3
    assert all("not a read" in failed.why for failed in lived.failures)
