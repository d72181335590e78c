import pytest
from scorecard_samples import START_MS, events, forecasts, graded_pair

from app.measures.blocks import Estimate
from app.scorecards import report
from app.scorecards.grader import Graded
from app.scorecards.grading import ungraded
from app.scorecards.scorecard import scorecards


@pytest.mark.parametrize(
    ("estimate", "shown"),
    [
        (Estimate(), "–"),
        (Estimate(0.5214, blocks=3), "52.1 % (too few)"),
        (Estimate(0.5214, 0.48, 0.5625, 30), "52.1 % (48.0 to 56.2)"),
    ],
)
def test_rates_show_their_interval(estimate: Estimate, shown: str) -> None:
    assert report.percent(estimate) == shown


def test_gains_show_their_sign() -> None:
    assert report.number(Estimate(1.25, -0.5, 3.0, 30), 2) == "+1.25 (-0.50 to +3.00)"


def test_rows_fit_their_columns() -> None:
    happened = events(60, 0.5)
    baseline = forecasts(happened, 0.5)
    better = [
        graded_pair(60 * place, 0.7, bool(event), claimant="ai", baseline_id=twin.outcome.call_id)
        for place, (event, twin) in enumerate(zip(happened, baseline, strict=True))
    ]
    lost = graded_pair(9_000, 0.5, True)
    cards = scorecards([*baseline, *better, Graded(lost.call, ungraded(lost.call, "gap", START_MS))])
    assert [len(row) for row in report.card_rows(cards)] == [len(report.COLUMNS)] * 2
    assert [len(row) for row in report.twin_rows(cards)] == [len(report.TWIN_COLUMNS)]
    assert report.ungraded_rows(cards) == [["rules 1", "continuation", "60 s", "1", "gap"]]


def test_horizons_are_told_in_the_largest_unit_that_fits() -> None:
    assert [report.horizon(seconds) for seconds in (0, 60, 3_599, 3_600, 5_400, 86_400, 90_000, 2_592_000)] == [
        "0 s", "60 s", "3599 s", "1 h", "5400 s", "24 h", "25 h", "30 d",
    ]  # fmt: skip
