"""From what is known of a wallet to what is said of it, in three stages that cost more and more calls.

Each stage answers None when the wallet should be looked at further, and a verdict as soon as no later stage could
change it. Nothing here asks for anything: whoever scans brings the answers.
"""

from typing import NamedTuple

import msgspec

from app.core.prediction_market import PnlPoint, WalletStats
from app.core.text import SafeText, clean
from app.wallets.daily import daily_record
from app.wallets.doubts import doubts_of, idle_days, part_doubt, viral_doubt
from app.wallets.pillars import behaviour, specialisation, structure, weighted_sum
from app.wallets.rules import Rule, apply_rules
from app.wallets.skill import skill_of
from app.wallets.thresholds import Thresholds
from app.wallets.values import Doubt, Ledger, Measures, Pillar, Stage, VerdictClass, ViralWallets, WalletVerdict
from app.wallets.words import counted, likelihood

_DAY_S = 86_400
REASON_CELLS = 160


class Judge(NamedTuple):
    """What wallets are judged by: thresholds, the time, the wallets everybody watches, and rules of the user's own."""

    thresholds: Thresholds
    now_s: int
    viral: ViralWallets = ViralWallets()
    rules: tuple[Rule, ...] = ()


class TradesEvidence(NamedTuple):
    """What is known after stage 2: totals (None if the venue has none), recent trades as positions, their measures."""

    wallet: str
    stats: WalletStats | None
    trades: Ledger
    trade_measures: Measures


class RecordEvidence(NamedTuple):
    """What is known after stage 3: besides, all positions there ever were, their measures, and the result by day.

    `in_part` says that only the newest of the positions are known.
    """

    wallet: str
    stats: WalletStats | None
    trades: Ledger
    trade_measures: Measures
    record: Ledger
    record_measures: Measures
    pnl: tuple[PnlPoint, ...] = ()
    in_part: bool = False


def judge_stats(wallet: str, stats: WalletStats | None, judge: Judge) -> WalletVerdict | None:
    """Stage 1, from the totals: trade count, age, result of all time. None: go on, also where a total is not known."""
    reason = _stats_reason(stats, judge) if stats is not None else ""
    if not reason:
        return None
    return _rejected(wallet, 1, reason, judge, unknown=_unknown_of(stats))


def judge_trades(evidence: TradesEvidence, judge: Judge) -> WalletVerdict | None:
    """Stage 2, from recent trades: dormancy, specialisation, chasing, market making. None: go on."""
    measures, thresholds = evidence.trade_measures, judge.thresholds
    idle = idle_days(evidence.trades, judge.now_s)
    if idle is None:
        return not_scored(evidence.wallet, 2, "the venue tells no trades of this wallet", judge)
    focus = specialisation(measures, thresholds)
    if focus is None:
        seen = measures.positions + measures.open_positions
        lacking = "the categories of its markets are not known" if seen else "it only left what it had bought before"
        return not_scored(evidence.wallet, 2, lacking, judge)
    # The drawdown of recent trades alone is no verdict: stage 3 looks at the whole record.
    habits = behaviour(measures, msgspec.structs.replace(measures, max_drawdown=None), thresholds)
    pillars = (focus, habits, structure(measures, thresholds))
    reason = next((pillar.rejects for pillar in pillars if pillar.rejects), "")
    if idle > thresholds.maximum_idle_days:
        reason = f"dormant: last trade {idle:.0f} days ago, more than {thresholds.maximum_idle_days:.0f}"
    if not reason:
        return None
    return _rejected(
        evidence.wallet, 2, reason, judge,
        pillars=pillars, measures=measures, unknown=(*_unknown_of(evidence.stats), *_unseen(evidence.trades)),
    )  # fmt: skip


def judge_record(evidence: RecordEvidence, judge: Judge) -> WalletVerdict:
    """Stage 3, from the whole record: drawdown, skill, doubts, score and class."""
    trades, record, thresholds = evidence.trade_measures, evidence.record_measures, judge.thresholds
    focus = specialisation(trades, thresholds)
    if focus is None or record.positions == 0:
        return not_scored(evidence.wallet, 3, "nothing it did has an outcome that is known", judge)
    pillars = (focus, behaviour(trades, record, thresholds), structure(trades, thresholds))
    skill = skill_of(record.bets, record.surplus, record.surplus_variance, thresholds.skilled_share)
    doubts = (
        *part_doubt(record, in_part=evidence.in_part),
        *doubts_of(evidence.stats, evidence.trades, trades, evidence.record, record, thresholds, judge.now_s),
        *viral_doubt(evidence.wallet, judge.viral, thresholds),
    )
    unshrunk = weighted_sum(pillars)
    draft = WalletVerdict(
        wallet=evidence.wallet,
        verdict="REJECTED",
        stage=3,
        judged_s=judge.now_s,
        profile=thresholds.profile,
        score=shrunk(unshrunk, skill.probability, thresholds.crowd_score),
        unshrunk_score=unshrunk,
        confidence=skill.probability,
        pillars=pillars,
        measures=_joined(trades, record),
        skill=skill,
        daily=daily_record(evidence.pnl),
        doubts=doubts,
        unknown=(*_unknown_of(evidence.stats), *_unseen(evidence.trades), *_missing(evidence)),
    )
    found, failed = apply_rules(judge.rules, draft)
    return classed(draft, (*doubts, *found), (*draft.unknown, *failed), thresholds)


def shrunk(unshrunk: float, confidence: float, crowd_score: float) -> float:
    """A score shrunk towards the crowd's by how likely the wallet is part of the crowd.

    The posterior mean of the score of a wallet that is skilled with probability `confidence` and otherwise one of the
    crowd: Efron and Morris, Journal of the American Statistical Association 70 (1975), for two groups.
    """
    return crowd_score + confidence * (unshrunk - crowd_score)


def not_scored(wallet: str, stage: Stage, reason: str, judge: Judge) -> WalletVerdict:
    """The verdict on a wallet of which too little could be learned; `reason` says why."""
    return _ended("NOT SCORED", wallet, stage, reason, judge)


def classed(
    draft: WalletVerdict, doubts: tuple[Doubt, ...], unknown: tuple[SafeText, ...], thresholds: Thresholds
) -> WalletVerdict:
    """The draft with its class: by score, unless a pillar rules the wallet out or a doubt bars it from TARGET."""
    score = max(0.0, (draft.score or 0.0) - sum(doubt.penalty for doubt in doubts))
    reason = next((pillar.rejects for pillar in draft.pillars if pillar.rejects), "")
    verdict: VerdictClass = "REJECTED"
    if not reason and score >= thresholds.target_score and not any(doubt.bars for doubt in doubts):
        verdict = "TARGET"
    elif not reason and score >= thresholds.watchlist_score:
        verdict = "WATCHLIST"
    elif not reason:
        reason = _score_words(score, draft, thresholds)
    return msgspec.structs.replace(
        draft, verdict=verdict, score=score, reason=clean(reason, REASON_CELLS), doubts=doubts, unknown=unknown
    )


def _score_words(score: float, draft: WalletVerdict, thresholds: Thresholds) -> str:
    bets = draft.skill.bets if draft.skill else 0.0
    return (
        f"low score: {_is_below(score, thresholds.watchlist_score)}, "
        f"an edge is {likelihood(draft.confidence or 0.0)} likely after {bets:.0f} bets"
    )


def _is_below(score: float, limit: float) -> str:
    """That a score is below a limit, with as many digits as show it."""
    digits = next((digits for digits in (2, 3, 4) if round(score, digits) < round(limit, digits)), 5)
    return f"{score:.{digits}f} is below {limit:.{digits}f}"


def _stats_reason(stats: WalletStats, judge: Judge) -> str:
    thresholds = judge.thresholds
    counts = [count for count in (stats.markets_traded, stats.trade_count) if count is not None]
    if counts and min(counts) < thresholds.minimum_trades:
        return f"{min(counts)} trades, fewer than {thresholds.minimum_trades}"
    age = None if stats.joined_s is None else (judge.now_s - stats.joined_s) / _DAY_S
    if age is not None and age < thresholds.minimum_age_days:
        return f"{max(0.0, age):.0f} days old, younger than {thresholds.minimum_age_days:.0f}"
    total = _result_of_all_time(stats)
    if total is not None and total < thresholds.minimum_pnl_usdc:
        return f"result of all time {total:,.0f} USDC, below {thresholds.minimum_pnl_usdc:,.0f}"
    return ""


def _result_of_all_time(stats: WalletStats) -> float | None:
    if stats.realized_pnl_usdc is None or stats.unrealized_pnl_usdc is None:
        return None
    return stats.realized_pnl_usdc + stats.unrealized_pnl_usdc


def _unknown_of(stats: WalletStats | None) -> tuple[SafeText, ...]:
    if stats is None:
        return (clean("totals"),)
    named = {
        "number of trades": stats.markets_traded if stats.markets_traded is not None else stats.trade_count,
        "age": stats.joined_s,
        "result of all time": _result_of_all_time(stats),
    }
    return tuple(clean(name) for name, value in named.items() if value is None)


def _unseen(trades: Ledger) -> tuple[SafeText, ...]:
    lines: list[SafeText] = []
    if trades.unknown_markets:
        lines.append(clean(counted(trades.unknown_markets, "market")))
    if trades.unmatched:
        lines.append(clean(f"purchases behind {counted(trades.unmatched, 'exit')} ({trades.unmatched_usdc:,.0f} USDC)"))
    return tuple(lines)


def _missing(evidence: RecordEvidence) -> tuple[SafeText, ...]:
    lines: list[SafeText] = []
    if evidence.record.unmatched:
        lines.append(clean(f"result of {counted(evidence.record.unmatched, 'position')}"))
    if not evidence.pnl:
        lines.append(clean("results by day"))
    return tuple(lines)


def _joined(trades: Measures, record: Measures) -> Measures:
    """The record's measures, with those that only trades with their times can tell."""
    return msgspec.structs.replace(
        record,
        volume_usdc=trades.volume_usdc,
        top_category=trades.top_category,
        top_category_share=trades.top_category_share,
        broad_categories=trades.broad_categories,
        losses_followed=trades.losses_followed,
        losses_chased=trades.losses_chased,
        chased_share=trades.chased_share,
        others_followed=trades.others_followed,
        others_raised=trades.others_raised,
        median_hold_s=trades.median_hold_s,
        round_trip_share=trades.round_trip_share,
    )


def _rejected(
    wallet: str, stage: Stage, reason: str, judge: Judge, *,
    pillars: tuple[Pillar, ...] = (), measures: Measures | None = None, unknown: tuple[SafeText, ...] = (),
) -> WalletVerdict:  # fmt: skip
    ended = _ended("REJECTED", wallet, stage, reason, judge)
    return msgspec.structs.replace(ended, pillars=pillars, measures=measures, unknown=unknown)


def _ended(verdict: VerdictClass, wallet: str, stage: Stage, reason: str, judge: Judge) -> WalletVerdict:
    return WalletVerdict(
        wallet=wallet,
        verdict=verdict,
        stage=stage,
        judged_s=judge.now_s,
        profile=judge.thresholds.profile,
        reason=clean(reason, REASON_CELLS),
        doubts=viral_doubt(wallet, judge.viral, judge.thresholds),
    )
