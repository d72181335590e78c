"""Wallets of the embedded venue are followed on paper over its own wire, and a replay gives the same."""

import asyncio
from pathlib import Path

import msgspec
import numpy as np
from demo_scan import DemoVenue, demo_venue
from virtual_loop import VirtualClock, VirtualLoop
from wallet_decks import is_ready, opened, replayed, virtual

from app.config.settings import PaperSettings, Settings
from app.demo.prediction.data_api import find
from app.engine.protocol_wallets import NoteWallet

PAPER = PaperSettings(copy_wallets=True, copy_every_s=30, copy_usd=50, copy_exposure_usd=1_000, copy_positions=20)


async def soon_trading(demo: DemoVenue, within_s: int) -> list[str]:
    """Wallets among the first that will buy something within this time."""
    world, now_s = await demo.venue.world(), demo.venue.now_s()
    found = []
    for address in await demo.addresses(400):
        history = find(world, address, now_s)
        entries = np.array([]) if history is None else history.bets.entry_s
        if np.any((entries > now_s + 60) & (entries < now_s + within_s)):
            found.append(address)
    return found


def test_a_recorded_run_with_copies_and_its_replay_give_the_same(tmp_path: Path) -> None:
    tape = tmp_path / "copies.tape"
    settings = msgspec.structs.replace(Settings(), paper=PAPER)

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock, settings=settings, wallets=2_000) as demo:
            followed = await soon_trading(demo, 400)
            async with opened(demo, clock, record_to=tape) as deck:
                await deck.until(is_ready)
                for address in followed:
                    await deck.engine.command(NoteWallet(address, followed=True))
                await asyncio.sleep(450)
                ledger, journal = deck.run.core.paper.ledger, deck.run.core.journal
                assert ledger is not None
                live, copies = journal.log_sha256, ledger.copies.state()
                said = [line.text for line in journal.log_tail if line.topic == "paper"]
        assert len(followed) >= 2
        assert copies.copies, said
        assert {copy.wallet for copy in copies.copies} <= set(followed)
        assert all(0 < copy.entry_price <= 1 for copy in copies.copies)
        again = await replayed(tape, clock)
        assert again.core.journal.log_sha256 == live
        assert again.core.paper.ledger is not None
        assert again.core.paper.ledger.copies.state() == copies

    virtual(main)
