"""Judges wallets by other thresholds from their verdicts alone, where these tell enough. Pure."""

from collections.abc import Iterable

import msgspec

from app.core.text import clean
from app.wallets.pillars import behaviour, specialisation, weighted_sum
from app.wallets.thresholds import Thresholds
from app.wallets.values import Measures, Pillar, WalletVerdict
from app.wallets.verdict import REASON_CELLS, classed, shrunk

_FREE = frozenset(
    {
        "profile",
        "minimum_specialisation",
        "broad_categories",
        "chase_limit",
        "chase_minimum_losses",
        "maximum_drawdown",
        "specialisation_weight",
        "behaviour_weight",
        "structure_weight",
        "target_score",
        "watchlist_score",
        "crowd_score",
    }
)
"""Thresholds that measures do not depend on. With another one changed a wallet has to be measured anew."""


def judged_again(verdicts: Iterable[WalletVerdict], old: Thresholds, new: Thresholds) -> list[WalletVerdict]:
    """The verdicts that these thresholds give, for wallets of which nothing more needs to be known.

    Left out are wallets that a scan has to look at further: rejected early by a threshold they would now pass.
    """
    changed = {name for name in old.__struct_fields__ if getattr(old, name) != getattr(new, name)}
    if changed - _FREE:
        return []
    judged = (_judged(verdict, new) for verdict in verdicts if verdict.profile == old.profile)
    return [verdict for verdict in judged if verdict is not None]


def _judged(verdict: WalletVerdict, thresholds: Thresholds) -> WalletVerdict | None:
    if verdict.verdict == "NOT SCORED":
        return None
    if verdict.stage == 1:
        return msgspec.structs.replace(verdict, profile=thresholds.profile)
    pillars = _pillars(verdict, thresholds)
    return _early(verdict, pillars, thresholds) if verdict.stage == 2 else _late(verdict, pillars, thresholds)


def _pillars(verdict: WalletVerdict, thresholds: Thresholds) -> tuple[Pillar, ...]:
    measures = verdict.measures
    if measures is None:
        return ()
    return tuple(_pillar(pillar, measures, verdict.stage, thresholds) for pillar in verdict.pillars)


def _pillar(pillar: Pillar, measures: Measures, stage: int, thresholds: Thresholds) -> Pillar:
    if pillar.name == "behaviour":
        # The drawdown of recent trades alone is no verdict, as when it was judged first.
        record = measures if stage == 3 else msgspec.structs.replace(measures, max_drawdown=None)
        return behaviour(measures, record, thresholds)
    if pillar.name == "structure":
        return msgspec.structs.replace(pillar, weight=thresholds.structure_weight)
    again = specialisation(measures, thresholds)
    rejects = pillar.rejects if again is None else again.rejects
    return msgspec.structs.replace(pillar, weight=thresholds.specialisation_weight, rejects=rejects)


def _early(verdict: WalletVerdict, pillars: tuple[Pillar, ...], thresholds: Thresholds) -> WalletVerdict | None:
    """Rejected by recent trades: it still is, or has to be looked at further."""
    # A reason that was no pillar's is dormancy, which none of these thresholds changes.
    was_a_pillar = verdict.reason in {clean(pillar.rejects, REASON_CELLS) for pillar in verdict.pillars}
    reason = next((pillar.rejects for pillar in pillars if pillar.rejects), "") if was_a_pillar else verdict.reason
    if not reason:
        return None
    return msgspec.structs.replace(
        verdict, profile=thresholds.profile, pillars=pillars, reason=clean(reason, REASON_CELLS)
    )


def _late(verdict: WalletVerdict, pillars: tuple[Pillar, ...], thresholds: Thresholds) -> WalletVerdict | None:
    if not pillars or verdict.confidence is None:
        return None
    unshrunk = weighted_sum(pillars)
    draft = msgspec.structs.replace(
        verdict,
        profile=thresholds.profile,
        pillars=pillars,
        verdict="REJECTED",
        reason=clean(""),
        unshrunk_score=unshrunk,
        score=shrunk(unshrunk, verdict.confidence, thresholds.crowd_score),
    )
    return classed(draft, verdict.doubts, verdict.unknown, thresholds)
