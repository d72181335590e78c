"""What a claimant's calls came to: one card per source, claimant, version, kind and horizon."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from app.core.calls import Call, Outcome
from app.measures.blocks import Estimate, Integers, block_length_ms, block_starts, ratio_estimates
from app.measures.returns import Floats

BOOTSTRAP_SEED = 1
BINS = 20

Pair = tuple[Call, Outcome]


class CalibrationBin(msgspec.Struct, frozen=True):
    """Claims with low ≤ probability < high: how many, what they claimed on average, how often the event happened."""

    low: float
    high: float
    n: int
    claimed: float
    observed: Estimate


class TwinComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Calls against their baseline twins, pair by pair. Gains are positive where the call did better than its twin."""

    claimant: str
    claimant_version: str
    n: int
    brier_gain: Estimate
    edge_gain_bps: Estimate
    brier_words: str
    edge_words: str


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """The record of one claimant at one kind of claim (docs/scorecards.md has the formulas).

    Rates and Brier scores are 0-1, edges basis points after costs, times engine milliseconds. `base_rate` is how often
    the event happened; `skill` is 1 − Brier / Brier of always claiming that rate. `effective_n` counts calls that do
    not overlap in time; intervals come from `blocks` blocks of `block_s` seconds.
    """

    source: str
    claimant: str
    claimant_version: str
    kind: str
    horizon_s: int
    first_ms: int
    last_ms: int
    n: int
    n_graded: int
    n_ungraded: int
    ungraded: dict[str, int]
    effective_n: int
    blocks: int
    block_s: int
    base_rate: Estimate
    hit_rate: Estimate
    brier: Estimate
    brier_base_rate: float | None
    skill: Estimate
    edge_bps: Estimate
    skill_words: str
    edge_words: str
    calibration: tuple[CalibrationBin, ...]
    twins: tuple[TwinComparison, ...]


class Blocks(NamedTuple):
    """How calls of one horizon fall into blocks of time: `starts` are the calls that each begins with."""

    effective_n: int
    length_ms: int
    starts: Integers


class _Columns(NamedTuple):
    """Graded calls as numbers, one row a call. Edges and hits are NaN for claims without a direction."""

    probabilities: Floats
    happened: Floats
    hits: Floats
    edges: Floats


def scorecards(pairs: Iterable[Pair], *, seed: int = BOOTSTRAP_SEED) -> tuple[Scorecard, ...]:
    """The cards of calls and their outcomes, in any order; a call that occurs twice counts once.

    Cards are sorted by what they are about. The same pairs and seed give the same cards; no card depends on another,
    except on the twins its calls name.
    """
    by_id = {pair[1].call_id: pair for pair in pairs}
    groups: dict[tuple[str, str, str, str, int], list[Pair]] = {}
    for pair in sorted(by_id.values(), key=_in_time):
        call = pair[0]
        key = (call.source, call.claimant, call.claimant_version, call.kind, call.horizon_s)
        groups.setdefault(key, []).append(pair)
    return tuple(_card(groups[key], by_id, np.random.default_rng(seed)) for key in sorted(groups))


def blocks_of(pairs: Sequence[Pair], horizon_s: int) -> Blocks:
    """The blocks of calls in order of time."""
    times = np.array([call.available_at_ms for call, _ in pairs], dtype=np.int64)
    effective_n = len(block_starts(times, 1_000 * horizon_s))
    length_ms = block_length_ms(effective_n, 1_000 * horizon_s)
    return Blocks(effective_n, length_ms, block_starts(times, length_ms))


def gains_over_twins(
    couples: Sequence[tuple[Pair, Pair]], edge_gains: Floats, blocks: Blocks, generator: np.random.Generator
) -> tuple[Estimate, Estimate]:
    """What graded calls did better than their twins, by Brier score and by edge: above 0 is better.

    `couples` are calls with their twins in order of time, `edge_gains` the own edges less those of the twins, NaN where
    a couple has none.
    """
    own, other = _columns([pair for pair, _ in couples]), _columns([pair for _, pair in couples])
    brier_gains = (other.probabilities - other.happened) ** 2 - (own.probabilities - own.happened) ** 2
    numerators = np.column_stack([brier_gains, np.nan_to_num(edge_gains)])
    denominators = np.column_stack([np.ones(len(couples)), ~np.isnan(edge_gains)])
    brier, edge = ratio_estimates(numerators, denominators, blocks.starts, generator)
    return brier, edge


def _in_time(pair: Pair) -> tuple[int, str]:
    return pair[0].available_at_ms, pair[1].call_id


def _card(pairs: list[Pair], by_id: Mapping[str, Pair], generator: np.random.Generator) -> Scorecard:
    call = pairs[0][0]
    graded = [pair for pair in pairs if pair[1].status == "graded"]
    reasons = Counter(outcome.reason for _, outcome in pairs if outcome.status == "ungraded")
    blocks, columns = blocks_of(graded, call.horizon_s), _columns(graded)
    base_rate, hit_rate, brier, skill, edge = _estimates(columns, blocks.starts, generator)
    return Scorecard(
        source=call.source,
        claimant=call.claimant,
        claimant_version=call.claimant_version,
        kind=call.kind,
        horizon_s=call.horizon_s,
        first_ms=call.available_at_ms,
        last_ms=pairs[-1][0].available_at_ms,
        n=len(pairs),
        n_graded=len(graded),
        n_ungraded=len(pairs) - len(graded),
        ungraded=dict(sorted(reasons.items())),
        effective_n=blocks.effective_n,
        blocks=len(blocks.starts),
        block_s=blocks.length_ms // 1000,
        base_rate=base_rate.as_rate(),
        hit_rate=hit_rate.as_rate(),
        brier=brier,
        brier_base_rate=None if base_rate.value is None else base_rate.value * (1 - base_rate.value),
        skill=skill,
        edge_bps=edge,
        skill_words=_words(skill, "base rate"),
        edge_words=_words(edge, "zero after costs"),
        calibration=_calibration(columns, blocks.starts, generator),
        twins=_twins(graded, by_id, generator),
    )


def _columns(graded: list[Pair]) -> _Columns:
    def column(values: Iterable[float | None]) -> Floats:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

    return _Columns(
        column(call.probability for call, _ in graded),
        column(outcome.event_happened for _, outcome in graded),
        column(_hit(call, outcome) for call, outcome in graded),
        column(outcome.edge_bps for _, outcome in graded),
    )


def _hit(call: Call, outcome: Outcome) -> float | None:
    """Whether the mid went the way the call finds likelier; None for a call without a direction, or an even chance."""
    if outcome.hit is None or call.probability == 0.5:
        return None
    return float(outcome.hit == (call.probability > 0.5))


def _estimates(columns: _Columns, starts: Integers, generator: np.random.Generator) -> list[Estimate]:
    """Base rate, hit rate, Brier score, skill, edge."""
    happened = columns.happened
    brier = (columns.probabilities - happened) ** 2
    # The reference stays the same in every draw: one fitted to each draw anew could never be beaten by chance.
    base_rate = happened.mean() if len(happened) else 0.0
    reference = (base_rate - happened) ** 2
    ones = np.ones_like(happened)
    numerators = np.column_stack(
        [happened, np.nan_to_num(columns.hits), brier, reference - brier, np.nan_to_num(columns.edges)]
    )
    denominators = np.column_stack([ones, ~np.isnan(columns.hits), ones, reference, ~np.isnan(columns.edges)])
    return ratio_estimates(numerators, denominators, starts, generator)


def _calibration(columns: _Columns, starts: Integers, generator: np.random.Generator) -> tuple[CalibrationBin, ...]:
    probabilities = columns.probabilities
    bins = np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
    used = np.unique(bins)
    if not len(used):
        return ()
    members = (bins[:, None] == used).astype(np.float64)
    observed = ratio_estimates(members * columns.happened[:, None], members, starts, generator)
    return tuple(
        CalibrationBin(
            number / BINS,
            (number + 1) / BINS,
            int(member.sum()),
            float(probabilities @ member / member.sum()),
            estimate.as_rate(),
        )
        for number, member, estimate in zip(used.tolist(), members.T, observed, strict=True)
    )


def _twins(graded: list[Pair], by_id: Mapping[str, Pair], generator: np.random.Generator) -> tuple[TwinComparison, ...]:
    groups: dict[tuple[str, str], list[tuple[Pair, Pair]]] = {}
    for pair in graded:
        twin = by_id.get(pair[0].baseline_id) if pair[0].baseline_id else None
        if twin is not None and twin[1].status == "graded" and twin[0].source == pair[0].source:
            groups.setdefault((twin[0].claimant, twin[0].claimant_version), []).append((pair, twin))
    return tuple(_comparison(key, groups[key], generator) for key in sorted(groups))


def _comparison(
    twin: tuple[str, str], couples: list[tuple[Pair, Pair]], generator: np.random.Generator
) -> TwinComparison:
    own, other = _columns([pair for pair, _ in couples]), _columns([pair for _, pair in couples])
    blocks = blocks_of([pair for pair, _ in couples], couples[0][0][0].horizon_s)
    brier, edge = gains_over_twins(couples, own.edges - other.edges, blocks, generator)
    return TwinComparison(
        claimant=twin[0],
        claimant_version=twin[1],
        n=len(couples),
        brier_gain=brier,
        edge_gain_bps=edge,
        brier_words=_words(brier, "its twin"),
        edge_words=_words(edge, "its twin"),
    )


def _words(estimate: Estimate, level: str) -> str:
    """What the interval of a gain over `level` allows to say, and no more."""
    if estimate.value is None:
        return "not measurable"
    says = {None: "too few", 0: f"not distinguishable from {level}", 1: f"above {level}", -1: f"below {level}"}
    return says[estimate.side_of(0)]
