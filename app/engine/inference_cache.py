"""What was worked out a moment ago: kept for a time, the least used leaves first. Counts what it was asked."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class TimedCache(Generic[Key, Value]):
    """At most `largest` values, each for `lasts_s` seconds from when it was put in."""

    def __init__(self, lasts_s: float, largest: int) -> None:
        self._lasts_ns = round(lasts_s * 1e9)
        self._largest = largest
        self._kept: OrderedDict[Key, tuple[int, Value]] = OrderedDict()
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key, now_ns: int, holds: Callable[[Value], bool] = lambda _: True) -> Value | None:
        """The value of `key` if it is there, not too old at `now_ns`, and still `holds`."""
        found = self._kept.get(key)
        if found is None or now_ns - found[0] >= self._lasts_ns or not holds(found[1]):
            self.misses += 1
            self._kept.pop(key, None)
            return None
        self.hits += 1
        self._kept.move_to_end(key)
        return found[1]

    def put(self, key: Key, value: Value, now_ns: int) -> None:
        """Keep `value` from `now_ns` on, in place of an older one; what was longest not asked for may leave."""
        self._kept[key] = now_ns, value
        self._kept.move_to_end(key)
        while len(self._kept) > self._largest:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all values; the counts stay."""
        self._kept.clear()
