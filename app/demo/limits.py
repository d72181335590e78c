"""The venue's limits, counted for one client address: the machine itself."""

from collections import Counter, deque

REQUEST_WEIGHT = 1_200
MESSAGES = 2_000
NEW_CONNECTIONS = 30
CONNECTIONS = 10
SUBSCRIPTIONS = 1_000
USERS = 15
MINUTE_MS = 60_000
IDLE_MS = 60_000


class SlidingBudget:
    """At most `limit` units within any `window_ms` milliseconds."""

    def __init__(self, limit: int, window_ms: int = MINUTE_MS) -> None:
        self._limit = limit
        self._window_ms = window_ms
        self._spent: deque[tuple[int, int]] = deque()
        self._total = 0

    def spend(self, amount: int, now_ms: int) -> bool:
        """Take `amount` if it is there; False, and nothing taken, if it is not."""
        if not self.allows(amount, now_ms):
            return False
        self._spent.append((now_ms, amount))
        self._total += amount
        return True

    def allows(self, amount: int, now_ms: int) -> bool:
        """Whether `amount` could be taken now."""
        return self.used(now_ms) + amount <= self._limit

    def used(self, now_ms: int) -> int:
        """Units taken within the window that ends now."""
        while self._spent and self._spent[0][0] <= now_ms - self._window_ms:
            self._total -= self._spent.popleft()[1]
        return self._total

    def frees_ms(self, now_ms: int) -> int:
        """How long until something of what was taken is free again; 0 when nothing is taken."""
        return self._spent[0][0] + self._window_ms - now_ms if self.used(now_ms) else 0


class Limits:
    """All counters of one client address.

    `users` is how many distinct users may be followed by streams of their own; a refusal of one more is repeated
    `storm_frames` times.
    """

    def __init__(self, users: int = USERS, storm_frames: int = 0) -> None:
        self.users = users
        self.storm_frames = storm_frames
        self.weight = SlidingBudget(REQUEST_WEIGHT)
        self.messages = SlidingBudget(MESSAGES)
        self._new_connections = SlidingBudget(NEW_CONNECTIONS)
        self._users: Counter[str] = Counter()
        self.connections = 0
        self.subscriptions = 0

    def connect(self, now_ms: int) -> bool:
        """Count a new connection; False when there are too many."""
        if not self.accepts(now_ms):
            return False
        self.connections += 1
        return self._new_connections.spend(1, now_ms)

    def accepts(self, now_ms: int) -> bool:
        """Whether a new connection would be taken now."""
        return self.connections < CONNECTIONS and self._new_connections.allows(1, now_ms)

    def admit_user(self, user: str) -> bool:
        """Count a user stream; False when it would track one distinct user too many."""
        if user not in self._users and len(self._users) >= self.users:
            return False
        self._users[user] += 1
        return True

    def release_user(self, user: str) -> None:
        """A user stream has ended."""
        self._users[user] -= 1
        if self._users[user] <= 0:
            del self._users[user]
