"""The lists of a wallet's positions put together: whatever the venue would give first, a cut favours nobody."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from polymarket_samples import page, position_row
from test_wallet_judging import evidence
from test_wallet_record import row
from wallet_facts import NOW_S, WALLET

from app.core.prediction_market import PositionStatus, WalletPosition
from app.core.text import SafeText
from app.feeds.polymarket import questions
from app.feeds.polymarket.parse import parse_positions
from app.feeds.polymarket.questions import Question
from app.feeds.polymarket.walk import Walk, Walked
from app.wallets.funnel import Evidence
from app.wallets.judging import Judging
from app.wallets.position_lists import STATUSES, listed_positions
from app.wallets.thresholds import Thresholds
from app.wallets.values import WalletVerdict

CUT = SafeText("more than 4 pages")
Times = tuple[list[int], int]
TIMES = st.tuples(st.lists(st.integers(1, 60), max_size=12, unique=True), st.integers(1, 12))


def walked(status: PositionStatus, times: Sequence[int], most: int) -> Walked[WalletPosition]:
    """A list as the venue gives it, newest first, of which the first `most` were looked at."""
    # The venue calls lost ones redeemable.
    told: PositionStatus = "REDEEMABLE" if status == "REDEEMABLE_LOST" else status
    rows = [row(f"{status}{at_s}", status=told, last_event_s=at_s) for at_s in sorted(times, reverse=True)]
    is_whole = len(rows) <= most
    return Walked(tuple(rows[:most]), 1, is_whole, SafeText("") if is_whole else CUT)


@given(st.tuples(TIMES, TIMES, TIMES))
def test_what_is_over_is_known_of_all_kinds_since_one_moment(lists: tuple[Times, Times, Times]) -> None:
    by_status = dict(zip(STATUSES, lists, strict=True))
    found, in_part = listed_positions(WALLET, {each: walked(each, *by_status[each]) for each in STATUSES})
    assert in_part == any(len(times) > most for times, most in lists)
    since_s = max((sorted(times)[-most] for times, most in lists if len(times) > most), default=0)
    for status in ("CLOSED", "REDEEMABLE_LOST"):
        times, _ = by_status[status]
        known = {each.last_event_s for each in found if each.status == status}
        assert known == {at_s for at_s in times if at_s >= since_s}
    held, most = by_status["OPEN"]
    assert sum(each.status == "OPEN" for each in found) == min(len(held), most)


def test_a_position_without_a_time_counts_only_in_a_whole_record() -> None:
    for most, count in ((9, 3), (2, 2)):
        lists = {each: walked(each, [], 9) for each in STATUSES}
        lists["CLOSED"] = walked("CLOSED", [7, 8, 9], most)
        lists["REDEEMABLE_LOST"] = Walked((row("x", status="REDEEMABLE", last_event_s=None),), 1, is_whole=True)
        found, in_part = listed_positions(WALLET, lists)
        assert (len(found), in_part) == (count + (most == 9), most == 2)
        assert in_part or found[-1].status == "REDEEMABLE_LOST"


class LongRecord:
    """The venue's list of 1,200 closed even bets, one an hour; its order is that of profit unless asked otherwise."""

    def __init__(self, wins_of_10: int) -> None:
        self.rows = [
            position_row(
                proxy_wallet=WALLET, token_id=str(place), condition_id=f"0x{place:x}", status="CLOSED",
                current_size=0.0, entry_cost_usdc=None, realized_pnl=50.0 if place % 10 < wins_of_10 else -50.0,
                opposite_token_id="",
                last_event_at=NOW_S - 3_600 * (1 + place), event_slug=f"event-{place}",
            )
            for place in range(1_200)
        ]  # fmt: skip

    def answer(self, question: Question) -> bytes:
        query = dict(question.query)
        if query["status"] != "CLOSED":
            return page([])
        name = {"TIMESTAMP": "last_event_at"}.get(query.get("sort_by", ""), "realized_pnl")
        rows = sorted(self.rows, key=lambda each: -each[name])
        first = int(query.get("cursor", 0))
        more = first + 500 < len(rows)
        return page(rows[first : first + 500], str(first + 500) if more else "")


def record_of(venue: LongRecord, pages: int) -> Evidence:
    """What is known of the wallet after so many pages of each list."""
    lists = {}
    for status in STATUSES:
        walk = Walk[WalletPosition](questions.positions(WALLET, status), pages)
        while walk.question is not None:
            walk.take(parse_positions(venue.answer(walk.question)))
        lists[status] = walk.result()
    rows, in_part = listed_positions(WALLET, lists)
    return evidence()._replace(positions=rows, positions_in_part=in_part, pnl=())


def judged(venue: LongRecord, pages: int) -> WalletVerdict:
    return Judging(Thresholds()).record(record_of(venue, pages), NOW_S)


def flags(verdict: WalletVerdict) -> set[str]:
    return {doubt.flag for doubt in verdict.doubts}


def test_a_long_record_of_chance_is_not_judged_by_its_best_positions() -> None:
    verdict = judged(LongRecord(wins_of_10=5), pages=1)
    assert verdict.measures is not None
    assert verdict.measures.losses > 200
    assert verdict.confidence is not None
    assert verdict.confidence < 0.1
    assert verdict.verdict == "REJECTED"


def test_who_is_known_in_part_is_on_the_watchlist_at_most() -> None:
    good = LongRecord(wins_of_10=7)
    whole, cut = judged(good, pages=4), judged(good, pages=1)
    assert (whole.verdict, cut.verdict) == ("TARGET", "WATCHLIST")
    assert flags(cut) - flags(whole) == {"partial record"}
    (text,) = [doubt.text for doubt in cut.doubts if doubt.name == "partial record"]
    assert text == "only its newest 530 positions were looked at; raise scanner.position_pages for more"
