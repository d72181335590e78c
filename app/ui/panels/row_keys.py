"""Keys of rows that carry no number of their own. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence


def told_apart(identities: Sequence[str], *, newest_first: bool = False) -> Sequence[str]:
    """A key for each row, of its identity and how many of the same came before it.

    They are counted from the oldest, so that a row keeps its key when a newer one comes. An identity holds what does
    not change about a row.
    """
    if newest_first:
        return tuple(_counted(identities[::-1]))[::-1]
    return tuple(_counted(identities))


def _counted(identities: Sequence[str]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for identity in identities:
        seen[identity] += 1
        yield f"{identity} #{seen[identity]}"
