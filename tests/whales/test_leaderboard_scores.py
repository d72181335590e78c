"""Scores of leaderboard rows: worked examples, each doubt at its threshold, evidence, monotonicity."""

from math import isfinite, nan
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_samples import NOW_MS, address, ranked, ranking, window

from app.config.whale_settings import WhalesSettings
from app.core.text import clean
from app.core.traders import RankedTrader, WindowResult
from app.whales.leaderboard import TraderScore, scored, windows_of
from app.whales.roster import LeaderboardSeen, Roster

SETTINGS = WhalesSettings()


def score(**changes: Any) -> TraderScore:
    return scored(ranked(**changes), SETTINGS)


def doubts(**changes: Any) -> dict[str, str]:
    return {doubt.name: doubt.text for doubt in score(**changes).doubts}


def test_worked_example() -> None:
    """+0.1 %, 1 %, 5 % and 50 % in the four windows, a volume of 30 times the equity: all is believed by 2/3."""
    found = score()
    assert [round(part.value or 0, 4) for part in found.parts] == [0.525, 0.5987, 0.6608, 0.8411]
    assert found.raw == pytest.approx(10 * 0.525 + 20 * 0.5987 + 40 * 0.6608 + 30 * 0.8411, abs=0.01)
    assert (found.evidence, found.windows, found.doubts) == (1, 4, ())
    assert found.score == pytest.approx(50 + (found.raw - 50) / 1.5)
    assert found.score == pytest.approx(62.59, abs=0.01)
    assert found.followable


def test_little_trading_is_little_evidence() -> None:
    """A month's volume of twice the equity is a fifth of the evidence, believed by 0.2 / 0.7."""
    found = score(month=window(0.05, volume=2e6))
    assert found.evidence == pytest.approx(0.2)
    assert found.score == pytest.approx(50 + (found.raw - 50) * 0.2 / 0.7)


def test_a_window_without_trades_says_nothing() -> None:
    found = score(day=window(0.5, volume=0.0))
    assert (found.parts[0].value, found.windows) == (None, 3)
    assert found.raw == pytest.approx(score().raw + (score().raw - 52.5) / 9, abs=0.01)
    assert found.evidence == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("changes", "name", "text", "bars"),
    [
        ({"name": clean("HLP Strategy 4")}, "vault-like", 'its name is "HLP Strategy 4"', True),
        ({"name": clean("MyVault")}, "vault-like", 'its name is "MyVault"', True),
        ({"all_time": window(0.5, pnl=2e6, volume=19e6)}, "vault-like",
         "2,000,000 USD made or lost on a volume of 19,000,000", True),
        ({"equity_usd": 50e6, "month": window(0.05, volume=2e6)}, "vault-like",
         "a month's volume is 4.0% of its equity", True),
        ({"month": window(0.0, volume=0.0), "week": window(volume=0.0), "day": window(volume=0.0)}, "inactive",
         "no trade this month", True),
        ({"all_time": window(0.5, pnl=1.2e6, volume=30e6)}, "short record",
         "its whole record is a month old at most", False),
        ({"month": window(0.05, pnl=4e5)}, "one window", "its last month made 80% of all time", False),
        ({"all_time": window(20.0, pnl=180_000.0, volume=900e6)}, "tiny base",
         "its return of all time, 2000%, is on 9,000 USD", False),
        ({"all_time": window(60.0, pnl=60e6, volume=900e6)}, "absurd return",
         "a return of 6,000% is a defect of the leaderboard", True),
    ],
)  # fmt: skip
def test_each_doubt_says_why(changes: dict[str, Any], name: str, text: str, bars: bool) -> None:
    found = score(**changes)
    (doubt,) = [each for each in found.doubts if each.name == name]
    assert doubt.text == text
    assert (doubt.bars, found.followable) == (bars, not bars)
    assert doubt.penalty > 0


@pytest.mark.parametrize(
    "changes",
    [
        {"name": clean("whlpool")},
        {"all_time": window(0.5, pnl=90e6, volume=900e6)},
        {"equity_usd": 9e6, "month": window(0.05, volume=1e5), "all_time": window(0.5, volume=900e6)},
        {"equity_usd": 50e6, "month": window(0.05, volume=2.5e6)},
        {"all_time": window(0.5, volume=31e6)},
        {"month": window(0.05, pnl=3e5)},
        {"all_time": window(0.6, pnl=1.0, volume=900e6), "month": window(0.05, pnl=0.1), "week": window(pnl=0.01),
         "day": window(pnl=0.0)},
        {"all_time": window(50.0, pnl=50e6, volume=900e6)},
    ],
)  # fmt: skip
def test_no_doubt_at_its_threshold(changes: dict[str, Any]) -> None:
    assert doubts(**changes) == {}


def test_a_treasury_does_not_get_in_by_its_money() -> None:
    """A row of the kind a leaderboard's top holds: millions made without a trade."""
    still = window(0.3, pnl=40e6, volume=0.0)
    found = score(equity_usd=500e6, day=still, week=still, month=still, all_time=still)
    assert {doubt.name for doubt in found.doubts} >= {"vault-like", "inactive"}
    assert (found.windows, found.evidence, found.raw) == (0, 0, 50)
    assert not found.followable


def test_a_gambler_of_a_short_window_stands_behind_a_steady_account() -> None:
    lucky = ranked(2, day=window(2.0, pnl=8e5), all_time=window(-0.4, pnl=-4e5, volume=900e6))
    assert ranking([lucky, ranked(1)], SETTINGS)[0].trader == address(1)


def test_of_equal_scores_the_larger_account_stands_first_and_then_the_lower_address() -> None:
    still = {name: window(volume=0.0) for name in ("day", "week", "month", "all_time")}
    table = [ranked(1, **still), ranked(3, equity_usd=2e6, **still), ranked(2, equity_usd=2e6, **still)]
    assert [each.trader for each in ranking(table, SETTINGS)] == [address(2), address(3), address(1)]


def test_small_accounts_are_not_ranked() -> None:
    seen = LeaderboardSeen(at_ms=NOW_MS, size_bytes=1, rows_seen=2, rows_kept=2, refused=0)
    roster = Roster(SETTINGS)
    assert not roster.take([ranked(1, equity_usd=99_999.0)], seen)
    assert roster.take([ranked(1, equity_usd=99_999.0), ranked(2, equity_usd=100_000.0)], seen)
    change = roster.work()
    assert change is not None
    assert [member.trader for member in change.members] == [address(2)]


results = st.builds(WindowResult, pnl_usd=st.floats(-1e9, 1e9), roi=st.floats(-1, 1e5), volume_usd=st.floats(0, 1e12))
rows = st.builds(
    RankedTrader, trader=st.integers(1, 30).map(address), name=st.just(clean("")), equity_usd=st.floats(0, 1e9),
    day=results, week=results, month=results, all_time=results,
)  # fmt: skip


@given(rows)
def test_a_score_is_between_0_and_100(row: RankedTrader) -> None:
    found = scored(row, SETTINGS)
    assert 0 <= found.score <= 100
    assert 0 <= found.evidence <= 1
    assert found.windows == sum(result.volume_usd > 0 for _, result in windows_of(row))


@given(st.lists(rows, unique_by=lambda row: row.trader, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(table: list[RankedTrader], random: object) -> None:
    shuffled = list(table)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ranking(shuffled, SETTINGS) == ranking(table, SETTINGS)


@given(rows, st.sampled_from(("day", "week", "month", "all_time")), st.floats(0, 10))
def test_a_better_return_never_lowers_the_raw_score(row: RankedTrader, name: str, more: float) -> None:
    result = getattr(row, name)
    better = msgspec.structs.replace(row, **{name: msgspec.structs.replace(result, roi=result.roi + more)})
    assert scored(better, SETTINGS).raw >= scored(row, SETTINGS).raw - 1e-9


@given(rows, st.floats(1, 100))
def test_more_trading_moves_the_score_away_from_the_crowds(row: RankedTrader, times: float) -> None:
    """Where no doubt is raised either way, a score that more evidence stands behind lies farther from 50."""
    busier = msgspec.structs.replace(row.month, volume_usd=row.month.volume_usd * times)
    before, after = (scored(each, SETTINGS) for each in (row, msgspec.structs.replace(row, month=busier)))
    if not before.doubts and not after.doubts:
        assert abs(after.score - 50) >= abs(before.score - 50) - 1e-9


def test_a_return_that_is_no_number_is_a_defect() -> None:
    found = score(month=window(nan, pnl=1.0))
    assert isfinite(found.score)
    assert found.windows == 3
