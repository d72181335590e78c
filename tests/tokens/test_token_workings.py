"""The arithmetic of a verdict as it is written out: whoever does it again comes to the same."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.config.token_settings import TokenDecisionSettings, TokenSizingSettings
from app.tokens.decision import ModelSays, Verdict, decide
from app.tokens.strategies import StrategySays
from app.tokens.workings import Working, workings

RULES, SIZES = TokenDecisionSettings(), TokenSizingSettings()
SHARES = st.floats(0, 1)
QUARTERS = st.sampled_from((0.0, 0.25, 0.5, 0.75, 1.0))
SEEN = ("hammer", "EMA 12 turned up")


def judged(
    said: ModelSays | None, strategy: StrategySays, candles: int = 20, liquidity: float | None = 50_000.0,
    rules: TokenDecisionSettings = RULES,
) -> tuple[Verdict, dict[str, list[Working]]]:  # fmt: skip
    verdict = decide(said, strategy, candles, rules, source="demo")
    by_name: dict[str, list[Working]] = {}
    for step in workings(verdict, strategy, candles, liquidity, rules, SIZES):
        by_name.setdefault(step.name, []).append(step)
    return verdict, by_name


def by_hand(text: str) -> tuple[float, float]:
    """Both sides of `a × b + c × d = e` or `(a + b) / 2 = c`, reckoned from what is written."""
    left, right = text.split(" = ")
    assert re.fullmatch(r"[0-9.()+×/ ]+", left)
    return float(eval(left.replace("×", "*"))), float(right)


@given(SHARES, SHARES, QUARTERS, QUARTERS, st.integers(1, 100))
@settings(max_examples=60)
def test_every_step_can_be_done_again_and_comes_to_the_verdict(
    rise: float, rug: float, patterns: float, reversal: float, candles: int
) -> None:
    verdict, steps = judged(ModelSays(rise, rug, "SIMULATED"), StrategySays(patterns, reversal, SEEN), candles)
    mean, told = by_hand(steps["strategies"][0].text)
    assert told == mean
    combined, told = by_hand(steps["combined"][0].text)
    assert told == pytest.approx(combined, abs=1e-6)
    tests = [step for each in steps.values() for step in each if step.passes is not None]
    assert {step.name for step in tests} == {"candles", "p(rug)", "p(rise)", "combined"}
    assert all(step.passes for step in tests) == (verdict.ruling == "APPROVED")
    for step in tests:
        value, sign, bound = step.text.split(" ")
        holds = {"≥": float(value) >= float(bound), "<": float(value) < float(bound),
                 "≤": float(value) <= float(bound), ">": float(value) > float(bound)}  # fmt: skip
        assert holds[sign]
        assert step.passes == (sign in "≥≤")


def test_what_strategies_say_is_told_with_what_they_saw() -> None:
    _, steps = judged(None, StrategySays(0.75, 0.5, SEEN))
    assert steps["patterns"][0].text == "0.75: it will rise, hammer"
    assert steps["reversal"][0].text == "0.5: no opinion, EMA 12 turned up"
    assert steps["combined"][0].text == "strategies alone: 0.625"
    _, steps = judged(None, StrategySays(0.25, 0.5, ()))
    assert steps["patterns"][0].text == "0.25: it will fall, nothing seen"


@pytest.mark.parametrize("required", [False, True])
def test_a_model_that_does_not_count_fails_only_where_it_is_required(required: bool) -> None:
    rules = TokenDecisionSettings(model_required=required)
    _, steps = judged(None, StrategySays(0.75, 0.75, ()), rules=rules)
    [model] = steps["model"]
    assert model.passes is not required
    assert "the model has not answered" in model.text


@pytest.mark.parametrize(
    ("liquidity", "ends"),
    [
        (50_000.0, "at most 250 and 0.01 × 50000.00 of liquidity, at least 25: 84 USD; wins in a row make it larger"),
        (6_000.0, "at most 250 and 0.01 × 6000.00 of liquidity, at least 25: 60 USD; wins in a row make it larger"),
        (2_000.0, "at most 250 and 0.01 × 2000.00 of liquidity, at least 25: 0 USD; wins in a row make it larger"),
        (None, "100 × 0.84 = 84 USD, but 0: the pool's liquidity is not known"),
    ],
)
def test_the_size_of_an_approval_is_told_with_its_bounds(liquidity: float | None, ends: str) -> None:
    _, steps = judged(ModelSays(0.8, 0.1, "SIMULATED"), StrategySays(0.5, 0.5, ()), liquidity=liquidity)
    assert steps["size ×"][0].text == "0.5 + 0.5 × 0.68 = 0.84"
    assert steps["size"][0].text.endswith(ends)


def test_what_is_rejected_has_no_size() -> None:
    _, steps = judged(ModelSays(0.1, 0.1, "SIMULATED"), StrategySays(0.5, 0.5, ()))
    assert [step.text for step in steps["size"]] == ["0: REJECTED"]
    assert "size ×" not in steps
