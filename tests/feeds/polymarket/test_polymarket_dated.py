from hypothesis import given
from hypothesis import strategies as st
from polymarket_samples import activity_row, page

from app.feeds.polymarket.dated import AHEAD_S, not_ahead
from app.feeds.polymarket.parse import parse_activity

NOW_S = 1_789_381_477


@given(st.lists(st.one_of(st.integers(-1_000, 1_000), st.integers(-(10**9), 8 * 10**9)), max_size=12))
def test_hazard_3_what_is_dated_ahead_is_counted_as_refused_and_hides_no_other(offsets_s: list[int]) -> None:
    rows = [activity_row(timestamp=NOW_S + each, size=1.0 + place) for place, each in enumerate(offsets_s)]
    told = parse_activity(page(rows, "next"))
    kept = not_ahead(told, NOW_S)
    assert [row.at_s for row in kept.rows] == sorted(NOW_S + each for each in offsets_s if each <= AHEAD_S)
    assert len(kept.keys) == len(kept.rows)
    assert kept.refused == sum(each > AHEAD_S for each in offsets_s)
    assert bool(kept.refusal) == bool(kept.refused)
    assert kept.next_cursor == "next"
    assert set(zip(kept.keys, kept.rows, strict=True)) <= set(zip(told.keys, told.rows, strict=True))
