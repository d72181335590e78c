"""The strategy's view of bars: four domains and their fusion at each close, from features alone."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from app.core.compiling import compiler
from app.measures.returns import Floats
from app.screener.bars import Bars
from app.screener.columns import (
    DOMAIN_STATE_SIZES,
    BarColumns,
    DomainColumns,
    DomainStates,
    FeatureColumns,
    Function,
)
from app.screener.domain_passes import blocks_pass, liquidity_pass, momentum_pass, structure_pass, swing_pass
from app.screener.features import Features
from app.screener.replay_columns import Rules
from app.screener.replay_passes import fusion_pass
from app.screener.windows import Windows


class Domains(NamedTuple):
    """Columns as long as the bars: swings (prices), their shape, the four domains and the fusion, −1 to 1.

    NaN where something is not known; `structure`, `liquidity` and `blocks` are 0 while there is nothing to see.
    """

    swing_high: Floats
    swing_low: Floats
    shape: Floats
    structure: Floats
    liquidity: Floats
    blocks: Floats
    momentum: Floats
    fusion: Floats


def domains_of(
    bars: Bars, features: Features, rules: Rules, *, windows: Windows | None = None, compiled: bool = False
) -> Domains:
    """The domains of all bars, in plain passes or compiled ones: equal in every bit.

    With `windows`, those without memory (momentum, and the fusion of all) are told of the bars in them alone, and are
    NaN elsewhere. What grows from bar to bar sees every bar before the last window's end.
    """
    columns: list[Any] = [column if compiled else column.tolist() for column in (*bars[3:], *features)]
    split = len(BarColumns._fields)
    zeros: Callable[[int], Any] = np.zeros if compiled else _zeros
    out = DomainColumns(*(zeros(bars.length) for _ in DomainColumns._fields))
    states = DomainStates(*(zeros(size) for size in DOMAIN_STATE_SIZES))
    remember, judge = _compiled() if compiled else plain_domains()
    given = BarColumns(*columns[:split]), FeatureColumns(*columns[split:])
    spans = [(0, bars.length)] if windows is None else list(zip(*(each.tolist() for each in windows), strict=True))
    remember(*given, out, states, 0, spans[-1][1] if spans else 0)
    for first, last in spans:
        judge(*given, out, states, rules, first, last)
    told = Domains._make(np.asarray(column, dtype=np.float64) for column in out)
    return told if windows is None else _unknown_outside(told, windows)


def _unknown_outside(told: Domains, windows: Windows) -> Domains:
    outside = np.ones(len(told.fusion), dtype=np.bool_)
    for first, last in zip(*windows, strict=True):
        outside[first:last] = False
    told.momentum[outside] = told.fusion[outside] = np.nan
    return told


def _zeros(length: int) -> list[float]:
    return [0.0] * length


@cache
def plain_domains() -> tuple[Function, Function]:
    """The passes over bars in plain Python: those of domains that remember, and those that tell of a bar by itself."""
    return _remembered_with(lambda function: function), _judged_with(lambda function: function)


@cache
def _compiled() -> tuple[Function, Function]:
    return _remembered_with(compiler()), _judged_with(compiler())


def _remembered_with(decorate: Function) -> Function:
    """The domains that remember what came before: they see every bar."""
    swing, structure, liquidity, blocks = (
        decorate(each) for each in (swing_pass, structure_pass, liquidity_pass, blocks_pass)
    )

    def remember(
        bars: BarColumns, features: FeatureColumns, domains: DomainColumns, states: DomainStates, first: int, last: int
    ) -> None:
        """Tell of the bars from `first` to before `last`, each after all before it."""
        swing(
            bars.highs, bars.lows, first, last, states.swing, domains.swing_high, domains.swing_low, domains.shape
        )  # fmt: skip
        structure(bars, features, domains, first, last, states.structure)
        liquidity(bars, features, domains, first, last, states.liquidity)
        blocks(bars, features, domains, first, last, states.blocks)

    remembered: Function = decorate(remember)
    return remembered


def _judged_with(decorate: Function) -> Function:
    """What is told of a bar by itself: momentum, and the fusion of all."""
    momentum, fusion = decorate(momentum_pass), decorate(fusion_pass)

    def judge(
        bars: BarColumns, features: FeatureColumns, domains: DomainColumns, states: DomainStates, rules: Rules,
        first: int, last: int,
    ) -> None:  # fmt: skip
        """Tell of the bars from `first` to before `last`, whatever came before them."""
        momentum(bars, features, domains, first, last, states.momentum)
        fusion(domains, first, last, rules)

    judged: Function = decorate(judge)
    return judged
