"""Scorecards as rows of text: every rate with its n and its interval beside it."""

from collections.abc import Sequence

from app.measures.blocks import Estimate
from app.scorecards.scorecard import Scorecard

COLUMNS = (
    "source",
    "claimant",
    "kind",
    ">horizon",
    ">calls",
    ">graded",
    ">effective n",
    ">base rate",
    ">hit rate",
    ">Brier",
    ">skill",
    ">edge bps",
    "skill is",
    "edge is",
)
TWIN_COLUMNS = ("claimant", "against", "kind", ">horizon", ">pairs", ">Brier gain", ">edge gain bps", "Brier", "edge")
UNGRADED_COLUMNS = ("claimant", "kind", ">horizon", ">ungraded", "because")

_HOUR_S, _DAY_S = 3_600, 86_400


def horizon(seconds: int) -> str:
    """A span of time in the largest unit that fits: `60 s`, `24 h`, `30 d`."""
    if seconds >= 2 * _DAY_S and not seconds % _DAY_S:
        return f"{seconds // _DAY_S} d"
    return f"{seconds // _HOUR_S} h" if seconds and not seconds % _HOUR_S else f"{seconds} s"


def card_rows(cards: Sequence[Scorecard]) -> list[list[str]]:
    """One row a card, for `COLUMNS`."""
    return [
        [
            card.source,
            _name(card.claimant, card.claimant_version),
            card.kind,
            horizon(card.horizon_s),
            str(card.n),
            str(card.n_graded),
            str(card.effective_n),
            percent(card.base_rate),
            percent(card.hit_rate),
            score(card.brier),
            number(card.skill, 4),
            number(card.edge_bps, 2),
            card.skill_words,
            card.edge_words,
        ]
        for card in cards
    ]


def twin_rows(cards: Sequence[Scorecard]) -> list[list[str]]:
    """One row a comparison with a baseline twin, for `TWIN_COLUMNS`."""
    return [
        [
            _name(card.claimant, card.claimant_version),
            _name(twin.claimant, twin.claimant_version),
            card.kind,
            horizon(card.horizon_s),
            str(twin.n),
            number(twin.brier_gain, 4),
            number(twin.edge_gain_bps, 2),
            twin.brier_words,
            twin.edge_words,
        ]
        for card in cards
        for twin in card.twins
    ]


def ungraded_rows(cards: Sequence[Scorecard]) -> list[list[str]]:
    """One row a reason why calls of a card were not graded, for `UNGRADED_COLUMNS`."""
    return [
        [_name(card.claimant, card.claimant_version), card.kind, horizon(card.horizon_s), str(n), reason]
        for card in cards
        for reason, n in card.ungraded.items()
    ]


def percent(estimate: Estimate) -> str:
    """A rate and its interval in percent, such as `52.1 % (48.0 to 56.2)`."""
    return _with_interval(estimate, 100, 1, " %")


def number(estimate: Estimate, decimals: int) -> str:
    """A signed value and its interval, such as `+1.25 (-0.50 to +3.00)`."""
    return _with_interval(estimate, 1, decimals, "", "+")


def score(estimate: Estimate) -> str:
    """A score without a sign and its interval, such as `0.084 (0.069 to 0.097)`."""
    return _with_interval(estimate, 1, 4, "")


def _with_interval(estimate: Estimate, factor: float, decimals: int, unit: str, sign: str = "-") -> str:
    if estimate.value is None:
        return "–"
    shown = f"{factor * estimate.value:{sign}.{decimals}f}{unit}"
    if estimate.low is None or estimate.high is None:
        return f"{shown} (too few)"
    low, high = (f"{factor * bound:{sign}.{decimals}f}" for bound in (estimate.low, estimate.high))
    return f"{shown} ({low} to {high})"


def _name(claimant: str, version: str) -> str:
    return f"{claimant} {version}".strip()
