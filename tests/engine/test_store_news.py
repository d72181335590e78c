"""What is wrong with the database reaches the event log: each reason once, and never too late."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from demo_scan import demo_venue
from virtual_loop import VirtualClock, VirtualLoop
from wallet_decks import opened, virtual

from app.engine.protocol import Snapshot, StoreView
from app.engine.store_news import StoreNews

FINE = StoreView("saved", "", 9, 0, 0)
AWAY = StoreView("not saved", "the disk is full", 9, 0, 0, unsaved=3)


def test_each_reason_is_told_once_and_another_is_told_too() -> None:
    news = StoreNews()
    assert news.of(FINE) == []
    assert news.of(AWAY) == ["NOT SAVED: the disk is full"]
    assert news.of(AWAY) == news.of(FINE) == news.of(AWAY) == []
    assert news.of(msgspec.structs.replace(AWAY, reason="it is damaged")) == ["NOT SAVED: it is damaged"]


def test_the_first_loss_is_told_and_the_header_counts_on() -> None:
    news = StoreNews()
    lost = msgspec.structs.replace(FINE, lost=1, loss="1 row refused: calls refused a row")
    assert news.of(lost) == ["ROWS LOST: 1 row refused: calls refused a row"]
    assert news.of(msgspec.structs.replace(lost, lost=2, loss="2 rows refused: calls refused a row")) == []


def test_a_database_that_was_moved_aside_is_named_once() -> None:
    news = StoreNews()
    moved = msgspec.structs.replace(FINE, moved_aside="live.sqlite.damaged-20231114-221320")
    assert news.of(moved) == [
        "the database was damaged: it is kept as live.sqlite.damaged-20231114-221320, and a new one is begun"
    ]
    assert news.of(moved) == []


def test_a_run_whose_database_has_died_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none_left(*_: object) -> None:
        raise sqlite3.OperationalError("out of memory")

    def is_told(snapshot: Snapshot) -> bool:
        return any(line.topic == "store" and "NOT SAVED" in line.text for line in snapshot.log)

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock, wallets=10) as demo, opened(demo, clock, database=tmp_path) as deck:
            snapshot = await deck.until(is_told, patience_s=60)
            assert snapshot.store is not None
            assert (snapshot.store.state, "out of memory" in snapshot.store.reason) == ("not saved", True)

    monkeypatch.setattr("app.store.place.open_memory", none_left)
    virtual(main)
