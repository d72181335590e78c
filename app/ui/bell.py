"""When an alert rings the terminal's bell. Pure."""

from typing import Literal

from app.core.whale_events import Severity
from app.engine.protocol import Snapshot

BellLevel = Literal["off", "critical", "high"]
_RINGS: dict[BellLevel, frozenset[Severity]] = {
    "off": frozenset(),
    "critical": frozenset({"CRITICAL"}),
    "high": frozenset({"CRITICAL", "HIGH"}),
}


def rings(before: Snapshot, after: Snapshot, level: BellLevel) -> bool:
    """Whether an alert that is severe enough was told since an earlier snapshot; never on a tape.

    Alerts of an earlier run come back after its start: they rang when they were told.
    """
    if level == "off" or before.whales is None or after.whales is None or after.playback is not None:
        return False
    known = {alert.alert_id for alert in before.whales.alerts}
    # Before its first input an engine has no time, and has told nothing.
    if not before.wall_ms:
        return False
    told = (one for one in after.whales.alerts if one.alert_id not in known and one.at_ms >= before.wall_ms)
    return any(alert.severity in _RINGS[level] for alert in told)
