"""What docs/tokens.md says of the model on the shared recordings, by training it."""

from pathlib import Path

import pytest

from app.training.token_evaluation import Question, by_time
from app.training.token_sources import five_minutes
from app.training.token_training import Recipe
from app.training.tokens_data import split

LAUNCHES = Path(__file__).parents[3] / "shared" / "data" / "launches"
pytestmark = [
    pytest.mark.real,
    pytest.mark.nightly,
    pytest.mark.skipif(not LAUNCHES.exists(), reason="needs ../shared"),
]


@pytest.fixture(scope="module")
def later() -> Question:
    """The later test part of the reserve paths."""
    source = five_minutes([LAUNCHES], lambda _: None)
    assert source is not None
    question = by_time(source.samples, split(source.samples), Recipe(seed=7), 7)
    assert question is not None
    return question


def verdicts(later: Question, head: str, measure: str = "AUC") -> dict[str, str]:
    """What the interval says of what is served against each of the others."""
    (report,) = (each for each in later.heads if each.head == head)
    return {pair.against: pair.verdict for pair in report.pairs if (pair.model, pair.measure) == ("served", measure)}


def test_rugs_of_later_pools(later: Question) -> None:
    told = verdicts(later, "p_rug")
    assert {told[name] for name in ("gradient boosting", "volatility", "updates of the first hour")} == {"beats"}
    assert told["ten features"] == "does not beat"
    assert verdicts(later, "p_rug", "Brier")["ten features"] == "beats"


def test_rises_of_later_pools(later: Question) -> None:
    told = verdicts(later, "p_rise")
    assert {told[name] for name in ("ten features", "volatility")} == {"beats"}
    assert told["gradient boosting"] == "does not beat"


def test_no_score_is_too_good_to_be_true(later: Question) -> None:
    for head in later.heads:
        for score in head.scores:
            assert score.auc.value is not None
            assert score.auc.value < 0.95, "features that leak reach 0.99"
