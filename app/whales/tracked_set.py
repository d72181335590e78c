"""Which traders are followed: the best of a ranking, with a margin in which those followed before keep their places.

The rule is that of index providers ("buffer zone", for example FTSE Russell, Ground Rules): a newcomer must be clearly
good enough to push somebody out, a member clearly bad enough to be pushed. Without it, accounts around the last place
would come and go with each leaderboard, and their positions with them.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import msgspec

from app.whales.leaderboard import TraderScore

ENTERS_WITHIN, LEAVES_BEYOND = 0.80, 1.25
"""Shares of the number followed: ranks up to the first enter at once, members beyond the second lose their places."""

Standing = Literal["added by hand", "ranked", "kept", "filled", "no longer ranked"]


class TrackedTrader(msgspec.Struct, frozen=True, kw_only=True):
    """One followed trader and why: its rank (from 1) among those that may be followed, None where it has none."""

    trader: str
    rank: int | None
    standing: Standing


class TrackedSet(msgspec.Struct, frozen=True, kw_only=True):
    """Who is followed, in the order of their places, and who came and went against the set before (sorted)."""

    traders: tuple[TrackedTrader, ...]
    joined: tuple[str, ...]
    left: tuple[str, ...]


def choose_tracked(
    ranked: Sequence[TraderScore],
    before: Collection[str],
    count: int,
    added: Collection[str] = (),
    removed: Collection[str] = (),
) -> TrackedSet:
    """The traders to follow, `count` at most unless more were added by hand.

    `ranked` is the best first. Places go, in this order, to traders `added` by hand; ranks up to 0.80 · count; those of
    `before` ranked up to 1.25 · count; the best of the rest; and while there is room, those of `before` that are ranked
    no more, so that a leaderboard that came in half does not empty the set. Who was `removed` by hand is never
    followed, who was both added and removed neither.
    """
    by_hand = [trader for trader in sorted(set(added)) if trader not in removed]
    eligible = [each.trader for each in ranked if each.followable and each.trader not in removed]
    ranks = {trader: place for place, trader in enumerate(eligible, start=1)}
    chosen: dict[str, TrackedTrader] = {
        trader: TrackedTrader(trader=trader, rank=ranks.get(trader), standing="added by hand") for trader in by_hand
    }
    barred = {each.trader for each in ranked if not each.followable}.union(removed)
    for standing, candidates in _in_turn(eligible, ranks, before, barred, count):
        for trader in candidates:
            if len(chosen) < count and trader not in chosen:
                chosen[trader] = TrackedTrader(trader=trader, rank=ranks.get(trader), standing=standing)
    return _compared(chosen.values(), before)


def _in_turn(
    eligible: list[str], ranks: dict[str, int], before: Collection[str], barred: Collection[str], count: int
) -> tuple[tuple[Standing, list[str]], ...]:
    members = set(before)
    gone = sorted(trader for trader in members if trader not in ranks and trader not in barred)
    return (
        ("ranked", eligible[: int(ENTERS_WITHIN * count)]),
        ("kept", [trader for trader in eligible[: int(LEAVES_BEYOND * count)] if trader in members]),
        ("filled", eligible),
        ("no longer ranked", gone),
    )


def _compared(traders: Iterable[TrackedTrader], before: Collection[str]) -> TrackedSet:
    ordered = tuple(
        sorted(
            traders, key=lambda each: (each.standing != "added by hand", each.rank is None, each.rank or 0, each.trader)
        )
    )
    followed = {each.trader for each in ordered}
    return TrackedSet(
        traders=ordered,
        joined=tuple(sorted(followed.difference(before))),
        left=tuple(sorted(set(before) - followed)),
    )
