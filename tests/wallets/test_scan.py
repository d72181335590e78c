import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polymarket_samples import market_row, page
from scan_samples import (
    NOW_S,
    PlainJudge,
    ScriptedVenue,
    address,
    condition,
    drive,
    leaders,
    resolved,
    stats_body,
    trades_of,
)

from app.core.errors import TapedeckError
from app.core.text import clean
from app.feeds.polymarket import questions
from app.feeds.polymarket.questions import Question
from app.wallets.answers import NoAnswer
from app.wallets.funnel import Funnel, KnownWallet
from app.wallets.scan import Scan
from app.wallets.scan_values import ScanPlan

BOARD = questions.leaderboard("month")


def scan_of(numbers: range, **options: Any) -> Scan:
    return Scan(ScanPlan(listed=tuple(map(address, numbers)), **options), PlainJudge())


def test_every_wallet_of_a_list_gets_a_verdict_once() -> None:
    scan = scan_of(range(1, 121))
    finished = drive(scan, ScriptedVenue())
    assert sorted(each.verdict.wallet for each in finished) == [address(number) for number in range(1, 121)]
    progress = scan.progress()
    assert (progress.finished, progress.targets, progress.under_way, progress.is_over) == (120, 120, 0, True)
    assert [(stage.seen, stage.rejected) for stage in progress.stages] == [(120, 0), (120, 0), (120, 0)]


def test_bad_addresses_are_named_and_the_scan_goes_on() -> None:
    bad = ("0x12", "", "0X" + "g" * 40, "\x1b[31mred", address(3))
    finished = drive(Scan(ScanPlan(listed=bad), PlainJudge()), ScriptedVenue())
    assert [each.verdict.verdict for each in finished] == ["NOT SCORED"] * 4 + ["TARGET"]
    assert "not a wallet's address" in finished[0].verdict.reason
    assert "\x1b" not in finished[3].verdict.wallet


def test_sources_are_merged_without_doubles_and_the_first_one_is_named() -> None:
    plan = ScanPlan(
        sources=(BOARD, questions.holders(condition(1)), questions.market_trades(minimum_usdc=1_000)),
        listed=(address(2).upper().replace("0X", "0x"),),
    )
    venue = ScriptedVenue(
        {
            "leaderboard": lambda q: leaders(range(3, 5)) if ("cursor", "a") in q.query else leaders(range(2, 4), "a"),
            "holders": lambda _: page([{"holders": [holding(4), holding(5)]}]),
            "market_trades": lambda _: page([*trades_of(address(5), 1), *trades_of(address(6), 1)]),
        }
    )
    finished = drive(Scan(plan, PlainJudge()), venue)
    origins = {each.candidate.wallet: each.candidate.origin for each in finished}
    assert origins == {
        address(2): "list",
        address(3): "leaderboard",
        address(4): "leaderboard",
        address(5): "market",
        address(6): "trades",
    }
    assert venue.counts["stats"] == 5


def holding(number: int) -> dict[str, Any]:
    return {"proxy_wallet": address(number), "token_id": "11", "amount": 5.0, "outcome_index": 0}


def test_no_more_pages_are_asked_for_than_the_limit_needs() -> None:
    def board(question: Question) -> bytes:
        start = int(dict(question.query).get("cursor", "0"))
        return leaders(range(start + 1, start + 51), str(start + 50))

    venue = ScriptedVenue({"leaderboard": board})
    scan = Scan(ScanPlan(sources=(BOARD,), limit=120), PlainJudge())
    finished = drive(scan, venue)
    assert len(finished) == 120
    assert venue.counts["leaderboard"] <= 4
    assert scan.is_over


def test_a_source_that_fails_is_told_and_the_others_go_on() -> None:
    plan = ScanPlan(sources=(BOARD, questions.holders(condition(1))))
    venue = ScriptedVenue(
        {"leaderboard": lambda _: NoAnswer(clean("503")), "holders": lambda _: page([{"holders": [holding(4)]}])}
    )
    scan = Scan(plan, PlainJudge())
    finished = drive(scan, venue)
    assert [each.candidate.wallet for each in finished] == [address(4)]
    assert [(trouble.name, trouble.reason) for trouble in scan.troubles] == [("leaderboard month overall PNL", "503")]


def test_one_wallet_that_fails_does_not_hold_up_the_others() -> None:
    venue = ScriptedVenue({("trades", address(2)): lambda _: NoAnswer(clean("timed out"))})
    finished = {each.verdict.wallet: each.verdict for each in drive(scan_of(range(1, 5)), venue)}
    assert [finished[address(number)].verdict for number in range(1, 5)] == ["TARGET", "NOT SCORED", "TARGET", "TARGET"]
    assert finished[address(2)].reason == "trades: timed out"


def test_a_scan_ends_when_no_trade_names_a_market() -> None:
    nameless = {"condition_id": "", "type": "SPLIT", "usdc_size": 5.0}
    venue = ScriptedVenue({"trades": lambda q: page([{**row, **nameless} for row in trades_of(q.subject)])})
    scan = scan_of(range(1, 4))
    finished = drive(scan, venue)
    assert scan.is_over
    assert {each.verdict.reason for each in finished} == {"none of its trades names a market"}


def test_a_wallet_that_waits_for_nothing_is_an_error_and_no_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Funnel, "_ask_record", lambda _self, _now_s: None)
    with pytest.raises(TapedeckError, match=f"waits for nothing and {address(1)} has no verdict"):
        drive(scan_of(range(1, 2)), ScriptedVenue())


def test_markets_are_asked_for_once_for_all_wallets_and_fifty_a_call() -> None:
    venue = ScriptedVenue({"trades": lambda q: page(trades_of(q.subject, 90, markets=90))})
    drive(scan_of(range(1, 41)), venue)
    asked = [question for question in venue.asked if question.name == "markets"]
    ids = [value for question in asked for key, value in question.query if key == "condition_ids"]
    assert len(ids) == len(set(ids)) == 90
    assert len(asked) == 2


def test_markets_of_many_wallets_go_into_full_calls() -> None:
    def trades(question: Question) -> bytes:
        number = int(question.subject, 16)
        rows = trades_of(question.subject, 3)
        return page([{**row, "condition_id": condition(10 * number + place)} for place, row in enumerate(rows)])

    venue = ScriptedVenue({"trades": trades, "positions": lambda _: page([])})
    drive(scan_of(range(1, 41)), venue)
    assert venue.counts["markets"] <= 4


def test_a_wallet_does_not_wait_for_other_markets_when_one_cannot_be_asked_for() -> None:
    venue = ScriptedVenue({"trades": lambda q: page(trades_of(q.subject, 60, markets=60))})
    scan = scan_of(range(1, 2))
    scan.begin(NOW_S)
    for _ in ("lookups", "stats", "trades"):
        scan.know(dict.fromkeys(scan.lookups(), KnownWallet()), NOW_S)
        late = scan.asks()
        for ask in late:
            if ask.question.name != "markets":
                scan.take(ask.number, venue.answer(ask.question), NOW_S)
    assert [ask.question.name for ask in late] == ["markets", "markets"]
    scan.take(late[0].number, NoAnswer(clean("503")), NOW_S)
    assert [each.verdict.reason for each in scan.finished()] == ["what 50 of its markets are about: 503"]
    scan.take(late[1].number, venue.answer(late[1].question), NOW_S)
    assert scan.is_over


def test_markets_that_are_not_among_the_resolved_ones_are_asked_for_among_the_open_ones() -> None:
    def markets(question: Question) -> bytes:
        ids = [value for key, value in question.query if key == "condition_ids"]
        is_open = ("closed", "false") in question.query
        wanted = [each for each in ids if (each == condition(1)) == is_open and each != condition(3)]
        return json.dumps([market_row(conditionId=each, closed=not is_open) for each in wanted]).encode()

    venue = ScriptedVenue({"markets": markets})
    finished = drive(scan_of(range(1, 3)), venue)
    for each in finished:
        assert sorted(each.evidence.markets) == [condition(1), condition(2)]
        assert each.evidence.markets[condition(1)].payouts is None
    asked = [question.query for question in venue.asked if question.name == "markets"]
    assert [("closed", "true") in query for query in asked] == [True, False]


def test_a_market_call_that_fails_costs_only_the_wallets_that_need_it() -> None:
    def trades(question: Question) -> bytes:
        rows = trades_of(question.subject, 1)
        return page([{**rows[0], "condition_id": condition(9 if question.subject == address(1) else 1)}])

    def markets(question: Question) -> bytes | NoAnswer:
        return NoAnswer(clean("503")) if ("condition_ids", condition(9)) in question.query else resolved(question)

    scan = Scan(ScanPlan(listed=tuple(map(address, (1, 2))), max_concurrent=1), PlainJudge())
    finished = drive(scan, ScriptedVenue({"trades": trades, "markets": markets}))
    assert [each.verdict.verdict for each in finished] == ["NOT SCORED", "TARGET"]
    assert finished[0].verdict.reason == "what 1 of its markets are about: 503"


@pytest.mark.parametrize("most", [1, 3, 50])
def test_at_most_so_many_wallets_are_under_way(most: int) -> None:
    scan = scan_of(range(1, 40), max_concurrent=most)
    seen = []

    class Watching(ScriptedVenue):
        def body(self, question: Question) -> bytes | NoAnswer:
            seen.append(scan.progress().under_way)
            return super().body(question)

    drive(scan, Watching())
    assert max(seen) == min(most, 39)


@given(picks=st.lists(st.integers(0, 10_000), max_size=400), most=st.integers(1, 12))
def test_the_order_of_answers_changes_no_verdict(picks: list[int], most: int) -> None:
    scripts: dict[Any, Any] = {
        ("stats", address(2)): lambda q: stats_body(q.subject, trade_count=2),
        ("trades", address(5)): lambda _: NoAnswer(clean("timed out")),
        ("pnl", address(7)): lambda _: page({"points": [{"timestamp": NOW_S, "realized_pnl": -1.0}]}),
    }
    order = iter(picks)
    finished = drive(
        scan_of(range(1, 13), max_concurrent=most, batch_size=4),
        ScriptedVenue(scripts),
        choose=lambda waiting: next(order, 0) % waiting,
    )
    plain = drive(scan_of(range(1, 13)), ScriptedVenue(scripts))
    assert {each.verdict.wallet: each.verdict for each in finished} == {
        each.verdict.wallet: each.verdict for each in plain
    }


@given(picks=st.lists(st.integers(0, 10_000), max_size=200))
def test_the_same_answers_in_the_same_order_ask_the_same_questions(picks: list[int]) -> None:
    asked = []
    for _ in range(2):
        order = iter(picks)
        venue = ScriptedVenue()
        drive(scan_of(range(1, 10)), venue, choose=lambda waiting, order=order: next(order, 0) % waiting)  # type: ignore[misc]
        asked.append(venue.asked)
    assert asked[0] == asked[1]


def test_a_cancelled_scan_asks_nothing_more_and_keeps_what_is_finished() -> None:
    scan = scan_of(range(1, 60))
    venue = ScriptedVenue()
    finished = drive(scan, venue, stop_after=200)
    assert 0 < len(finished) < 59
    scan.cancel()
    assert scan.is_over
    assert scan.progress().is_cancelled
    scan.take(1, NoAnswer(clean("late")), NOW_S)
    scan.hold(NOW_S, held=False)
    assert (scan.asks(), scan.lookups(), scan.finished()) == ([], [], [])


def test_while_held_no_wallet_is_begun() -> None:
    scan = scan_of(range(1, 20))
    scan.hold(NOW_S, held=True)
    assert drive(scan, ScriptedVenue()) == []
    assert scan.progress().under_way == 0
    scan.hold(NOW_S, held=False)
    assert len(scan.asks()) == 19


def known_from(finished: Any, board: str = "month overall PNL", **changes: Any) -> dict[str, KnownWallet]:
    return {
        each.verdict.wallet: KnownWallet(
            verdict=each.verdict, evidence=each.evidence, board=board, board_volume=1_000.0, **changes
        )
        for each in finished
    }


def board_scan() -> Scan:
    return Scan(ScanPlan(sources=(BOARD,), limit=40), PlainJudge())


def board_venue(volume: float = 1_000.0, **scripts: Any) -> ScriptedVenue:
    board: dict[Any, Any] = {"leaderboard": lambda _: leaders(range(1, 41), pnl=90.0, volume=volume)}
    board.update(scripts)
    return ScriptedVenue(board)


def rescan(first: Any, venue: ScriptedVenue, *, now_s: int = NOW_S, **changes: Any) -> tuple[Scan, Any]:
    """A second scan that knows the markets of the first one as they were then."""
    scan = board_scan()
    for market in {key: value for each in first for key, value in each.evidence.markets.items()}.values():
        scan.desk.know(market, NOW_S)
    return scan, drive(scan, venue, known_from(first, **changes), now_s=now_s)


def test_wallets_of_the_same_volume_cost_nothing() -> None:
    first = drive(board_scan(), board_venue())
    again = board_venue()
    scan, second = rescan(first, again)
    assert again.counts == {"leaderboard": 1}
    assert [each.verdict for each in second] == sorted(
        (each.verdict for each in first), key=lambda verdict: verdict.wallet
    )
    assert all(each.is_old for each in second)
    assert scan.progress().unchanged == 40
    assert [stage.seen for stage in scan.progress().stages] == [40, 40, 40]


def test_a_rejection_at_the_first_stage_is_kept_while_the_wallet_does_not_trade() -> None:
    def few(question: Question) -> bytes:
        return stats_body(question.subject, trade_count=3)

    first = drive(board_scan(), board_venue(stats=few))
    again = board_venue(stats=few)
    _, second = rescan(first, again)
    assert again.counts == {"leaderboard": 1}
    assert {each.verdict.reason for each in second} == {"few trades"}
    _, third = rescan(first, board_venue(volume=1_001.0))
    assert {each.verdict.verdict for each in third} == {"TARGET"}


def test_a_wallet_is_judged_anew_when_a_market_of_its_trades_was_resolved() -> None:
    first = drive(board_scan(), board_venue(markets=_only_open))
    again = board_venue()
    _, second = rescan(first, again, now_s=NOW_S + 7_200)
    assert (again.counts["stats"], again.counts["trades"], again.counts["markets"]) == (0, 0, 1)
    assert (again.counts["pnl"], again.counts["positions"]) == (40, 120)
    assert not any(each.is_old for each in second)


def test_a_market_that_is_still_open_changes_nothing() -> None:
    first = drive(board_scan(), board_venue(markets=_only_open))
    again = board_venue(markets=_only_open)
    _, second = rescan(first, again, now_s=NOW_S + 7_200)
    assert again.counts == {"leaderboard": 1, "markets": 2}
    assert all(each.is_old for each in second)


def test_a_wallet_with_more_volume_is_asked_only_for_what_is_new() -> None:
    first = drive(board_scan(), board_venue())
    new = board_venue(volume=1_001.0, trades=lambda q: page(trades_of(q.subject, 3, NOW_S - 880)))
    _, second = rescan(first, new)
    starts = {dict(question.query).get("start") for question in new.asked if question.name == "trades"}
    assert starts == {str(NOW_S - 1_000)}
    assert (new.counts["stats"], new.counts["pnl"]) == (0, 40)
    assert not any(each.is_old for each in second)


def test_a_wallet_whose_volume_moved_without_a_trade_keeps_its_verdict() -> None:
    first = drive(board_scan(), board_venue())
    again = board_venue(volume=999.0)
    _, second = rescan(first, again)
    assert again.counts == {"leaderboard": 1, "trades": 40}
    assert all(each.is_old for each in second)


def test_the_volume_on_another_board_says_nothing() -> None:
    first = drive(board_scan(), board_venue())
    again = board_venue()
    rescan(first, again, board="week overall PNL")
    assert again.counts["trades"] == 40


def test_a_verdict_that_holds_is_given_again_whatever_the_source() -> None:
    first = drive(scan_of(range(1, 6)), ScriptedVenue())
    venue = ScriptedVenue()
    second = drive(scan_of(range(1, 8)), venue, known_from(first, holds=True))
    assert venue.counts["stats"] == 2
    assert sum(each.is_old for each in second) == 5


def test_a_known_open_market_is_asked_for_again_only_when_it_is_old() -> None:
    open_market = drive(scan_of(range(1, 2)), ScriptedVenue({"markets": _only_open}))[0].evidence.markets
    for age_s, calls in ((3_599, 0), (3_601, 1)):
        scan = scan_of(range(1, 2))
        for market in open_market.values():
            scan.desk.know(market, NOW_S - age_s)
        venue = ScriptedVenue()
        drive(scan, venue)
        assert venue.counts["markets"] == calls


def _only_open(question: Question) -> bytes:
    if ("closed", "true") in question.query:
        return b"[]"
    ids = [value for key, value in question.query if key == "condition_ids"]
    return json.dumps([market_row(conditionId=each, closed=False) for each in ids]).encode()


def test_forgetting_markets_while_some_are_waited_for_loses_none() -> None:
    scan = scan_of(range(1, 30))

    class Forgetful(ScriptedVenue):
        def body(self, question: Question) -> bytes | NoAnswer:
            scan.forget()
            return super().body(question)

    finished = drive(scan, Forgetful())
    assert len(finished) == 29
    assert all(len(each.evidence.markets) == 3 for each in finished)
