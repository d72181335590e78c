"""What sources made of a tape, side by side: each with its record, models against the rules pair by pair. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
import numpy as np

from app.core.calls import Call
from app.engine.evaluation import Asked, Outcome, TapeEvaluation
from app.scorecards.paired import PairedDifference, SideRecord, paired_differences, side_records, too_few
from app.scorecards.scorecard import Pair, Scorecard, scorecards

_REASONS_KEPT = 8
_NO_READ: tuple[Outcome, ...] = ("not a read", "late", "not answered")

How = Literal["recorded", "asked", "twins", "own"]
"""Reads that are on the tape; a model asked now; the rules at the instants of a model's reads; the rules by themselves.
"""


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of claim at one horizon: its scorecard, and the sides it comes to. `too_few` is empty, or says so."""

    card: Scorecard
    sides: SideRecord | None
    too_few: str


class Questions(msgspec.Struct, frozen=True, kw_only=True):
    """How asking went. `no_reads` counts by kind of failure, `reasons` by sentence, the most frequent first.

    Latencies are in milliseconds from question to answer, over all questions that were answered or given up at the
    deadline; None without any. `unanswered` questions were under way when the tape ended, and count nowhere else.
    """

    asked: int
    reads: int
    parse_failures: int
    no_reads: dict[str, int]
    reasons: dict[str, int]
    triggers: dict[str, int]
    latency_n: int
    latency_ms_p50: float | None
    latency_ms_p95: float | None
    unanswered: int


class SourceReport(msgspec.Struct, frozen=True, kw_only=True):
    """One source over one tape. `label` names it; the rules are RULES and never anything else.

    `questions` is None for rules. `against_rules` are differences to their twins, for models.
    """

    label: str
    by: Literal["ai", "rules"]
    how: How
    claimant: str
    version: str
    questions: Questions | None
    claims: tuple[Claimed, ...]
    against_rules: tuple[PairedDifference, ...]


def source_reports(played: TapeEvaluation, how: Literal["recorded", "asked"]) -> list[SourceReport]:
    """The models of one pass, each followed by the rules at the instants of its reads."""
    twins = played.twins()
    reports: list[SourceReport] = []
    for model, version, asked in _by_model(played.asked):
        claimant = f"ai {model}"
        own = [pair for pair in played.decided if _is_of(pair[0], claimant, version)]
        label = f"AI {model} ({how})"
        reports.append(
            SourceReport(
                label=label,
                by="ai",
                how=how,
                claimant=claimant,
                version=version,
                questions=_questions(asked, played.unanswered),
                claims=_claims(own),
                against_rules=paired_differences(own, twins),
            )
        )
        beside = [twins[call.baseline_id] for call, _ in own if call.baseline_id in twins]
        if beside:
            reports.append(_rules(f"RULES beside {label}", "twins", beside))
    return reports


def rules_report(played: TapeEvaluation) -> SourceReport:
    """The rules' own calls of a pass: for a tape that no model has read."""
    return _rules("RULES", "own", [pair for pair in played.decided if pair[0].claimant == "rules"])


def _rules(label: str, how: How, pairs: Sequence[Pair]) -> SourceReport:
    return SourceReport(
        label=label,
        by="rules",
        how=how,
        claimant="rules",
        version=pairs[-1][0].claimant_version if pairs else "",
        questions=None,
        claims=_claims(pairs),
        against_rules=(),
    )


def _by_model(asked: Iterable[Asked]) -> list[tuple[str, str, list[Asked]]]:
    """Questions by model and version. A failure tells no version: it is of that of the read before, or the first."""
    groups: dict[tuple[str, str], list[Asked]] = {}
    waiting: dict[str, list[Asked]] = {}
    newest: dict[str, str] = {}
    for each in asked:
        if each.outcome == "read":
            newest[each.model] = each.version
        version = newest.get(each.model)
        if version is None:
            waiting.setdefault(each.model, []).append(each)
        else:
            groups.setdefault((each.model, version), []).extend([*waiting.pop(each.model, ()), each])
    groups.update({(model, ""): failures for model, failures in waiting.items()})
    return [(model, version, members) for (model, version), members in groups.items()]


def _is_of(call: Call, claimant: str, version: str) -> bool:
    return call.claimant == claimant and call.claimant_version == version


def _questions(asked: Sequence[Asked], unanswered: int) -> Questions:
    outcomes = Counter(each.outcome for each in asked)
    reasons = Counter(each.why for each in asked if each.why)
    took_ms = [each.at_ms - each.asked_ms for each in asked if each.outcome != "not answered"]
    return Questions(
        asked=len(asked),
        reads=outcomes["read"],
        parse_failures=outcomes["not a read"],
        no_reads={kind: outcomes[kind] for kind in _NO_READ},
        reasons=dict(reasons.most_common(_REASONS_KEPT)),
        triggers=dict(sorted(Counter(each.trigger for each in asked).items())),
        latency_n=len(took_ms),
        latency_ms_p50=_percentile(took_ms, 50),
        latency_ms_p95=_percentile(took_ms, 95),
        unanswered=unanswered,
    )


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return float(np.percentile(values, percent, method="higher")) if values else None


def _claims(pairs: Sequence[Pair]) -> tuple[Claimed, ...]:
    sides = {(record.kind, record.horizon_s): record for record in side_records(pairs)}
    return tuple(
        Claimed(card=card, sides=sides.get((card.kind, card.horizon_s)), too_few=too_few(card.effective_n))
        for card in scorecards(pairs)
    )


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """All sources over one tape. `failed` are models that could not be asked, with why. Prices are those of the tape.

    `data` says what the tape was recorded from; `costs_bps` what a round trip costs besides the spread.
    """

    tape: str
    data: str
    seconds: float
    least_effective_n: int
    costs_bps: float
    sources: tuple[SourceReport, ...]
    failed: dict[str, str]
