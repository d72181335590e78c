"""How many questions may be asked now, so that a budget lasts: spread over the window, with a reserve for bursts.

A window alone lets one burst use it up and then holds everybody for a minute. Here at most `burst` questions go out at
once and the rest of the window's comes back evenly, so that no window ever holds more than its limit.
"""

POLLED_SHARE = 0.6
"""The share of what comes back that polls may use; what waits for nobody leaves room for what a trade makes urgent."""
RESERVE_SHARE = 0.5
"""Polls leave this share of a burst alone."""


class AskingPace:
    """Tokens of a bucket, a question each, and the times of polls."""

    def __init__(self, limit: int, window_s: float, burst: int) -> None:
        """At most `limit` questions in any `window_s` seconds, at most `burst` (< limit) of them at once."""
        self._per_ms = (limit - burst) / (window_s * 1_000)
        self._burst = burst
        self._tokens = float(burst)
        self._polls = 0.0
        self._at_ms: int | None = None

    def allowed(self, now_ms: int) -> tuple[int, int]:
        """How many questions may be asked now, and how many of them may be such that could as well wait."""
        passed_ms = 0 if self._at_ms is None else max(0, now_ms - self._at_ms)
        self._at_ms = now_ms
        self._tokens = min(self._burst, self._tokens + passed_ms * self._per_ms)
        self._polls = min(self._burst * POLLED_SHARE, self._polls + passed_ms * self._per_ms * POLLED_SHARE)
        spare = self._tokens - self._burst * RESERVE_SHARE
        return int(self._tokens), max(0, int(min(self._polls, spare)))

    def spend(self, asked: int, polls: int) -> None:
        """So many were asked, `polls` of them such that could have waited."""
        self._tokens -= asked
        self._polls -= polls
