"""Holds a run against the truth: nothing lost in silence, nothing twice, nothing shown as fresher than it is."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from truth import TruthLog, TruthTrade

from app.core.events import FeedHole, Trade

MINUTE_MS = 60_000
RECOVERY_MS = 5_000


class Account(NamedTuple):
    """Where the frames of a connection went. `seen` is our own count of what came; all else is the program's."""

    seen: int
    received: int
    control: int
    superseded: int
    dispatched: int
    waiting: int
    connection: str = ""


def check_account(account: Account) -> Iterator[str]:
    """seen = received = control + superseded + dispatched + waiting."""
    told = account.control + account.superseded + account.dispatched + account.waiting
    if not account.seen == account.received == told:
        yield f"{account.seen} frames came, {account.received} counted, {told} accounted for: {account}"


def check_trades(
    truth: Sequence[TruthTrade], used: Sequence[Trade], holes: Sequence[FeedHole], from_ms: int, until_ms: int
) -> Iterator[str]:
    """Each trade of one coin published in [from_ms, until_ms] was used once or lies in a hole; none other was used."""
    counts = Counter((trade.time_ms, trade.trade_id) for trade in used)
    published = {trade.key: trade for trade in truth}
    for key, count in counts.items():
        if count > 1:
            yield f"trade {key} was used {count} times"
    for trade in used:
        original = published.get((trade.time_ms, trade.trade_id))
        if original is None:
            yield f"trade {(trade.time_ms, trade.trade_id)} of {trade.coin} was never published"
        elif (float(original.price), float(original.size), original.side) != (
            trade.price,
            trade.size,
            trade.side.value,
        ):
            yield f"{trade} differs from {original}"
    for due in truth:
        if from_ms <= due.published_ms <= until_ms and due.key not in counts and not _inside(due, holes):
            yield f"{due.coin}: trade {due.key}, published {due.published_ms}, is missing without a hole"


def _inside(trade: TruthTrade, holes: Iterable[FeedHole]) -> bool:
    return any(hole.coin == trade.coin and hole.from_ms <= trade.time_ms <= hole.to_ms for hole in holes)


def check_rate(name: str, spent: Iterable[tuple[int, int]], limit: int) -> Iterator[str]:
    """In no sliding minute may more than `limit` be spent; `spent` is (milliseconds, amount) in order of time."""
    window: list[tuple[int, int]] = []
    for at_ms, amount in spent:
        window = [(ms, n) for ms, n in window if ms > at_ms - MINUTE_MS]
        window.append((at_ms, amount))
        total = sum(n for _, n in window)
        if total > limit:
            yield f"{total} {name} in the minute before {at_ms}; {limit} are allowed"


def check_recovery(
    dropped_ms: Sequence[int],
    connected_ms: Sequence[int],
    arrived_ms: Mapping[str, Sequence[int]],
    disturbed: Sequence[tuple[int, int]],
    limit_ms: int = RECOVERY_MS,
) -> Iterator[str]:
    """After a drop that nothing else disturbs, every coin has data again within `limit_ms`.

    `disturbed` are intervals in which faults were on. Only connections that had been up for a minute are checked: the
    waits after others may grow.
    """
    for at_ms in dropped_ms:
        place = bisect_left(connected_ms, at_ms) - 1
        stable = place >= 0 and connected_ms[place] <= at_ms - MINUTE_MS
        since_ms = connected_ms[place] if stable else at_ms
        alone = not any(since_ms < other < at_ms for other in dropped_ms)
        if not (stable and alone) or any(start <= at_ms + limit_ms and at_ms < end for start, end in disturbed):
            continue
        for coin, arrived in arrived_ms.items():
            index = bisect_left(arrived, at_ms)
            wait_ms = arrived[index] - at_ms if index < len(arrived) else None
            if wait_ms is None or wait_ms > limit_ms:
                yield f"{coin}: no data for {wait_ms} ms after the drop at {at_ms}"


def check_limits(truth: TruthLog, attempts_ms: Sequence[int]) -> Iterator[str]:
    """The client stays inside what the venue allows an address."""
    yield from check_rate("new connections", [(at_ms, 1) for at_ms in attempts_ms], 30)
    yield from check_rate("request weight", truth.weights_ms, 1_200)
