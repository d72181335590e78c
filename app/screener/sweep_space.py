"""The points of a sweep: settings that differ in some keys, all of a grid or some at random."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import msgspec
import numpy as np
from msgspec import inspect

from app.config.fields import setting_fields
from app.config.load import build
from app.config.settings import Settings
from app.config.sources import Given
from app.core.errors import UsageError

MOST_POINTS = 100_000
_LIST_SIGN = "+"


class Axis(NamedTuple):
    """A key and the values it takes, as a user writes them."""

    key: str
    values: tuple[str, ...]


class Span(NamedTuple):
    """A key and the bounds between which random values lie."""

    key: str
    low: float
    high: float


Point = Mapping[str, str]
"""Values by key, as texts."""


def parse_axis(text: str) -> Axis:
    """`key=a,b,c`; the items of a list are joined by +. Raises `UsageError` without a value, or one twice."""
    key, _, values = text.partition("=")
    found = tuple(value.strip() for value in values.split(",") if value.strip())
    if not key.strip() or not found or len(set(found)) < len(found):
        raise UsageError(f"{text!r} is no axis; write KEY=VALUE,VALUE with different values")
    return Axis(key.strip(), found)


def parse_span(text: str) -> Span:
    """`key=low:high`. Raises `UsageError` for what is none."""
    key, _, bounds = text.partition("=")
    low, colon, high = bounds.partition(":")
    try:
        span = Span(key.strip(), float(low), float(high))
    except ValueError as error:
        raise UsageError(f"{text!r} is no range; write KEY=LOW:HIGH") from error
    if not span.key or not colon or not span.low < span.high or not np.isfinite([span.low, span.high]).all():
        raise UsageError(f"{text!r} is no range; write KEY=LOW:HIGH, the lower number first")
    return span


def grid(axes: Sequence[Axis]) -> list[Point]:
    """Every combination, the last axis turning fastest. Raises `UsageError` for more than `MOST_POINTS`."""
    count = int(np.prod([len(axis.values) for axis in axes], dtype=np.float64))
    if count > MOST_POINTS:
        raise UsageError(f"the grid has {count:,} points, more than {MOST_POINTS:,}; leave some out, or take --random")
    keys = [axis.key for axis in axes]
    return [dict(zip(keys, values, strict=True)) for values in product(*(axis.values for axis in axes))]


def drawn(axes: Sequence[Axis], spans: Sequence[Span], count: int, seed: int) -> list[Point]:
    """So many points at random: one of an axis's values, evenly within a span; whole numbers where a setting is one."""
    rng = np.random.default_rng(seed)
    points: list[Point] = []
    for _ in range(count):
        point = {axis.key: axis.values[int(rng.integers(len(axis.values)))] for axis in axes}
        for span in spans:
            point[span.key] = _number(span, float(rng.uniform(span.low, span.high)))
        points.append(point)
    return points


def _number(span: Span, value: float) -> str:
    field = setting_fields().get(span.key)
    kind = inspect.type_info(field.type) if field else None
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return str(round(value)) if isinstance(kind, inspect.IntType) else f"{value:.6g}"


def settings_of(base: Settings, point: Point) -> Settings:
    """The settings of a point. Raises `ConfigError` for a key that is no setting, or a value it may not have."""
    for key, text in point.items():
        listed = text.replace(_LIST_SIGN, ",")
        value = build([Given(key, listed, "sweep", is_text=True)])
        base = _with(base, key.split("."), value)
    return base


def _with(holder: Any, names: Sequence[str], donor: Any) -> Any:  # noqa: ANN401 - a setting may be of any type
    """`holder` with the value that `donor` has at the end of the names."""
    name, *rest = names
    value = getattr(donor, name)
    changed = _with(getattr(holder, name), rest, value) if rest else value
    return msgspec.structs.replace(holder, **{name: changed})
