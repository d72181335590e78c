"""How far what a bundle is asked about lies from what it was trained on, kept up row by row. Pure."""

from bisect import bisect_left
from collections import Counter, deque
from typing import NamedTuple

import numpy as np

from app.tokens.bundle_parts import Drift
from app.tokens.drift import chance, columns, index_of_counts, is_unlike, word_of
from app.tokens.features import Singles

WINDOW = 2_000
"""So many of the newest rows count."""
_UNKNOWN = -1


class FeatureDrift(NamedTuple):
    """A feature's population stability index, what that comes to, and which share of it is and was known."""

    name: str
    psi: float
    word: str
    known_now: float
    known_then: float


class InputDrift:
    """The newest rows of one bundle against its reference. A row costs what its features do, whatever the window."""

    def __init__(self, reference: Drift) -> None:
        self._reference = reference
        self._edges = {name: list(histogram.edges) for name, histogram in reference.items()}
        self._counts = {name: [0] * (len(edges) + 1) for name, edges in self._edges.items()}
        self._unknown: Counter[str] = Counter()
        self._rows: deque[tuple[str, dict[str, int]]] = deque()
        self._tokens: Counter[str] = Counter()

    @property
    def rows(self) -> int:
        """Rows that count."""
        return len(self._rows)

    @property
    def tokens(self) -> int:
        """How many tokens they are of."""
        return len(self._tokens)

    def add(self, mint: str, row: Singles) -> None:
        """The model was asked about this row (628 float32) of a token."""
        places = self._places(row)
        self._rows.append((mint, places))
        self._tokens[mint] += 1
        self._count(places, 1)
        if len(self._rows) > WINDOW:
            oldest, gone = self._rows.popleft()
            self._tokens[oldest] -= 1
            if not self._tokens[oldest]:
                del self._tokens[oldest]
            self._count(gone, -1)

    def features(self) -> tuple[FeatureDrift, ...]:
        """All features that are watched, the one that drifted most first."""
        found = [self._feature(name) for name in self._counts]
        return tuple(sorted(found, key=lambda each: -each.psi))

    def _places(self, row: Singles) -> dict[str, int]:
        """The bin of each feature that the reference knows of."""
        told = columns(row[np.newaxis])
        return {
            name: bisect_left(edges, float(told[name].values[0])) if told[name].known[0] else _UNKNOWN
            for name, edges in self._edges.items()
            if name in told
        }

    def _count(self, places: dict[str, int], change: int) -> None:
        for name, place in places.items():
            if place == _UNKNOWN:
                self._unknown[name] += change
            else:
                self._counts[name][place] += change

    def _feature(self, name: str) -> FeatureDrift:
        histogram, counts, unknown = self._reference[name], self._counts[name], self._unknown[name]
        psi = index_of_counts(histogram, counts, unknown)
        told = sum(counts)
        known = told / (told + unknown) if told + unknown else 0.0
        unlike = is_unlike(histogram, counts, unknown)
        word = word_of(psi, chance(histogram, self.tokens), self.tokens, unlike=unlike)
        return FeatureDrift(name, psi, word, known, histogram.known)
