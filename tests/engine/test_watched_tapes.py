"""A deck on a tape sees what it opens, and nothing that it opens or closes changes what the tape comes to."""

from pathlib import Path
from typing import Any

import pytest
from core_driver import START_MS, Driver

from app.config.settings import MarketsSettings, ScalperSettings, Settings
from app.config.toml import to_toml
from app.core.clock import ManualClock, SystemClock
from app.core.record import Kind
from app.engine.core import Core
from app.engine.engine import Engine
from app.engine.local_link import LocalLink
from app.engine.own_commands import RestorePaper
from app.engine.protocol import Command, CommandResult, LookAt, TradePaper
from app.engine.protocol_screen import LookAtScreener
from app.engine.protocol_token_detail import LookAtToken
from app.engine.protocol_wallets import LookAtWallet
from app.engine.protocol_whales import LookAtAlert, LookAtFollowed, LookAtTrader
from app.engine.tape_run import TapeRun
from app.feeds.tape.format import Session
from app.feeds.tape.importers import open_recording
from app.feeds.tape.writer import TapeWriter

pytestmark = pytest.mark.asyncio
SETTINGS = Settings(markets=MarketsSettings(favourites=("BTC", "ETH"), top=2), scalper=ScalperSettings(enabled=False))
OPENED: tuple[Command, ...] = (
    LookAt("ETH"), LookAtTrader("0x" + "1" * 40), LookAtWallet("0x" + "2" * 40), LookAt("ETH", "1s"), LookAt("BTC"),
    LookAtToken("A" * 40), LookAtAlert("one"), LookAtFollowed(listed=True), LookAtScreener(listed=True), LookAt(""),
)  # fmt: skip
LISTED = 4
"""Inputs after which the tape has markets."""


def book(time_ms: int, ask: float) -> dict[str, Any]:
    sides = [[{"px": str(price), "sz": "500", "n": 1}] for price in (99.0, ask)]
    return {"coin": "BTC", "time": time_ms, "levels": sides}


def traded_on_a_fast_book(path: Path) -> Driver:
    """A tape on which somebody looks at BTC and buys it on paper: the fast book asks less than the slow one."""
    driver = Driver(SETTINGS)
    driver.start()
    driver.list_markets()
    driver.put(Kind.COMMAND, RestorePaper(b""))
    driver.put(Kind.COMMAND, LookAt("BTC"))
    driver.tick(1)
    driver.open("l2Book", "BTC")
    driver.frame("l2Book", "BTC", book(driver.now_ms - 10, 103.0))
    driver.open("l2Book", "BTC", "fast")
    driver.frame("l2Book", "BTC", book(driver.now_ms, 101.0))
    driver.put(Kind.COMMAND, TradePaper("BTC", "long"))
    for _ in range(8):
        driver.tick()
    driver.open("bbo", "BTC")
    driver.quote("BTC", 99.0, 101.0)
    session = Session(created_wall_ns=START_MS * 1_000_000, mode="live", label="test", settings_toml=to_toml(SETTINGS))
    with TapeWriter(path, session, ManualClock()) as tape:
        for record in driver.records:
            tape.write(record)
    return driver


async def replayed(path: Path, moment: int) -> Core:
    """The core at the end of a tape of which a deck opens this and that, and leaves, after so many inputs."""
    run = TapeRun(open_recording(path), Settings(), ManualClock(), speed=None, hold=False)

    def look() -> None:
        if run.core.inputs == moment:
            assert all(run.command(command)[0] for command in OPENED)

    await run.start(look)
    await run.finished()
    await run.stop()
    return run.core


async def test_whenever_a_deck_opens_something_a_tape_comes_to_what_was_recorded(tmp_path: Path) -> None:
    driver = traded_on_a_fast_book(tmp_path / "a.tape")
    live = driver.core
    assert live.paper.ledger is not None
    assert [one.entry_price for one in live.paper.ledger.state().positions] == [pytest.approx(101.0, rel=1e-3)]
    for moment in range(LISTED, len(driver.records)):
        core = await replayed(tmp_path / "a.tape", moment)
        assert core.paper.ledger is not None
        assert core.paper.ledger.state() == live.paper.ledger.state(), moment
        assert core.journal.log_sha256 == live.journal.log_sha256, moment


async def test_a_deck_on_a_tape_sees_what_it_opens_and_not_what_was_opened_then(tmp_path: Path) -> None:
    traded_on_a_fast_book(tmp_path / "a.tape")
    run = TapeRun(open_recording(tmp_path / "a.tape"), Settings(), ManualClock(), speed=None, hold=True)
    link = LocalLink(Engine(run, SystemClock(), snapshot_hz=100))
    await link.connect()
    snapshot = await link.snapshot()
    while snapshot is not None and not (snapshot.playback and snapshot.playback.ended):
        snapshot = await link.snapshot()
    assert snapshot is not None
    assert snapshot.detail is None
    wallet, trader = "0x" + "2" * 40, "0x" + "1" * 40
    for look in (LookAt("ETH", "15m"), LookAtWallet(wallet), LookAtTrader(trader), LookAtScreener(listed=True)):
        assert (await link.send(look)).ok
    assert await link.send(LookAt("DOGE")) == CommandResult(0, False, "DOGE is not followed")
    assert not (await link.send(LookAt("BTC", "7m"))).ok
    shown = await link.snapshot()
    assert shown is not None
    assert shown.detail is not None
    assert (shown.detail.coin, shown.detail.interval) == ("ETH", "15m")
    assert "This tape has no 15m history" in shown.detail.waiting_for
    assert shown.wallet is not None
    assert shown.trader is not None
    assert shown.screener is not None
    assert (shown.wallet.address, shown.trader.trader) == (wallet, trader)
    await link.send(LookAt(""))
    left = await link.snapshot()
    assert left is not None
    assert left.detail is None
    await link.close()
