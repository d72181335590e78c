"""When the leaderboard is asked for, and what becomes of the answer."""

from app.config.whale_settings import WhalesSettings
from app.core.errors import FrameError
from app.core.record import WITHDRAWN, Answer
from app.core.text import clean
from app.engine.journal import Journal
from app.engine.whale_questions import WhaleQuestions
from app.feeds.health import FeedHealth
from app.feeds.hyperliquid.leaderboard import parse_leaderboard_digest
from app.whales.roster import LeaderboardSeen, Roster

RETRY_MS = 900_000
RETRY_DOUBLINGS = 5


class WhaleLeaderboards:
    """One question at a time: on a schedule, and at once where somebody wants that."""

    def __init__(
        self, settings: WhalesSettings, questions: WhaleQuestions, roster: Roster, feed: FeedHealth, journal: Journal
    ) -> None:  # fmt: skip
        self.trouble = ""
        """Why the last one did not come; empty when it did."""
        self._every_ms = round(settings.leaderboard_every_h * 3_600_000)
        self._questions, self._roster, self._feed = questions, roster, feed
        self._journal = journal
        self._due_ms: int | None = None
        self._asked: int | None = None
        self._failures = 0

    def begin(self, came_ms: int | None, now_ms: int) -> None:
        """Ask from now on; the last one came at `came_ms`, None where none ever did."""
        self._due_ms = now_ms if came_ms is None else min(came_ms, now_ms) + self._every_ms

    def every_second(self, now_ms: int) -> None:
        """Ask when it is time."""
        if self._due_ms is not None and now_ms >= self._due_ms:
            self.fetch()

    @property
    def is_asked(self) -> bool:
        """Whether one is on its way."""
        return self._asked is not None

    def fetch(self) -> None:
        """Ask now, unless one is on its way."""
        if self._asked is None:
            self._asked = self._questions.ask_leaderboard()

    def withdraw(self) -> None:
        """Give up the one that is on its way."""
        if self._asked is not None:
            self._questions.withdraw(self._asked)

    def answered(self, answer: Answer, now_ms: int) -> None:
        """It came, or did not. Raises `FrameError` for one that cannot be read, once that is noted."""
        self._asked = None
        if answer.error == WITHDRAWN:
            self._withdrawn(now_ms)
            return
        if answer.status != 200:
            self._failed(clean(answer.error, 200), now_ms)
            return
        try:
            self._take(answer.body, now_ms)
        except FrameError as error:
            self._failed(str(error), now_ms)
            raise

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        if self._due_ms is not None:
            self._due_ms = min(self._due_ms, now_ms + self._every_ms)

    def _take(self, body: bytes, now_ms: int) -> None:
        digest = parse_leaderboard_digest(body)
        seen = LeaderboardSeen(
            at_ms=now_ms,
            size_bytes=digest.size_bytes,
            rows_seen=digest.rows_seen,
            rows_kept=len(digest.rows),
            refused=sum(digest.refused.values()),
            refused_by=digest.refused,
        )
        if not self._roster.take(digest.rows, seen):
            raise FrameError(f"none of the leaderboard's {digest.rows_seen:,} rows is of use")
        self._failures, self.trouble = 0, ""
        self._due_ms = now_ms + self._every_ms
        self._feed.connected()
        self._feed.received()
        self._feed.data(now_ms)

    def _withdrawn(self, now_ms: int) -> None:
        """Somebody gave it up: the next comes as planned, but soon where nobody is followed without one."""
        if self._roster.leaderboard is None:
            self.trouble = "it was cancelled"
            self._due_ms = now_ms + min(self._every_ms, RETRY_MS)
        else:
            self._due_ms = now_ms + self._every_ms

    def _failed(self, why: str, now_ms: int) -> None:
        """The set stays as it is; it is asked for again, ever more rarely."""
        wait_ms = min(self._every_ms, RETRY_MS * 2 ** min(self._failures, RETRY_DOUBLINGS))
        self._failures += 1
        self._due_ms = now_ms + wait_ms
        self.trouble = clean(why, 200)
        self._feed.dropped(now_ms, self.trouble, wait_ms / 1000)
        told = f"no leaderboard: {self.trouble}; next try in {wait_ms // 60_000} min"
        self._journal.say(now_ms, "warning", "whales", told)
