"""Figures of a verdict in words, the same on the deck and in commands. Pure."""

import math

from app.wallets.values import Part

_SURE = 0.995
"""What would be rounded to certainty, in either direction, is told as a bound."""


def likelihood(probability: float) -> str:
    """A probability of 0-1 in percent; never 0 or 100 %, which no record can show."""
    if probability >= _SURE:
        return "more than 99%"
    return "less than 1%" if probability < 1 - _SURE else f"{probability:.0%}"


def part_figure(part: Part) -> str:
    """The figure behind one part of a pillar, in its unit."""
    value = part.value
    if value is None or not math.isfinite(value):
        return "not known"
    match part.unit:
        case "count":
            return f"{value:,.0f}"
        case "hours":
            return f"{value:,.1f} h"
        case "share":
            return f"{value:.1%}"


def counted(number: int, noun: str) -> str:
    """`1 exit`, `2 exits`: for nouns with a plural in s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
