"""What an alert claims about the price, so that it can be graded: that it goes where those traded whom it is about."""

from app.core.whale_events import WhaleAlert
from app.markets.mid_claims import MidClaim

CLAIMANT = "whale-alerts"
HORIZON_S = 3_600
PRIOR_ALERTS = 50
"""A record of so many alerts counts half; the other half is a coin's throw."""
VERSION = "1"


def alert_claim(alert: WhaleAlert, made_at_ms: int) -> MidClaim | None:
    """The claim of an alert when it is told; None for one without a direction, which claims nothing.

    The probability is the kind's hit rate so far, drawn towards one half: (hits + 25) / (n + 50).
    """
    if alert.direction == 0:
        return None
    record = alert.record
    n, hits = (0, 0) if record is None else (record.n, record.hits)
    return MidClaim(
        claimant=CLAIMANT,
        version=VERSION,
        kind=alert.kind,
        probability=(hits + PRIOR_ALERTS / 2) / (n + PRIOR_ALERTS),
        direction=alert.direction,
        horizon_s=HORIZON_S,
        made_at_ms=made_at_ms,
    )
