"""Public trades of coins that are no markets here, on a socket of their own: all that counts is who traded.

Apart from the data of the markets it neither delays them nor puts them in doubt when it breaks, and a record of what it
brings says what it was for.
"""

from collections.abc import Iterable

import msgspec
import numpy as np

from app.core.clock import Clock
from app.core.record import COINS_CONNECTION, FOR_TRADERS, StreamOpened
from app.feeds.budget import WeightBudget
from app.feeds.hyperliquid.classify import Key
from app.feeds.hyperliquid.streams import Lane, StreamClient
from app.feeds.hyperliquid.wire import WireSubscription
from app.feeds.inbox import Inbox
from app.feeds.websocket import ConnectionSettings

COINS_LANE = Lane(COINS_CONNECTION, 3_000_001)


class TraderTrades(StreamClient):
    """As a `StreamClient`, but what is wanted are coins; `want` never blocks."""

    def __init__(
        self,
        settings: ConnectionSettings,
        inbox: Inbox,
        clock: Clock,
        generator: np.random.Generator,
        new_sockets: WeightBudget,
    ) -> None:
        """`new_sockets` is the budget of new connections that all sockets to the venue share."""
        super().__init__(COINS_LANE, settings, inbox, clock, generator, new_sockets)

    def want(self, coins: Iterable[str]) -> None:
        """Want the trades of these coins from now on and of no others."""
        wanted = {Key("trades", coin): WireSubscription(type="trades", coin=coin) for coin in coins}
        self.unsubscribe([one for key, one in self._wanted.items() if key not in wanted])
        self.subscribe(wanted.values())

    def received(self, frame: bytes) -> bool:
        """As for any socket; but few coins may rest for long, so that whatever the venue says is a sign of life."""
        super().received(frame)
        return True

    def _opened(self, key: Key) -> StreamOpened:
        return msgspec.structs.replace(super()._opened(key), variant=FOR_TRADERS)
