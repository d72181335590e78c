"""When it is worth telling that whales turned, or that the followed traders' consensus shifts. Pure."""

from collections import deque
from collections.abc import Iterable

from app.config.whale_settings import AlertsSettings
from app.core.whale_events import SmartMoneySignal
from app.whales.alert_values import AlertCause, BiasAnchor, ConsensusArm, WhaleLean
from app.whales.alert_words import usd

WHALES_NEEDED = 2
"""One whale that turns is a move, not a bias of whales."""
REARM_SHARE = 0.5
"""A shift of the consensus is told again only after it fell below this share of what is told."""
SMOOTHED_MIN = 15
"""A shift is the mean of the changes of so many minutes: what somebody does and undoes is none."""
EFFECTIVE_NEEDED = 5
"""What fewer effective traders think is no consensus: what one of them does is told as a move."""


class BiasFlips:
    """Where whales stood in each coin, and how far on that side."""

    def __init__(self, settings: AlertsSettings, kept: Iterable[BiasAnchor] = ()) -> None:
        self._flip = settings.bias_flip
        self._anchors = {one.coin: one for one in kept}

    def kept(self) -> tuple[BiasAnchor, ...]:
        """What must outlive the process."""
        return tuple(self._anchors.values())

    def leaned(self, lean: WhaleLean, price: float, now_ms: int) -> AlertCause | None:
        """A flip: the bias has the other sign than it had, and is at least so far from the furthest it had before.

        After one the furthest of the new side counts: the next needs as much of a change again. A change because
        somebody joined or left the whales begins anew and tells nothing.
        """
        if lean.whales < WHALES_NEEDED:
            self._anchors.pop(lean.coin, None)
            return None
        anchor = self._anchors.get(lean.coin)
        if anchor is None or lean.is_rebased:
            self._anchors[lean.coin] = BiasAnchor(lean.coin, lean.bias, now_ms, now_ms)
            return None
        if anchor.furthest * lean.bias >= 0:
            if abs(lean.bias) > abs(anchor.furthest):
                self._anchors[lean.coin] = BiasAnchor(lean.coin, lean.bias, now_ms, anchor.since_ms)
            return None
        if abs(lean.bias - anchor.furthest) < self._flip:
            return None
        self._anchors[lean.coin] = BiasAnchor(lean.coin, lean.bias, now_ms, now_ms)
        return _flip_cause(anchor, lean, price, now_ms)


class ConsensusShifts:
    """Which shifts were told."""

    def __init__(self, settings: AlertsSettings, kept: Iterable[ConsensusArm] = ()) -> None:
        self._shift = settings.consensus_shift
        self._arms = {one.coin: one for one in kept}
        self._changes: dict[str, deque[float]] = {}

    def kept(self) -> tuple[ConsensusArm, ...]:
        """What must outlive the process."""
        return tuple(self._arms.values())

    def signalled(self, signal: SmartMoneySignal, price: float, now_ms: int) -> AlertCause | None:
        """A shift of the bias within an hour, told once until it is over (below half) or turns into its opposite.

        Call it once a minute for each coin.
        """
        change = self._smoothed(signal)
        if change is None:
            return None
        arm = self._arms.setdefault(signal.coin, ConsensusArm(signal.coin, 0, now_ms))
        way = (change > 0) - (change < 0)
        several = signal.effective_traders >= EFFECTIVE_NEEDED
        if abs(change) >= self._shift and way and several and arm.told != way:
            self._arms[signal.coin] = ConsensusArm(signal.coin, way, now_ms)
            return _shift_cause(arm, signal, way, price, now_ms)
        if abs(change) < REARM_SHARE * self._shift and arm.told:
            self._arms[signal.coin] = ConsensusArm(signal.coin, 0, now_ms)
        return None

    def _smoothed(self, signal: SmartMoneySignal) -> float | None:
        """The mean change of the last minutes; None before so many were known in a row."""
        if signal.change_1h is None:
            self._changes.pop(signal.coin, None)
            return None
        changes = self._changes.setdefault(signal.coin, deque(maxlen=SMOOTHED_MIN))
        changes.append(signal.change_1h)
        return sum(changes) / SMOOTHED_MIN if len(changes) == SMOOTHED_MIN else None


def _flip_cause(anchor: BiasAnchor, lean: WhaleLean, price: float, now_ms: int) -> AlertCause:
    side = "long" if lean.bias > 0 else "short"
    ago_h = max(0, now_ms - anchor.furthest_ms) / 3_600_000
    return AlertCause(
        cause=f"flip:{lean.coin}:{anchor.since_ms}",
        kind="whale_bias_flip",
        severity="MEDIUM",
        coin=lean.coin,
        at_ms=now_ms,
        direction=1 if lean.bias > 0 else -1,
        text=f"{lean.whales} whales turned {side} in {lean.coin}: bias {anchor.furthest:+.2f} → {lean.bias:+.2f} in "
        f"{ago_h:.1f} h, {usd(lean.value_usd)} held",
        value_usd=lean.value_usd,
        percentile=None,
        price=price,
        traders=lean.traders,
    )


def _shift_cause(arm: ConsensusArm, signal: SmartMoneySignal, way: int, price: float, now_ms: int) -> AlertCause:
    change = signal.change_1h or 0.0
    return AlertCause(
        cause=f"shift:{signal.coin}:{way}:{arm.since_ms}",
        kind="consensus_shift",
        severity="LOW",
        coin=signal.coin,
        at_ms=now_ms,
        direction=way,
        text=f"smart money in {signal.coin} shifted {'long' if way > 0 else 'short'}: bias "
        f"{signal.bias - change:+.2f} → {signal.bias:+.2f} in 1 h, "
        f"{signal.long_traders} long, {signal.short_traders} short",
        value_usd=signal.value_usd,
        percentile=None,
        price=price,
    )
