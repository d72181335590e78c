"""Raw candles become a table and 100 slots, with gaps told apart from trades."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from token_tables import BORN_S, of_closes, walk

from app.core.tokens import TokenCandle
from app.tokens.candles import (
    CLOSE,
    HIGH,
    LOW,
    MOST_TOLD,
    OPEN,
    SLOT_S,
    SLOTS,
    VOLUME,
    CandleTable,
    from_trades,
    last_close,
    merged,
    sound,
    table_of,
    window,
)


def minutes(*rows: tuple[int, float, float, float, float, float | None]) -> CandleTable:
    """One-minute candles; times count minutes from `BORN_S`."""
    return table_of([TokenCandle(BORN_S + 60 * at, *figures) for at, *figures in rows], 60)  # type: ignore[arg-type]


def test_five_minutes_of_one_minute_candles() -> None:
    table = minutes(
        (0, 1.0, 1.5, 0.9, 1.2, 10), (3, 1.2, 3.0, 1.1, 2.0, 5), (4, 2.0, 2.1, 0.5, 1.9, 1), (7, 4, 5, 3, 4, 2)
    )
    whole = merged(table, SLOT_S)
    assert (whole.time_s - BORN_S).tolist() == [0, 300]
    assert [column.tolist()[0] for column in whole[2:]] == [1.0, 3.0, 0.5, 1.9, 16.0]
    assert [column.tolist()[1] for column in whole[2:]] == [4.0, 5.0, 3.0, 4.0, 2.0]


def test_a_volume_of_which_a_part_is_not_known_is_not_known() -> None:
    whole = merged(minutes((0, 1, 1, 1, 1, 5.0), (1, 1, 1, 1, 1, None), (5, 1, 1, 1, 1, 0.0)), SLOT_S)
    assert np.isnan(whole.volume[0])
    assert whole.volume[1] == 0


def test_candles_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fill intervals"):
        merged(of_closes([1.0], interval_s=900), SLOT_S)
    with pytest.raises(ValueError, match="does not begin at a multiple"):
        table_of([TokenCandle(BORN_S + 1, 1, 1, 1, 1, 1)], 60)
    with pytest.raises(ValueError, match="do not fill intervals"):
        window(of_closes([1.0, 1.0], interval_s=900), BORN_S + 3_600)


def test_rows_that_cannot_be_are_counted() -> None:
    times = np.array([3, 1, 2, 1, 4, 5, 1], dtype=np.int64) * SLOT_S
    close = np.array([4.0, 1.0, np.nan, 2.0, -1.0, np.inf, 7.0])
    prices = np.array([np.full(7, 2.0), np.full(7, 1.5), np.full(7, 3.0), close])
    volume = np.array([np.nan, 1.0, 1.0, 9.0, 1.0, 1.0, np.nan])
    table, bad = sound(SLOT_S, times, prices, volume)
    assert (bad, (table.time_s // SLOT_S).tolist(), table.close.tolist()) == (3, [1, 3], [2.0, 4.0])
    # A high below the close and a low above it give way.
    assert (table.high.tolist(), table.low.tolist()) == ([3.0, 4.0], [1.5, 1.5])
    assert table.volume[0] == 9
    assert np.isnan(table.volume[1])


def test_candles_of_trades() -> None:
    times = np.array([0, 10, 290, 650, 660], dtype=np.int64) + BORN_S
    table = from_trades(times, np.array([1.0, 3.0, 2.0, 4.0, 5.0]), np.array([1.0, 1.0, 2.0, 5.0, 0.5]))
    assert (table.time_s - BORN_S).tolist() == [0, 600]
    # The second opens where the first closed, as venues' candles do.
    assert [column.tolist() for column in table[2:]] == [[1, 2], [3, 5], [1, 2], [2, 5], [4, 5.5]]
    assert not len(from_trades(times[:0], np.zeros(0), np.zeros(0)).time_s)


def test_the_window_ends_with_the_last_slot_that_ended() -> None:
    table = of_closes([float(price) for price in range(1, 151)])
    seen = window(table, BORN_S + 120 * SLOT_S + 299)
    assert seen.values[-1, CLOSE] == 120
    assert seen.values[0, CLOSE] == 21
    assert seen.candles == SLOTS
    assert window(table, BORN_S + 121 * SLOT_S).values[-1, CLOSE] == 121


def test_a_young_token_fills_the_end_of_the_window_and_gaps_stay_gaps() -> None:
    seen = window(of_closes([1.0, 2.0, 3.0]), BORN_S + 5 * SLOT_S)
    assert np.flatnonzero(seen.mask).tolist() == [95, 96, 97]
    assert np.isnan(seen.values[~seen.mask]).all()
    assert seen.values[95:98, CLOSE].tolist() == [1, 2, 3]


@given(st.integers(0, 10**6), st.integers(0, 160 * SLOT_S), st.sampled_from([60, 300]))
def test_every_slot_holds_what_was_traded_in_it(seed: int, after_s: int, interval_s: int) -> None:
    table = walk(seed, 400 if interval_s == 60 else 150, interval_s=interval_s)
    at_s = BORN_S + after_s
    seen = window(table, at_s)
    end_s = at_s // SLOT_S * SLOT_S
    for slot in range(SLOTS):
        start_s = end_s - (SLOTS - slot) * SLOT_S
        own = table.rows((table.time_s >= start_s) & (table.time_s < start_s + SLOT_S))
        assert seen.mask[slot] == bool(len(own.time_s))
        if len(own.time_s):
            figures = [own.open[0], own.high.max(), own.low.min(), own.close[-1], own.volume.sum()]
            assert seen.values[slot, [OPEN, HIGH, LOW, CLOSE, VOLUME]].tolist() == figures


def test_the_price_at_a_moment_is_the_last_close() -> None:
    table = of_closes([1.0, 2.0, 3.0]).rows(np.array([0, 2]))
    at = [BORN_S + seconds for seconds in (299, 300, 899, 900, 9_000)]
    assert [last_close(table, moment) for moment in at] == [None, 1.0, 1.0, 3.0, 3.0]


def test_of_more_candles_than_anybody_asks_for_the_newest_are_kept() -> None:
    times = [BORN_S // SLOT_S * SLOT_S + SLOT_S * place for place in range(MOST_TOLD + 50)]
    table = table_of([TokenCandle(at_s, 1.0, 2.0, 1.0, 1.5, None) for at_s in reversed(times)], SLOT_S)
    assert table.time_s.tolist() == times[50:]
