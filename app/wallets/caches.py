"""A cache that is bounded in age, entries and bytes, and counts what it does. Pure: the time comes with each call."""

from collections import OrderedDict
from collections.abc import Hashable
from itertools import islice
from typing import Generic, TypeVar

import msgspec
import zstandard

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class CacheFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a cache holds and what it has done since it was made.

    `hits` and `misses` count lookups; `evictions` are entries that made room, `expired` ones that grew too old.
    `oldest_age_s` is None when it is empty.
    """

    entries: int
    bytes: int
    limit_bytes: int
    hits: int
    misses: int
    evictions: int
    expired: int
    oldest_age_s: float | None

    @property
    def hit_ratio(self) -> float | None:
        """Hits by lookups, 0 to 1; None before the first."""
        lookups = self.hits + self.misses
        return self.hits / lookups if lookups else None


class _Entry(msgspec.Struct, Generic[Value], frozen=True, gc=False):
    value: Value
    size: int
    put_s: float


class BoundedCache(Generic[Key, Value]):
    """Keeps what was used last. An entry older than `ttl_s` counts as absent; one over `limit_bytes` is not taken."""

    def __init__(self, *, ttl_s: float, limit_bytes: int, limit_entries: int = 1_000_000) -> None:
        self._ttl_s = ttl_s
        self._limit_bytes = limit_bytes
        self._limit_entries = limit_entries
        self._entries: OrderedDict[Key, _Entry[Value]] = OrderedDict()
        self._bytes = self._hits = self._misses = self._evictions = self._expired = 0

    def get(self, key: Key, now_s: float) -> Value | None:
        """The value of `key` if it is there and young enough; counts as used."""
        entry = self._entries.get(key)
        if entry is not None and now_s - entry.put_s > self._ttl_s:
            self._drop(key)
            self._expired += 1
            entry = None
        if entry is None:
            self._misses += 1
            return None
        self._entries.move_to_end(key)
        self._hits += 1
        return entry.value

    def put(self, key: Key, value: Value, size: int, now_s: float) -> None:
        """Keep `value`, which counts as `size` bytes, and make room for it."""
        if key in self._entries:
            self._drop(key)
        if size > self._limit_bytes:
            self._evictions += 1
            return
        self._entries[key] = _Entry(value, size, now_s)
        self._bytes += size
        while self._bytes > self._limit_bytes or len(self._entries) > self._limit_entries:
            self._drop(next(iter(self._entries)))
            self._evictions += 1

    def drop_expired(self, now_s: float) -> None:
        """Let go of what has grown too old: it would never be given again."""
        for key in [key for key, entry in self._entries.items() if now_s - entry.put_s > self._ttl_s]:
            self._drop(key)
            self._expired += 1

    def clear(self) -> None:
        """Forget all entries, which count as evicted; the counts stay."""
        self._evictions += len(self._entries)
        self._entries.clear()
        self._bytes = 0

    def halve(self) -> None:
        """Forget the half of the entries that was used longest ago, which count as evicted."""
        oldest = list(islice(self._entries, (len(self._entries) + 1) // 2))
        for key in oldest:
            self._drop(key)
        self._evictions += len(oldest)

    def figures(self, now_s: float) -> CacheFigures:
        """What it holds and has done."""
        oldest = min((entry.put_s for entry in self._entries.values()), default=None)
        return CacheFigures(
            entries=len(self._entries),
            bytes=self._bytes,
            limit_bytes=self._limit_bytes,
            hits=self._hits,
            misses=self._misses,
            evictions=self._evictions,
            expired=self._expired,
            oldest_age_s=None if oldest is None else max(0.0, now_s - oldest),
        )

    def _drop(self, key: Key) -> None:
        self._bytes -= self._entries.pop(key).size


class BodyCache(BoundedCache[Key, bytes]):
    """Bodies of answers, packed: JSON of a venue takes a fifth of its memory so, and a tenth of a millisecond."""

    def __init__(self, *, ttl_s: float, limit_bytes: int) -> None:
        super().__init__(ttl_s=ttl_s, limit_bytes=limit_bytes)
        self._packer, self._unpacker = zstandard.ZstdCompressor(level=1), zstandard.ZstdDecompressor()

    def keep(self, key: Key, body: bytes, now_s: float) -> None:
        """Keep `body`, which counts as what it takes when packed."""
        # The packer's own bytes keep the room that the worst case would have needed: a copy has none to spare.
        packed = bytes(memoryview(self._packer.compress(body)))
        self.put(key, packed, len(packed), now_s)

    def body(self, key: Key, now_s: float) -> bytes | None:
        """The body of `key` if it is there and young enough; counts as used."""
        packed = self.get(key, now_s)
        return None if packed is None else self._unpacker.decompress(packed)
