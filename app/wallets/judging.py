"""Judges what a funnel has learned: from activity to positions, measures and verdicts. Pure."""

import msgspec

from app.feeds.polymarket.categories import category
from app.wallets.funnel import Evidence
from app.wallets.keeping import config_sha256
from app.wallets.measure import measure
from app.wallets.payouts import with_payouts
from app.wallets.positions import KnownMarkets, ledger_of
from app.wallets.record import record_of
from app.wallets.rules import Rule
from app.wallets.thresholds import Thresholds
from app.wallets.values import Ledger, ViralWallets, WalletVerdict
from app.wallets.verdict import Judge, RecordEvidence, TradesEvidence, judge_record, judge_stats, judge_trades

_NOBODY = ViralWallets()


class Judging:
    """The verdicts of one set of thresholds, as a funnel asks for them."""

    def __init__(self, thresholds: Thresholds, viral: ViralWallets = _NOBODY, rules: tuple[Rule, ...] = ()) -> None:
        self.profile = thresholds.profile
        self.thresholds = thresholds
        self._viral, self._rules = viral, rules

    @property
    def config_sha256(self) -> str:
        """A name for all that verdicts depend on besides the wallets."""
        names = [rule.name for rule in self._rules]
        return config_sha256(self.thresholds, sorted(self._viral.wallets), names)

    def stats(self, evidence: Evidence, now_s: int) -> WalletVerdict | None:
        """After stage 1."""
        return _noted(judge_stats(evidence.wallet, evidence.stats, self._judge(now_s)), evidence)

    def trades(self, evidence: Evidence, now_s: int) -> WalletVerdict | None:
        """After stage 2."""
        return _noted(judge_trades(self._trades_evidence(evidence, now_s), self._judge(now_s)), evidence)

    def record(self, evidence: Evidence, now_s: int) -> WalletVerdict:
        """After stage 3."""
        known = self._trades_evidence(evidence, now_s)
        record = record_of(known.trades, evidence.positions or (), self.known_markets(evidence))
        measures = measure([record], now_s, self.thresholds)[0]
        measures = with_payouts(measures, record, self.known_markets(evidence), now_s)
        verdict = judge_record(RecordEvidence(*known, record, measures, evidence.pnl or ()), self._judge(now_s))
        return _with_notes(verdict, evidence)

    def ledger(self, evidence: Evidence, now_s: int) -> Ledger:
        """A wallet's recent trades as positions."""
        return ledger_of(evidence.wallet, evidence.trades or (), self.known_markets(evidence), now_s)

    def whole_record(self, evidence: Evidence, now_s: int) -> Ledger:
        """All its positions."""
        return record_of(self.ledger(evidence, now_s), evidence.positions or (), self.known_markets(evidence))

    @staticmethod
    def known_markets(evidence: Evidence) -> KnownMarkets:
        """The markets of its recent trades."""
        return KnownMarkets(evidence.markets, category)

    def _trades_evidence(self, evidence: Evidence, now_s: int) -> TradesEvidence:
        ledger = self.ledger(evidence, now_s)
        measures = measure([ledger], now_s, self.thresholds)[0]
        return TradesEvidence(evidence.wallet, evidence.stats, ledger, measures)

    def _judge(self, now_s: int) -> Judge:
        return Judge(self.thresholds, now_s, self._viral, self._rules)


def _noted(verdict: WalletVerdict | None, evidence: Evidence) -> WalletVerdict | None:
    return None if verdict is None else _with_notes(verdict, evidence)


def _with_notes(verdict: WalletVerdict, evidence: Evidence) -> WalletVerdict:
    """The verdict with what could not be learned on the way."""
    return msgspec.structs.replace(verdict, unknown=(*verdict.unknown, *evidence.unknown))
