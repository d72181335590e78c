"""What is kept for a moment: found while it is fresh, the least used leaves first, and what was asked is counted."""

from hypothesis import given
from hypothesis import strategies as st

from app.engine.inference_cache import TimedCache

_S = 1_000_000_000


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 20)), max_size=80))
def test_it_is_a_small_memory_of_what_was_put_in(steps: list[tuple[bool, int, int]]) -> None:
    """Against a list of everything: fresh for 60 s, and among the four that were used last."""
    cache: TimedCache[int, int] = TimedCache(60, 4)
    now_s, kept, hits = 0, {}, 0
    used: list[int] = []
    for place, (puts, key, passed_s) in enumerate(steps):
        now_s += passed_s
        if puts:
            cache.put(key, place, now_s * _S)
            kept[key] = now_s, place
        else:
            at_s, value = kept.get(key, (-60, None))
            expected = value if now_s - at_s < 60 and key in used[-4:] else None
            assert cache.get(key, now_s * _S) == expected
            hits += expected is not None
            if expected is None:
                kept.pop(key, None)
        used = [*(each for each in used if each != key), *([key] if key in kept else [])][-4:]
    assert len(cache) <= 4
    assert (cache.hits, cache.hits + cache.misses) == (hits, sum(not puts for puts, _, _ in steps))


def test_a_cache_that_keeps_for_no_time_keeps_nothing() -> None:
    cache: TimedCache[str, int] = TimedCache(0, 10)
    cache.put("a", 1, _S)
    assert cache.get("a", _S) is None


def test_what_was_forgotten_stays_counted() -> None:
    cache: TimedCache[str, int] = TimedCache(60, 10)
    cache.put("a", 1, _S)
    assert cache.get("a", _S) == 1
    cache.clear()
    assert cache.get("a", _S) is None
    assert (cache.hits, cache.misses) == (1, 1)
