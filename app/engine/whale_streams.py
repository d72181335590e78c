"""What the streams of a few accounts bring: their fills, and their states afterwards."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from app.core.errors import FrameError
from app.core.record import StreamOpened
from app.core.traders import EquityHistory, TraderFill, TraderState
from app.feeds.health import FeedHealth
from app.feeds.hyperliquid import parse_traders
from app.whales.moves import AHEAD_MS

_Take = Callable[[bytes, int], None]


class WhaleStreams:
    """Knows who is streamed: who was wanted last, and was opened on the connection that stands."""

    def __init__(
        self,
        feed: FeedHealth,
        learned: Callable[[TraderState, int], None],
        filled: Callable[[str, Sequence[TraderFill], bool, int], None],
        changed: Callable[[tuple[str, ...]], None],
    ) -> None:
        """`learned` is told of states, `filled` of fills (and if they are of the past), `changed` who is streamed."""
        self._feed = feed
        self._learned, self._filled, self._changed = learned, filled, changed
        self._wanted: frozenset[str] = frozenset()
        self._opened: dict[str, None] = {}

    @property
    def streamed(self) -> tuple[str, ...]:
        """Whose streams are open."""
        return tuple(trader for trader in self._opened if trader in self._wanted)

    def want(self, traders: Iterable[str]) -> None:
        """These and no others are wanted."""
        self._wanted = frozenset(traders)
        self._opened = {trader: None for trader in self._opened if trader in self._wanted}
        self._changed(self.streamed)

    def opened(self, opened: StreamOpened) -> _Take:
        """A stream was opened, maybe again; what takes its frames. Raises `FrameError` for no address."""
        trader = parse_traders.trader_address(opened.subject)
        if opened.channel == "userFills":
            self._opened[trader] = None
            self._changed(self.streamed)
            return partial(self._fills, trader)
        return partial(self._state, trader)

    def closed(self) -> None:
        """The connection is gone, and all streams with it."""
        self._opened.clear()
        self._changed(())

    def _fills(self, trader: str, frame: bytes, now_ms: int) -> None:
        told = parse_traders.parse_fills_frame(frame, trader)
        fills = not_ahead(told.fills, now_ms)
        self._feed.data(now_ms)
        self._filled(trader, fills, told.is_snapshot, now_ms)

    def _state(self, trader: str, frame: bytes, now_ms: int) -> None:
        state = parse_traders.parse_trader_state_frame(frame, trader, now_ms)
        self._feed.data(now_ms)
        self._learned(state, now_ms)


def not_ahead(fills: Sequence[TraderFill], now_ms: int) -> Sequence[TraderFill]:
    """The fills as they are. Raises `FrameError` where one is dated so far ahead that all later ones would look old."""
    newest_ms = max((fill.at_ms for fill in fills), default=now_ms)
    _refuse_ahead(f"fills of {fills[0].trader}" if fills else "fills", newest_ms, now_ms)
    return fills


def past_not_ahead(histories: Sequence[EquityHistory], trader: str, now_ms: int) -> Sequence[EquityHistory]:
    """The histories as they are. Raises `FrameError` where one ends so far ahead that its days would be others."""
    newest_ms = max((point.at_ms for history in histories for point in history.points), default=now_ms)
    _refuse_ahead(f"equity history of {trader}", newest_ms, now_ms)
    return histories


def _refuse_ahead(what: str, newest_ms: int, now_ms: int) -> None:
    if newest_ms > now_ms + AHEAD_MS:
        ahead_min = (newest_ms - now_ms) / 60_000
        raise FrameError(f"{what}: dated {ahead_min:.0f} min ahead; is this machine's clock right?")
