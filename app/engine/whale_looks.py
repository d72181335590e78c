"""Who looks at which trader, and what the trader held when somebody looked before."""

from typing import TYPE_CHECKING, Any

import msgspec

from app.core.errors import FrameError
from app.core.record import Request
from app.engine.looks import Looks
from app.engine.protocol_whales import LookAtTrader
from app.feeds.hyperliquid.parse_traders import trader_address
from app.whales.moves import sizes
from app.whales.recent_fills import RecentFills

if TYPE_CHECKING:
    from app.engine.whales import Whales

_KEPT = 500
FILLS_HOLD_MS = 300_000
"""A trader's fills weigh up to 120: who is opened again within so long is not asked about again."""


class Look(msgspec.Struct, frozen=True):
    """When somebody looked at a trader, and what it held."""

    at_ms: int
    sizes: dict[str, float]


class WhaleLooks:
    """The traders that clients look at."""

    def __init__(self, whales: "Whales") -> None:
        self._whales = whales
        self._looks: Looks[str] = Looks()
        self._newest: dict[str, Look] = {}
        self.before: dict[str, Look] = {}
        """Of each trader, the look before the one that is open, or was last."""
        self.fills = RecentFills()
        self._fills_asked_ms: dict[str, int] = {}

    def at_trader(self, command: LookAtTrader, now_ms: int) -> tuple[bool, str]:
        """A client looks at this trader from now on, at none when the address is empty."""
        if not command.address:
            self._looks.look(command.client, None)
            return True, ""
        try:
            trader = trader_address(command.address)
        except FrameError as error:
            return False, str(error)
        if self._looks.of(command.client) != trader:
            self._note(trader, now_ms)
        self._looks.look(command.client, trader)
        self._ask(trader, now_ms)
        return True, ""

    def _note(self, trader: str, now_ms: int) -> None:
        known = self._whales.positions.known.get(trader)
        if known is None:
            return
        if trader in self._newest:
            self.before[trader] = self._newest.pop(trader)
        self._newest[trader] = Look(now_ms, sizes(known.state))
        _keep_newest(self._newest)
        _keep_newest(self.before)

    def _ask(self, trader: str, now_ms: int) -> None:
        """What is missing of the trader's past is asked for now: somebody waits for it."""
        whales = self._whales
        if trader not in whales.refreshing.tracked or not whales.is_restored:
            return
        if whales.weighing.record(trader) is None:
            whales.questions.ask_history(trader, now_ms, is_waited_for=True)
        asked_ms = self._fills_asked_ms.get(trader)
        if asked_ms is None or not 0 <= now_ms - asked_ms < FILLS_HOLD_MS:
            self._fills_asked_ms[trader] = now_ms
            _keep_newest(self._fills_asked_ms)
            whales.questions.ask_fills(trader, now_ms)

    def did_not_come(self, request: Request) -> None:
        """An answer did not come, or is of no use: fills are asked for again whenever somebody opens the trader."""
        if request.channel == "userFills":
            self._fills_asked_ms.pop(request.subject, None)


def _keep_newest(by_trader: dict[str, Any]) -> None:
    if len(by_trader) > _KEPT:
        del by_trader[next(iter(by_trader))]
