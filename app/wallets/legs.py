"""What a wallet holds of one outcome of one market, from the first share until the last one left.

Shares are fungible: what is held has one average cost and one average time of entry (the average-cost method), and what
leaves takes its part of both.
"""

from app.wallets.values import ClosedPosition, OpenPosition

DUST_SHARES = 0.01
DUST_PART = 0.001
"""What rounding leaves behind: a rest below either is no position."""


class Leg:
    """One outcome of one market while it is held. `impure` when some shares came from a split, `hedged` when the other
    outcome was held at the same time."""

    def __init__(self, condition_id: str, token_id: str, event: str, category: str, at_s: int) -> None:
        self.condition_id = condition_id
        self.token_id = token_id
        self.event = event
        self.category = category
        self.opened_s = at_s
        self.last_s = at_s
        self.shares = 0.0
        self.cost_usdc = 0.0
        self.entered_s = float(at_s)
        self.impure = False
        self.hedged = False
        self._paid_usdc = 0.0
        self._received_usdc = 0.0
        self._bought = 0.0
        self._peak_usdc = 0.0
        self._left = 0.0
        self._held_share_s = 0.0

    def enter(self, shares: float, usdc: float, at_s: int) -> None:
        """`shares` are added for `usdc`."""
        self.shares += shares
        self.entered_s += (at_s - self.entered_s) * (shares / self.shares if self.shares else 1.0)
        self.cost_usdc += usdc
        self._paid_usdc += usdc
        self._bought += shares
        self._peak_usdc = max(self._peak_usdc, self.cost_usdc)
        self.last_s = at_s

    def leave(self, shares: float, usdc: float, at_s: int) -> None:
        """`shares`, at most those held, go for `usdc`."""
        part = shares / self.shares if self.shares else 1.0
        self._held_share_s += shares * (at_s - self.entered_s)
        self._left += shares
        self._received_usdc += usdc
        self.cost_usdc -= self.cost_usdc * part
        self.shares -= shares
        self.last_s = at_s

    @property
    def empty(self) -> bool:
        """Whether nothing is left but dust."""
        return self.shares <= max(DUST_SHARES, DUST_PART * self._bought)

    @property
    def average_cost(self) -> float:
        """What one share that is held has cost."""
        return self.cost_usdc / self.shares if self.shares > 0 else 0.0

    def closed(self, at_s: int, *, hold_known: bool = True) -> ClosedPosition:
        """The leg as a position that is over."""
        return ClosedPosition(
            condition_id=self.condition_id,
            token_id=self.token_id,
            event=self.event,
            category=self.category,
            opened_s=self.opened_s,
            closed_s=at_s,
            size_usdc=self._peak_usdc,
            cost_usdc=self._paid_usdc,
            proceeds_usdc=self._received_usdc,
            hold_s=self._held_share_s / self._left if hold_known and self._left > 0 else None,
            entry_price=self._entry_price(),
            hedged=self.hedged,
        )

    def open(self) -> OpenPosition:
        """The leg as a position that goes on."""
        return OpenPosition(
            condition_id=self.condition_id,
            token_id=self.token_id,
            event=self.event,
            category=self.category,
            opened_s=self.opened_s,
            size_usdc=self._peak_usdc,
            cost_usdc=self._paid_usdc,
            shares=self.shares,
        )

    def _entry_price(self) -> float | None:
        if self.impure or self.hedged or self._bought <= 0:
            return None
        price = self._paid_usdc / self._bought
        return price if 0 < price < 1 else None
