"""Amounts that no honest venue names: figures stay figures, nothing warns, and every wallet gets a verdict."""

import math

from hypothesis import given
from hypothesis import strategies as st
from scan_samples import NOW_S, PlainJudge, ScriptedVenue, address, drive
from wallet_facts import WALLET, stats

from app.wallets.funnel import Evidence
from app.wallets.measure import measure
from app.wallets.scan import Scan
from app.wallets.scan_values import ScanPlan
from app.wallets.thresholds import Thresholds
from app.wallets.values import ClosedPosition, Ledger, WalletVerdict
from app.wallets.verdict import Judge, RecordEvidence, judge_record

amounts = st.one_of(st.sampled_from([0.0, 5e-324, 1e-300, 1.0, 9.9e14]), st.floats(0, 9.9e14))
positions = st.builds(
    ClosedPosition,
    condition_id=st.just("c"),
    token_id=st.just("t"),
    event=st.just("e"),
    category=st.just("politics"),
    opened_s=st.just(1),
    closed_s=st.integers(0, 9_999_999_999),
    size_usdc=amounts,
    cost_usdc=amounts,
    proceeds_usdc=amounts,
    hold_s=st.one_of(st.none(), st.floats(0, 1e15)),
    entry_price=st.one_of(st.none(), st.floats(0, 1)),
    hedged=st.booleans(),
)


@given(st.lists(positions, min_size=1, max_size=8))
def test_every_figure_is_finite_and_the_score_is_one(closed: list[ClosedPosition]) -> None:
    ledger = Ledger(wallet=WALLET, closed=tuple(sorted(closed, key=lambda each: each.closed_s)))
    (measures,) = measure([ledger], NOW_S, Thresholds())
    told = [getattr(measures, name) for name in measures.__struct_fields__]
    assert all(math.isfinite(value) for value in told if isinstance(value, float))
    evidence = RecordEvidence(WALLET, stats(), ledger, measures, ledger, measures, ())
    verdict = judge_record(evidence, Judge(Thresholds(), NOW_S))
    assert all(0 <= value <= 1 for value in (verdict.score, verdict.confidence) if value is not None)


def test_a_position_that_cost_next_to_nothing_has_no_ratio() -> None:
    row = ClosedPosition(
        condition_id="c", token_id="t", event="e", category="politics", opened_s=1, closed_s=NOW_S - 5, size_usdc=1.0,
        cost_usdc=5e-324, proceeds_usdc=1.0, hold_s=None, entry_price=0.5, hedged=False,
    )  # fmt: skip
    (measures,) = measure([Ledger(wallet=WALLET, closed=(row,))], NOW_S, Thresholds())
    assert (measures.pnl_usdc, measures.roi_7d, measures.surplus) == (1.0, None, 0.0)


class OverwhelmedJudge(PlainJudge):
    """Cannot work with the record of one wallet."""

    def record(self, evidence: Evidence, now_s: int) -> WalletVerdict:
        if evidence.wallet == address(2):
            raise OverflowError("math range error")
        return super().record(evidence, now_s)


def test_a_wallet_whose_figures_nobody_can_judge_is_not_scored_and_the_others_are() -> None:
    plan = ScanPlan(listed=tuple(address(number) for number in (1, 2, 3)))
    scan = Scan(plan, OverwhelmedJudge())
    verdicts = {each.verdict.wallet: each.verdict for each in drive(scan, ScriptedVenue())}
    assert scan.is_over
    assert [verdicts[address(number)].verdict for number in (1, 2, 3)] == ["TARGET", "NOT SCORED", "TARGET"]
    assert verdicts[address(2)].reason == "its figures cannot be judged: math range error"
