"""A rule of one's own, as an example: a month that was too good is suspicious."""

from app.wallets.rules import RuleFinding
from app.wallets.values import WalletVerdict

MOST_ROI_30D = 0.50


def fast_month(verdict: WalletVerdict) -> RuleFinding | None:
    """A return of more than 50 % on what was paid in over 30 days comes from luck, or from what others do not know."""
    roi = verdict.measures.roi_30d if verdict.measures else None
    if roi is None or roi <= MOST_ROI_30D:
        return None
    return RuleFinding(f"30-day ROI of {roi:.0%} is suspicious")
