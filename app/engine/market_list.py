"""When the venue is asked for its list of markets: at the start, each hour, after a failure, and by hand."""

from app.engine.jobs import Jobs
from app.engine.watch import MarketWatch

_AGAIN_MS = 3_600_000
_LONGEST_WAIT_S = 60


class MarketList:
    """The list as something that is asked for and comes, or does not. Lists themselves are the core's."""

    def __init__(self, watch: MarketWatch, jobs: Jobs) -> None:
        self._watch = watch
        self._jobs = jobs
        self._again_ms: int | None = None
        self._failures = 0
        self.trouble = ""
        """Why there are no markets, for a user; empty when there are some, or when nothing went wrong."""

    def refresh(self, now_ms: int) -> tuple[bool, str]:
        """Ask by hand; returns whether that began, and one sentence about it."""
        if self._jobs.runs("markets"):
            return False, "The venue is being asked for its markets already"
        self._jobs.begin("markets", now_ms, "Asking the venue for its markets")
        self._watch.ask_for_markets()
        return True, "Asking the venue for its markets"

    def cancel(self) -> tuple[bool, str]:
        """Give up what was asked by hand."""
        if not self._jobs.runs("markets"):
            return False, "The venue is not being asked for its markets"
        self._jobs.end("markets", "cancelled", "Cancelled: the markets stay as they were")
        self._watch.withdraw_list()
        return True, "Cancelled: the markets stay as they were"

    def came(self, following: int, listed: int, now_ms: int) -> None:
        """A list came of which some markets are followed."""
        self._again_ms = now_ms + _AGAIN_MS
        self.trouble = ""
        self._jobs.end("markets", "done", f"Markets refreshed: following {following} of {listed}")

    def did_not_come(self, reason: str, now_ms: int, *, urgent: bool) -> None:
        """There was no list, or none of use; `urgent` without any markets to show."""
        self._jobs.end("markets", "failed", f"The markets were not refreshed: {reason}")
        if not urgent:
            self._again_ms = now_ms + _AGAIN_MS
            return
        self._failures += 1
        wait_s = min(_LONGEST_WAIT_S, 2**self._failures)
        self._again_ms = now_ms + 1000 * wait_s
        self.trouble = f"The list of markets cannot be used: {reason}. Asking again in {wait_s} s"

    def every_second(self, now_ms: int) -> None:
        """Ask again when it is time."""
        if self._again_ms is not None and now_ms >= self._again_ms:
            self._again_ms = None
            self._watch.ask_for_markets()

    def clock_set_back(self, now_ms: int) -> None:
        """The machine's clock was set back to `now_ms`."""
        if self._again_ms is not None:
            self._again_ms = min(self._again_ms, now_ms + _AGAIN_MS)
