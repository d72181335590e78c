"""The arithmetic of a verdict, step by step, so that a person can do it again by hand. Pure (docs/tokens.md)."""

from collections.abc import Iterator
from typing import NamedTuple

from app.config.token_settings import TokenDecisionSettings, TokenSizingSettings
from app.tokens.decision import Verdict, combined_confidence
from app.tokens.sizing import confidence_multiplier, position_usd
from app.tokens.strategies import NO_OPINION, StrategySays


class Working(NamedTuple):
    """One step: its name, what is reckoned with every number in it, and whether it `passes` where it is a test."""

    name: str
    text: str
    passes: bool | None = None


def workings(
    verdict: Verdict,
    strategy: StrategySays,
    candles: int,
    liquidity_usd: float | None,
    rules: TokenDecisionSettings,
    sizes: TokenSizingSettings,
) -> tuple[Working, ...]:
    """Every step from what was said to the size, in the order of docs/tokens.md."""
    steps = [*_strategies(strategy), _combined(verdict, rules), *_tests(verdict, candles, rules)]
    return (*steps, *_sizes(verdict, liquidity_usd, sizes))


def _strategies(strategy: StrategySays) -> Iterator[Working]:
    seen = [one for one in strategy.seen if " turned " not in one]
    turned = [one for one in strategy.seen if " turned " in one]
    yield Working("patterns", f"{_figure(strategy.patterns)}: {_opinion(strategy.patterns)}{_because(seen)}")
    yield Working("reversal", f"{_figure(strategy.reversal)}: {_opinion(strategy.reversal)}{_because(turned)}")
    sides = f"({_figure(strategy.patterns)} + {_figure(strategy.reversal)}) / 2"
    yield Working("strategies", f"{sides} = {_figure(strategy.confidence)}")


def _combined(verdict: Verdict, rules: TokenDecisionSettings) -> Working:
    combined = combined_confidence(verdict.p_rise, verdict.strategy, rules)
    if verdict.p_rise is None:
        return Working("combined", f"strategies alone: {_figure(combined)}")
    weight, rest = rules.model_weight, round(1 - rules.model_weight, 6)
    sides = f"{weight:g} × {_figure(verdict.p_rise)} + {rest:g} × {_figure(verdict.strategy)}"
    return Working("combined", f"{sides} = {_figure(combined)}")


def _tests(verdict: Verdict, candles: int, rules: TokenDecisionSettings) -> Iterator[Working]:
    yield _at_least("candles", float(candles), float(rules.minimum_candles))
    if verdict.p_rise is None or verdict.p_rug is None:
        needed = "required" if rules.model_required else "not required"
        text = f"does not count: {verdict.mode_reason or verdict.mode}; it is {needed}"
        yield Working("model", text, not rules.model_required)
    else:
        yield _at_most("p(rug)", verdict.p_rug, rules.maximum_rug)
        yield _at_least("p(rise)", verdict.p_rise, rules.minimum_rise)
    combined = combined_confidence(verdict.p_rise, verdict.strategy, rules)
    yield _at_least("combined", combined, rules.minimum_combined)


def _at_least(name: str, value: float, bound: float) -> Working:
    passes = value >= bound
    return Working(name, f"{_figure(value)} {'≥' if passes else '<'} {bound:g}", passes)


def _at_most(name: str, value: float, bound: float) -> Working:
    passes = value <= bound
    return Working(name, f"{_figure(value)} {'≤' if passes else '>'} {bound:g}", passes)


def _sizes(verdict: Verdict, liquidity_usd: float | None, sizes: TokenSizingSettings) -> Iterator[Working]:
    if verdict.ruling != "APPROVED" or verdict.combined is None:
        yield Working("size", f"0: {verdict.ruling}")
        return
    times = round(confidence_multiplier(verdict.combined), 6)
    yield Working("size ×", f"0.5 + 0.5 × {_figure(verdict.combined)} = {_figure(times)}")
    wanted = f"{sizes.base_usd:g} × {_figure(times)} = {_figure(sizes.base_usd * times)}"
    if liquidity_usd is None:
        yield Working("size", f"{wanted} USD, but 0: the pool's liquidity is not known")
        return
    most = f"{sizes.maximum_liquidity_share:g} × {liquidity_usd:.2f} of liquidity"
    usd = position_usd(verdict.combined, 0, liquidity_usd, sizes)
    bounds = f"at most {sizes.maximum_usd:g} and {most}, at least {sizes.minimum_usd:g}"
    yield Working("size", f"{wanted} USD, {bounds}: {_figure(usd)} USD; wins in a row make it larger")


def _opinion(confidence: float) -> str:
    if confidence == NO_OPINION:
        return "no opinion"
    return "it will rise" if confidence > NO_OPINION else "it will fall"


def _because(seen: list[str]) -> str:
    return f", {', '.join(seen)}" if seen else ", nothing seen"


def _figure(value: float) -> str:
    """Up to six digits, those that are compared: without the zeros at the end."""
    return f"{round(value, 6):.6f}".rstrip("0").rstrip(".")
