"""Round trips of one account, from its fills: what each position made from the first coin to the last, after fees."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from app.core.events import Side
from app.core.traders import TraderFill

_DUST = 1e-9
"""Sizes that differ by less than this share are the same: the venue's decimals became binary fractions."""


class TripRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the closed round trips of one account came to.

    `gained_usd` and `lost_usd` are sums of results, neither negative. `unseen` trips closed but their beginning was not
    among the fills; `broken` ones had fills missing in between. Neither is among the `closed`. The times are those of
    the oldest and newest fill, None before any.
    """

    closed: int = 0
    wins: int = 0
    gained_usd: float = 0.0
    lost_usd: float = 0.0
    unseen: int = 0
    broken: int = 0
    first_ms: int | None = None
    last_ms: int | None = None

    @property
    def days(self) -> float:
        """How long the fills reach, in days."""
        return 0.0 if self.first_ms is None or self.last_ms is None else (self.last_ms - self.first_ms) / 86_400_000


class OpenTrip(msgspec.Struct):
    """A trip that goes on: the size now held, the result so far, and whether its beginning was among the fills."""

    size: float
    result_usd: float
    begun: bool


class TripsKept(msgspec.Struct, frozen=True, kw_only=True):
    """What the next fills go on from: the closed trips, and the open one of each coin."""

    record: TripRecord
    open: dict[str, OpenTrip]


class RoundTrips:
    """Takes the fills of one account in their order, each once, and keeps one open trip a coin and the sums."""

    def __init__(self, kept: TripsKept | None = None) -> None:
        """Go on from what was kept."""
        self._open = {} if kept is None else {coin: msgspec.structs.replace(trip) for coin, trip in kept.open.items()}
        self._record = TripRecord() if kept is None else kept.record

    def kept(self) -> TripsKept:
        """What must outlive the process."""
        trips = {coin: msgspec.structs.replace(trip) for coin, trip in self._open.items()}
        return TripsKept(record=self.record, open=trips)

    @property
    def record(self) -> TripRecord:
        """What has closed until now."""
        return self._record

    def add(self, fill: TraderFill) -> None:
        """Count one fill. One that turns a position round closes a trip and opens the next, and shares its fee by size.

        A fill of size 0 is none.
        """
        if not fill.size:
            return
        self._reach(fill.at_ms)
        trip = self._trip(fill)
        end = fill.start_size + _signed(fill)
        flat = abs(end) <= _DUST * max(abs(fill.start_size), fill.size)
        turned = not flat and end * fill.start_size < 0
        share = abs(fill.start_size) / fill.size if turned else 1.0
        trip.size = end
        trip.result_usd += fill.closed_pnl_usd - fill.fee_usd * share
        if flat or turned:
            self._close(self._open.pop(fill.coin))
        if turned:
            self._open[fill.coin] = OpenTrip(end, -fill.fee_usd * (1 - share), begun=True)

    def _trip(self, fill: TraderFill) -> OpenTrip:
        """The open trip that a fill goes on with, or a new one; one that it does not fit is broken."""
        trip = self._open.get(fill.coin)
        if trip is not None and _same(trip.size, fill.start_size):
            return trip
        if trip is not None:
            self._record = msgspec.structs.replace(self._record, broken=self._record.broken + 1)
        trip = self._open[fill.coin] = OpenTrip(fill.start_size, 0.0, begun=fill.start_size == 0)
        return trip

    def _close(self, trip: OpenTrip) -> None:
        record = self._record
        if not trip.begun:
            self._record = msgspec.structs.replace(record, unseen=record.unseen + 1)
            return
        self._record = msgspec.structs.replace(
            record,
            closed=record.closed + 1,
            wins=record.wins + (trip.result_usd > 0),
            gained_usd=record.gained_usd + max(0.0, trip.result_usd),
            lost_usd=record.lost_usd + max(0.0, -trip.result_usd),
        )

    def _reach(self, at_ms: int) -> None:
        first, last = self._record.first_ms, self._record.last_ms
        self._record = msgspec.structs.replace(
            self._record,
            first_ms=at_ms if first is None else min(first, at_ms),
            last_ms=at_ms if last is None else max(last, at_ms),
        )


def in_order(fills: Iterable[TraderFill]) -> list[TraderFill]:
    """Fills as they happened: by time, and within a millisecond of a coin each where the one before it ended."""
    groups: dict[tuple[int, str], list[TraderFill]] = defaultdict(list)
    for fill in fills:
        groups[fill.at_ms, fill.coin].append(fill)
    ends: dict[str, str] = {}
    ordered: list[TraderFill] = []
    for (_, coin), group in sorted(groups.items()):
        ordered.extend(group if len(group) == 1 else _chained(group, ends.get(coin, "")))
        ends[coin] = _end_key(ordered[-1])
    return ordered


def _chained(group: list[TraderFill], position: str) -> Iterator[TraderFill]:
    """Fills of one coin and millisecond in a chain from `position`; a new one begins where none ends, or flat."""
    ends = {_end_key(fill) for fill in group}
    waiting: dict[str, list[TraderFill]] = defaultdict(list)
    for fill in sorted(group, key=lambda fill: (fill.trade_id, fill.side.value, fill.size), reverse=True):
        waiting[_size_key(fill.start_size)].append(fill)
    starts = (_size_key(fill.start_size) for fill in group)
    beginnings = iter(sorted(starts, key=lambda start: (start in ends, start != "0", start)))
    for _ in group:
        while not waiting.get(position):
            position = next(beginnings)
        fill = waiting[position].pop()
        yield fill
        position = _end_key(fill)


def _signed(fill: TraderFill) -> float:
    return fill.size if fill.side is Side.BUY else -fill.size


def _end_key(fill: TraderFill) -> str:
    return _size_key(fill.start_size + _signed(fill))


def _size_key(size: float) -> str:
    """Ten digits: sizes that differ in the noise of binary fractions are one. What is next to nothing is 0."""
    return f"{round(size, 10) + 0.0:.10g}"


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= _DUST * max(abs(one), abs(other))
