"""From what is known of a wallet to what is said of it, in three stages that cost more and more calls.

Each stage answers None when the wallet should be looked at further, and a verdict as soon as no later stage could
change it. Nothing here asks for anything: whoever scans brings the answers.
"""

from typing import NamedTuple

from app.core.prediction_market import PnlPoint, WalletStats
from app.core.text import clean
from app.wallets.rules import Rule
from app.wallets.thresholds import Thresholds
from app.wallets.values import Ledger, Measures, Stage, ViralWallets, WalletVerdict


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
    """What is known after stage 3: besides, all positions there ever were, their measures, and the result by day."""

    wallet: str
    stats: WalletStats | None
    trades: Ledger
    trade_measures: Measures
    record: Ledger
    record_measures: Measures
    pnl: tuple[PnlPoint, ...] = ()


def judge_stats(wallet: str, stats: WalletStats | None, judge: Judge) -> WalletVerdict | None:
    """Stage 1, from the totals: trade count, age, result of all time. None: go on."""
    raise NotImplementedError


def judge_trades(evidence: TradesEvidence, judge: Judge) -> WalletVerdict | None:
    """Stage 2, from recent trades: dormancy, specialisation, chasing, market making. None: go on."""
    raise NotImplementedError


def judge_record(evidence: RecordEvidence, judge: Judge) -> WalletVerdict:
    """Stage 3, from the whole record: drawdown, skill, doubts, score and class."""
    raise NotImplementedError


def not_scored(wallet: str, stage: Stage, reason: str, judge: Judge) -> WalletVerdict:
    """The verdict on a wallet of which too little could be learned; `reason` says why."""
    return WalletVerdict(
        wallet=wallet,
        verdict="NOT SCORED",
        stage=stage,
        judged_s=judge.now_s,
        profile=judge.thresholds.profile,
        reason=clean(reason, 160),
    )
