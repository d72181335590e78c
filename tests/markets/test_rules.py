from dataclasses import dataclass
from math import exp

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.events import RulesRead
from app.markets.rules import (
    NO_MIDS,
    RulesInputs,
    book_balance,
    continuation,
    exhaustion,
    freshness,
    minute_window,
    momentum,
    move_age_and_extent,
    move_direction,
    persistence,
    pressure,
    read_rules,
    tape_balance,
)
from app.measures.returns import Floats

Sizes = tuple[float, ...]
AT_MS = 1_756_904_112_000

ticks = st.lists(st.integers(9_000, 11_000), min_size=61, max_size=61)
sizes = st.lists(st.floats(0, 1e6), max_size=8).map(tuple)
trade_rows = st.lists(
    st.tuples(st.integers(-90_000, 30_000), st.floats(-1e6, 1e6).filter(lambda size: size != 0)), max_size=30
)


def rows(offsets_and_sizes: list[tuple[int, float]]) -> Floats:
    table = [(AT_MS + offset_ms, size, 100.0) for offset_ms, size in offsets_and_sizes]
    return np.array(table, dtype=np.float64).reshape(-1, 3)


@st.composite
def inputs(draw: st.DrawFn) -> RulesInputs:
    return RulesInputs(
        coin="BTC",
        at_ms=AT_MS,
        mids=draw(st.one_of(st.just(NO_MIDS), ticks.map(lambda mids: np.array(mids) / 100))),
        volatility=draw(st.floats(0, 0.01)),
        trades=rows(draw(trade_rows)),
        bid_sizes=draw(sizes),
        ask_sizes=draw(sizes),
        spread=draw(st.none() | st.floats(0.01, 3)),
    )


def ramp(steps: int, size: float = 0.01) -> Floats:
    """Flat at 100, then `steps` seconds of going by `size`."""
    seconds: Floats = np.maximum(0, np.arange(61.0) - (60 - steps))
    return 100 + size * seconds


@dataclass(frozen=True)
class Example:
    """The worked example of docs/rules.md."""

    inputs: RulesInputs
    read: RulesRead


EXAMPLE = Example(
    RulesInputs(
        coin="BTC",
        at_ms=AT_MS,
        mids=ramp(20),
        volatility=0.0001,
        trades=rows([(-30_000, -4.0), (-15_000, 2.0), (0, 3.0)]),
        bid_sizes=(6.0, 1.0, 1.0, 1.0, 1.0, 99.0),
        ask_sizes=(2.0, 1.0, 1.0, 1.0, 1.0, 99.0),
        spread=0.02,
    ),
    RulesRead(
        coin="BTC",
        at_ms=AT_MS,
        momentum=57.27,
        direction=1,
        pressure=61.41,
        continuation=50.73,
        freshness="DEVELOPING",
    ),
)


def test_worked_example() -> None:
    read = read_rules(EXAMPLE.inputs)
    assert (read.direction, read.freshness) == (EXAMPLE.read.direction, EXAMPLE.read.freshness)
    assert read.momentum == pytest.approx(EXAMPLE.read.momentum, abs=0.005)
    assert read.pressure == pytest.approx(EXAMPLE.read.pressure, abs=0.005)
    assert read.continuation == pytest.approx(EXAMPLE.read.continuation, abs=0.005)


@given(inputs())
def test_every_metric_stays_in_its_range(given_inputs: RulesInputs) -> None:
    read = read_rules(given_inputs)
    assert read.momentum is None or 0 <= read.momentum <= 100
    assert (read.momentum is None) == (not len(given_inputs.mids))
    assert 0 <= read.pressure <= 100
    assert read.direction in (-1, 0, 1)
    assert read.continuation is None or 35 <= read.continuation <= 61
    assert (read.freshness is None) == (read.direction == 0)


@given(inputs())
def test_no_claim_without_a_move_beyond_the_spread(given_inputs: RulesInputs) -> None:
    read = read_rules(given_inputs)
    mids, spread = given_inputs.mids, given_inputs.spread
    beyond = len(mids) > 0 and spread is not None and abs(mids[-1] - mids[0]) > spread
    assert (read.continuation is not None) == beyond


@given(inputs())
def test_the_mirrored_market_reads_mirrored(given_inputs: RulesInputs) -> None:
    read = read_rules(given_inputs)
    trades = given_inputs.trades * np.array([1.0, -1.0, 1.0])
    mirrored = msgspec.structs.replace(
        given_inputs,
        mids=200 - given_inputs.mids,
        trades=trades,
        bid_sizes=given_inputs.ask_sizes,
        ask_sizes=given_inputs.bid_sizes,
    )
    other = read_rules(mirrored)
    assert other.pressure == pytest.approx(100 - read.pressure, abs=1e-9)
    move = float(np.abs(given_inputs.mids[-1:] - given_inputs.mids[:1]).sum())
    on_the_edge = move == pytest.approx((given_inputs.spread or 0) / 2)
    assert on_the_edge or other.direction == -read.direction


@given(ticks, st.floats(1e-5, 1e-2))
def test_momentum_of_the_inverse_price_is_the_same(mids: list[int], volatility: float) -> None:
    prices = np.array(mids) / 100
    inverse = 10_000 / prices
    assert momentum(inverse, volatility) == pytest.approx(momentum(prices, volatility), abs=1e-6)
    assert move_direction(inverse, None) == -move_direction(prices, None)
    assert move_age_and_extent(inverse, -1)[0] == move_age_and_extent(prices, 1)[0]


@given(inputs(), st.sampled_from([2.0**-20, 0.25, 4.0, 2.0**20]))
def test_the_unit_of_price_does_not_matter(given_inputs: RulesInputs, unit: float) -> None:
    spread = None if given_inputs.spread is None else given_inputs.spread * unit
    scaled = read_rules(msgspec.structs.replace(given_inputs, mids=given_inputs.mids * unit, spread=spread))
    read = read_rules(given_inputs)
    assert (scaled.direction, scaled.freshness) == (read.direction, read.freshness)
    assert scaled.momentum == pytest.approx(read.momentum, abs=1e-6)
    assert (scaled.continuation is None) == (read.continuation is None)


@given(ticks, st.floats(0, 1e-3), st.floats(0, 1e-3))
def test_momentum_grows_with_the_move(mids: list[int], drift: float, more: float) -> None:
    noise = np.log(np.array(mids) / 10_000)
    noise -= noise[0] + (noise[-1] - noise[0]) * np.arange(61) / 60
    slower, faster = (np.exp(noise + slope * np.arange(61)) for slope in (drift, drift + more))
    assume(drift > 1e-9)
    assert momentum(slower, 0.001) <= momentum(faster, 0.001) + 1e-6


def test_a_flat_line_has_no_momentum_direction_or_claim() -> None:
    flat = msgspec.structs.replace(EXAMPLE.inputs, mids=np.full(61, 100.0))
    read = read_rules(flat)
    assert (read.momentum, read.direction, read.continuation, read.freshness) == (0, 0, None, None)


def test_no_data_reads_neutral() -> None:
    nothing = RulesInputs(coin="BTC", at_ms=AT_MS, mids=NO_MIDS, volatility=0, trades=rows([]))
    assert read_rules(nothing) == RulesRead(
        coin="BTC", at_ms=AT_MS, momentum=None, direction=0, pressure=50, continuation=None, freshness=None
    )


def test_direction_needs_more_than_half_the_spread() -> None:
    mids = ramp(10)
    move = float(mids[-1] - mids[0])
    assert move_direction(mids, 2 * move) == 0
    assert move_direction(mids, 1.9 * move) == 1
    assert move_direction(ramp(10, -0.01), 0.01) == -1
    assert move_direction(mids, None) == 1


def test_persistence_counts_five_second_steps() -> None:
    assert persistence(ramp(60)) == 1
    assert persistence(ramp(1)) == pytest.approx(0.5 + 0.5 / 12)
    assert persistence(ramp(60, -0.01)) == 1


@given(trade_rows, sizes, sizes)
def test_swapping_sides_mirrors_pressure(trades: list[tuple[int, float]], bids: Sizes, asks: Sizes) -> None:
    swapped = [(offset_ms, -size) for offset_ms, size in trades]
    one = pressure(tape_balance(rows(trades), AT_MS), book_balance(bids, asks))
    other = pressure(tape_balance(rows(swapped), AT_MS), book_balance(asks, bids))
    assert one + other == pytest.approx(100, abs=1e-9)


def test_the_book_alone_moves_pressure_by_an_eighth() -> None:
    assert pressure(0.0, book_balance((1.0,), ())) == 62.5
    assert pressure(0.0, book_balance((), (1.0,))) == 37.5
    assert book_balance((), ()) == 0


def test_newer_trades_weigh_more_and_many_weigh_more_than_one() -> None:
    assert tape_balance(rows([(-30_000, -1.0), (0, 1.0)]), AT_MS) > 0
    one, many = (tape_balance(rows([(0, 1.0)] * count), AT_MS) for count in (1, 30))
    assert one == 0.25
    assert many == pytest.approx(30 / 33)


@given(trade_rows, st.lists(st.tuples(st.integers(1, 100_000), st.floats(-1e6, 1e6)), max_size=5))
def test_later_trades_change_nothing(trades: list[tuple[int, float]], later: list[tuple[int, float]]) -> None:
    known = [(min(offset_ms, 0), size) for offset_ms, size in trades]
    assert tape_balance(rows(known + later), AT_MS) == tape_balance(rows(known), AT_MS)


@given(ticks, st.integers(0, 40))
def test_later_mids_change_nothing(mids: list[int], later: int) -> None:
    times = AT_MS + 1_000.0 * np.arange(-60, 1)
    known = np.array(mids, dtype=np.float64)
    times_later = np.concatenate([times, AT_MS + 1_000.0 * np.arange(1, later + 1)])
    mids_later = np.concatenate([known, np.full(later, 1e9)])
    assert minute_window(times_later, mids_later, AT_MS).tolist() == known.tolist()


@pytest.mark.parametrize(("dropped", "known"), [(range(10, 14), True), (range(10, 17), False), (range(1), False)])
def test_a_window_bridges_five_seconds_and_no_more(dropped: range, known: bool) -> None:
    times = np.delete(AT_MS + 1_000.0 * np.arange(-60, 1), list(dropped))
    window = minute_window(times, np.arange(len(times), dtype=np.float64), AT_MS)
    assert len(window) == (61 if known else 0)


def test_no_samples_no_window() -> None:
    assert len(minute_window(np.empty(0), np.empty(0), AT_MS)) == 0


@pytest.mark.parametrize(
    ("steps", "age_s", "label"),
    [(14, 14, "FRESH"), (15, 15, "DEVELOPING"), (29, 29, "DEVELOPING"), (30, 30, "EXTENDED"), (60, 60, "EXHAUSTED")],
)
@pytest.mark.parametrize("direction", [1, -1])
def test_freshness_is_the_age_of_the_move(steps: int, age_s: int, label: str, direction: int) -> None:
    age, extent = move_age_and_extent(ramp(steps, 0.001 * direction), direction)
    assert (age, freshness(age, extent)) == (age_s, label)


def test_a_move_beyond_half_a_percent_is_exhausted_at_once() -> None:
    mids = ramp(1, 100 * (exp(0.0051) - 1))
    assert freshness(*move_age_and_extent(mids, 1)) == "EXHAUSTED"


def test_continuation_is_bounded_by_its_coefficients() -> None:
    assert continuation(0, 0, 0) == 50
    assert continuation(1, 1, 0) == 61
    assert continuation(-1, -1, 1) == 35
    assert (exhaustion(30, 0.001), exhaustion(6, 0.0025), exhaustion(90, 0.1)) == (0.5, 0.5, 1)
