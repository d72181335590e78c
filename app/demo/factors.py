"""Where prices want to go: a market-wide factor and one of each coin's own, in changing moods.

Row 0 of every array is the market, the others are the coins. A mood scales volatility (quiet, normal, lively, wild), a
trend drifts for about a minute and often turns around, a tide drifts for hours, a shock is a jump spread over a second
or two. The fair price is all of that plus micro noise that reverts within seconds. Returns are of the log price;
volatilities are per square root of a second.
"""

from collections.abc import Sequence

import numpy as np

from app.demo.grid import Floats
from app.demo.listings import Listing

MARKET_VOLATILITY_SHARE = 0.85
MOODS = np.log(np.array([0.35, 0.75, 1.6, 3.0]))
MOOD_SECONDS = np.array([120.0, 150.0, 60.0, 18.0])
MOOD_ODDS = np.cumsum([0.30, 0.40, 0.22, 0.08])
MOOD_RELAXATION_S = 6.0
TREND_SECONDS = 45.0
TREND_RELAXATION_S = 5.0
TREND_STRENGTH = 0.12
TREND_REVERSAL_ODDS = 0.35
SHOCK_SECONDS = 300.0
SHOCK_SIZE = (4.0, 11.0)
SHOCK_RELEASE_S = 1.2
NOISE_RELAXATION_S = 3.0
PERMANENT_IMPACT = 0.35


class Factors:
    """The fair price of every coin, one step of `step_s` seconds at a time."""

    def __init__(self, listings: Sequence[Listing], step_s: float, rng: np.random.Generator) -> None:
        self._rng = rng
        self._step_s = step_s
        rows = len(listings) + 1
        total = np.array([listing.sigma for listing in listings])
        market = listings[0].sigma * MARKET_VOLATILITY_SHARE
        self.beta = market_betas(
            np.array([listing.volatility for listing in listings]), listings[0].volatility * MARKET_VOLATILITY_SHARE
        )
        own = np.sqrt(total**2 - (self.beta * market) ** 2)
        self._sigma = np.concatenate(([market], own))
        self._log_price = np.log([listing.price for listing in listings])
        self._noise = np.zeros(rows - 1)
        self._noise_size = 0.6 * total
        self._mood = np.ones(rows, dtype=np.int64)
        self._log_level = np.full(rows, MOODS[1])
        self._trend_target = np.zeros(rows)
        self._trend = np.zeros(rows)
        self._pending = np.zeros(rows)
        self._tide = np.zeros(rows)
        self.shocked = np.zeros(rows - 1, dtype=np.bool_)

    def fair(self) -> Floats:
        """Fair prices in USD."""
        result: Floats = np.exp(self._log_price + self._noise)
        return result

    def level(self) -> Floats:
        """How lively each coin is: about 1 on average, from 0.2 to 5."""
        levels = np.exp(self._log_level)
        result: Floats = np.sqrt(levels[0] * levels[1:])
        return result

    def sigma(self) -> Floats:
        """Current volatility of each coin."""
        now = self._sigma * np.exp(self._log_level)
        result: Floats = np.hypot(self.beta * now[0], now[1:])
        return result

    def lean(self) -> Floats:
        """Where each coin drifts, in standard deviations of a second: the book's depth leans the same way."""
        drift = self.beta * self._trend[0] + self._trend[1:]
        result: Floats = drift / self.sigma()
        return result

    def set_tide(self, strength: Floats) -> None:
        """Let all rows drift with tides of this strength from now on (1: as far in an hour as they usually wander)."""
        self._tide = strength * self._sigma / 60.0

    def outlook(self, strength: Floats) -> Floats:
        """What tides of this strength mean for each coin, in its own usual moves of an hour."""
        move = strength * self._sigma
        result: Floats = (self.beta * move[0] + move[1:]) / np.hypot(self.beta * self._sigma[0], self._sigma[1:])
        return result

    def push(self, coin: int, log_return: float) -> None:
        """An order moved the price: a part stays, the rest fades as noise does."""
        self._log_price[coin] += PERMANENT_IMPACT * log_return
        self._noise[coin] += (1.0 - PERMANENT_IMPACT) * log_return

    def step(self) -> None:
        """Let one step pass."""
        uniform = self._rng.random((5, len(self._sigma)))
        normal = self._rng.standard_normal((3, len(self._sigma)))
        self._change_moods(uniform[0], uniform[1])
        self._change_trends(uniform[2], uniform[3], normal[0])
        self._shock(uniform[4], normal[0])
        returns = self._returns(normal[1])
        self._log_price += self.beta * returns[0] + returns[1:]
        fade = self._step_s / NOISE_RELAXATION_S
        self._noise += -fade * self._noise + self._noise_size * np.sqrt(2.0 * fade) * normal[2][1:]

    def _change_moods(self, chance: Floats, choice: Floats) -> None:
        change = chance < self._step_s / MOOD_SECONDS[self._mood]
        self._mood = np.where(change, np.minimum(MOOD_ODDS.searchsorted(choice), len(MOODS) - 1), self._mood)
        self._log_level += (MOODS[self._mood] - self._log_level) * (self._step_s / MOOD_RELAXATION_S)

    def _change_trends(self, chance: Floats, choice: Floats, normal: Floats) -> None:
        change = chance < self._step_s / TREND_SECONDS
        fresh = TREND_STRENGTH * self._sigma * normal
        turned = np.where(choice < TREND_REVERSAL_ODDS, -0.9 * self._trend_target, fresh)
        self._trend_target = np.where(change, turned, self._trend_target)
        self._trend += (self._trend_target - self._trend) * (self._step_s / TREND_RELAXATION_S)

    def _shock(self, chance: Floats, normal: Floats) -> None:
        odds = self._step_s / SHOCK_SECONDS
        struck = chance < odds
        low, high = SHOCK_SIZE
        # Given that it is below the odds, the chance is uniform again.
        size = (low + (high - low) * chance / odds) * self._sigma * np.sign(normal)
        self._pending += np.where(struck, size, 0.0)
        self.shocked = struck[1:] | struck[0]

    def _returns(self, normal: Floats) -> Floats:
        released = self._pending * (1.0 - np.exp(-self._step_s / SHOCK_RELEASE_S))
        self._pending -= released
        diffusion = self._sigma * np.exp(self._log_level) * np.sqrt(self._step_s) * normal
        result: Floats = (self._trend + self._tide) * self._step_s + released + diffusion
        return result


def market_betas(volatility: Floats, market: float) -> Floats:
    """How strongly coins follow the market: the calmer a coin, the closer (correlation 0.92 down to 0.45).

    `volatility` is annual, `market` the market factor's own, also annual.
    """
    correlation = np.clip(1.0 - 0.35 * (volatility - 0.3), 0.45, 0.92)
    result: Floats = correlation * volatility / market
    return result
