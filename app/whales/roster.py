"""Who is followed: leaderboards and the user's own word make a tracked set. Pure.

A leaderboard is scored piece by piece, so that no turn of the engine takes long.
"""

from collections.abc import Iterable, Sequence

import msgspec

from app.config.whale_settings import WhalesSettings
from app.core.traders import RankedTrader, TraderAddress
from app.whales.leaderboard import TraderScore, in_places, scored
from app.whales.tracked_set import Standing, choose_tracked
from app.whales.trader_weights import latest_trade

PIECE_ROWS = 150
"""Rows scored at a time: some milliseconds."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One followed trader: its place, and what the leaderboard tells; None where it tells nothing.

    `last_traded_ms` is when it can have traded last by the volumes of its row.
    """

    trader: TraderAddress
    rank: int | None
    standing: Standing
    score: TraderScore | None
    last_traded_ms: int | None = None

    @property
    def name(self) -> str:
        """What the account calls itself; empty where it does not."""
        return "" if self.score is None else self.score.name.strip()


class LeaderboardSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A leaderboard that came: when, its size, its rows, those kept of them, and how many were refused, also by why.

    `wanted` is how many were to be followed of it (`whales.tracked` of that run), 0 where that is not known.
    """

    at_ms: int
    size_bytes: int
    rows_seen: int
    rows_kept: int
    refused: int
    refused_by: dict[str, int] = msgspec.field(default_factory=dict)
    wanted: int = 0


class RosterChange(msgspec.Struct, frozen=True, kw_only=True):
    """The members as they are now, and who came and went."""

    members: tuple[Member, ...]
    joined: tuple[str, ...]
    left: tuple[str, ...]


class ByHand(msgspec.Struct, frozen=True, kw_only=True):
    """Traders the user follows whatever their place, and those never followed."""

    added: tuple[TraderAddress, ...] = ()
    removed: tuple[TraderAddress, ...] = ()


class Roster:
    """Single writer of the tracked set."""

    def __init__(self, settings: WhalesSettings) -> None:
        self._settings = settings
        self.members: dict[str, Member] = {}
        self.by_hand = ByHand()
        self.leaderboard: LeaderboardSeen | None = None
        self._ranked: list[TraderScore] = []
        self._traded_ms: dict[str, int] = {}
        self._rows: list[RankedTrader] = []
        self._scored: list[TraderScore] = []

    @property
    def is_scoring(self) -> bool:
        """Whether rows of a leaderboard wait to be scored."""
        return bool(self._rows)

    def restore(self, members: Iterable[Member], by_hand: ByHand, leaderboard: LeaderboardSeen | None) -> None:
        """Begin with the set that was saved."""
        self.members = {member.trader: member for member in members}
        self.by_hand, self.leaderboard = by_hand, leaderboard
        self._ranked = [member.score for member in self.members.values() if member.score is not None]
        self._traded_ms = {
            member.trader: member.last_traded_ms for member in self.members.values() if member.last_traded_ms
        }

    def keep_to_number(self) -> tuple[str, ...]:
        """Keep no more than are to be followed; those who go, sorted.

        The set may have been chosen for more. Who was added by hand stays, then the best ranks, as in a new choice.
        """
        added, members = self.by_hand.added, list(self.members.values())
        by_hand = [member for member in members if member.trader in added]
        others = sorted((member for member in members if member.trader not in added), key=_place)
        kept = {member.trader: member for member in (*by_hand, *others[: max(0, self._wanted - len(by_hand))])}
        left = tuple(sorted(self.members.keys() - kept.keys()))
        if left:
            self.members = kept
            self._note_wanted()
        return left

    @property
    def is_short(self) -> bool:
        """Whether fewer are followed than could be: the set was chosen for fewer than are to be followed."""
        seen = self.leaderboard
        return seen is not None and len(self.members) < self._wanted and seen.wanted < self._wanted

    def take(self, rows: Sequence[RankedTrader], seen: LeaderboardSeen) -> bool:
        """A leaderboard came, which `work` scores; one that is being scored gives way. False: no row is of use."""
        usable = [row for row in reversed(rows) if row.equity_usd >= self._settings.minimum_equity_usd]
        if not usable:
            return False
        self.leaderboard, self._rows = seen, usable
        self._note_wanted()
        self._scored = []
        traded = ((row.trader, latest_trade(row, seen.at_ms)) for row in rows)
        self._traded_ms = {trader: at_ms for trader, at_ms in traded if at_ms is not None}
        return True

    def work(self) -> RosterChange | None:
        """Score a piece; the new set once all rows are scored."""
        for _ in range(min(PIECE_ROWS, len(self._rows))):
            self._scored.append(scored(self._rows.pop(), self._settings))
        if self._rows or not self._scored:
            return None
        self._ranked = in_places(self._scored)
        self._scored = []
        return self._choose()

    def track(self, trader: str, *, tracked: bool) -> RosterChange:
        """The user follows a trader whatever its place, or never."""
        added = tuple(one for one in self.by_hand.added if one != trader)
        removed = tuple(one for one in self.by_hand.removed if one != trader)
        if tracked:
            self.by_hand = ByHand(added=(*added, trader), removed=removed)
        else:
            self.by_hand = ByHand(added=added, removed=(*removed, trader))
        return self._choose()

    @property
    def _wanted(self) -> int:
        return self._settings.tracked

    def _note_wanted(self) -> None:
        if self.leaderboard is not None:
            self.leaderboard = msgspec.structs.replace(self.leaderboard, wanted=self._wanted)

    def _choose(self) -> RosterChange:
        by_hand = self.by_hand
        chosen = choose_tracked(self._ranked, self.members.keys(), self._wanted, by_hand.added, by_hand.removed)
        scores = {score.trader: score for score in self._ranked}
        members = tuple(
            Member(
                trader=each.trader,
                rank=each.rank,
                standing=each.standing,
                score=scores.get(each.trader),
                last_traded_ms=self._traded_ms.get(each.trader),
            )
            for each in chosen.traders
        )
        self.members = {member.trader: member for member in members}
        return RosterChange(members=members, joined=chosen.joined, left=chosen.left)


def _place(member: Member) -> tuple[bool, int, str]:
    """Orders members: the best rank first, those without one last."""
    return member.rank is None, member.rank or 0, member.trader
