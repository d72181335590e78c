"""The paper ledger in a run: it is shown prices and reads, and what it does becomes events and rows."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import get_args

import msgspec

from app.config.settings import CostsSettings, Settings
from app.core.bus import Bus
from app.core.errors import DataError, FrameError
from app.core.events import RulesRead, ScalperRead
from app.core.text import clean
from app.engine.journal import Journal
from app.engine.protocol import Mode, PaperAction
from app.markets.market import Market
from app.paper.copying import CopyState
from app.paper.events import CopyClosed, PaperEvent, PositionClosed, TokenSold
from app.paper.ledger import Decision, PaperLedger
from app.paper.state import PaperState, decode_state
from app.paper.token_state import TokenBookState
from app.paper.view import CoinView, view_of
from app.scalper.description import Position

_SAVE_EVERY_MS = 60_000
_CLOSED_KEPT = 50
_WORDS: Mapping[PaperAction, str] = {
    "long": "Paper order: buy {coin}",
    "short": "Paper order: sell {coin}",
    "close": "Paper order: close {coin}",
    "flip": "Paper order: flip {coin}",
}


class Papering:
    """The ledger with what it needs of the core. Everything here is a function of the inputs."""

    def __init__(
        self, mode: Mode, settings: Settings, markets: Mapping[str, Market], cut_off: Callable[[], bool], bus: Bus,
        journal: Journal, watched: Callable[[frozenset[str]], None],
    ) -> None:  # fmt: skip
        """`cut_off` says whether prices cannot come now; `watched` is told whose prices must be shown."""
        self._mode = mode
        self._settings = settings
        self._markets = markets
        self._cut_off = cut_off
        self._bus = bus
        self._journal = journal
        self._watched = watched
        self._stale_after_ms = round(settings.markets.stale_after_s * 1_000)
        self._saved_ms = 0
        self.ledger: PaperLedger | None = None
        self.closed: deque[PositionClosed | CopyClosed | TokenSold] = deque(maxlen=_CLOSED_KEPT)
        for kind in get_args(PaperEvent):
            bus.subscribe(kind, journal.paper_event)
        bus.subscribe(ScalperRead, self._follow)
        bus.subscribe(RulesRead, self._follow)

    @property
    def costs(self) -> CostsSettings:
        """What taking costs."""
        return self._settings.costs

    def begin(self, saved: bytes, now_ms: int) -> None:
        """Go on from what was saved; from nothing where it is empty or cannot be used, and say so.

        Told again it changes nothing: what happened since then stands.
        """
        if self.ledger is not None:
            return
        state = None
        try:
            state = decode_state(saved) if saved else None
        except DataError as error:
            self._journal.say(now_ms, "error", "paper", f"{error}; the paper ledger begins anew")
        if state is not None and self._mode == "demo" and _holds_something(state):
            # The simulated market has begun anew: its prices are not those the positions were opened at.
            state = msgspec.structs.replace(state, positions=(), orders=(), copies=CopyState(), tokens=TokenBookState())
            self._journal.say(now_ms, "info", "paper", "paper positions of an earlier demo are gone with its market")
        self.ledger = PaperLedger(self._settings.paper, self._settings.costs, now_ms, state)
        self._watched(self.ledger.wanted)

    def decide(self, coin: str, action: PaperAction, now_ms: int) -> tuple[bool, str]:
        """Carry out what a user decided; whether it was, and one sentence about it."""
        ledger, market = self.ledger, self._markets.get(coin)
        if ledger is None:
            return False, "The paper ledger is being read: try again in a moment"
        if market is None and any(position.mint == coin for position in ledger.tokens.positions):
            return self._decide_on_token(ledger, coin, action, now_ms)
        if market is None:
            return self._decide_on_copy(ledger, coin, action, now_ms)
        view = self._view(market, now_ms)
        if view is None:
            return False, f"The prices of {clean(coin, 32)} cannot be used now: the event log says why"
        match action:
            case "long" | "short":
                decision = ledger.open(view, 1 if action == "long" else -1, "hand")
            case "close":
                decision = ledger.close(view, "hand")
            case "flip":
                decision = ledger.flip(view, "hand")
        return self._take(decision, _WORDS[action].format(coin=clean(coin, 32)))

    def _decide_on_copy(self, ledger: PaperLedger, coin: str, action: PaperAction, now_ms: int) -> tuple[bool, str]:
        """What has no market may be the outcome that a copy is in, which can be closed."""
        copy = next((copy for copy in ledger.copies.copies if copy.market == coin), None)
        if copy is None:
            return False, f"{clean(coin, 32)} is not followed"
        if action != "close":
            return False, "A paper copy of a wallet can only be closed: it is opened by what the wallet buys"
        self._publish(ledger.book([ledger.copies.close(copy.token_id, "hand", copy.close_price, now_ms)], now_ms))
        return True, f"Paper copy in {clean(coin, 48)} closed at {copy.close_price:.3f}, the newest print less slippage"

    def _decide_on_token(self, ledger: PaperLedger, mint: str, action: PaperAction, now_ms: int) -> tuple[bool, str]:
        """A token's position can be closed, at the next look at its pool."""
        if action != "close":
            return False, "A paper position in a token can only be closed: an approval opens it"
        if not ledger.tokens.close(mint, "hand", now_ms):
            return False, f"The paper position in {clean(mint, 48)} is closing already"
        self._save(ledger, now_ms)
        return True, f"The paper position in {clean(mint, 48)} is closed at the next look at its pool"

    def take(self, events: Sequence[PaperEvent]) -> None:
        """What copies of wallets or positions in tokens did, and what followed from it."""
        self._publish(events)

    def save_copies(self, now_ms: int) -> None:
        """How far wallets are read has changed: a run after this one must not read the same twice."""
        if self.ledger is not None:
            self._save(self.ledger, now_ms)

    def look(self, market: Market, now_ms: int) -> None:
        """A new price of a coin that is watched."""
        if self.ledger is None:
            return
        view = self._view(market, now_ms)
        if view is not None:
            self._publish(self.ledger.look(view))

    def every_second(self, now_ms: int) -> None:
        """Let time pass."""
        ledger = self.ledger
        if ledger is None:
            return
        self._publish(ledger.tick(now_ms))
        # Without a position nothing changes but the time.
        if (ledger.wanted or ledger.copies.copies or ledger.tokens.mints) and now_ms - self._saved_ms >= _SAVE_EVERY_MS:
            self._save(ledger, now_ms)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self._saved_ms = min(self._saved_ms, now_ms)
        if self.ledger is not None:
            self.ledger.clock_set_back(now_ms)

    def position_of(self, coin: str, now_ms: int) -> Position | None:
        """The position in a coin as the scalper is told of it."""
        position = self.ledger.position(coin) if self.ledger is not None else None
        if position is None:
            return None
        held_s = max(0, now_ms - position.opened_ms) / 1_000
        return Position(position.direction, position.entry_price, position.move_bps, held_s)

    def _follow(self, read: ScalperRead | RulesRead) -> None:
        market = self._markets.get(read.coin)
        if self.ledger is None or market is None or self._settings.paper.follow == "off":
            return
        view = self._view(market, read.at_ms)
        if view is not None:
            self._take(self.ledger.follow(view, read), "")

    def _view(self, market: Market, now_ms: int) -> CoinView | None:
        """What the ledger is shown of a market; None where its numbers cannot be, which is said."""
        try:
            return view_of(market, now_ms, stale_after_ms=self._stale_after_ms, cut_off=self._cut_off())
        except FrameError as error:
            self._journal.say(now_ms, "warning", "paper", str(error), kind="no price")
            return None

    def _take(self, decision: Decision, words: str) -> tuple[bool, str]:
        self._publish(decision.events)
        return (False, decision.refusal) if decision.refusal else (True, words)

    def _publish(self, events: Sequence[PaperEvent]) -> None:
        for event in events:
            if isinstance(event, PositionClosed | CopyClosed | TokenSold):
                self.closed.appendleft(event)
            self._bus.publish(event)
        if events and self.ledger is not None:
            self._watched(self.ledger.wanted)
            self._save(self.ledger, self.ledger.state().at_ms)

    def _save(self, ledger: PaperLedger, now_ms: int) -> None:
        self._saved_ms = now_ms
        self._journal.keep(ledger.state())


def _holds_something(state: PaperState) -> bool:
    copies, tokens = state.copies.copies, (*state.tokens.positions, *state.tokens.orders)
    return bool(state.positions or state.orders or copies or tokens)
