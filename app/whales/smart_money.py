"""Which way the followed traders lean in each coin, kept up to date by what changes (docs/whales.md).

A change costs as much as its trader has positions, a signal as much as any other, however many traders there are. Time
enters with the callers; nothing here reads a clock. The same changes in any order give the same signal.
"""

from collections import deque
from collections.abc import Iterator
from math import erf, isfinite, sqrt

import msgspec

from app.config.whale_settings import SmartMoneySettings
from app.core.traders import TraderState
from app.core.whale_events import Lean, SmartMoneySignal
from app.whales.coin_sums import CoinSums, Holding, units
from app.whales.lean import lean_thresholds, next_lean
from app.whales.trader_weights import TraderWeight

LEAST_EXPOSURE = 0.001
"""A position worth less than this share of its account is dust, and no opinion."""
SAMPLES_KNOWN = 0.8
"""A bias is compared with that of an hour ago where so many of the followed are fresh, and their histories known."""
MINUTE_MS = 60_000
HOUR_MIN, SAMPLE_LATE_MIN = 60, 5


class Contributor(msgspec.Struct, frozen=True, kw_only=True):
    """A trader behind a signal: `side` +1 long, −1 short, `share` its part of all votes in the coin (0-1)."""

    trader: str
    side: int
    share: float
    value_usd: float


class _Followed(msgspec.Struct):
    vote: float = 0.0
    coverage: float = 0.0
    plain_weight: float = 0.0
    state: TraderState | None = None
    fresh: bool = False
    coins: tuple[str, ...] = ()


class _Coin:
    def __init__(self) -> None:
        self.sums = CoinSums()
        self.lean: Lean = "NEUTRAL"
        self.plain_lean: Lean = "NEUTRAL"
        self.samples: deque[tuple[int, float]] = deque(maxlen=HOUR_MIN + SAMPLE_LATE_MIN + 1)


class SmartMoney:
    """The signals of all coins. One writer; methods that change something tell whose lean changed, sorted by coin."""

    def __init__(self, settings: SmartMoneySettings) -> None:
        self._thresholds = lean_thresholds(settings)
        self._followed: dict[str, _Followed] = {}
        self._coins: dict[str, _Coin] = {}
        self._fresh = 0
        self._sampled_min = 0
        self.with_past = 0
        """Of how many of the followed the histories came, as whoever weighs them tells."""

    @property
    def coins(self) -> tuple[str, ...]:
        """All coins that somebody holds or held within the hour, sorted."""
        return tuple(sorted(self._coins))

    @property
    def followed(self) -> int:
        """How many traders have a weight."""
        return len(self._followed)

    @property
    def stale_traders(self) -> int:
        """How many of them have no positions that are fresh: not yet seen, or too old."""
        return len(self._followed) - self._fresh

    def weight_changed(self, weight: TraderWeight, score: float) -> tuple[str, ...]:
        """Follow a trader, or change how much it counts; the coins in which a lean changes by that, as in all these.

        `score` is the leaderboard's, 0-100, the baseline's weight.
        """
        followed = self._followed.setdefault(weight.trader, _Followed())
        followed.vote, followed.coverage = _sound(weight.vote), _sound(weight.coverage)
        followed.plain_weight = _sound(score / 100)
        return self._hold(weight.trader, followed)

    def state_changed(self, state: TraderState) -> tuple[str, ...]:
        """Take a trader's positions in; they are fresh. Strangers' states and older ones do nothing."""
        followed = self._followed.get(state.trader)
        if followed is None or (followed.state is not None and state.at_ms < followed.state.at_ms):
            return ()
        self._fresh += not followed.fresh
        followed.state, followed.fresh = state, True
        return self._hold(state.trader, followed)

    def stale(self, trader: str) -> tuple[str, ...]:
        """Leave a trader's positions out until its next state."""
        followed = self._followed.get(trader)
        if followed is None or not followed.fresh:
            return ()
        self._fresh -= 1
        followed.fresh = False
        return self._hold(trader, followed)

    def unfollow(self, trader: str) -> tuple[str, ...]:
        """Forget a trader."""
        changed = self.stale(trader)
        self._followed.pop(trader, None)
        return changed

    def minute(self, now_ms: int) -> None:
        """Keep each coin's bias once a minute, for its change over an hour. Call it at every tick."""
        this_min = now_ms // MINUTE_MS
        if this_min <= self._sampled_min:
            return
        self._sampled_min = this_min
        compares = self._compares()
        for name in list(self._coins):
            self._sample(name, this_min, compares)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`: samples of a time to come are no past to compare with."""
        this_min = now_ms // MINUTE_MS
        self._sampled_min = min(self._sampled_min, this_min)
        for coin in self._coins.values():
            kept = [sample for sample in coin.samples if sample[0] <= this_min]
            coin.samples.clear()
            coin.samples.extend(kept)

    def signal(self, coin: str, now_ms: int) -> SmartMoneySignal:
        """The signal of one coin; of a coin nobody holds it is NEUTRAL with a bias of 0."""
        held = self._coins.get(coin) or _Coin()
        sums = held.sums
        return SmartMoneySignal(
            coin=coin,
            at_ms=now_ms,
            lean=held.lean,
            bias=sums.bias(),
            breadth=sums.traders / self._fresh if self._fresh else 0.0,
            concentration=sums.concentration(),
            effective_traders=sums.effective_traders(),
            confidence=self._confidence(sums),
            change_1h=self._change(held, now_ms // MINUTE_MS),
            long_traders=sums.long_traders,
            short_traders=sums.short_traders,
            stale_traders=self.stale_traders,
            value_usd=sums.cents / 100,
            plain_bias=sums.plain_bias(),
            plain_lean=held.plain_lean,
        )

    def largest(self, coin: str, side: int, most: int) -> tuple[Contributor, ...]:
        """The traders with the largest shares of one side (+1 long, −1 short) of a coin's signal, at most so many."""
        held = self._coins.get(coin) or _Coin()
        return tuple(
            Contributor(trader=one.trader, side=side, share=one.share / held.sums.gross, value_usd=one.cents / 100)
            for one in held.sums.largest(side, most)
        )

    def _hold(self, trader: str, followed: _Followed) -> tuple[str, ...]:
        """Replace a trader's parts in the sums; the coins in which a lean, or its baseline's, changes by that."""
        holdings = dict(_holdings(trader, followed)) if followed.fresh else {}
        touched = sorted({*followed.coins, *holdings})
        for name in touched:
            sums = self._coins.setdefault(name, _Coin()).sums
            if name in holdings:
                sums.put(holdings[name])
            else:
                sums.remove(trader)
        followed.coins = tuple(holdings)
        return tuple(name for name in touched if self._leans_anew(name))

    def _leans_anew(self, name: str) -> bool:
        """Whether the lean of a coin, or its baseline's, changes with its sums."""
        coin, thresholds = self._coins[name], self._thresholds
        before = coin.lean, coin.plain_lean
        sums = coin.sums
        coin.lean = next_lean(coin.lean, sums.bias(), sums.counting, thresholds)
        coin.plain_lean = next_lean(coin.plain_lean, sums.plain_bias(), sums.traders, thresholds)
        return (coin.lean, coin.plain_lean) != before

    def _confidence(self, sums: CoinSums) -> float:
        """How unlikely coin flips would lean so far, times the share that is fresh, times the coverage of weights."""
        if not self._followed:
            return 0.0
        sure = erf(abs(sums.bias()) * sqrt(sums.effective_traders() / 2))
        return sure * self._fresh / len(self._followed) * min(1.0, sums.coverage())

    def _compares(self) -> bool:
        """Whether the bias is that of nearly all: what the first to be seen or weighed hold is no trend."""
        least = SAMPLES_KNOWN * len(self._followed)
        return self._fresh > 0 and self._fresh >= least and self.with_past >= least

    def _sample(self, name: str, this_min: int, compares: bool) -> None:
        coin = self._coins[name]
        if not coin.sums.traders and all(not bias for _, bias in coin.samples):
            del self._coins[name]
        elif compares:
            coin.samples.append((this_min, coin.sums.bias()))

    def _change(self, coin: _Coin, this_min: int) -> float | None:
        """The bias less that of an hour ago, at most `SAMPLE_LATE_MIN` older; None where there is none to compare."""
        samples = coin.samples
        while len(samples) > 1 and samples[1][0] <= this_min - HOUR_MIN:
            samples.popleft()
        if not samples or not self._compares() or not 0 <= this_min - HOUR_MIN - samples[0][0] <= SAMPLE_LATE_MIN:
            return None
        return coin.sums.bias() - samples[0][1]


def conviction(value_usd: float, equity_usd: float) -> float:
    """How much of an account stands behind a position, 0-1: its value over the equity, at most 1.

    0 for dust below `LEAST_EXPOSURE` and for what is no number; 1 where there is no equity left.
    """
    if not (isfinite(value_usd) and isfinite(equity_usd)) or value_usd <= 0:
        return 0.0
    if value_usd >= equity_usd:
        return 1.0
    share = value_usd / equity_usd
    return share if share >= LEAST_EXPOSURE else 0.0


def _holdings(trader: str, followed: _Followed) -> Iterator[tuple[str, Holding]]:
    state = followed.state
    for position in state.positions if state is not None else ():
        backed = conviction(position.value_usd, state.equity_usd) if state is not None else 0.0
        if backed and position.size and isfinite(position.size):
            share = units(followed.vote * backed)
            yield (
                position.coin,
                Holding(
                    trader=trader,
                    side=1 if position.size > 0 else -1,
                    share=share,
                    plain_share=units(followed.plain_weight * backed),
                    covered=round(share * followed.coverage),
                    cents=round(position.value_usd * 100),
                ),
            )


def _sound(share: float) -> float:
    """A share within 0-1; what is no number counts as nothing."""
    return min(1.0, max(0.0, share)) if isfinite(share) else 0.0
