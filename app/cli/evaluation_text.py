"""What `tapedeck eval scalper` prints for people: every rate with its n and its interval. Pure."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.cli.figures import counted, lasting

if TYPE_CHECKING:
    from app.engine.evaluation_report import Claimed, Evaluation, SourceReport
    from app.scorecards.paired import PairedDifference, SideRecord
    from app.scorecards.scorecard import CalibrationBin

CALIBRATED_S = 60
"""What a read's continuation is about; calibration at the other horizons is in the JSON."""
QUESTION_COLUMNS = (
    "source",
    "version",
    ">asked",
    ">reads",
    ">not a read",
    ">late",
    ">not answered",
    ">latency p50",
    ">p95",
)
CLAIM_COLUMNS = (
    "how likely",
    "kind",
    ">horizon",
    ">calls",
    ">graded",
    ">effective n",
    ">base rate",
    ">Brier",
    ">of base rate",
    ">skill",
    "skill is",
)
SIDE_COLUMNS = (
    "which side",
    "kind",
    ">horizon",
    ">n",
    ">effective n",
    ">its side hit",
    ">always one way",
    ">edge bp",
    "side is",
    "edge is",
)
PAIR_COLUMNS = (
    "AI against rules",
    "kind",
    ">horizon",
    ">pairs",
    ">effective n",
    ">same side",
    ">no twin",
    ">Brier gain",
    ">edge gain bp",
    "Brier is",
    "edge is",
)
CALIBRATION_COLUMNS = ("source", "kind", ">horizon", ">claimed", ">n", ">mean claimed", ">observed")
UNGRADED_COLUMNS = ("source", ">ungraded", "because")


def heading(evaluation: "Evaluation") -> str:
    """What was judged, on what."""
    return (
        f"{evaluation.tape}: TAPE {evaluation.data}, {lasting(evaluation.seconds)}; a round trip costs "
        f"{evaluation.costs_bps:g} bp (fees and slippage) and the spread"
    )


def question_rows(evaluation: "Evaluation") -> list[list[str]]:
    """One row a model: how asking went."""
    rows = []
    for source in evaluation.sources:
        if (asking := source.questions) is not None:
            failed = [str(asking.no_reads[kind]) for kind in ("not a read", "late", "not answered")]
            latencies = [_milliseconds(asking.latency_ms_p50), _milliseconds(asking.latency_ms_p95)]
            rows.append([source.label, source.version, str(asking.asked), str(asking.reads), *failed, *latencies])
    return rows


def claim_rows(evaluation: "Evaluation") -> list[list[str]]:
    """One row a source, kind and horizon."""
    return [_claim(source, claimed) for source in evaluation.sources for claimed in source.claims]


def pair_rows(evaluation: "Evaluation") -> list[list[str]]:
    """One row a model, kind and horizon: what it did better than the rules at the same instants."""
    return [_pair(source, each) for source in evaluation.sources for each in source.against_rules]


def calibration_rows(evaluation: "Evaluation") -> list[list[str]]:
    """Of each source's continuation at a minute: how often what was claimed came true."""
    return [
        _bin(source, claimed, each)
        for source in evaluation.sources
        for claimed in source.claims
        if claimed.card.kind == "continuation" and claimed.card.horizon_s == CALIBRATED_S
        for each in claimed.card.calibration
    ]


def side_rows(evaluation: "Evaluation") -> list[list[str]]:
    """One row a source, kind and horizon: the sides that its claims come to."""
    return [
        _side(source, claimed.sides)
        for source in evaluation.sources
        for claimed in source.claims
        if claimed.sides is not None
    ]


def ungraded_rows(evaluation: "Evaluation") -> list[list[str]]:
    """How many calls were not graded, and why."""
    rows = []
    for source in evaluation.sources:
        reasons = Counter[str]()
        for claimed in source.claims:
            reasons.update(claimed.card.ungraded)
        rows += [[source.label, str(n), reason] for reason, n in reasons.most_common()]
    return rows


def verdicts(evaluation: "Evaluation") -> Iterator[str]:
    """What may be said, and what may not, in sentences."""
    for source in evaluation.sources:
        if source.questions is not None:
            yield from _failures(source)
        small = [claimed for claimed in source.claims if claimed.too_few]
        if not source.claims:
            yield f"{source.label}: no calls, so nothing can be said."
        elif small and source.how != "twins":
            yield f"{source.label}: the sample is too small to say anything about {_which(small)}."
    if any(source.against_rules for source in evaluation.sources):
        yield (
            f"A claim needs {evaluation.least_effective_n} calls that do not overlap in time. One in twenty intervals "
            "misses the truth by design: among many rows some look good by luck."
        )


def _claim(source: "SourceReport", claimed: "Claimed") -> list[str]:
    from app.scorecards.report import number, percent

    card = claimed.card
    return [
        source.label,
        card.kind,
        f"{card.horizon_s} s",
        str(card.n),
        str(card.n_graded),
        str(card.effective_n),
        percent(card.base_rate),
        _plain(card.brier.value),
        _plain(card.brier_base_rate),
        number(card.skill, 4),
        "too few" if claimed.too_few else card.skill_words,
    ]


def _side(source: "SourceReport", sides: "SideRecord") -> list[str]:
    from app.scorecards.report import number, percent

    return [
        source.label,
        sides.kind,
        f"{sides.horizon_s} s",
        str(sides.n),
        str(sides.effective_n),
        percent(sides.hit_rate),
        f"{percent(sides.always_rate)} {sides.always}",
        number(sides.edge_bps, 2),
        sides.gain_words,
        sides.edge_words,
    ]


def _pair(source: "SourceReport", each: "PairedDifference") -> list[str]:
    from app.scorecards.report import number

    return [
        source.label,
        each.kind,
        f"{each.horizon_s} s",
        str(each.n),
        str(each.effective_n),
        str(each.same_side),
        str(each.without_twin),
        number(each.brier_gain, 4),
        number(each.edge_gain_bps, 2),
        each.brier_words,
        each.edge_words,
    ]


def _bin(source: "SourceReport", claimed: "Claimed", each: "CalibrationBin") -> list[str]:
    from app.scorecards.report import percent

    return [
        source.label,
        claimed.card.kind,
        f"{claimed.card.horizon_s} s",
        f"{100 * each.low:.0f}-{100 * each.high:.0f} %",
        str(each.n),
        f"{100 * each.claimed:.1f} %",
        percent(each.observed),
    ]


def _failures(source: "SourceReport") -> Iterator[str]:
    if source.questions is None:
        return
    for reason, n in source.questions.reasons.items():
        yield f"{source.label}: {counted(n, 'question')} without a read: {reason}"
    if source.questions.unanswered:
        yield f"{source.label}: {counted(source.questions.unanswered, 'question')} under way when the tape ended"


def _which(small: "list[Claimed]") -> str:
    """Kinds and horizons with how many of their calls do not overlap."""
    return ", ".join(
        f"{claimed.card.kind} {claimed.card.horizon_s} s (effective n {claimed.card.effective_n})" for claimed in small
    )


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f} ms"
