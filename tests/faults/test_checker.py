"""The checker itself: it must see what it is for, and nothing else."""

import pytest
from checker import Account, check_account, check_rate, check_recovery, check_trades
from day import Trial, quiet_settings, watch_through
from fault_plan import Fault, FaultPlan
from truth import TruthTrade

from app.core.events import FeedHole, Side, Trade
from app.engine.continuity import Continuity


def published(time_ms: int, trade_id: int, price: str = "100.00") -> TruthTrade:
    return TruthTrade("BTC", time_ms, trade_id, price, "2", "B", time_ms + 100)


def used(time_ms: int, trade_id: int, price: float = 100.0) -> Trade:
    return Trade("BTC", Side.BUY, price, 2.0, time_ms, trade_id)


TRUTH = [published(1_000, 1), published(2_000, 2), published(3_000, 3)]


def test_a_whole_tape_is_no_violation() -> None:
    assert not list(check_trades(TRUTH, [used(1_000, 1), used(3_000, 3), used(2_000, 2)], [], 0, 9_999))


@pytest.mark.parametrize(
    ("tape", "words"),
    [
        ([used(1_000, 1), used(3_000, 3)], "missing without a hole"),
        ([used(1_000, 1), used(2_000, 2), used(2_000, 2), used(3_000, 3)], "used 2 times"),
        ([used(1_000, 1), used(2_000, 2), used(3_000, 3), used(4_000, 4)], "never published"),
        ([used(1_000, 1), used(2_000, 2, 101.0), used(3_000, 3)], "differs"),
    ],
)
def test_each_kind_of_violation_is_found(tape: list[Trade], words: str) -> None:
    (violation,) = check_trades(TRUTH, tape, [], 0, 9_999)
    assert words in violation


def test_a_flagged_hole_excuses_only_its_own_interval_and_coin() -> None:
    tape = [used(1_000, 1), used(3_000, 3)]
    assert not list(check_trades(TRUTH, tape, [FeedHole("BTC", 1_000, 3_000)], 0, 9_999))
    assert list(check_trades(TRUTH, tape, [FeedHole("ETH", 1_000, 3_000)], 0, 9_999))
    assert list(check_trades(TRUTH, tape, [FeedHole("BTC", 2_001, 3_000)], 0, 9_999))


def test_trades_from_before_the_subscription_are_nobodys_duty() -> None:
    assert not list(check_trades(TRUTH, [used(3_000, 3)], [], 2_500, 9_999))


def test_frames_that_went_nowhere_are_found() -> None:
    assert not list(check_account(Account(10, 10, 3, 2, 4, 1)))
    assert list(check_account(Account(10, 10, 3, 2, 4, 0)))
    assert list(check_account(Account(11, 10, 3, 2, 4, 1)))


def test_rates_are_counted_over_sliding_minutes() -> None:
    assert not list(check_rate("things", [(second * 1_000, 1) for second in range(0, 600, 2)], 30))
    assert list(check_rate("things", [(59_000, 20), (61_000, 20)], 30))


def test_a_slow_recovery_is_found_where_it_counts() -> None:
    connected, dropped, slow = [0], [100_000], {"BTC": [99_000, 107_000]}
    assert list(check_recovery(dropped, connected, slow, []))
    assert not list(check_recovery(dropped, connected, {"BTC": [99_000, 104_000]}, []))
    assert not list(check_recovery(dropped, connected, slow, [(99_000, 120_000)]))


def test_an_engine_that_forgets_its_breaks_is_convicted(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = FaultPlan(4, (Fault("reset", 100), Fault("handshake_429", 100, 90, 5)))
    trial = Trial(plan, 600, quiet_settings())
    sound = watch_through(trial)
    assert sound.violations() == []
    assert sound.tap.holes
    monkeypatch.setattr(Continuity, "interrupted", lambda *_: None)
    assert any("missing without a hole" in violation for violation in watch_through(trial).violations())
