"""Who looks at what, of one kind of thing: what is asked for and followed on behalf of those who look."""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

MOST_LOOKS = 16
"""More than there may be decks; a tape may hold commands of more."""

T = TypeVar("T", bound=Hashable)


class Looks(Generic[T]):
    """One thing a client, at most `MOST_LOOKS` clients: of more, who looked longest ago is left out.

    To iterate gives what is looked at, each thing once, what the first of these clients looks at first.
    """

    def __init__(self) -> None:
        self._by_client: dict[int, T] = {}

    def look(self, client: int, at: T | None) -> None:
        """A client looks at this from now on, at nothing when it is None."""
        self._by_client.pop(client, None)
        if at is not None:
            self._by_client[client] = at
        if len(self._by_client) > MOST_LOOKS:
            self._by_client.pop(next(iter(self._by_client)))

    def of(self, client: int) -> T | None:
        """What a client looks at."""
        return self._by_client.get(client)

    def __iter__(self) -> Iterator[T]:
        return iter(dict.fromkeys(self._by_client.values()))
