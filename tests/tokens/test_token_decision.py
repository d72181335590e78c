"""The decision is what docs/tokens.md says it is: its worked examples, and what must hold for all numbers."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.token_settings import TokenDecisionSettings, TokenSizingSettings
from app.tokens.decision import ModelSays, Verdict, arithmetic, decide
from app.tokens.sizing import parts_of, position_usd
from app.tokens.strategies import StrategySays

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "tokens.md"
_RULES = TokenDecisionSettings()
_Share = st.floats(0, 1)


def _rows(head: str) -> list[list[str]]:
    """The cells of the table on the page that begins with `head`."""
    lines = iter(_PAGE.read_text().splitlines())
    assert head in lines
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def _single(text: str) -> float:
    """As the model answers: in float32."""
    return float(np.float32(text))


def _strategy(confidence: float) -> StrategySays:
    return StrategySays(confidence, confidence, ())


def _decided(
    said: ModelSays | None, confidence: float, rules: TokenDecisionSettings = _RULES, candles: int = 50
) -> Verdict:
    return decide(said, _strategy(confidence), candles, rules, source="demo")


@pytest.mark.parametrize(
    ("p_rise", "p_rug", "confidence", "combined", "verdict"),
    _rows("| p_rise | p_rug | strategies | combined | verdict |"),
)
def test_the_worked_examples_of_the_page(p_rise: str, p_rug: str, confidence: str, combined: str, verdict: str) -> None:
    said = None if p_rise == "none" else ModelSays(_single(p_rise), _single(p_rug), "SIMULATED")
    decided = _decided(said, float(confidence))
    assert f"{decided.combined:.3f}" == combined
    size = f", size × {decided.size:.3f}" if decided.ruling == "APPROVED" else ": " + "; ".join(decided.reasons)
    assert decided.ruling + size == verdict


@pytest.mark.parametrize(
    ("combined", "wins", "liquidity", "parts", "bought"), _rows("| combined | wins | liquidity | parts | bought |")
)
def test_the_worked_sizes_of_the_page(combined: str, wins: str, liquidity: str, parts: str, bought: str) -> None:
    rules = TokenSizingSettings(parts=int(parts))
    size = position_usd(float(combined), int(wins), float(liquidity.replace(",", "")), rules)
    told = "; ".join(f"{part.usd:.2f} at {part.price:.4g}" for part in parts_of(size, 1.0, rules))
    assert (told or "nothing") == bought


@given(_Share, _Share, _Share)
def test_what_is_approved_passes_every_rule(p_rise: float, p_rug: float, confidence: float) -> None:
    decided = _decided(ModelSays(p_rise, p_rug, "REAL"), confidence)
    passes = round(p_rug, 6) <= 0.3 and round(p_rise, 6) >= 0.7
    assert decided.combined is not None
    assert (decided.ruling == "APPROVED") == (passes and decided.combined >= 0.65)
    assert decided.combined == pytest.approx(0.6 * p_rise + 0.4 * confidence, abs=2e-6)
    assert bool(decided.reasons) == (decided.ruling != "APPROVED")
    assert 0.5 <= decided.size <= 1.0 or decided.size == 0.0


@given(_Share, _Share)
def test_a_simulated_bundle_has_no_word_on_live_tokens(p_rise: float, confidence: float) -> None:
    said = ModelSays(p_rise, 0.0, "SIMULATED")
    live = decide(said, _strategy(confidence), 50, _RULES, source="live")
    without = decide(None, _strategy(confidence), 50, _RULES, source="live")
    assert live.mode == "DO NOT TRUST"
    assert (live.ruling, live.combined, live.p_rise) == (without.ruling, without.combined, None)


@pytest.mark.parametrize(
    ("rules", "said", "mode", "reason"),
    [
        (TokenDecisionSettings(use_model=False), ModelSays(0.9, 0.0, "REAL"), "STRATEGY-ONLY", "switched off"),
        (_RULES, None, "STRATEGY-ONLY", "workers were lost"),
        (TokenDecisionSettings(model_required=True), None, "STRATEGY-ONLY", "workers were lost"),
    ],
)
def test_why_the_model_does_not_count_is_told(
    rules: TokenDecisionSettings, said: ModelSays | None, mode: str, reason: str
) -> None:
    decided = decide(said, _strategy(1.0), 50, rules, source="live", why_none="workers were lost 4 times in 60 s")
    assert decided.mode == mode
    assert reason in decided.mode_reason
    assert (decided.ruling == "REJECTED") == rules.model_required
    assert all("the model is required" in against for against in decided.reasons)


@pytest.mark.parametrize("candles", [0, 1, 11])
def test_a_token_with_few_candles_is_not_judged(candles: int) -> None:
    decided = _decided(ModelSays(0.99, 0.0, "REAL"), 1.0, candles=candles)
    assert (decided.ruling, decided.combined, decided.size) == ("NOT JUDGED", None, 0.0)
    assert decided.reasons == (f"{candles} candles; 12 are needed",)
    assert arithmetic(decided, _RULES) == ""


def test_the_arithmetic_is_told() -> None:
    assert arithmetic(_decided(ModelSays(0.8, 0.1, "REAL"), 0.5), _RULES) == "0.6 × 0.800 + 0.4 × 0.500 = 0.680"
    assert arithmetic(_decided(None, 0.75), _RULES) == "strategies alone: 0.750"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -0.1, 1.1])
@pytest.mark.parametrize("is_rise", [True, False])
def test_what_is_no_probability_does_not_count(number: float, is_rise: bool) -> None:
    said = ModelSays(number, 0.1, "REAL") if is_rise else ModelSays(0.9, number, "REAL")
    decided = _decided(said, 0.9)
    assert (decided.mode, decided.p_rise, decided.combined) == ("STRATEGY-ONLY", None, 0.9)
    assert _decided(said, 0.9, TokenDecisionSettings(model_required=True)).ruling == "REJECTED"


def test_strategies_without_a_number_approve_nothing() -> None:
    assert _decided(None, float("nan")).ruling == "REJECTED"
    assert _decided(ModelSays(0.9, 0.0, "REAL"), float("nan")).ruling == "REJECTED"


@given(st.floats(0, 1), st.integers(0, 50), st.floats(0, 1e9), st.integers(1, 10))
def test_a_position_stays_within_its_limits(combined: float, wins: int, liquidity: float, parts: int) -> None:
    rules = TokenSizingSettings(parts=parts)
    size = position_usd(combined, wins, liquidity, rules)
    assert size == 0 or rules.minimum_usd <= size <= min(rules.maximum_usd, liquidity * 0.01 + 1e-9)
    bought = parts_of(size, 2.0, rules)
    assert sum(part.usd for part in bought) == pytest.approx(size)
    prices = [part.price for part in bought]
    assert prices == sorted(prices, reverse=True)
    assert position_usd(combined, wins + 1, liquidity, rules) >= size


def test_nothing_is_opened_in_a_pool_whose_liquidity_is_not_known() -> None:
    assert position_usd(1.0, 5, None, TokenSizingSettings()) == 0.0
