import json
from typing import Any

import msgspec
import pytest
from polymarket_samples import page, position_row
from scan_samples import NOW_S, PlainJudge, ScriptedVenue, address, condition, resolved, stats_body, trades_of

from app.core.text import clean
from app.feeds.polymarket.questions import Question, markets
from app.wallets.answers import NoAnswer
from app.wallets.funnel import Evidence, Funnel, KnownWallet, ToldMarkets
from app.wallets.values import WalletVerdict

WALLET = address(7)
NOTHING = KnownWallet()


def through(venue: ScriptedVenue, *, pages: int = 4, known: KnownWallet = NOTHING, last_first: bool = False) -> Funnel:
    """One wallet brought to its verdict, its markets asked for alone."""
    funnel = Funnel(WALLET, PlainJudge(), position_pages=pages, known=known)
    funnel.begin(NOW_S)
    waiting = funnel.questions()
    while waiting and funnel.verdict is None:
        question = waiting.pop(-1 if last_first else 0)
        funnel.take(question, venue.answer(question), NOW_S)
        if funnel.wanted_markets:
            told = venue.answer(markets(sorted(funnel.wanted_markets), closed=True))
            if isinstance(told, NoAnswer):
                funnel.take_markets(ToldMarkets({}, {}, dict.fromkeys(funnel.wanted_markets, told.reason)), NOW_S)
            else:
                found = {row.condition_id: row for row in told.rows}  # type: ignore[union-attr]
                funnel.take_markets(ToldMarkets(found, {}, {}), NOW_S)
        waiting += funnel.questions()
    return funnel


def verdict_of(scripts: dict[Any, Any], **options: Any) -> WalletVerdict:
    verdict = through(ScriptedVenue(scripts), **options).verdict
    assert verdict is not None
    return verdict


def test_a_wallet_that_passes_every_stage_costs_six_calls_besides_its_markets() -> None:
    venue = ScriptedVenue()
    verdict = through(venue).verdict
    assert verdict is not None
    assert (verdict.verdict, verdict.stage, verdict.reason) == ("TARGET", 3, "3 positions")
    assert venue.counts == {"stats": 1, "trades": 1, "markets": 1, "pnl": 1, "positions": 3}


def test_a_wallet_stops_at_the_first_verdict() -> None:
    few = ScriptedVenue({"stats": lambda q: stats_body(q.subject, trade_count=3)})
    assert through(few).verdict == verdict_of({"stats": lambda q: stats_body(q.subject, trade_count=3)})
    assert few.counts == {"stats": 1}
    unknown = ScriptedVenue({"markets": lambda _: b"[]"})
    assert through(unknown).verdict == verdict_of({"markets": lambda _: b"[]"})
    assert unknown.counts["positions"] == unknown.counts["pnl"] == 0


@pytest.mark.parametrize("name", ["stats", "trades", "markets", "pnl", "positions"])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (NoAnswer(clean("did not answer within 10 s")), "did not answer within 10 s"),
        (b"<html><title>504</title></html>", "HTML instead of JSON"),
        (b'{"data": 7', "polymarket"),
        (b"\xff\xfe", "polymarket"),
        (b"[" * 100_000, "polymarket"),
    ],
)
def test_what_cannot_be_read_leaves_the_wallet_unscored_with_the_reason(name: str, answer: Any, words: str) -> None:
    verdict = verdict_of({name: lambda _: answer})
    assert verdict.verdict == "NOT SCORED"
    assert words in verdict.reason
    assert verdict.stage == {"stats": 1, "trades": 2, "markets": 2, "pnl": 3, "positions": 3}[name]


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("stats", page(None), "knows nothing of it"),
        ("trades", page([]), "no trades of it"),
        ("stats", stats_body(address(8)), "about another wallet"),
        ("trades", page(trades_of(address(8))), "no trades of it"),
    ],
)
def test_an_empty_wallet_or_another_ones_answer_is_not_scored(name: str, body: bytes, words: str) -> None:
    verdict = verdict_of({name: lambda _: body})
    assert verdict.verdict == "NOT SCORED"
    assert words in verdict.reason


def test_a_time_out_midway_through_the_positions_is_told() -> None:
    def positions(question: Question) -> bytes | NoAnswer:
        if question.variant == "REDEEMABLE_LOST":
            return NoAnswer(clean("timed out"))
        return page([])

    verdict = verdict_of({"positions": positions})
    assert (verdict.verdict, verdict.stage) == ("NOT SCORED", 3)
    assert "timed out" in verdict.reason


def test_a_record_without_end_is_looked_at_in_part_and_says_so() -> None:
    counts = {"pages": 0}

    def positions(question: Question) -> bytes:
        if question.variant != "CLOSED":
            return page([])
        counts["pages"] += 1
        rows = [position_row(proxy_wallet=WALLET, status="CLOSED", token_id=f"{counts['pages']}{i}") for i in range(9)]
        return page(rows, f"cursor {counts['pages']}")

    verdict = verdict_of({"positions": positions}, pages=3)
    assert counts["pages"] == 3
    assert verdict.reason == "27 positions"
    assert verdict.unknown == ("CLOSED positions are looked at in part: more than 3 pages",)


def test_the_order_of_answers_does_not_change_the_verdict() -> None:
    first, last = through(ScriptedVenue()), through(ScriptedVenue(), last_first=True)
    assert first.evidence == last.evidence
    assert [row.status for row in first.evidence.positions or ()] == ["CLOSED", "REDEEMABLE_LOST", "OPEN"]


def test_the_markets_of_a_record_are_asked_for_before_it_is_judged() -> None:
    venue = ScriptedVenue({"positions": record_of_many})
    funnel = through(venue)
    assert [question.name for question in venue.asked][-1] == "markets"
    assert sorted(funnel.evidence.markets) == sorted(condition(number) for number in (1, 2, 3, 7, 8))
    assert funnel.verdict is not None
    assert funnel.verdict.unknown == ()


def record_of_many(question: Question) -> bytes:
    numbers = {"CLOSED": (1, 7), "REDEEMABLE_LOST": (8,), "OPEN": (9,)}[question.variant]
    rows = [
        position_row(proxy_wallet=WALLET, status=question.variant, token_id=str(number), condition_id=condition(number))
        for number in numbers
    ]
    return page(rows)


def test_a_record_is_judged_without_what_its_markets_paid_and_says_so() -> None:
    def markets_of(question: Question) -> bytes | NoAnswer:
        asked_late = ("condition_ids", condition(7)) in question.query
        return NoAnswer(clean("503")) if asked_late else resolved(question)

    verdict = verdict_of({"positions": record_of_many, "markets": markets_of})
    assert verdict.verdict == "TARGET"
    assert verdict.unknown == ("what 2 markets of its record paid in the end",)


def test_null_numbers_and_odd_rows_are_left_out_and_counted() -> None:
    odd = [{**trades_of(WALLET, 1)[0], "size": "NaN"}, {"proxy_wallet": 5}]
    verdict = verdict_of(
        {
            "stats": lambda q: stats_body(q.subject, realized_pnl=None, volume_usdc=None),
            "trades": lambda q: page([*trades_of(q.subject), *odd]),
            "pnl": lambda _: page({"points": [{"timestamp": NOW_S, "realized_pnl": None}, {"timestamp": None}]}),
        }
    )
    assert verdict.verdict == "TARGET"
    assert verdict.unknown[0].startswith("2 trades cannot be read")
    assert verdict.unknown[1].startswith("1 daily results cannot be read")


def test_the_first_versions_bare_rows_are_read_too() -> None:
    def trades(question: Question) -> bytes:
        names = {"proxy_wallet": "proxyWallet", "token_id": "asset", "condition_id": "conditionId"}
        rows = trades_of(question.subject)
        return json.dumps([{names.get(key, key): value for key, value in row.items()} for row in rows]).encode()

    assert verdict_of({"trades": trades}).verdict == "TARGET"


def test_markets_without_a_word_leave_the_judge_to_say_so() -> None:
    verdict = verdict_of({"markets": lambda _: b"[]"})
    assert (verdict.verdict, verdict.stage, verdict.reason) == ("REJECTED", 2, "no market is known")


@pytest.mark.parametrize("is_judged", [True, False])
def test_known_trades_are_gone_on_with_from_the_last_second(*, is_judged: bool) -> None:
    first = through(ScriptedVenue())
    before = first.evidence
    old = Evidence(WALLET, stats=before.stats, trades=before.trades)
    venue = ScriptedVenue({"trades": lambda q: page(trades_of(q.subject, 3, NOW_S - 880))})
    after = through(venue, known=KnownWallet(verdict=first.verdict if is_judged else None, evidence=old))
    # Who is judged anew is asked for his totals anew: they may have fallen below what stage 1 asks for.
    assert venue.counts["stats"] == (0 if is_judged else 1)
    assert [question.variant for question in venue.asked if question.name == "trades"] == [f"from {NOW_S - 1_000}"]
    times = [trade.at_s for trade in after.evidence.trades or ()]
    assert times == [
        NOW_S - 1_240,
        NOW_S - 1_180,
        NOW_S - 1_120,
        NOW_S - 1_060,
        NOW_S - 1_000,
        NOW_S - 940,
        NOW_S - 880,
    ]


@pytest.mark.parametrize("kept_ahead_s", [200, 5_000_000_000])
def test_hazard_3_a_kept_trade_dated_ahead_does_not_blind_the_next_scan(kept_ahead_s: int) -> None:
    before = through(ScriptedVenue()).evidence
    assert before.trades
    ahead = msgspec.structs.replace(before.trades[-1], at_s=NOW_S + kept_ahead_s)
    old = Evidence(WALLET, stats=before.stats, trades=(*before.trades, ahead))
    venue = ScriptedVenue({"trades": lambda q: page(trades_of(q.subject, 3, NOW_S - 10))})
    after = through(venue, known=KnownWallet(evidence=old))
    (asked,) = (question for question in venue.asked if question.name == "trades")
    assert int(dict(asked.query)["start"]) <= NOW_S
    assert max(trade.at_s for trade in after.evidence.trades or ()) == NOW_S - 10
    is_said = any("1 trades that were kept are dated ahead" in text for text in after.evidence.unknown)
    assert is_said == (kept_ahead_s > 300)


def test_hazard_3_a_trade_dated_ahead_is_counted_and_not_kept() -> None:
    rows = trades_of(WALLET, 2)
    later = {**rows[0], "timestamp": NOW_S + 5_000_000_000}
    funnel = through(ScriptedVenue({"trades": lambda _: page([later, *rows])}))
    assert [trade.at_s for trade in funnel.evidence.trades or ()] == [NOW_S - 1_060, NOW_S - 1_000]
    assert any(text.startswith("1 trades cannot be read: dated") for text in funnel.evidence.unknown)
    verdict = verdict_of({"trades": lambda _: page([later])})
    assert (verdict.verdict, verdict.reason.split(" ")[0]) == ("NOT SCORED", "dated")


def test_hazard_3_a_daily_result_dated_ahead_makes_no_century_of_days() -> None:
    def results(_: Question) -> bytes:
        days = [NOW_S - 86_400, NOW_S + 80_000, NOW_S + 5_000_000_000]
        return page({"points": [{"timestamp": at_s, "realized_pnl": 900.0} for at_s in days]})

    funnel = through(ScriptedVenue({"pnl": results}))
    assert [point.at_s for point in funnel.evidence.pnl or ()] == [NOW_S - 86_400, NOW_S + 80_000]
    assert any(text.startswith("1 daily results cannot be read: dated") for text in funnel.evidence.unknown)


def nameless(question: Question) -> bytes:
    """What no trade is, in no market: sound rows that say nothing of what was bet on."""
    rows = trades_of(question.subject)
    return page([{**row, "type": "SPLIT", "usdc_size": 5.0, "condition_id": ""} for row in rows])


def test_a_wallet_whose_trades_name_no_market_is_not_scored() -> None:
    verdict = verdict_of({"trades": nameless})
    assert (verdict.verdict, verdict.stage) == ("NOT SCORED", 2)
    assert verdict.reason == "none of its trades names a market"


def test_known_trades_that_name_no_market_leave_the_wallet_unscored() -> None:
    first = through(ScriptedVenue())
    before = first.evidence
    trades = tuple(msgspec.structs.replace(trade, condition_id="") for trade in before.trades or ())
    known = KnownWallet(verdict=first.verdict, evidence=Evidence(WALLET, stats=before.stats, trades=trades))
    funnel = Funnel(WALLET, PlainJudge(), position_pages=1, known=known, is_current=True)
    funnel.begin(NOW_S)
    assert funnel.verdict is not None
    assert (funnel.verdict.verdict, funnel.verdict.reason) == ("NOT SCORED", "none of its trades names a market")


def test_what_comes_after_the_verdict_changes_nothing() -> None:
    venue = ScriptedVenue()
    funnel = through(venue)
    before = funnel.verdict
    for question in venue.asked:
        if question.name != "markets":
            funnel.take(question, NoAnswer(clean("late")), NOW_S)
    assert funnel.verdict is before
    assert funnel.questions() == []
