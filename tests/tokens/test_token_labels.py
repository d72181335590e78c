"""Labels tell what came after entry: by closes, after costs, and only when the whole horizon has been watched."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from token_tables import BORN_S, of_closes, walk

from app.tokens.candles import SLOT_S, CandleTable
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S, Entry, Labels, Levels, labels

AT_S = BORN_S + 50 * SLOT_S
LONG_AFTER_S = AT_S + RUG_HORIZON_S
ENTRY = Entry(AT_S, 1.0, 100.0)
CALM = Levels(np.array([AT_S + 60]), np.array([100.0]))


def after(*closes: float, watched_until_s: int = LONG_AFTER_S, **changes: Any) -> Labels:
    """What became of `ENTRY` with these closes in the slots after it."""
    table = of_closes(closes, AT_S)._replace(**changes)
    return labels(ENTRY, table, CALM, watched_until_s)


@pytest.mark.parametrize(
    ("closes", "gain", "rises"),
    [
        ([1.0, 1.05, 1.0], 1.05 * 0.99 - 1, True),
        ([1.0, 1.04, 1.0], 1.04 * 0.99 - 1, False),  # 4 % before costs is 2.96 % after them
        ([1.0, 1.0405], 1.0405 * 0.99 - 1, True),
        ([0.5, 0.4], 0.5 * 0.99 - 1, False),
        ([1.0] * 12 + [2.0], -0.01, False),  # the thirteenth close is later than an hour
        ([1.0] * 11 + [2.0], 0.98, True),
    ],
)
def test_worked_examples_of_a_rise(closes: list[float], gain: float, rises: bool) -> None:
    told = after(*closes)
    assert told.rises is rises
    assert told.gain_pct == pytest.approx(gain * 100)


def test_a_high_that_nobody_closed_at_is_no_rise() -> None:
    told = after(1.0, 1.0, high=np.array([1.0, 9.0]))
    assert told.rises is False
    assert [told.gain_pct, told.high_gain_pct] == pytest.approx([-1, 791])


def test_without_trades_the_price_stays() -> None:
    assert after().gain_pct == pytest.approx(-1)
    assert (after().rises, after().rugs) == (False, False)
    # Quiet at first, then a fall: the price was still that of entry when the first slots closed.
    later = labels(ENTRY, of_closes([0.5], AT_S + SLOT_S), CALM, LONG_AFTER_S)
    assert later.gain_pct == pytest.approx(-1)
    assert after(0.5).gain_pct == pytest.approx(-50.5)


def test_within_a_slot_the_open_one_counts_with_its_close() -> None:
    table = of_closes([2.0, 1.0], AT_S)
    entry = ENTRY._replace(at_s=AT_S + 100)
    assert labels(entry, table, CALM, LONG_AFTER_S + 100).gain_pct == pytest.approx(98)
    assert labels(entry._replace(at_s=AT_S + 300), table, CALM, LONG_AFTER_S + 300).gain_pct == pytest.approx(-1)


@pytest.mark.parametrize(("remains", "falls"), [(0.101, False), (0.1, True), (0.001, True)])
def test_a_fall(remains: float, falls: bool) -> None:
    told = after(1.0, 1.0, remains, 1.0)
    assert (told.falls, told.drains, told.rugs) == (falls, False, falls)


@pytest.mark.parametrize(("remains", "drains"), [(10.1, False), (10.0, True), (0.0, True)])
def test_a_drain(remains: float, drains: bool) -> None:
    pulled = Levels(np.array([AT_S, AT_S + 500, AT_S + 900]), np.array([0.0, remains, 100.0]))
    told = labels(ENTRY, of_closes([1.0], AT_S), pulled, LONG_AFTER_S)
    assert (told.falls, told.drains, told.rugs) == (False, drains, drains)


def test_nobody_sells_at_the_price_of_the_crumbs() -> None:
    # The second slot ends at 600 s, the pool drains at 700 s: what the third and fourth close at is nobody's gain.
    pulled = Levels(np.array([AT_S + 700, AT_S + 1_000]), np.array([1e-18, 50.0]))
    told = labels(ENTRY, of_closes([1.0, 1.2, 3e6, 5e6], AT_S), pulled, LONG_AFTER_S)
    assert told.gain_pct == pytest.approx(18.8)
    assert (told.drains, told.rugs) == (True, True)
    at_once = Levels(np.array([AT_S + 10]), np.array([1e-18]))
    assert labels(ENTRY, of_closes([3e6], AT_S), at_once, LONG_AFTER_S).gain_pct == pytest.approx(-1)


def test_what_comes_after_a_day_is_no_rug() -> None:
    late = Levels(np.array([AT_S + RUG_HORIZON_S + 1]), np.array([0.0]))
    table = of_closes([1.0, 1.0, 0.01], AT_S + RUG_HORIZON_S - 2 * SLOT_S)
    assert labels(ENTRY, table, late, LONG_AFTER_S + 9_999).rugs is False


@pytest.mark.parametrize(
    ("watched_s", "known"),
    [
        (RISE_HORIZON_S - 1, (False, False)),
        (RISE_HORIZON_S, (True, False)),
        (RUG_HORIZON_S - 1, (True, False)),
        (RUG_HORIZON_S, (True, True)),
    ],
)
def test_nothing_is_known_before_its_horizon_was_watched(watched_s: int, known: tuple[bool, bool]) -> None:
    # Not even a rise or a fall that shows at once: quiet tokens would be known later than loud ones.
    told = after(5.0, 0.01, watched_until_s=AT_S + watched_s)
    assert (told.rises is not None, told.rugs is not None) == known
    assert (told.gain_pct is not None, told.high_gain_pct is not None) == (known[0], known[0])


@pytest.mark.parametrize(
    ("entry", "liquidity"),
    [(ENTRY, None), (ENTRY._replace(liquidity=None), CALM), (ENTRY._replace(liquidity=0.0), CALM)],
)
def test_without_liquidity_a_fall_is_known_and_a_rug_is_not(entry: Entry, liquidity: Levels | None) -> None:
    told = labels(entry, of_closes([0.01], AT_S), liquidity, LONG_AFTER_S)
    assert (told.falls, told.drains, told.rugs) == (True, None, None)


def replaced(table: CandleTable, other: CandleTable) -> CandleTable:
    """`table` with what had ended by `AT_S` taken from `other`."""
    past, rest = other.rows(other.time_s < AT_S), table.rows(table.time_s >= AT_S)
    return CandleTable(SLOT_S, *(np.concatenate(pair) for pair in zip(past[1:], rest[1:], strict=True)))


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_label_depends_on_what_was_before_entry(seed: int, other: int) -> None:
    table = walk(seed, 400)
    before = Levels(np.array([AT_S - 500, AT_S + 60]), np.array([0.0, 100.0]))
    told = labels(ENTRY._replace(price=1e-5), table, CALM, LONG_AFTER_S)
    changed = replaced(table, walk(other, 400, volatility=1.0))
    assert labels(ENTRY._replace(price=1e-5), changed, before, LONG_AFTER_S) == told


@given(st.integers(0, 10**6), st.floats(0.1, 10))
def test_they_equal_a_plain_reckoning(seed: int, scale: float) -> None:
    table, entry = walk(seed, 400), ENTRY._replace(price=1e-5 * scale)
    closes = dict(zip(table.time_s.tolist(), table.close.tolist(), strict=True))
    price, prices = entry.price, []
    for slot in range(288):
        price = closes.get(AT_S + slot * SLOT_S, price)
        prices.append(price)
    told = labels(entry, table, CALM, LONG_AFTER_S)
    gain = (max(prices[:12]) / entry.price * 0.99 - 1) * 100
    assert told.gain_pct == pytest.approx(gain)
    assert told.rises == (gain >= 3)
    assert told.falls == (min(prices) <= 0.1 * entry.price)
