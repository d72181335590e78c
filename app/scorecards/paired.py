"""A claimant beside its baseline, pair by pair: what both said of one event, and the side each would have taken.

A twin claims the same event with another probability, so that the Brier scores of a pair differ by what was claimed
alone. The edges of a pair are those of somebody who takes the side that each claim amounts to.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from app.core.calls import Call, Outcome
from app.measures.blocks import Estimate, ratio_estimates
from app.measures.returns import Floats
from app.scorecards.grading import Touch, round_trip_bps
from app.scorecards.scorecard import BOOTSTRAP_SEED, Pair, blocks_of, gains_over_twins

LEAST_EFFECTIVE_N = 30
"""With fewer calls that do not overlap there are too few blocks for an interval, and nothing is said."""
_EVEN = 0.5

Always = Literal["up", "down"]
_Groups = dict[tuple[str, int], list[tuple[Pair, Pair | None]]]


class SideRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How one claimant's sides came out, for one kind and horizon.

    An action's side is its direction; a continuation's is the way it calls more likely than not, and none where it says
    one half. `hit_rate` is how often the mid moved that way; `always_rate` what always saying `always`, the more common
    way at these same instants, would have hit; `gain` the difference. `edge_bps` is the round trip after costs.
    """

    kind: str
    horizon_s: int
    n: int
    stayed_out: int
    effective_n: int
    hit_rate: Estimate
    always: Always
    always_rate: Estimate
    gain: Estimate
    edge_bps: Estimate
    gain_words: str
    edge_words: str


class PairedDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A claimant less its twin, over `n` graded pairs of one kind and horizon; `without_twin` calls have none.

    Gains are positive where the claimant did better. `brier_gain` is the twin's Brier score less the own one,
    `edge_gain_bps` the edge of the own side less that of the side the twin finds more likely, after costs; who stays
    out earns 0. `same_side` pairs took the same side, and tell the edges nothing.
    """

    kind: str
    horizon_s: int
    n: int
    without_twin: int
    effective_n: int
    blocks: int
    block_s: int
    same_side: int
    brier_gain: Estimate
    edge_gain_bps: Estimate
    brier_words: str
    edge_words: str


def side_of(call: Call) -> int:
    """The side a claim amounts to: +1, −1, or 0 for staying out. An action is its side, whatever its probability."""
    return leaning(call) if call.kind == "continuation" else call.direction


def leaning(call: Call) -> int:
    """The side that a call's probability finds more likely than not: +1, −1, or 0 at one half."""
    return call.direction * ((call.probability > _EVEN) - (call.probability < _EVEN))


def edge_on(side: int, call: Call, outcome: Outcome) -> float:
    """What taking `side` at the quotes of a graded call would have brought after costs, in basis points; 0 for none.

    NaN where the outcome has no quotes.
    """
    if not side:
        return 0.0
    prices = (outcome.entry_bid, outcome.entry_ask, outcome.exit_bid, outcome.exit_ask)
    bid, ask, exit_bid, exit_ask = (np.nan if price is None else price for price in prices)
    taken = msgspec.structs.replace(call, direction=side)
    return round_trip_bps(taken, Touch(bid, ask, 0), Touch(exit_bid, exit_ask, 0))


def side_records(pairs: Iterable[Pair], *, seed: int = BOOTSTRAP_SEED) -> tuple[SideRecord, ...]:
    """The records of one claimant's calls, in any order, sorted by kind and horizon; ungraded calls take no part."""
    groups = _groups(pairs, {})
    return tuple(
        _side_record(key, [own for own, _ in groups[key]], np.random.default_rng(seed)) for key in sorted(groups)
    )


def paired_differences(
    pairs: Iterable[Pair], twins: Mapping[str, Pair], *, seed: int = BOOTSTRAP_SEED
) -> tuple[PairedDifference, ...]:
    """One claimant's calls against their twins, which are found in `twins` by their ids; sorted by kind and horizon.

    Pairs of which one was not graded take no part. The same calls and seed give the same differences.
    """
    groups = _groups(pairs, twins)
    return tuple(_difference(key, groups[key], np.random.default_rng(seed)) for key in sorted(groups))


def too_few(effective_n: int) -> str:
    """A sentence where so few calls do not overlap that nothing can be said; empty where there are enough."""
    if effective_n >= LEAST_EFFECTIVE_N:
        return ""
    return f"too few: {effective_n} that do not overlap, {LEAST_EFFECTIVE_N} are needed to say anything"


def _groups(pairs: Iterable[Pair], twins: Mapping[str, Pair]) -> _Groups:
    """Graded calls with their graded twins, by kind and horizon, in order of time."""
    groups: _Groups = {}
    for call, outcome in sorted(pairs, key=lambda pair: (pair[0].available_at_ms, pair[1].call_id)):
        if outcome.status != "graded":
            continue
        twin = twins.get(call.baseline_id) if call.baseline_id else None
        twin = twin if twin is not None and twin[1].status == "graded" else None
        groups.setdefault((call.kind, call.horizon_s), []).append(((call, outcome), twin))
    return groups


def _side_record(key: tuple[str, int], pairs: list[Pair], generator: np.random.Generator) -> SideRecord:
    kind, horizon_s = key
    blocks = blocks_of(pairs, horizon_s)
    sides = np.array([side_of(call) for call, _ in pairs], dtype=np.float64)
    ways = np.array([_way(outcome) for _, outcome in pairs], dtype=np.float64)
    edges = np.array([edge_on(side_of(call), call, outcome) for call, outcome in pairs], dtype=np.float64)
    common = 1.0 if (ways > 0).sum() >= (ways < 0).sum() else -1.0
    took_part = (sides != 0).astype(np.float64)
    hits, always = took_part * (ways == sides), took_part * (ways == common)
    numerators = np.column_stack([hits, always, hits - always, np.nan_to_num(took_part * edges)])
    denominators = np.column_stack([took_part, took_part, took_part, took_part * ~np.isnan(edges)])
    hit_rate, always_rate, gain, edge = ratio_estimates(numerators, denominators, blocks.starts, generator)
    return SideRecord(
        kind=kind,
        horizon_s=horizon_s,
        n=int(took_part.sum()),
        stayed_out=int((sides == 0).sum()),
        effective_n=blocks.effective_n,
        hit_rate=hit_rate.as_rate(),
        always="up" if common > 0 else "down",
        always_rate=always_rate.as_rate(),
        gain=gain,
        edge_bps=edge,
        gain_words=_words(gain, blocks.effective_n, ("above", "below"), "always the same way"),
        edge_words=_words(edge, blocks.effective_n, ("above", "below"), "zero after costs"),
    )


def _difference(
    key: tuple[str, int], couples: list[tuple[Pair, Pair | None]], generator: np.random.Generator
) -> PairedDifference:
    kind, horizon_s = key
    both = [(own, twin) for own, twin in couples if twin is not None]
    blocks = blocks_of([own for own, _ in both], horizon_s)
    brier, edge = gains_over_twins(both, _edge_gains(both), blocks, generator)
    return PairedDifference(
        kind=kind,
        horizon_s=horizon_s,
        n=len(both),
        without_twin=len(couples) - len(both),
        effective_n=blocks.effective_n,
        blocks=len(blocks.starts),
        block_s=blocks.length_ms // 1_000,
        same_side=sum(side_of(own[0]) == leaning(twin[0]) for own, twin in both),
        brier_gain=brier,
        edge_gain_bps=edge,
        brier_words=_words(brier, blocks.effective_n, ("better than", "worse than"), "its twin"),
        edge_words=_words(edge, blocks.effective_n, ("above", "below"), "its twin"),
    )


def _edge_gains(both: Sequence[tuple[Pair, Pair]]) -> Floats:
    rows = [edge_on(side_of(own[0]), *own) - edge_on(leaning(twin[0]), *twin) for own, twin in both]
    return np.array(rows, dtype=np.float64)


def _way(outcome: Outcome) -> int:
    """The way the mid moved: +1, −1, or 0."""
    moved = outcome.mid_move_bps or 0.0
    return (moved > 0) - (moved < 0)


def _words(estimate: Estimate, effective_n: int, sides: tuple[str, str], level: str) -> str:
    """What an interval allows to say, and no more; `sides` are the words for wholly above and wholly below 0."""
    if estimate.value is None:
        return "not measurable"
    side = estimate.side_of(0)
    if effective_n < LEAST_EFFECTIVE_N or side is None:
        return "too few"
    return f"not distinguishable from {level}" if side == 0 else f"{sides[0] if side > 0 else sides[1]} {level}"
