"""Puts an engine together from a source and settings: the only place where live, demo and tape part ways."""

from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from app.config.locations import Locations, ensure
from app.config.secrets import birdeye_key
from app.config.settings import Settings
from app.core.clock import Clock
from app.core.processors import usable_processors
from app.engine.engine import Engine, Run
from app.engine.link_server import LinkServer
from app.engine.local_link import LocalLink
from app.engine.protocol import Mode, SourceView
from app.engine.research import Research
from app.engine.tape_run import TapeRun
from app.engine.venue_run import RunFiles, VenueRun, demo_source, live_source
from app.feeds.tape.importers import open_recording


class Plan(NamedTuple):
    """What to run. `tape` and `speed` (None: as fast as it goes) are for tapes, `record_to` for venues.

    `hold` keeps a tape's last picture at its end instead of ending. `set_by_hand` are keys of settings that a profile
    of wallets does not change.
    """

    mode: Mode
    tape: Path | None = None
    speed: float | None = None
    hold: bool = False
    record_to: Path | None = None
    set_by_hand: AbstractSet[str] = frozenset()


def build_run(plan: Plan, settings: Settings, clock: Clock, locations: Locations) -> Run:
    """The run of a plan. Live and demo have a database each. Raises `DataError` for a tape that cannot be read."""
    if plan.tape is not None:
        recording, size_bytes = open_recording(plan.tape), plan.tape.stat().st_size
        return TapeRun(recording, settings, clock, speed=plan.speed, hold=plan.hold, size_bytes=size_bytes)
    source = demo_source(settings) if plan.mode == "demo" else live_source(settings)
    return VenueRun(
        source,
        settings,
        clock,
        _files(plan, source, clock, locations),
        set_by_hand=plan.set_by_hand,
        birdeye_key=birdeye_key(),
    )


def _files(plan: Plan, source: SourceView, clock: Clock, locations: Locations) -> RunFiles:
    name: Literal["demo", "live"] = "demo" if plan.mode == "demo" else "live"
    return RunFiles(
        database=locations.database(name),
        record_to=plan.record_to,
        new_tape=partial(_new_tape, locations, source.mode, clock),
        profile_folders=locations.profile_folders(),
        regime_model=locations.regime_model(name),
        token_bundles=locations.token_bundle_roots(name),
    )


def scanning_by_itself(settings: Settings) -> Settings:
    """Settings of a deck on the simulated venue, where looking at wallets costs nobody anything: it scans at once."""
    return msgspec.structs.replace(settings, scanner=msgspec.structs.replace(settings.scanner, enabled=True))


def _new_tape(locations: Locations, mode: Mode, clock: Clock) -> Path:
    """Where a recording that begins now goes."""
    ensure(locations.tape_dir)
    path = locations.new_tape(mode, clock.wall_ns())
    names = (path.with_stem(f"{path.stem}-{number}") for number in range(2, 1_000))
    return path if not path.exists() else next((name for name in names if not name.exists()), path)


def build_engine(plan: Plan, settings: Settings, clock: Clock, locations: Locations) -> Engine:
    """An engine that is not started yet."""
    run = build_run(plan, settings, clock, locations)
    words = _source_words(run.source, settings)
    research = Research(settings, locations, clock, words, usable_processors())
    return Engine(run, clock, snapshot_hz=settings.engine.snapshot_hz, research=research)


def _source_words(source: SourceView, settings: Settings) -> str:
    """Arguments by which a sweep finds bars of the venue that is shown; for a tape, those that a live run stored."""
    if source.simulated:
        return f"--source demo --set demo.seed={settings.demo.seed}"
    return "--source store" if source.mode == "tape" else "--source live"


def local_link(engine: Engine, locations: Locations) -> LocalLink:
    """A link to an engine of this process, which listens on its socket once it runs."""
    ensure(locations.state_dir)
    return LocalLink(engine, LinkServer(engine, locations.engine_socket))
