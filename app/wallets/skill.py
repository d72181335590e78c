"""How likely a wallet has a real edge, from its bets against their entry prices.

A bet at price p that is held to its end pays 1 with probability p if nobody knows anything. Who has an edge θ moves the
odds: p / (1 − p) becomes e^θ · p / (1 − p). With x what the bet paid (or its price when it was left, for a price is
fair at every moment), the logarithm of the likelihood ratio of θ to 0 is, to the second order,

    θ·S − θ²·V / 2,   S = Σ (x − p),   V = Σ (x − p)·(x + p − 1),

and V is Σ p·(1 − p) for bets held to their end. So S and V are all one needs of a record (the exact term is
ln(1 + (x − p)·(q − p) / (p·(1 − p))), q the moved probability). The prior has two groups: the crowd, θ = 0, and a small
skilled share with edges spread evenly from `EDGE_LEAST` to `EDGE_MOST` at even odds: Efron, Large-Scale Inference
(2010), chapter 2. That share is about 3 %: Gomez-Cram et al. (2026) found 3.14 % of a venue's accounts.
"""

from math import exp, log, sqrt

from app.wallets.values import Skill

EDGE_LEAST, EDGE_MOST = 0.53, 0.65
"""Chances of being right at even odds: less does not outlast costs and delay, more is not skill in the long run."""
_STEPS = 24


def skill_of(bets: float, surplus: float, variance: float, skilled_share: float) -> Skill:
    """The posterior of an edge. `skilled_share` (0-1, exclusive) is the prior; no bets give the prior back."""
    variance = max(0.0, variance)
    edges = _grid()
    spread = [log(skilled_share / len(edges)) + edge * surplus - edge * edge * variance / 2 for edge in edges]
    logs = [log(1 - skilled_share), *spread]
    highest = max(logs)
    weights = [exp(each - highest) for each in logs]
    posterior = [each / sum(weights) for each in weights]
    levels = [0.0, *edges]
    return Skill(
        probability=1.0 - posterior[0],
        edge=sum(share * _at_even_odds(level) for share, level in zip(posterior, levels, strict=True)),
        edge_low=_at_even_odds(_quantile(levels, posterior, 0.05)),
        edge_high=_at_even_odds(_quantile(levels, posterior, 0.95)),
        own_edge=_at_even_odds(max(-20.0, min(20.0, surplus / variance))) if variance > 0 else None,
        bets=bets,
        z=surplus / sqrt(variance) if variance > 0 else None,
    )


def _grid() -> list[float]:
    """Edges as changes of the log odds, in the middles of equal steps of the chance at even odds."""
    width = (EDGE_MOST - EDGE_LEAST) / _STEPS
    chances = [EDGE_LEAST + width * (step + 0.5) for step in range(_STEPS)]
    return [log(chance / (1 - chance)) for chance in chances]


def _at_even_odds(edge: float) -> float:
    return 1 / (1 + exp(-edge))


def _quantile(levels: list[float], shares: list[float], part: float) -> float:
    total = 0.0
    for level, share in zip(levels, shares, strict=True):
        total += share
        if total >= part:
            return level
    return levels[-1]
