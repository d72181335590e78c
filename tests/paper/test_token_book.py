"""Paper positions in tokens: what a pool gives, the checks before a position, its ends, and what is carried on."""

from math import isfinite
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paper_samples import DAY_MS, NOW_MS

from app.config.settings import CostsSettings, PaperSettings
from app.config.token_settings import TokenPaperSettings, TokenSizingSettings
from app.core.errors import DataError
from app.core.text import clean
from app.core.tokens import PoolState
from app.paper.events import BreakerTripped, TokenBought, TokenOrdered, TokenRefused, TokenSold
from app.paper.ledger import PaperLedger
from app.paper.rows import row_of
from app.paper.state import decode_state, encode_state
from app.paper.token_book import GONE_MS
from app.paper.token_fills import Pool, buy, sell
from app.paper.token_state import TokenRules, TokenWanted
from app.store.rows import PaperTrade

MINT, OTHER = "M" * 42, "N" * 42
LOOK_MS = 30_000


def rules(*, parts: int = 1, **paper: Any) -> TokenRules:
    settings = TokenPaperSettings(open_positions=True, **{"stop_pct": 15.0, "target_pct": 3.0, **paper})
    return TokenRules(settings, TokenSizingSettings(parts=parts), 300)


def state(price: float | None = 1.0, liquidity: float | None = 50_000.0, mint: str = MINT) -> PoolState:
    words = clean("x")
    return PoolState(
        mint=mint, pool=_pool(mint), dex=words, name=words, quote_mint="", created_s=None, price_usd=price,
        liquidity_usd=liquidity, market_cap_usd=None, diluted_value_usd=None, volume_24h_usd=None, buys_1h=None,
        sells_1h=None,
    )  # fmt: skip


def _pool(mint: str) -> str:
    return f"P{mint[1:]}"


def wanted(mint: str = MINT, liquidity: float | None = 50_000.0, combined: float = 1.0) -> TokenWanted:
    return TokenWanted(mint, _pool(mint), f"T{mint[0]}", "model", combined, liquidity)


class Book:
    """A ledger whose pools a test tells."""

    def __init__(self, how: TokenRules | None = None, ledger: PaperLedger | None = None, **paper: Any) -> None:
        self.rules = how or rules()
        self.now_ms = NOW_MS
        self.ledger = ledger or PaperLedger(PaperSettings(**paper), CostsSettings(), NOW_MS)
        self.events: list[Any] = []

    def want(self, mint: str = MINT, **more: Any) -> Any:
        [said] = self.ledger.want_token(wanted(mint, **more), self.rules, self.now_ms)
        return said

    def look(self, *states: PoolState, mints: tuple[str, ...] = (MINT,), after_ms: int = LOOK_MS) -> list[Any]:
        self.now_ms += after_ms
        timed = self.ledger.tokens.pass_time(self.rules, self.now_ms)
        seen = self.ledger.tokens.look(mints, states, self.rules, self.now_ms)
        events = self.ledger.book([*timed, *seen], self.now_ms)
        self.events += events
        return events

    def opened(self, price: float = 1.0, liquidity: float = 50_000.0) -> TokenBought:
        assert isinstance(self.want(liquidity=liquidity), TokenOrdered)
        [bought] = self.look(state(price, liquidity))
        assert isinstance(bought, TokenBought)
        return bought

    @property
    def sold(self) -> list[TokenSold]:
        return [event for event in self.events if isinstance(event, TokenSold)]


@given(st.floats(1, 1e6), st.floats(1e-12, 1e6), st.floats(10, 1e9), st.floats(0, 0.1))
def test_a_pool_never_gives_back_what_was_put_in_nor_more_than_its_money(
    usd: float, price: float, liquidity: float, fee: float
) -> None:
    pool = Pool(price, liquidity)
    got = buy(usd, pool, fee)
    # At the same pool, as if nobody had bought: slippage is paid both ways.
    back = sell(got.tokens, pool, fee)
    assert back.usd <= usd * (1 - fee) ** 2 * (1 + 1e-9)
    assert back.usd <= liquidity / 2 * (1 + 1e-9)
    assert got.tokens < liquidity / 2 / price * (1 + 1e-9)
    assert got.fee_usd == pytest.approx(usd * fee)


def test_slippage_is_that_of_a_constant_product() -> None:
    got = buy(100.0, Pool(2.0, 10_000.0), 0.0)
    assert 100.0 / got.tokens == pytest.approx(2.0 * (1 + 2 * 100 / 10_000))
    # Reserves of 5,000 $ and 2,500 tokens: their product is the same after both trades.
    assert (5_000 + 100) * (2_500 - got.tokens) == pytest.approx(5_000 * 2_500)
    assert sell(1e30, Pool(2.0, 10_000.0), 0.005).usd == pytest.approx(5_000 * 0.995)


def test_a_position_is_bought_at_the_next_look_and_not_at_the_price_that_was_judged() -> None:
    book = Book()
    ordered = book.want(combined=0.68)
    assert (ordered.usd, book.ledger.free_usd) == pytest.approx((84.0, 10_000 - 84))
    assert book.look(state(1.0), after_ms=299) == []
    [bought] = book.look(state(1.1), after_ms=1)
    assert (bought.pool_price, bought.fee_usd) == (1.1, pytest.approx(0.42))
    assert bought.paid_price == pytest.approx(1.1 * (1 + 2 * 83.58 / 50_000) / 0.995)
    [position] = book.ledger.tokens.positions
    # Both ways of fee and slippage are lost at once.
    assert position.result_usd == pytest.approx(-84 * (1 - 0.995**2 / (1 + 4 * 83.58 / 50_000)), rel=1e-3)
    assert book.ledger.equity_usd == pytest.approx(10_000 + position.result_usd)


@pytest.mark.parametrize(
    ("price", "liquidity", "reason"),
    [(1.0, 50_000.0, None), (1.06, 50_000.0, "target"), (0.8, 50_000.0, "stop"), (1.0, 24_000.0, "drain")],
)
def test_an_exit_is_decided_at_one_look_and_filled_at_the_next(
    price: float, liquidity: float, reason: str | None
) -> None:
    book = Book()
    book.opened()
    assert book.look(state(price, liquidity)) == []
    assert book.ledger.tokens.positions[0].closing == reason
    # Whatever became of it meanwhile: the exit stands, and takes what is there.
    book.look(state(0.9, 40_000.0))
    assert [each.reason for each in book.sold] == ([] if reason is None else [reason])
    for each in book.sold:
        assert each.got_usd == pytest.approx(sell(each.tokens, Pool(0.9, 40_000.0), 0.005).usd)
        assert book.ledger.account.cash_usd == pytest.approx(10_000 + each.result_usd)
        assert (book.ledger.account.trades, book.ledger.account.wins) == (1, 0)


def test_a_drained_pool_gives_what_is_left_and_never_the_last_price() -> None:
    book = Book()
    bought = book.opened()
    book.look(state(1.0, 30.0))
    book.look(state(1.0, 30.0))
    [sold] = book.sold
    assert sold.reason == "drain"
    assert sold.got_usd < 15.0
    assert sold.result_usd < -bought.usd + 15.0


def test_a_pool_that_nobody_tells_of_any_more_is_worth_nothing_in_the_end() -> None:
    book = Book()
    bought = book.opened()
    for told in ((), (state(None, 1.0),), (state(1.0, None),)):
        assert book.look(*told) == []
    assert book.ledger.tokens.positions[0].missing_ms == book.now_ms - 2 * LOOK_MS
    # A pool that comes back is as it is then.
    book.look(state())
    assert book.ledger.tokens.positions[0].missing_ms == 0
    book.look()
    book.look(after_ms=GONE_MS - 1)
    assert book.sold == []
    book.look(after_ms=1)
    assert [(each.reason, each.got_usd, each.result_usd) for each in book.sold] == [("gone", 0.0, -bought.usd)]
    assert book.sold[0].unseen_ms == GONE_MS + LOOK_MS


def test_a_position_is_held_for_its_time_and_then_sold() -> None:
    book = Book()
    book.opened()
    book.look(state(), after_ms=3_600_000 - 1)
    assert book.sold == []
    book.look(state(), after_ms=1)
    assert book.sold == []
    book.look(state(), after_ms=300)
    assert [each.reason for each in book.sold] == ["time stop"]


def test_parts_are_bought_when_the_price_has_fallen_and_cost_no_more_than_was_decided() -> None:
    book = Book(rules(parts=2, stop_pct=50.0))
    first = book.opened(price=1.0)
    assert (first.usd, first.left) == pytest.approx((50.0, 1))
    assert book.ledger.tokens.committed_usd == pytest.approx(100.0)
    assert book.look(state(0.91)) == []
    [second] = book.look(state(0.85))
    assert (second.usd, second.pool_price, second.left) == (pytest.approx(50.0), 0.85, 0)
    assert book.look(state(0.8)) == []
    [position] = book.ledger.tokens.positions
    assert position.tokens == pytest.approx(first.tokens + second.tokens)
    assert position.cost_usd == pytest.approx(100.0)


def test_a_part_is_not_bought_from_a_pool_that_cannot_bear_it_any_more() -> None:
    book = Book(rules(parts=2, stop_pct=50.0, drain_pct=99.0))
    book.opened()
    assert book.look(state(0.85, 4_900.0)) == []
    assert len(book.ledger.tokens.positions[0].parts) == 1
    assert book.look(state(0.85, 1e-320)) == []
    assert book.ledger.tokens.positions[0].closing == "drain"


def test_once_an_end_is_decided_no_part_is_bought_and_its_money_is_free() -> None:
    book = Book(rules(parts=2))
    book.opened()
    book.look(state(0.7))
    [position] = book.ledger.tokens.positions
    assert (position.closing, position.parts) == ("stop", ())
    assert book.ledger.tokens.committed_usd == pytest.approx(position.cost_usd) == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("paper", "more", "rule"),
    [
        ({"positions": 1}, {}, "positions"),
        ({"exposure_usd": 150.0}, {}, "exposure"),
        ({}, {"mint": MINT}, "one a token"),
        ({}, {"liquidity": None}, "liquidity"),
        ({}, {"liquidity": 2_000.0}, "liquidity"),
    ],
)
def test_number_exposure_and_pool_are_limited(paper: dict[str, Any], more: dict[str, Any], rule: str) -> None:
    book = Book(rules(**paper))
    book.opened()
    said = book.want(**{"mint": OTHER, **more})
    assert isinstance(said, TokenRefused)
    assert said.rule == rule
    assert said.why
    assert len(book.ledger.tokens.positions) + len(book.ledger.tokens.orders) == 1


def test_only_free_money_is_spent_and_an_order_has_its_set_aside() -> None:
    book = Book(starting_balance=150.0)
    assert isinstance(book.want(), TokenOrdered)
    assert book.want(OTHER).rule == "free money"


def test_what_finds_no_price_in_time_or_a_pool_too_small_is_given_up() -> None:
    book = Book()
    book.want()
    [late] = book.look(after_ms=120_001)
    assert (late.rule, book.ledger.tokens.orders) == ("no price", ())
    book.want()
    [small] = book.look(state(1.0, 900.0))
    assert (small.rule, book.ledger.tokens.orders) == ("liquidity", ())
    assert book.ledger.free_usd == 10_000


def test_a_token_is_not_bought_again_at_once_and_wins_make_the_next_larger() -> None:
    book = Book()
    book.opened()
    book.look(state(1.2))
    book.look(state(1.2))
    assert book.sold[0].result_usd > 0
    assert book.want().rule == "closed lately"
    assert book.want(OTHER).usd == pytest.approx(125.0)
    book.now_ms += 3_600_000
    assert isinstance(book.want(), TokenOrdered)


def test_the_breaker_of_the_day_ends_all_and_opens_nothing() -> None:
    book = Book(daily_loss_limit=40)
    book.opened()
    book.want(OTHER)
    events = book.look(state(0.4))
    assert [type(event) for event in events] == [BreakerTripped, TokenRefused]
    assert book.want("Q" * 42).rule == "breaker"
    # The stop came first; either way it is sold at the next look.
    book.look(state(0.4))
    assert len(book.sold) == 1
    book.now_ms += DAY_MS
    assert isinstance(book.want(OTHER), TokenOrdered)


def test_a_ledger_goes_on_with_positions_orders_parts_and_wins() -> None:
    book = Book(rules(parts=3, stop_pct=50.0))
    book.opened()
    book.want(OTHER)
    saved = encode_state(book.ledger.state())
    again = Book(book.rules, PaperLedger(PaperSettings(), CostsSettings(), book.now_ms, decode_state(saved)))
    again.now_ms = book.now_ms
    for each in (book, again):
        each.look(state(0.85), state(2.0, mint=OTHER), mints=(MINT, OTHER))
        each.look(state(0.3), state(9.0, mint=OTHER), mints=(MINT, OTHER))
        each.look(state(0.3), state(9.0, mint=OTHER), mints=(MINT, OTHER))
    assert [event for event in again.events if not isinstance(event, BreakerTripped)] == [
        event for event in book.events if not isinstance(event, BreakerTripped)
    ][1:]
    assert encode_state(again.ledger.state()) == encode_state(book.ledger.state())
    assert len(again.sold) == 2


def test_a_ledger_that_was_saved_without_tokens_is_read() -> None:
    fields = msgspec.to_builtins(PaperLedger(PaperSettings(), CostsSettings(), NOW_MS).state())
    del fields["tokens"]
    assert decode_state(msgspec.msgpack.encode(fields)).tokens.positions == ()


@pytest.mark.parametrize("spoilt", [{"tokens": float("nan")}, {"cost_usd": 0.0}, {"number": 99}, {"mint": "x"}])
def test_a_saved_position_that_cannot_be_is_refused(spoilt: dict[str, Any]) -> None:
    book = Book()
    book.opened()
    saved = book.ledger.state()
    wrong = msgspec.structs.replace(saved.tokens.positions[0], **spoilt)
    tokens = msgspec.structs.replace(saved.tokens, positions=(wrong,))
    with pytest.raises(DataError, match="cannot be used"):
        decode_state(encode_state(msgspec.structs.replace(saved, tokens=tokens)))


def test_a_clock_that_is_set_back_leaves_nothing_later_than_now() -> None:
    book = Book()
    book.opened()
    book.want(OTHER)
    book.ledger.clock_set_back(NOW_MS - 5_000)
    [position], [order] = book.ledger.tokens.positions, book.ledger.tokens.orders
    assert max(position.opened_ms, position.priced_ms, order.decided_ms) == NOW_MS - 5_000


def test_a_closed_position_is_a_row_with_its_fees() -> None:
    book = Book()
    book.opened()
    book.ledger.tokens.close(MINT, "hand", book.now_ms)
    book.look(state())
    [sold] = book.sold
    row = row_of(sold)
    assert isinstance(row, PaperTrade)
    assert (row.coin, row.opener, row.reason, row.leverage) == (MINT, "model", "hand", 1)
    assert row.gross_usd - row.fees_usd == pytest.approx(row.result_usd)
    assert row.size * (row.exit_price - row.entry_price) == pytest.approx(row.result_usd)


LOOKS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.floats(1e-3, 1e3)),
        st.one_of(st.none(), st.just(0.0), st.floats(1, 1e6)),
        st.integers(1, 400_000),
    ),
    max_size=25,
)


@given(LOOKS, st.integers(1, 4))
def test_whatever_is_told_the_sums_agree_and_no_more_is_lost_than_was_paid(
    looks: list[tuple[float | None, float | None, int]], parts: int
) -> None:
    book = Book(rules(parts=parts, again_s=0.0), daily_loss_limit=1e9)
    paid = 0.0
    for price, liquidity, after_ms in looks:
        book.want()
        events = book.look(state(price, liquidity), after_ms=after_ms)
        paid += sum(event.usd for event in events if isinstance(event, TokenBought))
        ledger = book.ledger
        assert ledger.equity_usd == pytest.approx(ledger.account.cash_usd + ledger.tokens.result_usd)
        assert ledger.tokens.committed_usd <= 250.0 + 1e-6
        assert all(position.close_usd <= position.liquidity_usd / 2 for position in ledger.tokens.positions)
    lost = sum(each.cost_usd - each.got_usd for each in book.sold)
    assert lost <= paid + 1e-6
    assert book.ledger.account.cash_usd == pytest.approx(10_000 - lost)
    assert decode_state(encode_state(book.ledger.state())) == book.ledger.state()


_PRICES = st.one_of(st.none(), st.floats(1e-24, 1e-22), st.floats(1e-24, 9e14), st.just(1e-24))
_LIQUIDITIES = st.one_of(st.none(), st.just(0.0), st.floats(0, 9.9e14), st.floats(5e-324, 1e-300))


@settings(max_examples=100)
@given(st.lists(st.tuples(_PRICES, _LIQUIDITIES, st.integers(-120_000, 120_000)), min_size=1, max_size=8))
def test_whatever_a_pool_tells_what_is_saved_can_be_read_again(
    looks: list[tuple[float | None, float | None, int]],
) -> None:
    how = TokenRules(
        TokenPaperSettings(open_positions=True, stop_pct=0.0, target_pct=0.0),
        TokenSizingSettings(parts=4, minimum_usd=0.0),
        0,
    )
    book = Book(how)
    for price, liquidity, step_ms in looks:
        book.want()
        book.look(state(price, liquidity), after_ms=step_ms)
        if step_ms < 0:
            book.ledger.clock_set_back(book.now_ms)
        saved = decode_state(encode_state(book.ledger.state()))
        assert saved.tokens == book.ledger.tokens.state()
        assert isfinite(book.ledger.tokens.result_usd)
