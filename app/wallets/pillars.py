"""The three pillars of a score, each from 0 to 1, with the parts that make it and what rules a wallet out."""

from app.wallets.thresholds import Thresholds
from app.wallets.values import Measures, Part, Pillar

CHASE_TAKES = 0.25
DRAWDOWN_TAKES = 0.25
"""What the behaviour pillar loses at each limit; beyond a limit the wallet is rejected."""
MAKER_SIGN_TAKES = 0.2
MAKER_LEAST_POSITIONS = 10
"""Fewer closed positions have no win rate to speak of."""


def specialisation(measures: Measures, thresholds: Thresholds) -> Pillar | None:
    """Share of the top category by volume; None where no category is known."""
    share = measures.top_category_share
    if share is None:
        return None
    rows = measures.positions + measures.open_positions
    rejects = ""
    if share < thresholds.minimum_specialisation:
        rejects = (
            f"top category {measures.top_category} holds {share:.0%} of the volume, "
            f"less than {thresholds.minimum_specialisation:.0%}"
        )
    elif measures.broad_categories >= thresholds.broad_categories:
        rejects = f"{measures.broad_categories} categories hold more than {thresholds.small_share:.0%} each"
    return Pillar(
        name="specialisation",
        score=share,
        weight=thresholds.specialisation_weight,
        parts=(
            Part(f"share of {measures.top_category}", share, rows, 1.0 - share),
            Part("categories above the small share", measures.broad_categories, rows, 0.0, "count"),
        ),
        rejects=rejects,
    )


def behaviour(trades: Measures, record: Measures, thresholds: Thresholds) -> Pillar:
    """Losses that are chased (of recent trades), and drawdown (of the whole record)."""
    chased, drawdown = _chased(trades, thresholds), _drawdown(record, thresholds)
    rejects = ""
    if (
        trades.losses_followed >= thresholds.chase_minimum_losses
        and (trades.chased_share or 0.0) > thresholds.chase_limit
    ):
        rejects = (
            f"{trades.losses_chased} of {trades.losses_followed} losses chased ({trades.chased_share:.0%}), "
            f"more than {thresholds.chase_limit:.0%}"
        )
    elif record.max_drawdown is not None and record.max_drawdown > thresholds.maximum_drawdown:
        rejects = (
            f"lost {record.max_drawdown:.0%} of its equity from a peak, more than {thresholds.maximum_drawdown:.0%}"
        )
    return Pillar(
        name="behaviour",
        score=max(0.0, 1.0 - chased.taken - drawdown.taken),
        weight=thresholds.behaviour_weight,
        parts=(chased, drawdown),
        rejects=rejects,
    )


def _chased(measures: Measures, thresholds: Thresholds) -> Part:
    share = measures.chased_share
    taken = CHASE_TAKES * _part_of_limit(share, thresholds.chase_limit)
    return Part("losses chased", share, measures.losses_followed, taken)


def _drawdown(measures: Measures, thresholds: Thresholds) -> Part:
    taken = DRAWDOWN_TAKES * _part_of_limit(measures.max_drawdown, thresholds.maximum_drawdown)
    return Part("drawdown", measures.max_drawdown, measures.positions, taken)


def _part_of_limit(value: float | None, limit: float) -> float:
    if value is None or value <= 0:
        return 0.0
    return min(1.0, value / limit) if limit > 0 else 1.0


def structure(measures: Measures, thresholds: Thresholds) -> Pillar:
    """Signs of a market maker, of recent trades: short holds, a win rate of about one half, hardly any profit.

    A win rate near one half and little profit are no sign of making while positions are held for long.
    """
    short = measures.median_hold_s is not None and measures.median_hold_s < thresholds.maker_hold_h * 3_600
    even = (
        measures.win_rate is not None
        and thresholds.maker_win_rate_from <= measures.win_rate <= thresholds.maker_win_rate_to
    )
    thin = measures.profit_per_trade is not None and measures.profit_per_trade < thresholds.maker_profit
    parts = (
        Part("median hold", _hours(measures.median_hold_s), measures.positions, MAKER_SIGN_TAKES * short, "hours"),
        Part("win rate", measures.win_rate, measures.wins + measures.losses, MAKER_SIGN_TAKES * (short and even)),
        Part("profit per trade", measures.profit_per_trade, measures.positions, MAKER_SIGN_TAKES * (short and thin)),
    )
    making = short and even and thin and measures.positions >= MAKER_LEAST_POSITIONS
    return Pillar(
        name="structure",
        score=1.0 - sum(part.taken for part in parts),
        weight=thresholds.structure_weight,
        parts=parts,
        rejects=_maker_words(measures) if making else "",
    )


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 3_600


def _maker_words(measures: Measures) -> str:
    hours = _hours(measures.median_hold_s) or 0.0
    return (
        f"market maker: holds {hours:.1f} h, wins {measures.win_rate or 0.0:.0%}, "
        f"makes {measures.profit_per_trade or 0.0:.1%} a trade"
    )


def weighted_sum(pillars: tuple[Pillar, ...]) -> float:
    """The pillars' mean by weight; 0 where all weights are 0."""
    weights = sum(pillar.weight for pillar in pillars)
    return sum(pillar.score * pillar.weight for pillar in pillars) / weights if weights > 0 else 0.0
