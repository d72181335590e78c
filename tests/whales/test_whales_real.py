"""Real payloads: an account's portfolio, its fills, and rows of the leaderboard, as the venue sent them."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from score_samples import WEIGHTS, address, trips_of

from app.config.whale_settings import WhalesSettings
from app.core.events import Side
from app.core.text import clean
from app.core.traders import EquityHistory, HistoryPoint, RankedTrader, TraderFill, Window, WindowResult
from app.whales.leaderboard import scored
from app.whales.performance import performance_of, returns_of
from app.whales.round_trips import TripRecord

FOLDER = Path(__file__).parents[3] / "shared" / "wire" / "hyperliquid"
DATA = FOLDER.parents[1] / "data" / "wallets"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not FOLDER.exists(), reason="needs ../shared")]
WINDOWS: dict[str, Window] = {"perpDay": "day", "perpWeek": "week", "perpMonth": "month", "perpAllTime": "all"}


def told(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


def histories() -> list[EquityHistory]:
    return [
        EquityHistory(
            window=WINDOWS[name],
            points=tuple(
                HistoryPoint(at_ms=at, equity_usd=float(equity), pnl_usd=float(pnl))
                for (at, equity), (_, pnl) in zip(body["accountValueHistory"], body["pnlHistory"], strict=True)
            ),
            volume_usd=float(body["vlm"]),
        )
        for name, body in told("rest_portfolio_2025-08.json")
        if name in WINDOWS
    ]


def test_a_portfolio_of_years_is_weeks_and_then_days() -> None:
    """76 points of all time and 45 of a month: the month's 8-hourly ones become days, weeks before it stay weeks."""
    returns = returns_of(histories())
    days = [each.days for each in returns]
    assert sum(days[-28:]) <= 30
    assert days[-28:].count(1) >= 26
    assert set(days[:-30]) <= {7, 14}
    assert 460 < sum(days) <= 478
    month = [history for history in histories() if history.window == "month"]
    points = month[0].points
    grown = sum(each.value for each in returns_of(month))
    assert grown == pytest.approx((points[-1].pnl_usd - points[0].pnl_usd) / points[0].equity_usd, rel=0.25)


def test_a_portfolio_is_measured() -> None:
    found = performance_of(histories(), TripRecord(), WEIGHTS)
    assert found.sharpe is not None
    assert 0 < found.sharpe < 10
    assert 0 < (found.max_drawdown or 0) < 1
    assert 0.4 < (found.consistency or 0) < 1
    assert (found.win_rate, found.profit_factor) == (None, None)


def as_fill(body: dict[str, Any]) -> TraderFill:
    return TraderFill(
        trader=address(1),
        coin=body["coin"],
        side=Side(body["side"]),
        price=float(body["px"]),
        size=float(body["sz"]),
        at_ms=body["time"],
        trade_id=body.get("tid", body["oid"]),
        start_size=float(body["startPosition"]),
        closed_pnl_usd=float(body["closedPnl"]),
        fee_usd=float(body.get("fee", 0)),
        crossed=body["crossed"],
        direction=clean(body["dir"]),
    )


def test_fills_chain_to_round_trips() -> None:
    """2,000 fills of one account of 2025: each fits to the one before, whatever order they come in."""
    with gzip.open(DATA / "hyperliquid_api_dump_one_wallet_2025-11.json.gz") as file:
        fills = [as_fill(body) for body in json.load(file)["userFillsByTime"]["data"]]
    record = trips_of(fills)
    assert record == trips_of(reversed(fills))
    assert record.broken == 0
    assert record.closed > 10
    assert record.unseen <= len({fill.coin for fill in fills})


def test_fills_that_do_not_fit_to_one_another_are_counted_and_make_no_trips() -> None:
    """500 fills of a maker of 2023 that trades with itself: both legs tell the same position before them."""
    record = trips_of([as_fill(body) for body in told("rest_userFills_500_2023.json")])
    assert record.broken > 100
    assert record.closed < 20


@pytest.mark.parametrize("check", [lambda found: 0 <= found.score <= 100, lambda found: found.windows <= 4])
def test_rows_of_the_leaderboard_have_scores_and_the_dirty_ones_are_barred(check: Callable[[Any], bool]) -> None:
    rows = told("leaderboard_rows_2026-10_sample.json")["leaderboardRows"]
    found = [scored(as_row(row), WhalesSettings()) for row in rows]
    assert all(map(check, found))
    assert any(each.followable for each in found)
    for row, each in zip(rows, found, strict=True):
        windows = dict(row["windowPerformances"])
        if float(windows["month"]["vlm"]) == 0 or float(windows["allTime"]["roi"]) > 50:
            assert not each.followable


def as_row(row: dict[str, Any]) -> RankedTrader:
    windows = {
        name: WindowResult(pnl_usd=float(told["pnl"]), roi=float(told["roi"]), volume_usd=float(told["vlm"]))
        for name, told in row["windowPerformances"]
    }
    return RankedTrader(
        trader=row["ethAddress"],
        name=clean(row["displayName"] or ""),
        equity_usd=float(row["accountValue"]),
        day=windows["day"],
        week=windows["week"],
        month=windows["month"],
        all_time=windows["allTime"],
    )
