"""A key is planted, and its venue repeats it in every answer: then all that a run leaves is looked through."""

import asyncio
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from aiohttp import web
from polymarket_server import Reply, ScriptedVenue, says, serving
from token_client import KnownLaunches, known
from virtual_loop import VirtualClock, VirtualLoop
from wallet_decks import virtual

from app.cli.main import main as command
from app.config.locations import find_locations
from app.config.logs import setup_logging, stop_logging
from app.config.secrets import BIRDEYE_VARIABLE, birdeye_key
from app.config.settings import LogSettings, ScalperSettings, Settings
from app.config.whale_settings import WhalesSettings
from app.core.record import Kind
from app.demo.sockets import listen
from app.demo.tokens.server import Handler, TokenVenue, serve
from app.engine.engine import Engine
from app.engine.venue_run import RunFiles, VenueRun, live_source
from app.feeds.tape.importers import open_recording

CANARY = "0123CANARY4567+89"
REPEATS: tuple[Reply, ...] = tuple(
    says(json.dumps({"success": False, "message": f"the key {CANARY} may not", "key": CANARY}).encode(), status)
    for status in (400, 401, 200, 403)
)


def settings_of(gecko: str, screener: str, birdeye: str) -> Settings:
    plain = Settings()
    return msgspec.structs.replace(
        plain,
        hyperliquid=msgspec.structs.replace(
            plain.hyperliquid, rest_url="http://127.0.0.1:9", websocket_url="ws://127.0.0.1:9/ws"
        ),
        scalper=ScalperSettings(enabled=False),
        whales=WhalesSettings(enabled=False),
        tokens=msgspec.structs.replace(
            plain.tokens, geckoterminal_url=gecko, dexscreener_url=screener, birdeye_url=birdeye,
            minimum_liquidity_usd=1.0,
        ),
    )  # fmt: skip


class WithoutHolders(TokenVenue):
    """A venue of pools that tells of nobody's holders, so that Birdeye is asked."""

    def gecko_application(self) -> web.Application:
        return without_path(super().gecko_application(), "info")


def without_path(application: web.Application, last: str) -> web.Application:
    """The application, but what ends with this word is unknown to it."""

    @web.middleware
    async def unknown(request: web.Request, handler: Handler) -> web.StreamResponse:
        return web.Response(status=404) if request.path.endswith(last) else await handler(request)

    application.middlewares.append(unknown)
    return application


async def run_with_key(loop: VirtualLoop, tape: Path, database: Path) -> tuple[int, list[str]]:
    """A live run of some minutes; how often Birdeye was asked, and what the event log says of tokens."""
    clock, sockets = VirtualClock(loop), listen()
    born_s = clock.wall_ns() // 10**9 - 7_200
    launches = KnownLaunches([known(number, 0)._replace(created_s=born_s + number) for number in range(8)])
    venue, birdeye = WithoutHolders(launches, seed=7, clock=clock, limited=False), ScriptedVenue(REPEATS, {})
    async with serve(venue, sockets.gecko, sockets.screener, sockets.birdeye), serving(birdeye) as birdeye_url:
        settings = settings_of(sockets.gecko_url, sockets.screener_url, birdeye_url)
        files = RunFiles(database=database, record_to=tape, token_bundles=(tape.parent / "no bundles",))
        run = VenueRun(
            live_source(settings), settings, clock, files, generator=np.random.default_rng(1), birdeye_key=birdeye_key()
        )
        engine = Engine(run, clock, snapshot_hz=1)
        await engine.start()
        try:
            await asyncio.sleep(150)
        finally:
            await engine.stop()
    sockets.close()
    return len(birdeye.calls), [line.text for line in run.core.journal.log_tail if line.topic == "tokens"]


def test_hazard_23_a_key_that_its_venue_repeats_is_in_no_log_database_tape_or_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAPEDECK_HOME", str(tmp_path))
    monkeypatch.setenv(BIRDEYE_VARIABLE, CANARY)
    tape = tmp_path / "run.tape"
    setup_logging(find_locations(), LogSettings(level="debug"))
    try:
        calls: list[int] = []
        said: list[str] = []

        async def main(loop: VirtualLoop) -> None:
            asked, told = await run_with_key(loop, tape, tmp_path / "run.sqlite")
            calls.append(asked)
            said.extend(told)

        virtual(main)
    finally:
        stop_logging()
    assert calls[0] >= 5
    assert any("the key *** may not" in text for text in said), said
    answers = [record.payload for record in open_recording(tape).records() if record.kind == Kind.ANSWER]
    assert sum(b"the key *** may not" in payload for payload in answers) >= 5
    command(["doctor", "--offline", "--json"])
    report = capsys.readouterr()
    left = [report.out.encode(), report.err.encode(), *answers, *(path.read_bytes() for path in files_in(tmp_path))]
    assert len(left) > 8
    assert not any(b"canary" in each.lower() for each in left)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
