"""Slow drifts of the market and of each coin, planned ahead: what informed accounts know a part of.

Row 0 is the market, the others are the coins, as in `factors`. A strength of one drifts as far in an hour as the row
usually wanders in one; about a quarter of all tides is slack.
"""

import numpy as np

from app.demo.grid import Floats

SHORTEST_S = 1_800.0
MEAN_S = 7_200.0
STRENGTH = (0.5, 1.3)
SLACK_ODDS = 0.25
FORESIGHT_S = 900.0


class Tides:
    """The tide that runs in each row, the one that follows, and when; moved by whole seconds."""

    def __init__(self, rows: int, rng: np.random.Generator) -> None:
        self._rng = rng
        self.running = self._draw(rows)
        self._coming = self._draw(rows)
        self._left_s = self._lengths(rows)

    def step(self, seconds: float) -> bool:
        """Let time pass; whether any tide turned."""
        self._left_s -= seconds
        turned = self._left_s <= 0.0
        if not turned.any():
            return False
        rows = len(turned)
        fresh, lengths = self._draw(rows), self._lengths(rows)
        self.running = np.where(turned, self._coming, self.running)
        self._coming = np.where(turned, fresh, self._coming)
        self._left_s = np.where(turned, lengths, self._left_s)
        return True

    def foreseen(self) -> Floats:
        """What those who know expect: the tide that runs, or the next one when it is close."""
        result: Floats = np.where(self._left_s < FORESIGHT_S, self._coming, self.running)
        return result

    def _draw(self, rows: int) -> Floats:
        low, high = STRENGTH
        chance = self._rng.random(rows)
        size = self._rng.uniform(low, high, rows)
        sign = np.where(self._rng.random(rows) < 0.5, 1.0, -1.0)
        result: Floats = np.where(chance < SLACK_ODDS, 0.0, size * sign)
        return result

    def _lengths(self, rows: int) -> Floats:
        result: Floats = SHORTEST_S + self._rng.exponential(MEAN_S - SHORTEST_S, rows)
        return result
