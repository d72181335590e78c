"""The signal and its baseline as claims that can be graded, in pairs. Pure.

A pair says of the same market, moment, direction and horizon how likely the mid is to move that way, once by the
weighted bias and once by the plain one: they differ in nothing but the weights, so that their grades tell which are
better.
"""

import hashlib
from collections.abc import Iterator, Sequence

import msgspec

from app.config.settings import CostsSettings
from app.config.whale_settings import SmartMoneySettings, TraderWeightsSettings
from app.core.calls import Call
from app.core.whale_events import SmartMoneySignal
from app.markets.mid_claims import MarketFacts, MidClaim, mid_call

CLAIMANT, BASELINE = "smart money", "smart money, plain"
SMART_MONEY_VERSION = 3
FULL_BIAS_EDGE = 0.05
"""A bias of 1 claims a probability of 0.55. Nobody's is known to say more: a model of ten features had an hour's
direction right in 51.9 % of all hours, and in 56.4 % of its surest tenth."""
_DIRECTIONS = {"LONG": 1, "NEUTRAL": 0, "SHORT": -1}


class SignalCalls:
    """Decides when a coin's signal files calls, and writes them.

    A horizon is due when there is a lean and none has been filed in this direction and kind for as long as the horizon
    is. So a lean that stands files once a horizon, which is as many independent observations as there are, and one that
    comes and goes files no more than one that stands.
    """

    def __init__(self, settings: SmartMoneySettings, weights: TraderWeightsSettings) -> None:
        self._horizons_s = tuple(dict.fromkeys(round(hours * 3_600) for hours in settings.horizons_h))
        self._version = signal_version(settings, weights)
        self._filed_ms: dict[tuple[str, int, int, str], int] = {}

    def file(
        self, signal: SmartMoneySignal, facts: MarketFacts | None, costs: CostsSettings, source: str, sequence: int
    ) -> tuple[Call, ...]:
        """The calls that are due, each baseline before the call that must beat it; none without a market to act on.

        Call it when a lean changed and once a minute besides. `source` is live, demo or tape; `sequence` the number of
        the input that led to it.
        """
        direction, kind = claimed(signal)
        if facts is None or not direction:
            return ()
        filed: list[Call] = []
        for horizon_s in self._due(signal, direction, kind):
            self._filed_ms[signal.coin, horizon_s, direction, kind] = signal.at_ms
            filed.extend(self._pair(signal, horizon_s, facts, costs, source, sequence))
        return tuple(filed)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self._filed_ms = {what: min(filed_ms, now_ms) for what, filed_ms in self._filed_ms.items()}

    def _due(self, signal: SmartMoneySignal, direction: int, kind: str) -> Sequence[int]:
        never = -max(self._horizons_s) * 1_000
        return [
            horizon_s
            for horizon_s in self._horizons_s
            if signal.at_ms - self._filed_ms.get((signal.coin, horizon_s, direction, kind), never) >= horizon_s * 1_000
        ]

    def _pair(
        self, signal: SmartMoneySignal, horizon_s: int, facts: MarketFacts, costs: CostsSettings, source: str,
        sequence: int,
    ) -> Iterator[Call]:  # fmt: skip
        direction, kind = claimed(signal)
        own = MidClaim(
            claimant=CLAIMANT,
            version=self._version,
            kind=kind,
            probability=probability(signal.bias, direction),
            direction=direction,
            horizon_s=horizon_s,
            made_at_ms=signal.at_ms,
        )
        plain = probability(signal.plain_bias, direction)
        twin = msgspec.structs.replace(own, claimant=BASELINE, probability=plain)
        baseline = mid_call(twin, signal.coin, facts, costs, source, sequence)
        yield baseline
        own = msgspec.structs.replace(own, baseline_id=baseline.call_id)
        yield mid_call(own, signal.coin, facts, costs, source, sequence)


def claimed(signal: SmartMoneySignal) -> tuple[int, str]:
    """The direction and kind of what a signal claims: its own lean, or where only the baseline leans, that one's.

    Both sides' leans lead to pairs; otherwise the weighted signal would choose the moments at which both are judged.
    """
    own = _DIRECTIONS[signal.lean]
    return (own, "lean") if own else (_DIRECTIONS[signal.plain_lean], "plain lean")


def probability(bias: float, direction: int) -> float:
    """How likely the mid is to move in `direction` (+1, −1) by a bias of −1 to 1."""
    return 0.5 + FULL_BIAS_EDGE * bias * direction


def signal_version(settings: SmartMoneySettings, weights: TraderWeightsSettings) -> str:
    """Twelve hexadecimal digits that change with the signal's formulas or the settings it depends on."""
    told = b"%d " % SMART_MONEY_VERSION + msgspec.json.encode((settings, weights))
    return hashlib.sha256(told).hexdigest()[:12]
