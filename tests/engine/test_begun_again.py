"""A run whose opening of the database fails goes on where it failed; one whose end fails still ends everything."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from virtual_loop import VirtualClock, VirtualLoop, run_virtual, sqlite_at_once
from wallet_driver import WalletDriver

from app.config.settings import HyperliquidSettings, ScalperSettings, Settings
from app.config.whale_settings import WhalesSettings
from app.core.record import Kind
from app.engine.core import Core
from app.engine.own_commands import OwnCommand, RestorePaper
from app.engine.protocol_wallets import NoteWallet, RestoreWallets
from app.engine.venue_run import RunFiles, VenueRun, live_source
from app.engine.wallet_run import WalletRun
from app.feeds.tape.importers import open_recording
from app.feeds.tape.reader import TapeReader

SETTINGS = Settings(
    hyperliquid=HyperliquidSettings(rest_url="http://127.0.0.1:9", websocket_url="ws://127.0.0.1:9/ws"),
    scalper=ScalperSettings(enabled=False),
    whales=WhalesSettings(enabled=False),
)
WALLET = "0x" + "1" * 40
_own = msgspec.msgpack.Decoder(OwnCommand).decode


def a_run(folder: Path, clock: VirtualClock) -> VenueRun:
    """A run whose venue is not there, with a database and a tape."""
    files = RunFiles(database=folder / "live.sqlite", record_to=folder / "run.tape")
    return VenueRun(live_source(SETTINGS), SETTINGS, clock, files, generator=np.random.default_rng(1))


def virtual(main: Callable[[VirtualLoop], Any]) -> None:
    with sqlite_at_once():
        run_virtual(main)


@pytest.mark.parametrize("method", ["load", "chosen_before"])
def test_opening_the_database_goes_on_where_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    works, fails = getattr(WalletRun, method), [OSError("the disk wakes up"), OSError("the disk is asleep")]

    async def sometimes(*given: Any) -> Any:
        if fails:
            raise fails.pop()
        return await works(*given)

    async def main(loop: VirtualLoop) -> None:
        run = a_run(tmp_path, VirtualClock(loop))
        await run.start(lambda: None)
        await asyncio.sleep(10)
        workers = Counter(task.get_name() for task in asyncio.all_tasks())
        said = [line.text for line in run.core.journal.log_tail if line.topic == "store"]
        await run.stop()
        assert (run.core.wallets.is_restored, workers["wallets"], workers["wallet shelf"]) == (True, 1, 1)
        assert said == ["OSError: the disk is asleep", "OSError: the disk wakes up"]
        left = [task.get_name() for task in asyncio.all_tasks()]
        assert "wallet shelf" not in left

    monkeypatch.setattr(WalletRun, method, sometimes)
    virtual(main)
    records = open_recording(tmp_path / "run.tape").records()
    begun = [type(_own(record.payload)) for record in records if record.kind == Kind.COMMAND]
    assert begun.count(RestorePaper) == 1
    assert RestoreWallets in begun


def test_what_is_stored_of_wallets_is_taken_once() -> None:
    driver = WalletDriver()
    driver.restore()
    assert driver.command(NoteWallet(WALLET, alias="whale"))[0]
    driver.restore(b"", "the disk is damaged")
    assert driver.core.wallets.notes_unsaved == ""


class EndsBadly(Core):
    """A core that fails at its end."""

    def finish(self) -> None:
        raise ArithmeticError("a call cannot be graded")


def test_a_run_that_fails_at_its_end_closes_tape_and_database(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        run = a_run(tmp_path, VirtualClock(loop))
        await run.start(lambda: None)
        await asyncio.sleep(2)
        run.core.__class__ = EndsBadly
        with pytest.raises(ArithmeticError):
            await run.stop()

    virtual(main)
    assert not TapeReader(tmp_path / "run.tape").recovered
    connection = sqlite3.connect(tmp_path / "live.sqlite")
    assert connection.execute("SELECT ended_ms IS NOT NULL FROM runs").fetchall() == [(1,)]
    connection.close()
