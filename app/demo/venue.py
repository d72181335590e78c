"""The whole simulated venue without its sockets: a market, what is published of it, and who listens."""

from collections.abc import Iterable, Iterator

from app.demo.leaderboard import rows_in_chunks
from app.demo.limits import USERS, Limits
from app.demo.market import STEP_S, Market
from app.demo.publisher import Publisher
from app.demo.requests import Reply, answer
from app.demo.session import Session
from app.demo.subscriptions import Subscription

_TOO_MANY = Reply(429, b"null", 0)
_LIGHTEST = 2
STORM_S = 10


class Venue:
    """A venue that begins at `start_ms` (milliseconds since 1970) with `coins` live markets (1 to 60).

    The market moves only through `advance`. `now_ms` of the other methods is the time its limits are counted in: any
    milliseconds that never go back. `users` is the cap of user streams; where `storm_per_s` is given, a stream above it
    brings so many error frames a second for `STORM_S`. Raises ValueError when `coins` is out of range.
    """

    def __init__(self, *, seed: int, coins: int, start_ms: int, users: int = USERS, storm_per_s: int = 0) -> None:
        self.market = Market(seed, coins, start_ms)
        self._publisher = Publisher(self.market)
        self._limits = Limits(users, storm_per_s * STORM_S)
        self._storm_a_step = max(1, round(storm_per_s * STEP_S))
        self._sessions: list[Session] = []

    def accepts(self, now_ms: int) -> bool:
        """Whether a new connection would be taken now."""
        return self._limits.accepts(now_ms)

    def connect(self, now_ms: int) -> Session | None:
        """A new connection, None when the venue takes no more."""
        if not self._limits.connect(now_ms):
            return None
        session = Session(self.market, self._publisher, self._limits, now_ms)
        self._sessions.append(session)
        return session

    def disconnect(self, session: Session) -> None:
        """A connection has ended."""
        self._sessions.remove(session)
        session.close()

    def advance(self, to_ms: int) -> None:
        """Move the market to `to_ms` in whole steps and put what it sends into the outboxes."""
        for step in self.market.advance(to_ms):
            self._deliver(self._publisher.frames(step))
            for session in self._sessions:
                session.storm(self._storm_a_step)

    def request(self, body: bytes, now_ms: int) -> Reply:
        """Answer POST /info; 429 when the weight of the last minute is used up."""
        if not self._limits.weight.allows(_LIGHTEST, now_ms):
            return _TOO_MANY
        reply = answer(self.market, body)
        return reply if self._limits.weight.spend(reply.weight, now_ms) else _TOO_MANY

    def leaderboard(self, rows: int) -> Iterator[bytes]:
        """The leaderboard with so many rows, in pieces; it weighs nothing."""
        return rows_in_chunks(self.market, rows)

    def _deliver(self, sent: Iterable[tuple[Subscription, bytes]]) -> None:
        for wanted, frame in sent:
            for session in self._sessions:
                if wanted in session.subscriptions:
                    session.send(frame)
