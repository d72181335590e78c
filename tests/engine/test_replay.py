"""A run on the venue that was recorded, and its replay, derive the same events: at any speed, watched or not."""

import asyncio
from itertools import cycle
from pathlib import Path

import msgspec
import pytest

from app.config.settings import HyperliquidSettings, MarketsSettings, RulesSettings, ScalperSettings, Settings
from app.config.whale_settings import WhalesSettings
from app.core.clock import SystemClock
from app.demo.server import serve
from app.demo.venue import Venue
from app.engine.engine import Engine, Run
from app.engine.protocol import LookAt, SetMetricSource, SetPlayback, SetRecording, StartJob
from app.engine.summary import Summary, summarise
from app.engine.tape_run import TapeRun
from app.engine.venue_run import RunFiles, VenueRun, live_source
from app.feeds.tape.importers import open_recording

pytestmark = pytest.mark.asyncio
START_MS = 1_790_000_000_000


def settings(websocket_url: str, rest_url: str) -> Settings:
    return Settings(
        markets=MarketsSettings(top=12),
        rules=RulesSettings(read_every_s=1),
        hyperliquid=HyperliquidSettings(websocket_url=websocket_url, rest_url=rest_url),
        whales=WhalesSettings(enabled=False),
        scalper=ScalperSettings(enabled=False),
    )


async def record(path: Path, events: int, coin: str = "") -> Summary:
    """Record a served venue until it has given so many events, while a deck has `coin` open."""
    clock = SystemClock()
    async with serve(Venue(seed=3, coins=14, start_ms=clock.wall_ns() // 1_000_000)) as server:
        chosen = settings(server.websocket_url, server.rest_url)
        run = VenueRun(live_source(chosen), chosen, clock, RunFiles(record_to=path))
        engine = Engine(run, clock, snapshot_hz=10)
        await engine.start()
        await engine.command(SetMetricSource("rules"))
        seen = 0
        async with asyncio.timeout(30):
            while run.core.events < events or run.core.journal.reads < 24:
                fresh = await engine.next_snapshot(seen)
                assert fresh is not None
                seen = fresh[0]
                opened = await engine.command(LookAt(coin))
        assert opened[0]
        await engine.command(StartJob("markets"))
        await engine.stop()
        return summarise(run, 0, path.name)


async def replay(path: Path, *, speed: float | None = None, watched: bool = False) -> Summary:
    run: Run = TapeRun(open_recording(path), Settings(), SystemClock(), speed=speed, hold=False)
    engine = Engine(run, SystemClock(), snapshot_hz=10)
    await engine.start()
    if watched:
        opened = cycle((LookAt("ETH"), LookAt("BTC", "1s"), LookAt("")))
        fresh = await engine.next_snapshot(0)
        while fresh is not None and not (fresh[1].playback and fresh[1].playback.ended):
            await engine.command(next(opened))
            fresh = await engine.next_snapshot(fresh[0])
    await run.finished()
    await engine.stop()
    return summarise(run, 0, path.name)


async def test_hazard_29_recorded_and_replayed_are_the_same(tmp_path: Path) -> None:
    tape = tmp_path / "run.tape"
    live = await record(tape, events=400, coin="BTC")
    assert live.parse_errors == live.drops == live.holes == 0
    assert len(live.coins) == 12
    assert live.rules_reads >= 24
    feed = live.feeds[0]
    assert feed.received == feed.frames + feed.superseded + feed.control
    plain, watched, paced = await replay(tape), await replay(tape, watched=True), await replay(tape, speed=40)
    assert plain.log_sha256 == live.log_sha256
    assert (plain.events, plain.inputs, plain.candles_closed) == (live.events, live.inputs, live.candles_closed)
    assert watched.log_sha256 == paced.log_sha256 == live.log_sha256


async def test_winding_a_tape_back_gives_the_same_state(tmp_path: Path) -> None:
    tape = tmp_path / "run.tape"
    live = await record(tape, events=150)
    recording = open_recording(tape)
    run = TapeRun(recording, Settings(), SystemClock(), speed=None, hold=True)
    engine = Engine(run, SystemClock(), snapshot_hz=10)
    await engine.start()
    await at_the_end(engine)
    start_ms = recording.start_ns // 1_000_000
    ok, words = await engine.command(SetPlayback(paused=False, seek_ms=start_ms))
    assert ok
    assert words.endswith(" UTC, playing at full speed")
    await at_the_end(engine)
    assert run.core.journal.log_sha256 == live.log_sha256
    assert not (await engine.command(StartJob("markets")))[0]
    await engine.stop()


async def test_looking_back_from_the_end_does_not_play_the_tape(tmp_path: Path) -> None:
    tape = tmp_path / "run.tape"
    await record(tape, events=150)
    run = TapeRun(open_recording(tape), Settings(), SystemClock(), speed=2.0, hold=True)
    engine = Engine(run, SystemClock(), snapshot_hz=10)
    await engine.start()
    await engine.command(SetPlayback(speed=0))
    await at_the_end(engine)
    assert await engine.command(SetPlayback(speed=2.0)) == (True, "The tape has ended; 2x when it plays again")
    ok, words = await engine.command(SetPlayback(seek_by_ms=-1))
    assert ok
    assert words.endswith(" UTC, paused")
    playback = run.outside().playback
    assert playback is not None
    assert playback.paused
    assert await engine.command(SetPlayback(speed=4.0)) == (True, "Paused; 4x when it goes on")
    assert await engine.command(SetPlayback(paused=False)) == (True, "Playing at 4x")
    await engine.stop()


async def at_the_end(engine: Engine) -> None:
    seen = 0
    async with asyncio.timeout(30):
        while True:
            fresh = await engine.next_snapshot(seen)
            assert fresh is not None
            seen, snapshot = fresh
            if snapshot.playback is not None and snapshot.playback.ended:
                return


async def test_a_summary_is_one_json_object(tmp_path: Path) -> None:
    summary = await record(tmp_path / "run.tape", events=50)
    fields = msgspec.json.decode(msgspec.json.encode(summary))
    wanted = {"events", "superseded", "parse_errors", "drops", "holes", "log_sha256", "feeds", "coins"}
    assert wanted <= set(fields)
    assert [feed["name"] for feed in fields["feeds"]] == ["Hyperliquid", "requests"]


async def test_a_recording_begun_midway_holds_all_a_replay_needs(tmp_path: Path) -> None:
    clock, path = SystemClock(), tmp_path / "midway.tape"
    async with serve(Venue(seed=3, coins=14, start_ms=clock.wall_ns() // 1_000_000)) as server:
        chosen = settings(server.websocket_url, server.rest_url)
        run = VenueRun(live_source(chosen), chosen, clock, RunFiles(new_tape=lambda: path))
        engine = Engine(run, clock, snapshot_hz=10)
        await engine.start()
        await until_events(engine, 200)
        assert (await engine.command(SetRecording(on=True)))[0]
        assert not (await engine.command(SetRecording(on=True)))[0]
        await until_events(engine, run.core.events + 400)
        ok, said = await engine.command(SetRecording(on=False))
        assert ok
        assert path.name in said
        assert not (await engine.command(SetRecording(on=False)))[0]
        followed = set(run.core.markets)
        await engine.stop()
    assert open_recording(path).session.midway
    first, second = await replay(path), await replay(path, speed=40)
    assert first.log_sha256 == second.log_sha256
    assert (first.parse_errors, first.events > 300) == (0, True)
    again = TapeRun(open_recording(path), Settings(), SystemClock(), speed=None, hold=False)
    await again.start(lambda: None)
    await again.finished()
    assert set(again.core.markets) == followed
    await again.stop()


async def until_events(engine: Engine, events: int) -> None:
    """Watch until the core has taken so many events."""
    seen = 0
    async with asyncio.timeout(30):
        while engine.run.core.events < events:
            fresh = await engine.next_snapshot(seen)
            assert fresh is not None
            seen = fresh[0]


async def test_an_engine_without_a_folder_for_tapes_says_how_to_record() -> None:
    clock = SystemClock()
    engine = Engine(VenueRun(live_source(Settings()), Settings(), clock), clock, snapshot_hz=10)
    ok, said = await engine.command(SetRecording(on=True))
    assert not ok
    assert "--record" in said
