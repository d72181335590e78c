import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from paper_samples import DAY_MS, NOW_MS, Script, Step, a_view, look, of_kind, opened

from app.config.settings import CostsSettings, PaperSettings, StoreSettings
from app.core.clock import ManualClock
from app.core.errors import DataError
from app.paper.events import Fill, PositionClosed
from app.paper.ledger import PaperLedger
from app.paper.rows import row_of, saved_row, state_of
from app.store.rows import PaperFill, PaperSaved, PaperTrade
from app.store.schema import PAPER_FILLS, PAPER_STATE, PAPER_TRADES
from app.store.store import Store

SETTINGS = PaperSettings(take_profit_bps=0, stop_bps=0)
STEPS = [Step(1_000, move, 1, 3.0, action) for move, action in enumerate(["long", "look", "flip", "look", "look"])]


@contextlib.asynccontextmanager
async def a_store(path: Path) -> AsyncIterator[Store]:
    store = Store(path, StoreSettings(), ManualClock())
    try:
        await store.open()
        yield store
    finally:
        await store.close()


@pytest.mark.asyncio
async def test_a_restarted_ledger_goes_on_from_the_database(tmp_path: Path) -> None:
    script = Script(PaperLedger(SETTINGS, CostsSettings(), NOW_MS))
    script.play(STEPS)
    fills, closed = of_kind(script.events, Fill), of_kind(script.events, PositionClosed)
    assert (len(fills), len(closed)) == (3, 1)
    async with a_store(tmp_path / "demo.sqlite") as store:
        for event in script.events:
            row = row_of(event)
            assert (row is not None) == isinstance(event, Fill | PositionClosed)
            if row is not None:
                store.put(row)
        store.put(saved_row(script.ledger.state()))
        assert await store.flush()
        assert (store.status().known, store.status().refused) == (0, 0)
    async with a_store(tmp_path / "demo.sqlite") as store:
        reader = store.reader()
        assert [row.number for row in await reader.select(PAPER_FILLS, newest_first=False)] == [1, 2, 3]
        assert [row.result_usd for row in await reader.select(PAPER_TRADES)] == [closed[0].result_usd]
        state = state_of(await reader.select(PAPER_STATE))
    assert state == script.ledger.state()
    assert PaperLedger(SETTINGS, CostsSettings(), script.now_ms, state).equity_usd == script.ledger.equity_usd


def test_a_row_holds_what_the_event_says() -> None:
    ledger = PaperLedger(SETTINGS, CostsSettings(), NOW_MS)
    opened(ledger)
    ledger.close(a_view(NOW_MS + 1_000), "hand")
    fill, closed = look(ledger, a_view(NOW_MS + 2_000))
    fill_row, trade_row = row_of(fill), row_of(closed)
    assert isinstance(fill_row, PaperFill)
    assert isinstance(trade_row, PaperTrade)
    shared = [name for name in fill_row.__struct_fields__ if hasattr(fill, name)]
    assert {name: getattr(fill_row, name) for name in shared} == {name: getattr(fill, name) for name in shared}
    assert (fill_row.size, fill_row.opener, fill_row.reason) == (10.0, "hand", "hand")
    names = [name for name in trade_row.__struct_fields__ if name != "opener"]
    assert {name: getattr(trade_row, name) for name in names} == {name: getattr(closed, name) for name in names}
    assert trade_row.opener == closed.by


def test_what_is_saved_is_read_with_care() -> None:
    assert state_of([]) is None
    state = PaperLedger(SETTINGS, CostsSettings(), NOW_MS + DAY_MS).state()
    assert state_of([saved_row(state)]) == state
    with pytest.raises(DataError, match="cannot be used"):
        state_of([PaperSaved(saved_ms=NOW_MS, state=b"nonsense")])
    with pytest.raises(DataError, match="2 paper ledgers"):
        state_of([saved_row(state), saved_row(state)])
