"""Judges what a funnel has learned: from activity to positions, measures and verdicts. Pure."""

import hashlib

import msgspec

from app.feeds.polymarket.categories import category
from app.wallets.funnel import Evidence
from app.wallets.measure import measure
from app.wallets.payouts import with_payouts
from app.wallets.positions import KnownMarkets, ledger_of
from app.wallets.record import record_of
from app.wallets.rules import Rule
from app.wallets.thresholds import Thresholds
from app.wallets.values import Ledger, ViralWallets, WalletVerdict
from app.wallets.verdict import Judge, RecordEvidence, TradesEvidence, judge_record, judge_stats, judge_trades

_NOBODY = ViralWallets()
_UNDER_WAY = 500
"""Wallets between stages 2 and 3 of which recent trades are remembered as they were judged: as many as can be."""


class Judging:
    """The verdicts of one set of thresholds, as a funnel asks for them."""

    def __init__(self, thresholds: Thresholds, viral: ViralWallets = _NOBODY, rules: tuple[Rule, ...] = ()) -> None:
        self.profile = thresholds.profile
        self.thresholds = thresholds
        self._viral, self._rules = viral, rules
        self._seen: dict[str, tuple[Evidence, TradesEvidence]] = {}

    @property
    def config_sha256(self) -> str:
        """A name for all that verdicts depend on besides the wallets."""
        rules = [(rule.name, rule.version) for rule in self._rules]
        parts = (self.thresholds, sorted(self._viral.wallets), rules)
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()

    def stats(self, evidence: Evidence, now_s: int) -> WalletVerdict | None:
        """After stage 1."""
        return _noted(judge_stats(evidence.wallet, evidence.stats, self._judge(now_s)), evidence)

    def trades(self, evidence: Evidence, now_s: int) -> WalletVerdict | None:
        """After stage 2."""
        seen = self._trades_evidence(evidence, now_s)
        verdict = judge_trades(seen, self._judge(now_s))
        if verdict is None:
            self._remember(evidence, seen)
        return _noted(verdict, evidence)

    def record(self, evidence: Evidence, now_s: int) -> WalletVerdict:
        """After stage 3. Recent trades count as they were judged at stage 2, unless more is known of their markets."""
        known = self._recalled(evidence) or self._trades_evidence(evidence, now_s)
        record = record_of(known.trades, evidence.positions or (), self.known_markets(evidence), now_s)
        measures = measure([record], now_s, self.thresholds)[0]
        measures = with_payouts(measures, record, self.known_markets(evidence), now_s)
        whole = RecordEvidence(*known, record, measures, evidence.pnl or (), evidence.positions_in_part)
        verdict = judge_record(whole, self._judge(now_s))
        return _with_notes(verdict, evidence)

    def ledger(self, evidence: Evidence, now_s: int) -> Ledger:
        """A wallet's recent trades as positions."""
        return ledger_of(evidence.wallet, evidence.trades or (), self.known_markets(evidence), now_s)

    def whole_record(self, evidence: Evidence, now_s: int) -> Ledger:
        """All its positions."""
        trades, markets = self.ledger(evidence, now_s), self.known_markets(evidence)
        return record_of(trades, evidence.positions or (), markets, now_s)

    @staticmethod
    def known_markets(evidence: Evidence) -> KnownMarkets:
        """The markets of its recent trades."""
        return KnownMarkets(evidence.markets, category)

    def _trades_evidence(self, evidence: Evidence, now_s: int) -> TradesEvidence:
        ledger = self.ledger(evidence, now_s)
        measures = measure([ledger], now_s, self.thresholds)[0]
        return TradesEvidence(evidence.wallet, evidence.stats, ledger, measures)

    def _remember(self, evidence: Evidence, seen: TradesEvidence) -> None:
        self._seen[evidence.wallet] = evidence, seen
        while len(self._seen) > _UNDER_WAY:
            del self._seen[next(iter(self._seen))]

    def _recalled(self, evidence: Evidence) -> TradesEvidence | None:
        then, seen = self._seen.pop(evidence.wallet, (None, None))
        if then is None or then.trades is not evidence.trades:
            return None
        conditions = {trade.condition_id for trade in evidence.trades or ()}
        is_same = all(then.markets.get(each) is evidence.markets.get(each) for each in conditions)
        return seen if is_same else None

    def _judge(self, now_s: int) -> Judge:
        return Judge(self.thresholds, now_s, self._viral, self._rules)


def _noted(verdict: WalletVerdict | None, evidence: Evidence) -> WalletVerdict | None:
    return None if verdict is None else _with_notes(verdict, evidence)


def _with_notes(verdict: WalletVerdict, evidence: Evidence) -> WalletVerdict:
    """The verdict with what could not be learned on the way."""
    return msgspec.structs.replace(verdict, unknown=(*verdict.unknown, *evidence.unknown))
