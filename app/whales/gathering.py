"""Small moves that add up: a position built or left in many pieces is one move, told when it is large enough."""

from collections.abc import Callable, Iterable

import msgspec

from app.core.whale_events import TraderMoved
from app.whales.alert_values import Gathering
from app.whales.moves import move_kind

GATHER_MS = 3_600_000
"""Pieces of one move are at most an hour apart, from the first to the last."""
PIECES_KEPT = 32
GATHERINGS_KEPT = 5_000


class Gatherings:
    """What each trader has been doing in each coin, one direction at a time."""

    def __init__(self, kept: Iterable[Gathering] = ()) -> None:
        self._open = {(one.trader, one.coin): one for one in kept}

    def kept(self) -> tuple[Gathering, ...]:
        """All unfinished ones."""
        return tuple(self._open.values())

    def join(
        self, move: TraderMoved, is_enough: Callable[[TraderMoved], bool]
    ) -> tuple[TraderMoved, tuple[str, ...]] | None:
        """The whole move that this one completes, and the ids of its pieces; None: it is not enough yet.

        A move that is enough by itself is told by itself, and ends what was gathered.
        """
        key = (move.trader, move.coin)
        earlier = self._open.get(key)
        if earlier is not None and move.move_id in earlier.moves:
            return None
        self._open.pop(key, None)
        if is_enough(move):
            return move, (move.move_id,)
        if earlier is None or not _continues(earlier, move):
            self._keep(key, _begun(move))
            return None
        whole = _joined(earlier, move)
        pieces = (*earlier.moves, move.move_id)[-PIECES_KEPT:]
        if whole is not None and is_enough(whole):
            return whole, pieces
        self._keep(key, _continued(earlier, move, pieces))
        return None

    def _keep(self, key: tuple[str, str], gathering: Gathering) -> None:
        self._open[key] = gathering
        oldest = next(iter(self._open.values()))
        while gathering.since_ms - oldest.since_ms > GATHER_MS or len(self._open) > GATHERINGS_KEPT:
            del self._open[(oldest.trader, oldest.coin)]
            oldest = next(iter(self._open.values()))


def _continues(earlier: Gathering, move: TraderMoved) -> bool:
    same_way = (earlier.size_after > earlier.size_before) == (move.size_after > move.size_before)
    return same_way and earlier.size_after == move.size_before and move.venue_ms - earlier.since_ms <= GATHER_MS


def _begun(move: TraderMoved) -> Gathering:
    return Gathering(
        move.trader, move.coin, move.size_before, move.size_after, move.change_usd, move.venue_ms, (move.move_id,)
    )


def _continued(earlier: Gathering, move: TraderMoved, pieces: tuple[str, ...]) -> Gathering:
    return msgspec.structs.replace(
        earlier, size_after=move.size_after, change_usd=earlier.change_usd + move.change_usd, moves=pieces
    )


def _joined(earlier: Gathering, move: TraderMoved) -> TraderMoved | None:
    """All pieces as one move, priced at their average; None where prices say nothing."""
    change_usd = earlier.change_usd + move.change_usd
    size = move.size_after - earlier.size_before
    if size == 0 or change_usd == 0:
        return None
    return msgspec.structs.replace(
        move,
        kind=move_kind(earlier.size_before, move.size_after),
        size_before=earlier.size_before,
        price=change_usd / size,
        change_usd=change_usd,
    )
