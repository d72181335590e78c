"""The strategy's view of bars: four domains and their fusion at each close, from features alone."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

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
from app.screener.features import Features, compiler
from app.screener.replay_columns import Rules
from app.screener.replay_passes import fusion_pass


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


def domains_of(bars: Bars, features: Features, rules: Rules, *, compiled: bool = False) -> Domains:
    """The domains of all bars, in plain passes or compiled ones: equal in every bit."""
    columns: list[Any] = [column if compiled else column.tolist() for column in (*bars[3:], *features)]
    split = len(BarColumns._fields)
    zeros: Callable[[int], Any] = np.zeros if compiled else _zeros
    out = DomainColumns(*(zeros(bars.length) for _ in DomainColumns._fields))
    states = DomainStates(*(zeros(size) for size in DOMAIN_STATE_SIZES))
    program = _compiled() if compiled else _plain()
    program(BarColumns(*columns[:split]), FeatureColumns(*columns[split:]), out, states, rules, 0, bars.length)
    return Domains._make(np.asarray(column, dtype=np.float64) for column in out)


def _zeros(length: int) -> list[float]:
    return [0.0] * length


@cache
def _plain() -> Function:
    return _seen_with(lambda function: function)


@cache
def _compiled() -> Function:
    return _seen_with(compiler())


def _seen_with(decorate: Function) -> Function:
    swing, structure, liquidity = (decorate(each) for each in (swing_pass, structure_pass, liquidity_pass))
    blocks, momentum, fusion = (decorate(each) for each in (blocks_pass, momentum_pass, fusion_pass))

    def see(
        bars: BarColumns, features: FeatureColumns, domains: DomainColumns, states: DomainStates, rules: Rules,
        first: int, last: int,
    ) -> None:  # fmt: skip
        swing(
            bars.highs, bars.lows, first, last, states.swing, domains.swing_high, domains.swing_low, domains.shape
        )  # fmt: skip
        structure(bars, features, domains, first, last, states.structure)
        liquidity(bars, features, domains, first, last, states.liquidity)
        blocks(bars, features, domains, first, last, states.blocks)
        momentum(bars, features, domains, first, last, states.momentum)
        fusion(domains, first, last, rules)

    see_all: Function = decorate(see)
    return see_all
