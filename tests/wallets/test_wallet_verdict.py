"""Verdicts of the three stages, with the worked examples of docs/wallets.md."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wallet_facts import DAY_S, NOW_S, START_S, WALLET, act, known, ledger, market, stats

from app.core.prediction_market import PredictionMarket, WalletActivity
from app.wallets.example_rule import fast_month
from app.wallets.measure import measure
from app.wallets.record import record_of
from app.wallets.rules import Rule, RuleFinding
from app.wallets.thresholds import Thresholds
from app.wallets.values import ViralWallets, WalletVerdict
from app.wallets.verdict import (
    Judge,
    RecordEvidence,
    TradesEvidence,
    judge_record,
    judge_stats,
    judge_trades,
    shrunk,
)

JUDGE = Judge(Thresholds(), NOW_S)
HOUR_S = 3_600


class Story:
    """A wallet's bets, one after another, and their markets. The last one ends two days before now."""

    def __init__(self) -> None:
        self.activity: list[WalletActivity] = []
        self.markets: list[PredictionMarket] = []

    def bet(self, size: float, *, won: bool, price: float = 0.5, tag: str = "politics", hold_s: int = DAY_S) -> None:
        """`size` USDC at `price`, held to the end."""
        place = len(self.markets)
        opened_s = START_S + 2 * DAY_S * place
        name = f"m{place}"
        self.activity.append(act("BUY", name, size / price, size, opened_s))
        self.markets.append(market(name, yes_pays=float(won), closed_s=opened_s + hold_s, tag=tag))

    def flip(self, size: float, gain: float, hold_s: int) -> None:
        """`size` USDC in and out again with so much gain."""
        place = len(self.markets)
        opened_s = START_S + 2 * DAY_S * place
        name = f"m{place}"
        self.activity += [
            act("BUY", name, 2 * size, size, opened_s),
            act("SELL", name, 2 * size, size + gain, opened_s + hold_s),
        ]
        self.markets.append(market(name))

    @property
    def now_s(self) -> int:
        return START_S + 2 * DAY_S * len(self.markets)

    def trades(self) -> TradesEvidence:
        found = ledger(self.activity, *self.markets, now_s=self.now_s)
        (measures,) = measure([found], self.now_s, Thresholds())
        return TradesEvidence(WALLET, stats(), found, measures)

    def record(self, **totals: object) -> RecordEvidence:
        trades = self.trades()
        record = record_of(trades.trades, [], known(*self.markets), self.now_s)
        (measures,) = measure([record], self.now_s, Thresholds())
        return RecordEvidence(WALLET, stats(**totals), trades.trades, trades.trade_measures, record, measures)

    def judge(self, **changes: object) -> Judge:
        return JUDGE._replace(now_s=self.now_s)._replace(**changes)  # type: ignore[arg-type]


def alternating(size_after_loss: float) -> Story:
    """Ten times a loss of 100, then a bet of `size_after_loss` that wins."""
    story = Story()
    for _ in range(10):
        story.bet(100, won=False)
        story.bet(size_after_loss, won=True)
    return story


def split_over(*shares: float) -> Story:
    story = Story()
    for place, share in enumerate(shares):
        for _ in range(4):
            story.bet(1_000 * share, won=True, tag=f"category{place}")
    return story


def skilled(bets: int, wins: int) -> Story:
    story = Story()
    for place in range(bets):
        story.bet(100, won=(place * wins) // bets != ((place + 1) * wins) // bets)
    return story


def reason_of(story: Story) -> str:
    verdict = judge_trades(story.trades(), story.judge())
    return verdict.reason if verdict else ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"markets_traded": 19}, "19 trades, fewer than 20"),
        ({"trade_count": 3, "markets_traded": None}, "3 trades"),
        ({"joined_s": NOW_S - 5 * DAY_S}, "5 days old"),
        ({"realized_pnl_usdc": -1.0}, "result of all time -1 USDC"),
        ({"realized_pnl_usdc": 10.0, "unrealized_pnl_usdc": -30.0}, "result of all time -20 USDC"),
    ],
)
def test_the_profile_alone_can_reject(changes: dict[str, object], words: str) -> None:
    verdict = judge_stats(WALLET, stats(**changes), JUDGE)
    assert verdict is not None
    assert (verdict.verdict, verdict.stage, verdict.score) == ("REJECTED", 1, None)
    assert verdict.reason.startswith(words)


def test_what_the_venue_does_not_say_rejects_nobody() -> None:
    nothing = stats(markets_traded=None, trade_count=None, joined_s=None, realized_pnl_usdc=None)
    assert judge_stats(WALLET, nothing, JUDGE) is None
    assert judge_stats(WALLET, None, JUDGE) is None
    # A loss may stand against it that is open, or a profit: neither part of a result is zero for not being told.
    assert judge_stats(WALLET, stats(realized_pnl_usdc=-1.0, unrealized_pnl_usdc=None), JUDGE) is None
    young = judge_stats(WALLET, stats(joined_s=NOW_S, unrealized_pnl_usdc=None), JUDGE)
    assert young is not None
    assert young.unknown == ("result of all time",)


def test_three_quarters_politics_pass() -> None:
    story = split_over(0.75, 0.25)
    assert story.trades().trade_measures.top_category_share == 0.75
    assert reason_of(story) == ""


def test_four_times_twenty_percent_and_others_are_rejected() -> None:
    assert reason_of(split_over(0.2, 0.2, 0.2, 0.2, 0.1, 0.1)) == (
        "top category category0 holds 20% of the volume, less than 50%"
    )


def test_five_categories_are_rejected_however_large_the_first() -> None:
    assert reason_of(split_over(0.6, 0.1, 0.1, 0.1, 0.1)) == "5 categories hold more than 5% each"
    assert reason_of(split_over(0.85, 0.05, 0.05, 0.025, 0.025)) == ""


def test_a_hundred_then_a_hundred_and_twenty_is_fine() -> None:
    story = alternating(120)
    assert (story.trades().trade_measures.losses_followed, story.trades().trade_measures.losses_chased) == (10, 0)
    assert reason_of(story) == ""


def test_a_hundred_then_two_hundred_is_chasing() -> None:
    assert reason_of(alternating(200)) == "10 of 10 losses chased (100%), more than 20%"


def test_half_as_much_again_is_not_yet_chasing() -> None:
    assert alternating(150).trades().trade_measures.losses_chased == 0


def test_few_losses_are_no_habit() -> None:
    story = Story()
    for _ in range(20):
        story.bet(100, won=True)
    for _ in range(4):
        story.bet(100, won=False)
        story.bet(300, won=True)
    assert (story.trades().trade_measures.chased_share, reason_of(story)) == (1.0, "")


def makers(hold_s: int, gain: float, wins: int = 10) -> Story:
    story = Story()
    for place in range(20):
        story.flip(100, gain if place < wins else -gain / 2, hold_s)
    return story


def test_a_market_maker_is_rejected() -> None:
    assert reason_of(makers(2 * HOUR_S, 1.0)) == "market maker: holds 2.0 h, wins 50%, makes 0.2% a trade"


@pytest.mark.parametrize(
    "story",
    [makers(5 * HOUR_S, 1.0), makers(2 * HOUR_S, 10.0), makers(2 * HOUR_S, 1.0, wins=11)],
    ids=["holds for five hours", "makes 2.5 % a trade", "wins 55 %"],
)
def test_a_wallet_with_two_signs_of_a_maker_passes_and_loses_some_structure(story: Story) -> None:
    assert reason_of(story) == ""
    (pillar,) = [each for each in judge_record(story.record(), story.judge()).pillars if each.name == "structure"]
    hold = story.trades().trade_measures.median_hold_s
    assert hold is not None
    assert pillar.score == pytest.approx(1.0 if hold > 4 * HOUR_S else 0.6)


def test_a_wallet_that_stopped_is_rejected() -> None:
    story = skilled(40, 30)
    verdict = judge_trades(story.trades(), story.judge(now_s=story.now_s + 70 * DAY_S))
    assert verdict is not None
    assert verdict.reason == "dormant: last trade 72 days ago, more than 60"


def test_a_wallet_without_trades_is_not_scored() -> None:
    verdict = judge_trades(Story().trades(), JUDGE)
    assert verdict is not None
    assert (verdict.verdict, verdict.reason) == ("NOT SCORED", "the venue tells no trades of this wallet")


def test_a_wallet_that_only_sells_what_it_had_is_not_scored() -> None:
    found = ledger([act("SELL", "a", 10, 5)], market("a"))
    (measures,) = measure([found], NOW_S, Thresholds())
    verdict = judge_trades(TradesEvidence(WALLET, stats(), found, measures), JUDGE._replace(now_s=START_S + DAY_S))
    assert verdict is not None
    assert (verdict.verdict, verdict.reason) == ("NOT SCORED", "it only left what it had bought before")


def test_a_wallet_of_unknown_markets_is_not_scored() -> None:
    story = skilled(30, 20)
    story.markets = []
    found = ledger(story.activity)
    (measures,) = measure([found], NOW_S, Thresholds())
    verdict = judge_trades(TradesEvidence(WALLET, stats(), found, measures), JUDGE._replace(now_s=START_S + 62 * DAY_S))
    assert verdict is not None
    assert verdict.verdict == "NOT SCORED"


def test_a_long_record_of_skill_is_a_target() -> None:
    story = skilled(300, 190)
    verdict = judge_record(story.record(), story.judge())
    assert (verdict.verdict, verdict.stage, verdict.doubts) == ("TARGET", 3, ())
    assert verdict.confidence is not None
    assert verdict.confidence > 0.95


def test_the_same_rate_over_a_short_time_is_luck() -> None:
    story = skilled(30, 19)
    verdict = judge_record(story.record(), story.judge())
    assert verdict.verdict == "REJECTED"
    assert verdict.reason == "low score: 0.44 is below 0.50, an edge is 7% likely after 30 bets"


def test_a_score_next_to_the_limit_is_told_with_the_digits_that_are_below_it() -> None:
    story = skilled(30, 19)
    score = judge_record(story.record(), story.judge()).score
    assert score is not None
    near = Thresholds(watchlist_score=score + 0.0002)
    words = judge_record(story.record(), story.judge(thresholds=near)).reason.split()
    told, limit = float(words[2]), float(words[5].rstrip(","))
    assert told < limit
    assert told == pytest.approx(score, abs=1e-4)
    assert limit == pytest.approx(score + 0.0002, abs=1e-4)


def test_winning_at_high_prices_is_no_skill() -> None:
    story = Story()
    for place in range(200):
        story.bet(100, won=place % 10 != 0, price=0.9)
    verdict = judge_record(story.record(), story.judge())
    assert verdict.measures is not None
    assert verdict.measures.win_rate == 0.9
    assert verdict.verdict == "REJECTED"


def test_a_viral_wallet_loses_three_tenths_and_is_flagged() -> None:
    story = skilled(300, 190)
    plain = judge_record(story.record(), story.judge())
    viral = judge_record(story.record(), story.judge(viral=ViralWallets(wallets=frozenset({WALLET}))))
    assert plain.score is not None
    assert viral.score == pytest.approx(plain.score - 0.30)
    assert [doubt.name for doubt in viral.doubts] == ["viral"]
    assert viral.verdict == "WATCHLIST"


def test_a_wallet_that_bars_itself_is_on_the_watchlist_at_most() -> None:
    story = skilled(300, 190)
    verdict = judge_record(story.record(), story.judge(now_s=story.now_s + 40 * DAY_S))
    assert verdict.score is not None
    assert verdict.score >= 0.70
    assert (verdict.verdict, [doubt.name for doubt in verdict.doubts]) == ("WATCHLIST", ["dormant"])


def test_a_fall_from_the_peak_beyond_the_limit_rejects() -> None:
    story = skilled(300, 190)
    for _ in range(3):
        story.bet(3_000, won=False)
    verdict = judge_record(story.record(), story.judge())
    assert verdict.verdict == "REJECTED"
    # 50 positions of 128.7 on average and the 8,000 won before are the equity of which 9,000 were lost.
    assert verdict.reason == "lost 62% of its equity from a peak, more than 60%"


def test_profiles_differ_in_what_they_reject() -> None:
    story = split_over(0.55, 0.45)
    strict = msgspec.structs.replace(Thresholds(), minimum_specialisation=0.60)
    assert reason_of(story) == ""
    assert judge_trades(story.trades(), story.judge(thresholds=strict)) is not None


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_score_lies_between_the_crowd_and_the_pillars(unshrunk: float, confidence: float, crowd: float) -> None:
    low, high = sorted((unshrunk, crowd))
    assert low - 1e-12 <= shrunk(unshrunk, confidence, crowd) <= high + 1e-12
    assert shrunk(unshrunk, 1.0, crowd) == pytest.approx(unshrunk)


def test_even_odds_and_perfect_pillars_are_just_a_target() -> None:
    assert shrunk(1.0, 0.5, Thresholds().crowd_score) == pytest.approx(Thresholds().target_score)


def test_more_wins_never_lower_the_confidence() -> None:
    confidences = [verdict_of(wins).confidence or 0.0 for wins in range(50, 90, 5)]
    assert all(first <= second for first, second in pairwise(confidences))
    assert confidences[0] < 0.03 < confidences[-1]


def verdict_of(wins: int) -> WalletVerdict:
    story = skilled(100, wins)
    return judge_record(story.record(), story.judge())


def test_the_example_rule_doubts_a_month_that_was_too_good() -> None:
    story = skilled(300, 190)
    for _ in range(20):
        story.bet(100, won=True)
    verdict = judge_record(story.record(), story.judge(rules=(Rule("fast_month", fast_month),)))
    assert [(doubt.flag, doubt.text) for doubt in verdict.doubts] == [
        ("fast_month", "30-day ROI of 100% is suspicious")
    ]
    assert verdict.verdict == "TARGET"


def broken(_verdict: WalletVerdict) -> RuleFinding | None:
    raise ValueError("no such thing")


def strict(_verdict: WalletVerdict) -> RuleFinding | None:
    return RuleFinding("not one of ours", penalty=0.25, bars=True)


def test_a_rule_that_raises_is_named_and_the_others_count() -> None:
    story = skilled(300, 190)
    rules = (Rule("broken", broken), Rule("strict", strict))
    plain = judge_record(story.record(), story.judge())
    ruled = judge_record(story.record(), story.judge(rules=rules))
    assert "rule broken failed: ValueError no such thing" in ruled.unknown
    assert plain.score is not None
    assert ruled.verdict == "WATCHLIST"
    assert ruled.score == pytest.approx(plain.score - 0.25)


def test_a_verdict_survives_the_way_over_the_wire() -> None:
    story = skilled(60, 35)
    verdict = judge_record(story.record(), story.judge())
    assert msgspec.json.decode(msgspec.json.encode(verdict), type=WalletVerdict) == verdict
