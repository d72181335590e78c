"""What a user asks for by hand: the leaderboard, and the traders of whom nothing newer has been known the longest."""

from math import ceil

from app.engine.jobs import Jobs
from app.engine.whale_leaderboards import WhaleLeaderboards
from app.whales.refreshing import Refreshing
from app.whales.roster import Roster, RosterChange

STALEST_SHARE = 0.2
"""Of the followed: their states cost some ten seconds of the budget."""


class WhaleRefresh:
    """The job `whales`: begun and cancelled by hand, over when the leaderboard is scored and all answers are in."""

    def __init__(self, leaderboards: WhaleLeaderboards, roster: Roster, refreshing: Refreshing, jobs: Jobs) -> None:
        self._leaderboards, self._roster = leaderboards, roster
        self._refreshing, self._jobs = refreshing, jobs
        self._new_set = ""

    def begin(self, now_ms: int) -> tuple[bool, str]:
        """Ask for all of it now; whether that was done, and one sentence about it."""
        if self._jobs.runs("whales"):
            return False, "The leaderboard is being fetched already"
        self._new_set = ""
        self._leaderboards.fetch()
        stalest = self._refreshing.ask_stalest(ceil(len(self._refreshing.tracked) * STALEST_SHARE))
        told = f"Fetching the leaderboard{f' and the {stalest} stalest traders' if stalest else ''}"
        self._jobs.begin("whales", now_ms, told)
        return True, told

    def cancel(self) -> tuple[bool, str]:
        """Give up what was asked by hand."""
        if not self._jobs.runs("whales"):
            return False, "No leaderboard is being fetched"
        self._leaderboards.withdraw()
        self._refreshing.ask_stalest(0)
        told = "Cancelled: the traders stay as they are"
        self._jobs.end("whales", "cancelled", told)
        return True, told

    def scored(self, change: RosterChange) -> str:
        """A leaderboard was scored; what is told of it."""
        members = f"{len(change.members)} traders followed"
        self._new_set = f"{members}: {len(change.joined)} joined, {len(change.left)} left"
        return self._new_set

    def every_second(self) -> None:
        """End the job once nothing of it is left to wait for."""
        by_hand = self._refreshing.by_hand
        if not self._jobs.runs("whales") or self._leaderboards.is_asked or self._roster.is_scoring or by_hand.waiting:
            return
        trouble = self._leaderboards.trouble
        parts = [f"No leaderboard: {trouble}" if trouble else self._new_set]
        if by_hand.size:
            parts.append(f"{by_hand.answered} of the {by_hand.size} stalest seen anew")
        self._jobs.end("whales", "failed" if trouble else "done", "; ".join(parts))
