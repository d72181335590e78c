"""Which way a signal leans: a state that changes only when its bias clearly does."""

import msgspec

from app.config.whale_settings import SmartMoneySettings
from app.core.whale_events import Lean


class LeanThresholds(msgspec.Struct, frozen=True):
    """Where leans begin and end, as biases (0-1) and as numbers of traders."""

    begins: float
    ends: float
    traders_to_begin: int
    traders_to_stand: int


def lean_thresholds(settings: SmartMoneySettings) -> LeanThresholds:
    """The thresholds of settings; one that would end a lean above where it begins ends it there.

    A lean begins with a fifth more traders than the minimum, rounded down, so that one trader who comes and goes does
    not switch it.
    """
    minimum = settings.minimum_traders
    return LeanThresholds(
        begins=settings.long_above,
        ends=min(settings.long_above, settings.neutral_below),
        traders_to_begin=minimum + minimum // 5,
        traders_to_stand=minimum,
    )


def next_lean(standing: Lean, bias: float, traders: int, thresholds: LeanThresholds) -> Lean:
    """The lean after a change to `bias` (−1 to 1), held by `traders`.

    It begins beyond `begins`, ends below `ends`, and turns round at once where the bias goes beyond `begins` on the
    other side. With too few traders it is NEUTRAL.
    """
    if traders < thresholds.traders_to_stand:
        return "NEUTRAL"
    if abs(bias) > thresholds.begins and (traders >= thresholds.traders_to_begin or standing != "NEUTRAL"):
        return "LONG" if bias > 0 else "SHORT"
    stands = (standing == "LONG" and bias >= thresholds.ends) or (standing == "SHORT" and bias <= -thresholds.ends)
    return standing if stands and bias else "NEUTRAL"
