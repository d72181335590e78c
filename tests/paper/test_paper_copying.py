"""Copies of wallets: what is told once, when one opens and ends, what it costs, and the breaker they share."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_samples import NOW_MS

from app.config.settings import CostsSettings, PaperSettings
from app.core.errors import DataError
from app.core.prediction_market import WalletActivity
from app.core.text import clean
from app.paper.copying import MOST_CURSORS, CopyBook, CopyState, Print, Purchase, market_name, newest_prints
from app.paper.events import BreakerTripped, CopyClosed, CopyOpened
from app.paper.ledger import PaperLedger
from app.paper.rows import row_of
from app.paper.state import decode_state, encode_state

NOW_S = NOW_MS // 1_000
WALLET, OTHER = f"0x{1:040x}", f"0x{2:040x}"
SETTINGS = PaperSettings(copy_wallets=True, copy_usd=50, copy_slippage=0.01, copy_positions=2, copy_exposure_usd=120)


def done(kind: str = "BUY", **changes: Any) -> WalletActivity:
    fields = {
        "wallet": WALLET, "kind": kind, "condition_id": "c1", "token_id": "t1", "size": 100.0, "price": 0.50,
        "usdc": 50.0, "at_s": NOW_S, "event_slug": clean("race"), "outcome_index": 0,
    }  # fmt: skip
    return WalletActivity(**{**fields, **changes})


def a_ledger(settings: PaperSettings = SETTINGS) -> PaperLedger:
    ledger = PaperLedger(settings, CostsSettings(), NOW_MS)
    ledger.copies.since_s(WALLET, NOW_S)
    return ledger


def copied(ledger: PaperLedger, price: float = 0.50, **changes: Any) -> CopyOpened:
    """A copy of a purchase that is seen at once, with the newest print at `price`."""
    (purchase,) = ledger.copies.take(changes.get("wallet", WALLET), [done(**changes)])
    opened = ledger.copy(purchase, Print(price, NOW_MS), NOW_MS).events[0]
    assert isinstance(opened, CopyOpened)
    return opened


def test_a_copy_costs_what_is_set_at_the_newest_print_and_the_slippage() -> None:
    ledger = a_ledger()
    opened = copied(ledger, price=0.54)
    assert (opened.wallet_price, opened.print_price, opened.entry_price) == pytest.approx((0.50, 0.54, 0.55))
    (copy,) = ledger.copies.copies
    assert copy.cost_usd == pytest.approx(50)
    assert copy.close_price == pytest.approx(0.53)
    # Both ways of the slippage are lost at once; what was paid is not free.
    assert ledger.equity_usd == pytest.approx(10_000 - copy.shares * 0.02)
    assert ledger.free_usd == pytest.approx(9_950)


@pytest.mark.parametrize(
    ("rows", "closes"),
    [
        ([done("SELL", size=100.0)], True),
        ([done("SELL", size=99.5)], True),
        ([done("SELL", size=60.0)], False),
        ([done("SELL", size=60.0), done("SELL", size=40.0)], True),
        ([done("BUY", size=100.0), done("SELL", size=100.0)], False),
        ([done("SELL", token_id="t2")], False),
        ([done("MERGE", token_id="", size=100.0)], True),
        ([done("MERGE", token_id="", size=100.0, condition_id="c2")], False),
        ([done("REDEEM", token_id="", size=100.0)], False),
    ],
)  # fmt: skip
def test_a_copy_ends_when_the_wallet_has_sold_what_it_was_seen_to_buy(rows: list[Any], closes: bool) -> None:
    ledger = a_ledger()
    copied(ledger)
    ledger.copies.take(WALLET, rows)
    assert bool(ledger.copies.copies[0].closing) == closes
    ledger.copies.price({"t1": Print(0.70, NOW_MS)}, 0.01, NOW_MS + 5_000)
    closed = ledger.book(ledger.copies.close_due(["t1"], NOW_MS + 5_000), NOW_MS + 5_000)
    assert [type(event) for event in closed] == ([CopyClosed] if closes else [])
    assert ledger.account.trades == closes
    assert ledger.equity_usd == pytest.approx(10_000 + 50 / 0.51 * (0.69 - 0.51))


def test_another_wallet_neither_doubles_nor_ends_a_copy() -> None:
    ledger = a_ledger()
    copied(ledger)
    assert ledger.copies.take(OTHER, [done(wallet=OTHER), done("SELL", wallet=OTHER, size=500.0)]) == []
    assert ledger.copies.copies[0].closing is None


def test_what_was_bought_and_sold_before_it_was_seen_is_no_purchase() -> None:
    book = CopyBook(CopyState())
    rows = [
        done(),
        done("SELL"),
        done(token_id="t2"),
        done("SELL", token_id="t2", size=40.0),
        done("SELL", token_id="t3"),
    ]
    assert [(each.trade.token_id, each.shares) for each in book.take(WALLET, rows)] == [("t2", 60.0)]


@pytest.mark.parametrize(
    ("price", "changes", "why"),
    [
        (0.995, {}, "nothing to win"),
        (0.0, {"copy_slippage": 0.0}, "smallest step"),
        (1e-300, {"copy_slippage": 0.0}, "smallest step"),
        (0.5, {"free": 20.0}, "20.00 are free"),
        (0.5, {"copy_positions": 1}, "1 copies are open"),
        (0.5, {"copy_exposure_usd": 90.0}, "more than 90 paper"),
    ],
)
def test_number_exposure_and_price_are_limited(price: float, changes: dict[str, Any], why: str) -> None:
    book = CopyBook(CopyState())
    chosen = {"copy_usd": 50, "copy_slippage": 0.01} | {k: v for k, v in changes.items() if k != "free"}
    settings = PaperSettings(**chosen)
    first = Purchase(done(token_id="t0"), 100.0)
    assert isinstance(book.open(first, Print(0.5, NOW_MS), settings, 1_000.0, 1, NOW_MS), CopyOpened)
    newest = Print(price, NOW_MS)
    said = book.open(Purchase(done(), 100.0), newest, settings, changes.get("free", 1_000.0), 2, NOW_MS)
    assert isinstance(said, str)
    assert why in said
    assert len(book.copies) == 1


@pytest.mark.parametrize(("payout", "result"), [(1.0, 50 / 0.51 - 50), (0.0, -50.0), (0.5, 50 / 0.51 / 2 - 50)])
def test_a_market_that_pays_out_ends_a_copy_without_slippage(payout: float, result: float) -> None:
    ledger = a_ledger()
    copied(ledger)
    assert ledger.copies.pay_out("c2", {"t1": 1.0}, NOW_MS) == []
    (closed,) = ledger.book(ledger.copies.pay_out("c1", {"t1": payout, "t9": 1 - payout}, NOW_MS + 9), NOW_MS + 9)
    assert isinstance(closed, CopyClosed)
    assert closed.reason == "paid out"
    assert closed.result_usd == pytest.approx(result)
    assert ledger.account.cash_usd == pytest.approx(10_000 + result)
    row = row_of(closed)
    assert row is not None
    assert (row.opener, row.coin, row.reason, row.result_usd) == (WALLET, "race c1 #0", "paid out", closed.result_usd)  # type: ignore[union-attr]


def test_the_breaker_of_the_day_ends_all_copies_and_opens_none_until_the_next() -> None:
    ledger = a_ledger(PaperSettings(copy_wallets=True, copy_usd=50, daily_loss_limit=40))
    copied(ledger)
    copied(ledger, token_id="t2", condition_id="c2")
    ledger.copies.price({"t1": Print(0.02, NOW_MS)}, 0.01, NOW_MS + 1_000)
    events = ledger.book([], NOW_MS + 1_000)
    assert [type(event) for event in events] == [BreakerTripped, CopyClosed, CopyClosed]
    assert {event.reason for event in events if isinstance(event, CopyClosed)} == {"breaker"}
    assert (ledger.copies.copies, ledger.account.trades, ledger.account.tripped) == ((), 2, True)
    purchase = Purchase(done(), 100.0)
    assert "reached its limit" in ledger.copy(purchase, Print(0.5, NOW_MS), NOW_MS + 2_000).refusal
    assert ledger.copy(purchase, Print(0.5, NOW_MS), NOW_MS + 86_400_000).refusal == ""


def test_a_ledger_goes_on_with_its_copies_and_what_it_has_read() -> None:
    ledger = a_ledger()
    rows = [done(), done(token_id="t2", at_s=NOW_S + 1)]
    ledger.copy(ledger.copies.take(WALLET, ledger.copies.fresh(WALLET, rows, NOW_S))[0], Print(0.5, NOW_MS), NOW_MS)
    again = PaperLedger(SETTINGS, CostsSettings(), NOW_MS + 1, decode_state(encode_state(ledger.state())))
    assert again.copies.state() == ledger.copies.state()
    assert (again.equity_usd, again.free_usd) == (ledger.equity_usd, ledger.free_usd)
    assert again.copies.fresh(WALLET, rows, NOW_S) == []


def test_a_purchase_that_waits_for_a_price_is_saved_with_what_its_wallet_still_holds() -> None:
    ledger = a_ledger()
    (purchase,) = ledger.copies.take(WALLET, [done()])
    assert ledger.copies.want(purchase)
    again = PaperLedger(SETTINGS, CostsSettings(), NOW_MS + 1, decode_state(encode_state(ledger.state())))
    assert again.copies.take(WALLET, [done(size=50.0), done("SELL", size=30.0)]) == []
    assert [(each.trade.token_id, each.shares) for each in again.copies.pending] == [("t1", 120.0)]


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        ([done("SELL", size=60.0)], 40.0),
        ([done("SELL", size=99.5)], None),
        ([done("SELL", wallet=OTHER)], 100.0),
        ([done("SELL", token_id="t2")], 100.0),
        ([done("MERGE", token_id="", size=100.0)], None),
        ([done("MERGE", token_id="", size=30.0)], 70.0),
        ([done("REDEEM", token_id="", size=1.0)], None),
        ([done("REDEEM", token_id="", condition_id="c2")], 100.0),
    ],
)
def test_what_is_sold_while_it_waits_for_a_price_waits_no_longer(rows: list[Any], left: float | None) -> None:
    book = CopyBook(CopyState())
    book.want(Purchase(done(), 100.0))
    book.take(rows[0].wallet, rows)
    assert [each.shares for each in book.pending] == ([] if left is None else [left])


def test_how_far_wanted_wallets_are_read_outlives_any_number_of_others() -> None:
    book = CopyBook(CopyState())
    wallets = [f"0x{number:040x}" for number in range(1, 3 * MOST_CURSORS)]
    wanted = wallets[:3]
    for number, wallet in enumerate(wallets):
        book.since_s(wallet, NOW_S + number, [*wanted, wallet])
    assert [book.since_s(wallet, NOW_S + 900, wanted) for wallet in wanted] == [NOW_S, NOW_S + 1, NOW_S + 2]
    assert len(book.state().cursors) == MOST_CURSORS


def test_outcomes_of_two_markets_of_an_event_have_two_names_however_long_the_event_is() -> None:
    slug = clean("who-will-win-the-longest-election-of-them-all-in-the-whole-of-2026")
    names = {
        market_name(done(condition_id=f"0x{market}{'0' * 58}", outcome_index=outcome, event_slug=slug))
        for market in ("12ab34", "12ab35")
        for outcome in (0, 1)
    }
    assert len(names) == 4
    assert all(len(name) <= 60 for name in names)
    assert market_name(done(condition_id="0x12ab34ff", event_slug=clean(""))) == "12ab34 #0"


@pytest.mark.parametrize("spoilt", [{"shares": float("nan")}, {"entry_price": 0.0}, {"number": 99}])
def test_a_saved_copy_that_cannot_be_is_refused(spoilt: dict[str, Any]) -> None:
    import msgspec

    ledger = a_ledger()
    copied(ledger)
    state = ledger.state()
    wrong = msgspec.structs.replace(state.copies.copies[0], **spoilt)
    with pytest.raises(DataError, match="cannot be used"):
        decode_state(encode_state(msgspec.structs.replace(state, copies=CopyState(copies=(wrong,)))))


TRADES = st.lists(
    st.builds(
        done,
        kind=st.sampled_from(("BUY", "SELL", "MERGE")),
        at_s=st.integers(NOW_S - 5, NOW_S + 300),
        size=st.sampled_from((1.0, 2.0)),
        token_id=st.sampled_from(("t1", "t2", "")),
    ),
    max_size=30,
)


@given(TRADES, st.data())
def test_whatever_pages_come_each_trade_is_told_once(trades: list[WalletActivity], data: st.DataObject) -> None:
    """Pages overlap, and hold what the venue has told so far: nothing is missed, nothing is told twice."""
    trades.sort(key=lambda each: each.at_s)
    book = CopyBook(CopyState())
    since_s = book.since_s(WALLET, NOW_S)
    told: list[WalletActivity] = []
    reached = 0
    while reached < len(trades):
        reached = (
            data.draw(st.integers(reached, len(trades))) if told or reached else data.draw(st.integers(1, len(trades)))
        )
        page = [each for each in trades[:reached] if each.at_s >= book.since_s(WALLET, NOW_S)]
        told += book.fresh(WALLET, page, NOW_S + 300)
        if data.draw(st.booleans()):
            break
    told += book.fresh(WALLET, [each for each in trades if each.at_s >= book.since_s(WALLET, NOW_S)], NOW_S + 300)
    assert sorted(told, key=repr) == sorted((each for each in trades if each.at_s >= since_s), key=repr)


def test_a_trade_the_venue_tells_of_late_is_not_missed() -> None:
    book = CopyBook(CopyState())
    book.since_s(WALLET, NOW_S)
    first, late = done(at_s=NOW_S + 50), done(at_s=NOW_S + 10, token_id="t2")
    assert book.fresh(WALLET, [first], NOW_S + 50) == [first]
    assert book.fresh(WALLET, [late, first], NOW_S + 80) == [late]
    assert book.fresh(WALLET, [late, first, done(at_s=NOW_S - 1), done(wallet=OTHER)], NOW_S + 80) == []


@given(
    st.lists(
        st.tuples(
            st.integers(1, 400),
            st.sampled_from(["trade", "trade", "trade", "read", "clock"]),
            st.integers(-7_200, 7_200),
        ),
        max_size=30,
    )
)
def test_hazard_11_a_trade_is_told_once_however_the_clock_is_set(steps: list[tuple[int, str, int]]) -> None:
    """The venue dates trades by the true time; the machine's clock is off by what it was set to last."""
    ledger = PaperLedger(SETTINGS, CostsSettings(), NOW_MS)
    book, true_s, off_s, set_s = ledger.copies, NOW_S, 0, NOW_S
    book.since_s(WALLET, NOW_S)
    venue: list[WalletActivity] = []
    told: list[WalletActivity] = []
    for place, (later_s, what, to_s) in enumerate([*steps, (1, "clock", 0), (1, "trade", 0), (7_201, "read", 0)]):
        true_s += later_s
        if what == "trade":
            venue.append(done(at_s=true_s, size=1.0 + place))
        elif what == "clock":
            if to_s < off_s:
                ledger.clock_set_back((true_s + to_s) * 1_000)
            off_s, set_s = to_s, true_s
        else:
            rows = [each for each in venue if each.at_s >= book.since_s(WALLET, true_s + off_s)]
            told += book.fresh(WALLET, rows, true_s + off_s)
            assert book.since_s(WALLET, true_s + off_s) <= true_s + off_s
    assert len(set(told)) == len(told)
    assert {each for each in venue if each.at_s >= set_s} <= set(told)


def test_hazard_11_nothing_of_a_copy_is_later_than_the_time_a_clock_is_set_back_to() -> None:
    ledger = a_ledger()
    copied(ledger)
    ledger.copies.price({"t1": Print(0.6, NOW_MS + 5_000)}, 0.01, NOW_MS + 5_000)
    back_ms = NOW_MS - 3_600_000
    ledger.clock_set_back(back_ms)
    (copy,) = ledger.copies.copies
    assert (copy.opened_ms, copy.priced_ms) == (back_ms, back_ms)
    assert ledger.copies.since_s(WALLET, back_ms // 1_000) == back_ms // 1_000


@pytest.mark.parametrize("ahead_s", [60, 86_400, 5_000_000_000])
def test_hazard_3_a_saved_cursor_in_the_future_is_read_from_now_on(ahead_s: int) -> None:
    ledger = a_ledger()
    ledger.copies.fresh(WALLET, [done(at_s=NOW_S + ahead_s)], NOW_S + ahead_s)
    state = decode_state(encode_state(ledger.state()))
    again = PaperLedger(SETTINGS, CostsSettings(), NOW_MS, state).copies
    assert again.since_s(WALLET, NOW_S) <= NOW_S
    assert again.fresh(WALLET, [after := done(at_s=NOW_S + 1, token_id="t9")], NOW_S + 1) == [after]


def test_a_wallet_that_does_more_in_a_minute_than_is_remembered_is_read_on() -> None:
    """Whether the clock is right, or so far behind that all of it is dated ahead."""
    rows = [done(at_s=NOW_S + 30, size=1.0 + place) for place in range(900)]
    for clock_s in (NOW_S + 60, NOW_S - 3_600):
        book = CopyBook(CopyState())
        book.since_s(WALLET, NOW_S - 3_600)
        book.fresh(WALLET, rows, clock_s)
        assert book.since_s(WALLET, clock_s) <= clock_s
        assert len(book.state().cursors[0].seen) <= 400
        after = done(at_s=clock_s + 1, size=5_000.0)
        assert after in book.fresh(WALLET, [*rows, after], clock_s + 1)


def test_the_newest_print_of_an_outcome_is_its_price() -> None:
    prints = [
        done(price=0.2, at_s=NOW_S - 70),
        done(price=0.4, wallet=OTHER, at_s=NOW_S - 60),
        done("SELL", price=0.3, token_id="t2"),
        done("REDEEM", price=1.0),
    ]
    assert newest_prints(prints) == {"t1": Print(0.4, NOW_MS - 60_000), "t2": Print(0.3, NOW_MS)}


def test_a_price_is_as_old_as_its_print_and_not_as_the_question_for_it() -> None:
    ledger = a_ledger()
    purchase = Purchase(done(), 100.0)
    ledger.copy(purchase, Print(0.5, NOW_MS - 7_200_000), NOW_MS)
    assert ledger.copies.copies[0].priced_ms == NOW_MS - 7_200_000
    for at_ms, priced_ms in ((NOW_MS - 3_600_000, NOW_MS - 3_600_000), (NOW_MS + 60_000, NOW_MS + 5_000)):
        ledger.copies.price({"t1": Print(0.6, at_ms)}, 0.01, NOW_MS + 5_000)
        assert ledger.copies.copies[0].priced_ms == priced_ms
    ledger.copies.price({"t2": Print(0.1, NOW_MS)}, 0.01, NOW_MS + 9_000)
    assert ledger.copies.copies[0].priced_ms == NOW_MS + 5_000
