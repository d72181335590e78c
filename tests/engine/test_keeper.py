"""What a run derives is in the database when the run is over."""

from pathlib import Path

import pytest

from app.config.settings import Settings, StoreSettings
from app.core.calls import Call, CostModel
from app.core.clock import SystemClock
from app.core.events import Candle, CandleClosed, FeedHole
from app.engine.keeper import Keeper
from app.scorecards.grader import Graded
from app.scorecards.grading import ungraded
from app.store.reader import open_reader
from app.store.schema import CANDLES, FEED_HOLES, RUNS
from app.store.store import Store

pytestmark = pytest.mark.asyncio


def a_call(now_ms: int) -> Call:
    return Call(
        source="demo", claimant="rules", claimant_version="1", kind="continuation", subject="BTC", claim="up",
        probability=0.5, direction=1, made_at_ms=now_ms, available_at_ms=now_ms, input_age_ms=0, reference_kind="mid",
        reference_price=100.0, bid=99.0, ask=101.0, horizon_s=60, cost=CostModel(4.5, 0.5),
    )  # fmt: skip


async def test_calls_outcomes_holes_and_longer_candles_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "demo.sqlite"
    clock = SystemClock()
    now_ms = clock.wall_ns() // 1_000_000
    keeper = Keeper(Store(path, StoreSettings(), clock), "demo", Settings(), clock)
    call = a_call(now_ms)
    keeper.keep(call)
    await keeper.open()
    keeper.keep(Graded(call, ungraded(call, "run ended", now_ms)))
    keeper.keep(FeedHole("BTC", now_ms - 9_000, now_ms))
    for interval in ("1s", "1m"):
        keeper.keep(CandleClosed(Candle("BTC", interval, now_ms, 1, 2, 1, 2, 3, 4)))
    keeper.keep("something else")
    await keeper.close()
    async with open_reader(path) as reader:
        pairs = [pair async for pair in reader.decided(0)]
        holes, candles, runs = [await reader.select(table) for table in (FEED_HOLES, CANDLES, RUNS)]
    assert [(pair[0], pair[1].reason) for pair in pairs] == [(call, "run ended")]
    assert [hole.coin for hole in holes] == ["BTC"]
    assert [candle.interval for candle in candles] == ["1m"]
    assert [(run.source, run.ended_ms is not None) for run in runs] == [("demo", True)]


async def test_a_run_without_a_usable_disk_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    clock = SystemClock()
    keeper = Keeper(Store(blocked / "demo.sqlite", StoreSettings(), clock), "demo", Settings(), clock)
    await keeper.open()
    keeper.keep(a_call(clock.wall_ns() // 1_000_000))
    view = keeper.view()
    assert view.state == "not saved"
    assert view.reason
    await keeper.close()
    view = keeper.view()
    assert (view.state, view.lost, view.unsaved) == ("closed", 3, 0)
    assert view.loss.startswith("3 rows in memory only: ")


async def test_refused_rows_are_told_with_their_reason(tmp_path: Path) -> None:
    clock = SystemClock()
    keeper = Keeper(Store(tmp_path / "demo.sqlite", StoreSettings(), clock), "demo", Settings(), clock)
    await keeper.open()
    keeper.keep(CandleClosed(Candle("BTC", "1m", 1, 1, 2, 1, float("nan"), 3, 4)))
    await keeper.close()
    view = keeper.view()
    assert (view.lost, view.loss.startswith("1 row refused: candles refused a row (")) == (1, True)
