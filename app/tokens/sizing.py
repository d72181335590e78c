"""How large a position in a token would be, and in what parts it would be bought (docs/tokens.md, “Size”)."""

from typing import NamedTuple

from app.config.token_settings import TokenSizingSettings

LEAST_USD = 0.01
"""Less is no position, whatever the settings allow."""


class Part(NamedTuple):
    """So many USD, bought when the price is `price` or less; the first part of a position at once."""

    usd: float
    price: float


def confidence_multiplier(combined: float) -> float:
    """0.5 at a combined confidence of 0 to 1.0 at one of 1."""
    return 0.5 + 0.5 * min(1.0, max(0.0, combined))


def wins_multiplier(wins: int, rules: TokenSizingSettings) -> float:
    """What `wins` in a row since the last loss multiply a position by: 1 after a loss, never less, up to the limit.

    Larger after wins and never after losses: the opposite of a martingale.
    """
    return max(1.0, min(rules.win_limit, 1.0 + rules.win_step * max(0, wins)))


def position_usd(combined: float, wins: int, liquidity_usd: float | None, rules: TokenSizingSettings) -> float:
    """All of a position in USD; 0 when it would be smaller than the minimum or a cent, or liquidity is not known."""
    if liquidity_usd is None:
        return 0.0
    wanted = rules.base_usd * confidence_multiplier(combined) * wins_multiplier(wins, rules)
    most = min(rules.maximum_usd, rules.maximum_liquidity_share * liquidity_usd)
    size = min(wanted, most)
    return size if size >= max(rules.minimum_usd, LEAST_USD) else 0.0


def parts_of(size_usd: float, entry: float, rules: TokenSizingSettings) -> tuple[Part, ...]:
    """A position in equal parts: the first at `entry` (> 0), each of the others a step below the one before.

    A part whose price never comes is never bought: averaging down spends what was decided at first, and no more.
    """
    if size_usd <= 0:
        return ()
    step = 1 - rules.part_step_pct / 100
    return tuple(Part(size_usd / rules.parts, entry * step**place) for place in range(rules.parts))
