import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wallets.caches import BodyCache, BoundedCache


def test_an_entry_is_there_until_it_is_too_old() -> None:
    cache: BoundedCache[str, int] = BoundedCache(ttl_s=10, limit_bytes=100)
    cache.put("a", 1, 10, now_s=0)
    assert (cache.get("a", 10), cache.get("a", 10.1), cache.get("a", 10.1)) == (1, None, None)
    figures = cache.figures(11)
    assert (figures.hits, figures.misses, figures.expired, figures.entries, figures.bytes) == (1, 2, 1, 0, 0)


def test_what_is_too_old_goes_without_being_asked_for() -> None:
    cache: BoundedCache[str, int] = BoundedCache(ttl_s=10, limit_bytes=100)
    cache.put("a", 1, 10, 0)
    cache.put("b", 2, 10, 5)
    cache.get("a", 9)
    cache.drop_expired(10.5)
    figures = cache.figures(10.5)
    assert (figures.entries, figures.bytes, figures.expired, figures.evictions) == (1, 10, 1, 0)
    assert cache.get("b", 10.5) == 2


def test_what_was_used_longest_ago_makes_room() -> None:
    cache: BoundedCache[str, int] = BoundedCache(ttl_s=10, limit_bytes=100, limit_entries=2)
    cache.put("a", 1, 1, 0)
    cache.put("b", 2, 1, 1)
    cache.get("a", 2)
    cache.put("c", 3, 1, 3)
    assert [cache.get(key, 3) for key in "abc"] == [1, None, 3]
    assert cache.figures(5).evictions == 1
    assert cache.figures(5).oldest_age_s == 5


def test_what_does_not_fit_is_not_taken_and_forgets_the_old_value() -> None:
    cache: BoundedCache[str, int] = BoundedCache(ttl_s=10, limit_bytes=10)
    cache.put("a", 1, 5, 0)
    cache.put("a", 2, 11, 0)
    assert cache.get("a", 0) is None
    assert cache.figures(0).oldest_age_s is None


@pytest.mark.parametrize("entries", [0, 1, 2, 5])
def test_the_half_that_was_used_longest_ago_is_forgotten(entries: int) -> None:
    cache: BoundedCache[int, int] = BoundedCache(ttl_s=10, limit_bytes=100)
    for number in range(entries):
        cache.put(number, number, 2, number)
    cache.get(0, 5)
    cache.halve()
    kept = [number for number in (*range(1, entries), 0) if number < entries][(entries + 1) // 2 :]
    assert [number for number in (*range(1, entries), 0) if cache.get(number, 5) is not None] == kept
    figures = cache.figures(5)
    assert (figures.entries, figures.bytes, figures.evictions) == (len(kept), 2 * len(kept), (entries + 1) // 2)


def test_clearing_counts_as_evicting_and_keeps_the_counts() -> None:
    cache: BoundedCache[str, int] = BoundedCache(ttl_s=10, limit_bytes=10)
    cache.put("a", 1, 5, 0)
    cache.get("a", 0)
    cache.clear()
    figures = cache.figures(0)
    assert (figures.entries, figures.bytes, figures.evictions, figures.hits, figures.hit_ratio) == (0, 0, 1, 1, 1.0)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 60), st.booleans())))
def test_bytes_and_entries_stay_within_their_limits(steps: list[tuple[str, int, bool]]) -> None:
    cache: BoundedCache[str, int] = BoundedCache(ttl_s=5, limit_bytes=100, limit_entries=4)
    kept: dict[str, int] = {}
    for now_s, (key, size, is_put) in enumerate(steps):
        if is_put:
            cache.put(key, size, size, now_s)
            kept[key] = size
        else:
            value = cache.get(key, now_s)
            assert value is None or value == kept[key]
        figures = cache.figures(now_s)
        assert figures.bytes <= 100
        assert figures.entries <= 4
        assert 0 <= figures.bytes <= sum(kept.values())
    lookups = sum(not is_put for _, _, is_put in steps)
    figures = cache.figures(len(steps))
    assert figures.hits + figures.misses == lookups


@given(st.binary(max_size=2_000))
def test_a_body_comes_back_as_it_was(body: bytes) -> None:
    cache: BodyCache[str] = BodyCache(ttl_s=10, limit_bytes=10_000)
    cache.keep("a", body, 0)
    assert (cache.body("a", 10), cache.body("b", 10), cache.body("a", 10.1)) == (body, None, None)


def test_a_body_counts_as_what_it_takes_when_packed() -> None:
    cache: BodyCache[str] = BodyCache(ttl_s=10, limit_bytes=1_000)
    cache.keep("a", b'{"price": 1}' * 1_000, 0)
    assert 0 < cache.figures(0).bytes < 200
