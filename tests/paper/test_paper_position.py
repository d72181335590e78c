import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_samples import NOW_MS, QUIET, a_position, a_quote, a_view, an_order, levels

from app.config.settings import CostsSettings, PaperSettings
from app.paper.events import Direction
from app.paper.exits import is_time_up, price_exit
from app.paper.fills import fill_of, liquidation_fill, with_funding
from app.paper.position import HOUR_MS, Position, gross_usd, is_liquidated, margin_left_usd, priced, recent_mid
from app.paper.walk import walk

DIRECTIONS: st.SearchStrategy[Direction] = st.sampled_from((1, -1))
PRICES = st.floats(1e-6, 1e6)
POSITIONS = st.builds(
    lambda direction, entry, size, leverages, spent: a_position(
        direction=direction,
        entry_price=entry,
        close_price=entry,
        size=size,
        leverage=leverages[0],
        maximum_leverage=leverages[1],
        margin_usd=spent * size * entry / leverages[0],
    ),
    DIRECTIONS,
    PRICES,
    st.floats(1e-5, 1e6),
    st.tuples(st.integers(1, 50), st.integers(1, 50)).map(sorted),
    st.floats(0.0, 1.5),
)


@given(POSITIONS)
def test_at_the_liquidation_price_what_is_left_equals_the_maintenance_margin(position: Position) -> None:
    price = position.liquidation_price
    if price is None:
        assert position.direction > 0
        assert position.margin_usd >= position.size * position.entry_price * (1 - 1e-9)
        return
    notional = position.size * max(price, position.entry_price)
    needed = position.maintenance * position.size * price
    assert margin_left_usd(position, price) == pytest.approx(needed, abs=1e-9 * notional)
    worse, better = price * (1 - position.direction * 1e-6), price * (1 + position.direction * 1e-6)
    assert is_liquidated(position, worse)
    assert not is_liquidated(position, better)


@given(POSITIONS)
def test_at_the_bankruptcy_price_the_margin_is_gone(position: Position) -> None:
    price = position.bankruptcy_price
    scale = position.size * position.entry_price
    assert margin_left_usd(position, price) == pytest.approx(0, abs=1e-9 * scale)
    if position.liquidation_price is not None:
        assert position.direction * (position.liquidation_price - price) >= -1e-9 * position.entry_price


def test_the_venues_own_example_of_maintenance() -> None:
    assert [a_position(maximum_leverage=greatest).maintenance for greatest in (3, 40, 50)] == [1 / 6, 1 / 80, 0.01]
    assert a_position(leverage=5, maximum_leverage=40).liquidation_price == pytest.approx(80 / (1 - 1 / 80))
    short = a_position(direction=-1, leverage=5, maximum_leverage=40)
    assert short.liquidation_price == pytest.approx(120 / (1 + 1 / 80))
    assert a_position(leverage=1, margin_usd=1_000.0).liquidation_price is None


@given(entry=PRICES, move=st.floats(-0.9, 0.9), size=st.floats(1e-5, 1e6))
def test_long_and_short_are_mirror_images(entry: float, move: float, size: float) -> None:
    long = a_position(entry_price=entry, size=size)
    short = a_position(entry_price=entry, size=size, direction=-1)
    scale = size * entry
    assert gross_usd(long, entry * (1 + move)) == pytest.approx(gross_usd(short, entry * (1 - move)), abs=1e-9 * scale)
    assert gross_usd(long, entry * (1 + move)) == -gross_usd(short, entry * (1 + move))


@given(moves=st.lists(st.integers(-400, 400), max_size=30))
def test_exits_mirror_too(moves: list[int]) -> None:
    settings = PaperSettings(stop_bps=150, take_profit_bps=200, trailing_bps=0)
    long, short = a_position(), a_position(direction=-1)
    for move in moves:
        price = move / 64
        long = priced(long, a_view(NOW_MS, 100 + price, 200.0), settings.trailing_bps)
        short = priced(short, a_view(NOW_MS, 1.0, 100 - price), settings.trailing_bps)
        assert price_exit(long, settings) == price_exit(short, settings)


@given(direction=DIRECTIONS, prices=st.lists(st.floats(1, 1e4), min_size=1), trailing_bps=st.floats(0.1, 5_000))
def test_a_trailing_stop_never_loosens(direction: Direction, prices: list[float], trailing_bps: float) -> None:
    position, stands = a_position(direction=direction), []
    for price in prices:
        position = priced(position, a_view(NOW_MS, *_touch(direction, price)), trailing_bps)
        assert position.trail_price is not None
        stands.append(position.trail_price)
    assert stands == sorted(stands, reverse=direction < 0)
    best = max(prices) if direction > 0 else min(prices)
    assert stands[-1] == pytest.approx(best * (1 - direction * trailing_bps / 1e4))


def _touch(direction: Direction, close_price: float) -> tuple[float, float]:
    return (close_price, 2e4) if direction > 0 else (0.5, close_price)


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        (99.84, "stop"),
        (99.85, "stop"),
        (99.86, None),
        (100.19, None),
        (100.2, "take profit"),
        (101.0, "take profit"),
    ],
)
def test_exits_at_their_prices(price: float, reason: str | None) -> None:
    settings = PaperSettings(take_profit_bps=20, stop_bps=15)
    assert price_exit(a_position(close_price=price), settings) == reason
    assert price_exit(a_position(close_price=price), QUIET) is None


def test_a_trailing_stop_ends_a_position_that_falls_back() -> None:
    settings = PaperSettings(take_profit_bps=0, stop_bps=0, trailing_bps=100)
    position = priced(a_position(), a_view(NOW_MS, 110.0, 111.0), settings.trailing_bps)
    assert position.trail_price == pytest.approx(108.9)
    assert price_exit(position, settings) is None
    position = priced(position, a_view(NOW_MS, 108.95, 111.0), settings.trailing_bps)
    assert price_exit(position, settings) is None
    position = priced(position, a_view(NOW_MS, 108.85, 111.0), settings.trailing_bps)
    assert price_exit(position, settings) == "trailing stop"


def test_the_time_stop() -> None:
    settings = PaperSettings(time_stop_s=60)
    times = [NOW_MS + 59_999, NOW_MS + 60_000]
    assert [is_time_up(a_position(), settings, now_ms) for now_ms in times] == [False, True]
    assert not is_time_up(a_position(), QUIET, NOW_MS + 10**9)


def test_values_stay_where_no_price_comes_and_the_gap_is_remembered() -> None:
    position = a_position()
    for blind in (a_view(NOW_MS + 5_000, trouble="cut off"), a_view(NOW_MS + 5_000, None, 101.0)):
        assert priced(position, blind, 0.0) == position
    seen = priced(priced(position, a_view(NOW_MS + 9_000), 0.0), a_view(NOW_MS + 10_000), 0.0)
    assert (seen.close_price, seen.priced_ms, seen.unseen_ms) == (99.5, NOW_MS + 10_000, 9_000)
    assert (recent_mid(seen, NOW_MS + 11_000), recent_mid(seen, NOW_MS + 13_000)) == (100.0, None)


def test_the_result_so_far() -> None:
    position = a_position(close_price=101.0, funding_usd=-0.05)
    assert position.unrealised_usd == pytest.approx(10.0)
    assert position.result_usd == pytest.approx(10.0 - 0.45 + 0.05)
    assert position.result_bps == pytest.approx(96.0)
    assert position.move_bps == pytest.approx(100.0)


@given(direction=DIRECTIONS, rate=st.floats(-0.04, 0.04), hours=st.integers(1, 48))
def test_funding_is_paid_by_longs_for_positive_rates_and_mirrored(
    direction: Direction, rate: float, hours: int
) -> None:
    position = a_position(direction=direction, rate=rate, mark_price=100.0)
    after, paid = with_funding(position, NOW_MS + hours * HOUR_MS)
    assert paid is not None
    owed = hours * direction * 10 * 100 * rate
    assert paid.paid_usd == pytest.approx(min(owed, 200.0))
    assert after.funding_usd == paid.paid_usd
    assert after.margin_usd == pytest.approx(200 - paid.paid_usd, abs=1e-9)
    assert with_funding(after, NOW_MS + hours * HOUR_MS) == (after, None)


def test_funding_waits_for_a_full_hour_and_for_a_rate() -> None:
    position = a_position(rate=0.0001, mark_price=100.0)
    assert with_funding(position, NOW_MS + HOUR_MS - 1) == (position, None)
    assert with_funding(a_position(), NOW_MS + HOUR_MS) == (a_position(), None)


def test_a_liquidation_the_book_can_bear_goes_through_the_book() -> None:
    position = a_position()
    assert position.liquidation_price is not None
    price = position.liquidation_price - 0.01
    view = a_view(NOW_MS, price, price + 1)
    walked = walk(levels((price, 100.0)), 10.0, -1, beyond_bps=10)
    order = an_order(direction=-1, reason="liquidation")
    fill = liquidation_fill(position, order, view, walked, CostsSettings())
    assert fill == fill_of(order, view, walked, CostsSettings())
    assert not fill.taken_over


@pytest.mark.parametrize("direction", [1, -1])
def test_a_liquidation_the_book_cannot_bear_costs_the_margin_and_no_more(direction: Direction) -> None:
    position = a_position(direction=direction)
    price = 100.0 - 30 * direction
    view = a_view(NOW_MS, quote=a_quote(NOW_MS, price - 0.5, price + 0.5))
    walked = walk(levels((price, 100.0)), 10.0, -direction, beyond_bps=10)
    fill = liquidation_fill(
        position, an_order(direction=-direction, reason="liquidation"), view, walked, CostsSettings()
    )
    assert (fill.taken_over, fill.fee_usd, fill.levels) == (True, 0.0, 0)
    assert gross_usd(position, fill.average_price) == pytest.approx(-position.margin_usd)
