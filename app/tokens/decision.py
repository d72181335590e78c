"""What is made of a token: the model's word and the strategies', put together (docs/tokens.md, “The decision”).

Pure: the same words give the same verdict. Every rule that rejects is named, not only the first.
"""

from typing import Literal

import msgspec

from app.config.token_settings import TokenDecisionSettings
from app.tokens.bundle_parts import Origin
from app.tokens.sizing import confidence_multiplier
from app.tokens.strategies import StrategySays

Mode = Literal["ML", "STRATEGY-ONLY", "DO NOT TRUST"]
Ruling = Literal["APPROVED", "REJECTED", "NOT JUDGED"]
SWITCHED_OFF = "the model is switched off (token_decision.use_model)"
ONLY_SIMULATED = "the bundle was trained on simulated launches; promote one from real data"
_DIGITS = 6


class ModelSays(msgspec.Struct, frozen=True):
    """The model's answer for one token: probabilities of a rise and of a rug (`app.tokens.heads`), and its bundle's
    origin."""

    p_rise: float
    p_rug: float
    origin: Origin


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A decision and all that it rests on.

    `reasons` are those against; none for an approval. `p_rise` and `p_rug` are None where the model did not count, and
    `mode_reason` says why it did not. `combined` is None for what was not judged. `size` multiplies a position.
    """

    ruling: Ruling
    reasons: tuple[str, ...]
    mode: Mode
    mode_reason: str
    p_rise: float | None
    p_rug: float | None
    strategy: float
    combined: float | None
    size: float


def mode_of(
    said: ModelSays | None,
    why_none: str,
    source: Literal["live", "demo"],
    rules: TokenDecisionSettings,
    doubt: str = "",
) -> tuple[Mode, str]:
    """Whether the model counts, and why not.

    `why_none` is why it has said nothing, `doubt` why what it says is not to be believed now. What was learnt from
    simulated launches says nothing of real ones.
    """
    if not rules.use_model:
        return "STRATEGY-ONLY", SWITCHED_OFF
    if said is None:
        return "STRATEGY-ONLY", why_none or "the model has not answered"
    if not (0 <= said.p_rise <= 1 and 0 <= said.p_rug <= 1):
        return "STRATEGY-ONLY", "the model answered what is no probability"
    if said.origin == "SIMULATED" and source == "live":
        return "DO NOT TRUST", ONLY_SIMULATED
    return ("DO NOT TRUST", doubt) if doubt else ("ML", "")


def decide(
    said: ModelSays | None,
    strategy: StrategySays,
    candles: int,
    rules: TokenDecisionSettings,
    *,
    source: Literal["live", "demo"],
    why_none: str = "",
    doubt: str = "",
) -> Verdict:
    """The verdict on a token with `candles` five-minute candles."""
    mode, mode_reason = mode_of(said, why_none, source, rules, doubt)
    counts = said if mode == "ML" else None
    confidence = _rounded(strategy.confidence)
    p_rise = None if counts is None else _rounded(counts.p_rise)
    p_rug = None if counts is None else _rounded(counts.p_rug)
    combined = combined_confidence(p_rise, confidence, rules)
    reasons = _against(p_rise, p_rug, combined, mode_reason, rules)
    ruling: Ruling = "REJECTED" if reasons else "APPROVED"
    if candles < rules.minimum_candles:
        few = f"{candles} candles; {rules.minimum_candles} are needed"
        ruling, reasons = "NOT JUDGED", (few,)
    return Verdict(
        ruling=ruling,
        reasons=reasons,
        mode=mode,
        mode_reason=mode_reason,
        p_rise=p_rise,
        p_rug=p_rug,
        strategy=confidence,
        combined=None if ruling == "NOT JUDGED" else combined,
        size=_rounded(confidence_multiplier(combined)) if ruling == "APPROVED" else 0.0,
    )


def combined_confidence(p_rise: float | None, strategy: float, rules: TokenDecisionSettings) -> float:
    """The weighted mean of the model's probability of a rise and the strategies' confidence, or theirs alone."""
    if p_rise is None:
        return strategy
    return _rounded(rules.model_weight * p_rise + (1 - rules.model_weight) * strategy)


def arithmetic(verdict: Verdict, rules: TokenDecisionSettings) -> str:
    """How the combined confidence came about: `0.6 × 0.800 + 0.4 × 0.500 = 0.680`; empty for what was not judged."""
    if verdict.combined is None:
        return ""
    if verdict.p_rise is None:
        return f"strategies alone: {verdict.combined:.3f}"
    weight, rest = rules.model_weight, _rounded(1 - rules.model_weight)
    return f"{weight:g} × {verdict.p_rise:.3f} + {rest:g} × {verdict.strategy:.3f} = {verdict.combined:.3f}"


def _against(
    p_rise: float | None, p_rug: float | None, combined: float, mode_reason: str, rules: TokenDecisionSettings
) -> tuple[str, ...]:
    reasons = []
    if p_rise is None or p_rug is None:
        if rules.model_required:
            reasons.append(f"the model is required: {mode_reason}")
    else:
        if not p_rug <= rules.maximum_rug:
            reasons.append(f"rug {p_rug:.3f} is above {rules.maximum_rug:g}")
        if not p_rise >= rules.minimum_rise:
            reasons.append(f"model {p_rise:.3f} is below {rules.minimum_rise:g}")
    if not combined >= rules.minimum_combined:
        reasons.append(f"combined {combined:.3f} is below {rules.minimum_combined:g}")
    return tuple(reasons)


def _rounded(value: float) -> float:
    """To six digits: the model's numbers are float32, and its 0.7 must not be below 0.70."""
    return round(value, _DIGITS)
