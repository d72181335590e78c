"""The signal of a coin: worked examples, leans that do not flicker, and sums that equal those made from nothing."""

from math import erf, inf, isfinite, nan, sqrt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from score_samples import BOOKS, COINS, NOW_MS, SMART_MONEY, address, state, weight

from app.core.whale_events import SmartMoneySignal
from app.whales.coin_sums import CoinSums, Holding, units
from app.whales.lean import LeanThresholds, lean_thresholds, next_lean
from app.whales.smart_money import SmartMoney, conviction

MINUTE_MS = 60_000


def smart_money(*books: dict[str, float], totals: tuple[float, ...] = ()) -> SmartMoney:
    """Traders 1, 2, … of a million each with what they hold; each counts one half unless told otherwise."""
    made = SmartMoney(SMART_MONEY)
    for number, book in enumerate(books, start=1):
        made.weight_changed(weight(number, totals[number - 1] if totals else 0.5), 50.0)
        made.state_changed(state(number, book))
    made.with_past = len(books)
    return made


def test_worked_example() -> None:
    """Shares: 0.8 · 1 long, 0.4 · 0.5 long, 0.6 · 0.25 short: 0.85 of 1.15; the baseline's 1.25 of 1.75."""
    made = smart_money({"BTC": 3e6}, {"BTC": 5e5}, {"BTC": -2.5e5}, {"ETH": 1e6}, totals=(0.8, 0.4, 0.6, 0.5))
    made.weight_changed(weight(5), 50.0)
    found = made.signal("BTC", NOW_MS)
    assert found.bias == pytest.approx(0.85 / 1.15)
    assert found.plain_bias == pytest.approx(1.25 / 1.75)
    assert (found.long_traders, found.short_traders, found.stale_traders) == (2, 1, 1)
    assert found.breadth == pytest.approx(3 / 4)
    assert found.concentration == pytest.approx(0.8 / 1.15)
    assert found.value_usd == 3.75e6
    effective = 1.15**2 / (0.8**2 + 0.2**2 + 0.15**2)
    assert found.confidence == pytest.approx(erf(0.85 / 1.15 * sqrt(effective / 2)) * 4 / 5)
    assert (found.lean, found.plain_lean, found.change_1h) == ("NEUTRAL", "NEUTRAL", None)


def test_the_largest_shares_of_each_side_are_found() -> None:
    """The worked example's: 0.8 and 0.2 of 1.15 long, 0.15 short; who left or grew stale is not among them."""
    made = smart_money({"BTC": 3e6}, {"BTC": 5e5}, {"BTC": -2.5e5}, {"ETH": 1e6}, totals=(0.8, 0.4, 0.6, 0.5))
    long = made.largest("BTC", 1, 10)
    assert [one.trader for one in long] == [address(1), address(2)]
    assert [one.share for one in long] == pytest.approx([0.8 / 1.15, 0.2 / 1.15])
    assert [one.value_usd for one in made.largest("BTC", -1, 10)] == [2.5e5]
    assert [one.trader for one in made.largest("BTC", 1, 1)] == [address(1)]
    made.stale(address(1))
    assert [one.trader for one in made.largest("BTC", 1, 10)] == [address(2)]
    assert made.largest("SOL", 1, 10) == ()


def test_confidence_falls_with_what_is_not_known_of_the_weights() -> None:
    """Two of one mind, shares of 0.6 and 0.2, of which all and half is known: seven eighths."""
    made = smart_money({"BTC": 1e6}, {"BTC": 1e6}, totals=(0.6, 0.2))
    known = made.signal("BTC", NOW_MS).confidence
    made.weight_changed(weight(2, 0.2, 0.5), 50.0)
    assert made.signal("BTC", NOW_MS).confidence == pytest.approx(known * 7 / 8)


def leans(made: SmartMoney) -> tuple[str, str]:
    signal = made.signal("BTC", NOW_MS)
    return signal.lean, signal.plain_lean


def test_a_lean_needs_traders_and_goes_when_they_do() -> None:
    """Five at least, six to begin."""
    made = smart_money(*[{"BTC": 1e6}] * 5)
    assert made.signal("BTC", NOW_MS).lean == "NEUTRAL"
    made.weight_changed(weight(6), 50.0)
    assert made.state_changed(state(6, {"BTC": 1e6})) == ("BTC",)
    assert leans(made) == ("LONG", "LONG")
    assert made.stale(address(1)) == ()
    assert made.stale(address(2)) == ("BTC",)
    assert leans(made) == ("NEUTRAL", "NEUTRAL")
    assert (made.signal("BTC", NOW_MS).bias, made.stale_traders) == (1.0, 2)


def test_who_counts_for_nothing_makes_no_lean() -> None:
    """Eight hold the coin, five of whom count for something: the baseline leans, the signal does not."""
    books = [{"BTC": 1e6}] * 8
    assert leans(smart_money(*books, totals=(0.5,) * 5 + (0.0,) * 3)) == ("NEUTRAL", "LONG")
    made = smart_money(*books, totals=(0.5,) * 6 + (0.0,) * 2)
    assert leans(made) == ("LONG", "LONG")
    assert made.signal("BTC", NOW_MS).long_traders == 8
    made.weight_changed(weight(1, 0.0), 50.0)
    assert leans(made) == ("LONG", "LONG")
    made.weight_changed(weight(2, 0.0), 50.0)
    assert leans(made) == ("NEUTRAL", "LONG")


def test_the_baseline_has_a_lean_of_its_own() -> None:
    """Good accounts are short, those of high scores long: the two lean against each other."""
    made = SmartMoney(SMART_MONEY)
    for number in range(1, 9):
        short = number <= 4
        made.weight_changed(weight(number, 0.9 if short else 0.1), 10.0 if short else 90.0)
        made.state_changed(state(number, {"SOL": -1e6 if short else 1e6}))
    found = made.signal("SOL", NOW_MS)
    assert (found.lean, found.plain_lean) == ("SHORT", "LONG")
    assert [found.bias, found.plain_bias] == pytest.approx([-0.8, 0.8])


def test_a_coin_nobody_holds_is_neutral() -> None:
    found = smart_money({"BTC": 1e6}).signal("DOGE", NOW_MS)
    assert (found.lean, found.bias, found.breadth, found.concentration, found.confidence) == ("NEUTRAL", 0, 0, 0, 0)
    assert smart_money().signal("BTC", NOW_MS).confidence == 0


def test_a_position_counts_by_what_of_the_account_stands_behind_it() -> None:
    assert conviction(5e5, 1e6) == 0.5
    assert conviction(5e6, 1e6) == 1
    assert conviction(999, 1e6) == 0
    assert conviction(1_000, 1e6) == 0.001
    assert conviction(10, 0) == conviction(10, -5) == 1
    assert [conviction(*pair) for pair in ((0, 1), (nan, 1), (1, nan), (inf, 1), (-1, 1))] == [0] * 5


def test_older_states_and_strangers_change_nothing() -> None:
    made = smart_money({"BTC": 1e6})
    before = made.signal("BTC", NOW_MS)
    assert made.state_changed(state(1, {}, at_ms=NOW_MS - 1)) == ()
    assert made.state_changed(state(9, {"BTC": -1e6})) == ()
    assert made.stale(address(9)) == made.unfollow(address(9)) == ()
    assert made.signal("BTC", NOW_MS) == before


def test_a_trader_who_is_unfollowed_leaves_nothing_behind() -> None:
    made = smart_money({"BTC": 1e6}, {"BTC": -1e6})
    made.unfollow(address(2))
    assert made.signal("BTC", NOW_MS) == smart_money({"BTC": 1e6}).signal("BTC", NOW_MS)
    assert (made.followed, made.stale_traders) == (1, 0)


def test_a_change_over_an_hour_is_that_of_the_minutes() -> None:
    made = smart_money({"BTC": 1e6}, {"BTC": -1e6})
    for minute in range(61):
        made.minute(NOW_MS + minute * MINUTE_MS)
        if minute == 30:
            made.state_changed(state(2, {"BTC": 1e6}, at_ms=NOW_MS + 1))
        change = made.signal("BTC", NOW_MS + minute * MINUTE_MS).change_1h
        assert change == (None if minute < 60 else 1.0)
    for minute in range(61, 92):
        made.minute(NOW_MS + minute * MINUTE_MS)
    assert made.signal("BTC", NOW_MS + 91 * MINUTE_MS).change_1h == 0


def test_an_hour_with_a_hole_has_no_change() -> None:
    made = smart_money({"BTC": 1e6})
    made.minute(NOW_MS)
    assert made.signal("BTC", NOW_MS + 65 * MINUTE_MS).change_1h == 0
    assert made.signal("BTC", NOW_MS + 66 * MINUTE_MS).change_1h is None


def test_a_bias_of_few_fresh_traders_is_not_compared() -> None:
    """After a start most traders are not yet seen: what the first ones hold is no trend."""
    made = smart_money(*[{"BTC": 1e6}] * 7)
    made.with_past = 10
    for number in range(8, 11):
        made.weight_changed(weight(number), 50.0)
    made.minute(NOW_MS)
    made.state_changed(state(8, {"BTC": -1e6}))
    assert made.signal("BTC", NOW_MS + 60 * MINUTE_MS).change_1h is None
    made.minute(NOW_MS + MINUTE_MS)
    assert made.signal("BTC", NOW_MS + 61 * MINUTE_MS).change_1h == 0
    made.stale(address(1))
    assert made.signal("BTC", NOW_MS + 61 * MINUTE_MS).change_1h is None


def test_a_bias_of_traders_of_unknown_past_is_not_compared() -> None:
    """After a first start weights are still being learned: what a past that comes does to a bias is no trend."""
    made = smart_money(*[{"BTC": 1e6}] * 10)
    made.with_past = 7
    made.minute(NOW_MS)
    made.with_past = 8
    assert made.signal("BTC", NOW_MS + 60 * MINUTE_MS).change_1h is None
    made.minute(NOW_MS + MINUTE_MS)
    assert made.signal("BTC", NOW_MS + 61 * MINUTE_MS).change_1h == 0


def test_a_coin_that_nobody_holds_for_an_hour_is_forgotten() -> None:
    made = smart_money({"BTC": 1e6, "ETH": 1e6})
    made.minute(NOW_MS)
    made.state_changed(state(1, {"BTC": 1e6}, at_ms=NOW_MS + 1))
    for minute in range(1, 80):
        made.minute(NOW_MS + minute * MINUTE_MS)
    assert made.coins == ("BTC",)


class Kept(RuleBasedStateMachine):
    """Whatever happens in whatever order, the sums are those of the last weights and states alone."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = SmartMoney(SMART_MONEY)
        self.weights: dict[int, tuple[float, float, float]] = {}
        self.books: dict[int, dict[str, float]] = {}
        self.fresh: set[int] = set()
        self.at_ms = NOW_MS

    @rule(number=st.integers(1, 12), told=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 100)))
    def weigh(self, number: int, told: tuple[float, float, float]) -> None:
        self.weights[number] = told
        self.kept.weight_changed(weight(number, told[0], told[1]), told[2])

    @rule(number=st.integers(1, 12), book=BOOKS)
    def move(self, number: int, book: dict[str, float]) -> None:
        self.at_ms += 1
        self.kept.state_changed(state(number, book, at_ms=self.at_ms))
        if number in self.weights:
            self.books[number] = book
            self.fresh.add(number)

    @rule(number=st.integers(1, 12))
    def age(self, number: int) -> None:
        self.kept.stale(address(number))
        self.fresh.discard(number)

    @rule(number=st.integers(1, 12))
    def leave(self, number: int) -> None:
        self.kept.unfollow(address(number))
        for known in (self.weights, self.books):
            known.pop(number, None)
        self.fresh.discard(number)

    @invariant()
    def equals_what_is_made_from_nothing(self) -> None:
        again = SmartMoney(SMART_MONEY)
        for number, (total, coverage, score) in sorted(self.weights.items(), reverse=True):
            again.weight_changed(weight(number, total, coverage), score)
            if number in self.fresh:
                again.state_changed(state(number, self.books[number]))
        for coin in COINS:
            assert numbers(self.kept.signal(coin, NOW_MS)) == numbers(again.signal(coin, NOW_MS))
            self.equals_plain_floats(coin)

    def equals_plain_floats(self, coin: str) -> None:
        parts = [
            (
                self.weights[number][0] * conviction(abs(self.books[number].get(coin, 0.0)), 1e6),
                self.books[number][coin],
            )
            for number in self.fresh
            if coin in self.books[number]
        ]
        gross = sum(share for share, _ in parts)
        if gross > 1e-6:
            net = sum(share if value > 0 else -share for share, value in parts)
            found = self.kept.signal(coin, NOW_MS)
            assert found.bias == pytest.approx(net / gross, abs=1e-5)
            assert found.concentration == pytest.approx(max(share for share, _ in parts) / gross, abs=1e-5)


def numbers(signal: SmartMoneySignal) -> SmartMoneySignal:
    """What does not depend on the past: leans do."""
    return msgspec.structs.replace(signal, lean="NEUTRAL", plain_lean="NEUTRAL", change_1h=None)


TestKept = Kept.TestCase


def test_a_hundred_thousand_changes_leave_no_trace() -> None:
    """Floats that are added and taken away drift; whole units do not."""
    sums, share = CoinSums(), 0.1
    for round_ in range(100_000):
        share = (share * 3.7 + 0.01) % 1
        sums.put(held(round_ % 7, share))
        assert len(sums._largest) <= 64 + 2 * 7
    for number in range(7):
        sums.remove(address(number))
    assert (sums.net, sums.gross, sums.squares, sums.covered, sums.plain_net, sums.plain_gross, sums.cents) == (0,) * 7
    assert (sums.traders, sums.concentration()) == (0, 0)


def held(number: int, share: float) -> Holding:
    each = units(share)
    return Holding(
        trader=address(number), side=1 if number % 2 else -1, share=each, plain_share=each, covered=each, cents=12_345
    )


@given(st.dictionaries(st.integers(1, 20), BOOKS, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_traders_does_not_matter(books: dict[int, dict[str, float]], random: object) -> None:
    shuffled = list(books)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    found = []
    for order in (list(books), shuffled):
        made = SmartMoney(SMART_MONEY)
        for number in order:
            made.weight_changed(weight(number, number / 20), 5.0 * number)
        for number in order:
            made.state_changed(state(number, books[number]))
        found.append([numbers(made.signal(coin, NOW_MS)) for coin in COINS])
    assert found[0] == found[1]


@given(st.lists(BOOKS, min_size=1, max_size=10), st.lists(st.floats(0, 1), min_size=10, max_size=10))
def test_a_signal_is_within_its_bounds(books: list[dict[str, float]], totals: list[float]) -> None:
    made = smart_money(*books, totals=tuple(totals))
    for coin in COINS:
        found = made.signal(coin, NOW_MS)
        assert -1 <= found.bias <= 1
        assert all(0 <= share <= 1 for share in (found.breadth, found.concentration, found.confidence))
        assert found.long_traders + found.short_traders <= len(books)


@given(st.lists(BOOKS, min_size=1, max_size=10), st.integers(0, 9), st.floats(1, 3e6))
def test_a_trader_who_turns_long_never_makes_the_bias_shorter(
    books: list[dict[str, float]], which: int, more: float
) -> None:
    made = smart_money(*books)
    number = which % len(books) + 1
    before = made.signal("BTC", NOW_MS).bias
    made.state_changed(state(number, {**books[number - 1], "BTC": max(1e6, more)}))
    assert made.signal("BTC", NOW_MS).bias >= before


@given(st.floats(0.01, 1), st.integers(1, 50), st.integers(1, 50))
def test_more_traders_of_one_mind_are_more_sure(total: float, few: int, more: int) -> None:
    sure = [
        smart_money(*[{"BTC": 1e6}] * count, totals=(total,) * count).signal("BTC", NOW_MS).confidence
        for count in (few, few + more)
    ]
    assert sure[0] <= sure[1] <= 1


@given(st.sampled_from((nan, inf, -inf)))
def test_no_number_that_is_none_gets_through(bad: float) -> None:
    made = smart_money({"BTC": 1e6})
    made.weight_changed(weight(2, bad, bad), bad)
    made.state_changed(state(2, {"BTC": 1e6}))
    made.weight_changed(weight(3), 50.0)
    made.state_changed(state(3, {"BTC": bad}, equity=bad))
    found = made.signal("BTC", NOW_MS)
    told = (found.bias, found.breadth, found.concentration, found.confidence, found.value_usd, found.plain_bias)
    assert all(map(isfinite, told))


THRESHOLDS = LeanThresholds(0.20, 0.12, 6, 5)


def test_a_lean_begins_beyond_one_threshold_and_ends_below_another() -> None:
    walk = [0.1, 0.2, 0.21, 0.15, 0.12, 0.11, 0.19, -0.3, -0.12, 0.0, -0.21, 0.21]
    lean, seen = next_lean("NEUTRAL", 0.0, 9, THRESHOLDS), []
    for bias in walk:
        lean = next_lean(lean, bias, 9, THRESHOLDS)
        seen.append(lean[0])
    assert "".join(seen) == "NNLLLNNSSNSL"


def test_thresholds_that_are_crossed_end_where_they_begin() -> None:
    odd = msgspec.structs.replace(SMART_MONEY, long_above=0.1, neutral_below=0.5, minimum_traders=1)
    assert lean_thresholds(odd) == LeanThresholds(0.1, 0.1, 1, 1)
    assert lean_thresholds(SMART_MONEY) == THRESHOLDS


@given(st.lists(st.floats(-0.0399, 0.0399), max_size=60), st.floats(-1, 1), st.integers(6, 20))
def test_a_bias_that_trembles_within_the_margin_changes_its_lean_once_at_most(
    noise: list[float], level: float, traders: int
) -> None:
    """The margin is 0.08 wide: no tremble of less than ±0.04 around any level crosses both of its ends."""
    lean, changes = next_lean("NEUTRAL", level, traders, THRESHOLDS), 0
    for each in noise:
        after = next_lean(lean, max(-1.0, min(1.0, level + each)), traders, THRESHOLDS)
        changes += after != lean
        lean = after
    assert changes <= 1


@given(st.sampled_from(("LONG", "SHORT", "NEUTRAL")), st.floats(-1, 1), st.integers(0, 20))
def test_a_lean_is_settled_and_symmetric(standing: str, bias: float, traders: int) -> None:
    turned = {"LONG": "SHORT", "SHORT": "LONG", "NEUTRAL": "NEUTRAL"}
    lean = next_lean(standing, bias, traders, THRESHOLDS)  # type: ignore[arg-type]
    assert next_lean(lean, bias, traders, THRESHOLDS) == lean
    assert next_lean(turned[standing], -bias, traders, THRESHOLDS) == turned[lean]  # type: ignore[arg-type]
    assert lean == "NEUTRAL" or (bias > 0) == (lean == "LONG")
    assert lean == "NEUTRAL" or traders >= 5
