"""When a venue counts as gone. Pure."""

from app.feeds.statuses import is_answering

HOPELESS = 50
"""So many calls in a row without an answer, and the venue counts as gone."""


class Silence:
    """Counts calls in a row without an answer; what a venue refuses of one question is an answer."""

    def __init__(self) -> None:
        self._calls = 0

    def is_hopeless_after(self, status: int) -> bool:
        """Whether the venue counts as gone after a call that came to this status, 0 for none."""
        self._calls = 0 if is_answering(status) else self._calls + 1
        return self._calls >= HOPELESS
