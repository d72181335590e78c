"""Which of what the model was told moved its answer: occlusion (docs/tokens.md, “Attributions”). Pure.

A part of a row is hidden, and the model is asked again: what its answer loses is what the part was worth. Hidden means
“not known” for single numbers, with their flags, and “one candle, and nothing moved” for the chart.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from app.tokens.candles import VOLUME
from app.tokens.features import CONTEXT, Features, Singles, parts
from app.tokens.heads import HEADS
from app.tokens.indicators import INDICATORS

GROUPS = ("chart", "context", "indicators")
"""Together they are all that a row holds, and no number is in two of them."""
CHART_PARTS = ("prices", "volumes", "older candles")
MOST_PARTS = len(GROUPS) + len(CHART_PARTS) + len(CONTEXT) + len(INDICATORS)
_EVEN_VOLUME = float(np.log(2.0))
"""How a slot looks that trades what the mean slot does: ln(1 + 1)."""

_Number = Annotated[float, Meta(gt=-1e9, lt=1e9)]
_Answer = tuple[_Number, _Number, _Number]


class Effect(msgspec.Struct, frozen=True, array_like=True):
    """What a part was worth: the answer with it less the answer without it, in the order of `HEADS`; probabilities as
    fractions, the gain in percent. `group` is empty for a group itself."""

    name: Annotated[str, Meta(max_length=40)]
    group: Annotated[str, Meta(max_length=40)]
    worth: _Answer


class Attributions(msgspec.Struct, frozen=True):
    """An answer of the bundle `version` taken apart, each in the order of `HEADS`.

    `whole` is the answer to all of the row, `nothing` that to a row of which every group is hidden, `effects` those of
    groups and parts; what was not known and so could not be hidden has none. `beyond` is what is left:
    whole = nothing + effects of the groups + beyond.
    """

    version: Annotated[str, Meta(max_length=100)]
    whole: _Answer
    nothing: _Answer
    effects: Annotated[tuple[Effect, ...], Meta(max_length=MOST_PARTS)]
    beyond: _Answer


class Occluded(NamedTuple):
    """Rows to ask about: the first is whole, the second hides everything, each of the others one of `names`."""

    names: tuple[tuple[str, str], ...]
    rows: Singles


def occluded(row: Singles) -> Occluded:
    """A row of features (628 float32) with each of its parts hidden in turn; at most `MOST_PARTS` + 2 rows, which is
    fewer than a batch. Raises `ValueError` for what is no row."""
    whole = parts(row)
    nothing = _without_chart(_without_context(_without_indicators(whole)))
    hidden = [(name, group, each.flat()) for name, group, each in _hidden(whole)]
    changed = [(name, group, each) for name, group, each in hidden if not np.array_equal(each, row)]
    rows = np.stack([row, nothing.flat(), *(each for _, _, each in changed)])
    return Occluded(tuple((name, group) for name, group, _ in changed), rows)


def attributions(hidden: Occluded, answers: Sequence[Sequence[float]], version: str) -> Attributions:
    """The answers (n, 3) to the rows of `hidden`, as what each part was worth."""
    told = np.array(answers, dtype=np.float64).reshape(len(hidden.rows), len(HEADS))
    whole, nothing = told[0], told[1]
    worth = whole - told[2:]
    of_groups = np.array([not group for _, group in hidden.names], dtype=bool)
    beyond = whole - nothing - worth[of_groups].sum(axis=0)
    effects = tuple(
        Effect(name, group, _three(each)) for (name, group), each in zip(hidden.names, worth.tolist(), strict=True)
    )
    return Attributions(version, _three(whole.tolist()), _three(nothing.tolist()), effects, _three(beyond.tolist()))


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    rise, gain, rug = values
    return rise, gain, rug


def _hidden(whole: Features) -> Iterator[tuple[str, str, Features]]:
    """Name, group and features of each group and part, with that hidden."""
    yield "chart", "", _without_chart(whole)
    yield "context", "", _without_context(whole)
    yield "indicators", "", _without_indicators(whole)
    chart = (_without_prices(whole), _without_volumes(whole), _without_older(whole))
    for name, each in zip(CHART_PARTS, chart, strict=True):
        yield name, "chart", each
    for place, name in enumerate(CONTEXT):
        yield name, "context", _without_context(whole, [place])
    for place, name in enumerate(INDICATORS):
        yield name, "indicators", _without_indicators(whole, [place])


def _without_chart(whole: Features) -> Features:
    return _without_older(_without_volumes(_without_prices(whole)))


def _without_prices(whole: Features) -> Features:
    """Every price that of the last close."""
    candles = whole.candles.copy()
    candles[:, :VOLUME] = 0
    return whole._replace(candles=candles)


def _without_volumes(whole: Features) -> Features:
    """Every slot that traded traded the same."""
    candles = whole.candles.copy()
    candles[:, VOLUME] = np.where(whole.mask > 0, _EVEN_VOLUME, 0)
    return whole._replace(candles=candles)


def _without_older(whole: Features) -> Features:
    """Of the candles only the newest, as if the token had begun to trade with it."""
    traded = np.flatnonzero(whole.mask)
    mask, candles = np.zeros_like(whole.mask), np.zeros_like(whole.candles)
    mask[traded[-1:]], candles[traded[-1:]] = 1, whole.candles[traded[-1:]]
    return whole._replace(mask=mask, candles=candles)


def _without_context(whole: Features, places: list[int] | None = None) -> Features:
    told, known = _unknown(whole.context, whole.context_known, places)
    return whole._replace(context=told, context_known=known)


def _without_indicators(whole: Features, places: list[int] | None = None) -> Features:
    told, known = _unknown(whole.indicators, whole.indicators_known, places)
    return whole._replace(indicators=told, indicators_known=known)


def _unknown(values: Singles, flags: Singles, places: list[int] | None) -> tuple[Singles, Singles]:
    """Values and flags with those at `places` not known; all of them for None."""
    values, flags = values.copy(), flags.copy()
    hidden = slice(None) if places is None else places
    values[hidden] = flags[hidden] = 0
    return values, flags
