"""Markets to show a paper ledger, and a driver that plays a script to it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st

from app.config.settings import PaperSettings
from app.core.events import Book, Level, Quote, RulesRead, ScalperRead
from app.paper.events import Direction, Fill, FundingPaid, Order, PaperEvent, PositionClosed
from app.paper.ledger import Decision, PaperLedger
from app.paper.position import Position
from app.paper.view import CoinView

NOW_MS = 1_756_904_400_000
"""A full hour: 13:00 UTC of 2025-09-03."""
DAY_MS = 86_400_000
COIN = "BTC"
QUIET = PaperSettings(take_profit_bps=0, stop_bps=0, time_stop_s=0, daily_loss_limit=1e9)
"""No exits of its own."""


def levels(*pairs: tuple[float, float]) -> tuple[Level, ...]:
    return tuple(Level(price, size) for price, size in pairs)


def a_quote(time_ms: int, bid: float | None, ask: float | None, size: float = 100.0, coin: str = COIN) -> Quote:
    return Quote(coin, time_ms, None if bid is None else Level(bid, size), None if ask is None else Level(ask, size))


def a_book(
    time_ms: int,
    bids: Sequence[tuple[float, float]] = ((99.0, 5.0), (98.0, 5.0)),
    asks: Sequence[tuple[float, float]] = ((101.0, 5.0), (102.0, 5.0)),
) -> Book:
    return Book(COIN, time_ms, (levels(*bids), levels(*asks)))


def a_view(now_ms: int, bid: float | None = 99.5, ask: float | None = 100.5, **changes: Any) -> CoinView:
    """A quote of `now_ms` and nothing else, but for `changes`; `book` is the only one."""
    if "book" in changes:
        changes["books"] = (changes.pop("book"),)
    coin = changes.get("coin", COIN)
    fields: dict[str, Any] = {
        "coin": coin,
        "now_ms": now_ms,
        "quote": a_quote(now_ms, bid, ask, coin=coin),
        "maximum_leverage": 40,
        "size_decimals": 5,
    }
    return CoinView(**{**fields, **changes})


def a_position(**changes: Any) -> Position:
    fields: dict[str, Any] = {
        "coin": COIN,
        "number": 1,
        "direction": 1,
        "size": 10.0,
        "entry_price": 100.0,
        "margin_usd": 200.0,
        "leverage": 5,
        "maximum_leverage": 40,
        "by": "hand",
        "opened_ms": NOW_MS,
        "fees_usd": 0.45,
        "funding_usd": 0.0,
        "close_price": 100.0,
        "priced_ms": NOW_MS,
        "funded_hour": NOW_MS // 3_600_000,
    }
    return Position(**{**fields, **changes})


def an_order(**changes: Any) -> Order:
    fields: dict[str, Any] = {
        "number": 1,
        "coin": COIN,
        "direction": 1,
        "size": 10.0,
        "reason": "open",
        "by": "hand",
        "decided_ms": NOW_MS,
        "due_ms": NOW_MS + 300,
        "leverage": 5,
        "maximum_leverage": 40,
        "mid": 100.0,
    }
    return Order(**{**fields, **changes})


def ai_read(**changes: Any) -> ScalperRead:
    fields: dict[str, Any] = {
        "coin": COIN,
        "at_ms": NOW_MS,
        "asked_ms": NOW_MS - 1_000,
        "reason": "periodic",
        "model": "mistral",
        "version": "1",
        "momentum": 60.0,
        "pressure": 65.0,
        "continuation": 55.0,
        "freshness": "FRESH",
        "action": "LONG",
        "confidence": 8,
        "sentence": "buyers step up",
        "direction": 1,
    }
    return ScalperRead(**{**fields, **changes})


def rules_read(**changes: Any) -> RulesRead:
    fields: dict[str, Any] = {
        "coin": COIN,
        "at_ms": NOW_MS,
        "momentum": 60.0,
        "direction": 1,
        "pressure": 65.0,
        "continuation": 52.0,
        "freshness": "FRESH",
    }
    return RulesRead(**{**fields, **changes})


def opened(
    ledger: PaperLedger, now_ms: int = NOW_MS, direction: Direction = 1, bid: float = 99.5, ask: float = 100.5
) -> Position:
    """Open a position at once: decided at `now_ms`, filled after the latency at the same prices."""
    assert ledger.open(a_view(now_ms, bid, ask), direction, "hand").refusal == ""
    ledger.look(a_view(now_ms + ledger.settings.latency_ms, bid, ask))
    position = ledger.position(COIN)
    assert position is not None
    return position


def look(ledger: PaperLedger, view: CoinView) -> list[Any]:
    return ledger.look(view)


def tick(ledger: PaperLedger, now_ms: int) -> list[Any]:
    return ledger.tick(now_ms)


def decided(decision: Decision) -> list[Any]:
    """The events of a decision that was taken."""
    assert decision.refusal == ""
    return list(decision.events)


def of_kind(events: Sequence[PaperEvent], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


class Step(NamedTuple):
    """One thing that happens: time passes, prices move, then something is done with what is seen."""

    wait_ms: int
    move: int
    spread: int
    size: float
    action: str
    trouble: str = ""
    rate: float | None = None


def often(*usual: Any, rarely: Sequence[Any]) -> st.SearchStrategy[Any]:
    """One of the usual values nine times in ten, so that scripts get somewhere."""
    common, rare = st.sampled_from(usual), st.sampled_from(rarely)
    return st.integers(0, 9).flatmap(lambda die: rare if die == 9 else common)


STEPS = st.lists(
    st.builds(
        Step,
        wait_ms=often(300, 1_000, 2_000, 3_000, rarely=(0, 50, 15_000, 60_000, 1_800_000, 12_000_000)),
        move=often(*range(-3, 4), rarely=range(-200, 201)),
        spread=st.integers(1, 5),
        size=often(3.0, 100.0, rarely=(0.0, 0.5)),
        action=st.sampled_from(("look", "look", "look", "look", "tick", "long", "short", "close", "flip")),
        trouble=often("", rarely=("stale", "cut off")),
        rate=st.sampled_from((None, 0.0001, -0.0002, 0.01)),
    ),
    min_size=50,
    max_size=90,
)
PLAYED = settings(deadline=None, max_examples=40)
"""For tests that play whole scripts: each holds fifty steps or more."""
SETTINGS = st.builds(
    PaperSettings,
    order_usd=st.sampled_from((50.0, 1_000.0, 40_000.0)),
    leverage=st.sampled_from((1, 5, 40)),
    latency_ms=st.sampled_from((0, 300, 2_000)),
    take_profit_bps=st.sampled_from((0.0, 20.0)),
    stop_bps=st.sampled_from((0.0, 15.0)),
    trailing_bps=st.sampled_from((0.0, 30.0)),
    time_stop_s=st.sampled_from((0.0, 300.0)),
    daily_loss_limit=st.sampled_from((50.0, 1e9)),
)


class Script:
    """Plays steps to a ledger, one coin, and keeps what came back. Prices move in tenths of one percent of 100."""

    def __init__(self, ledger: PaperLedger, center: float = 100.0, sign: int = 1) -> None:
        """`sign` −1 mirrors all prices at `center`."""
        self.ledger = ledger
        self.now_ms = NOW_MS
        self.events: list[PaperEvent] = []
        self.trails: dict[int, list[tuple[int, float]]] = {}
        self._center, self._sign, self._offset = center, sign, 0.0

    def play(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.now_ms += step.wait_ms
            self._offset = min(max(self._offset + step.move * 0.05, -80.0), 80.0)
            self.events += self._act(step)
            for position in self.ledger.positions:
                if position.trail_price is not None:
                    trail = (position.direction, position.trail_price)
                    self.trails.setdefault(position.number, []).append(trail)

    def view(self, step: Step) -> CoinView:
        """A quote of now, and a book of three levels behind it."""
        half = step.spread * 0.05
        above = [self._offset + half + depth for depth in (0.0, 0.3, 1.0)]
        below = [self._offset - half - depth for depth in (0.0, 0.3, 1.0)]
        asks, bids = (above, below) if self._sign > 0 else (below, above)
        ask_levels = tuple(Level(self._center + self._sign * at, step.size) for at in asks)
        bid_levels = tuple(Level(self._center + self._sign * at, step.size) for at in bids)
        return CoinView(
            coin=COIN,
            now_ms=self.now_ms,
            quote=Quote(COIN, self.now_ms, bid_levels[0], ask_levels[0]),
            books=(Book(COIN, self.now_ms, (bid_levels, ask_levels)),),
            mark_price=self._center,
            funding=None if step.rate is None else self._sign * step.rate,
            maximum_leverage=40,
            size_decimals=5,
            trouble=step.trouble,  # type: ignore[arg-type]
        )

    def _act(self, step: Step) -> Sequence[PaperEvent]:
        view, up, down = self.view(step), 1, -1
        if self._sign < 0:
            up, down = down, up
        match step.action:
            case "tick":
                return self.ledger.tick(self.now_ms)
            case "long":
                return self._decided(self.ledger.open(view, up, "hand"))  # type: ignore[arg-type]
            case "short":
                return self._decided(self.ledger.open(view, down, "hand"))  # type: ignore[arg-type]
            case "close":
                return self._decided(self.ledger.close(view, "hand"))
            case "flip":
                return self._decided(self.ledger.flip(view, "hand"))
            case _:
                return self.ledger.look(view)

    def _decided(self, decision: Decision) -> Sequence[PaperEvent]:
        assert bool(decision.events) != bool(decision.refusal)
        return decision.events


def booked_usd(events: Sequence[PaperEvent]) -> float:
    """What the events say was won: results of moves, less all fees and funding."""
    gross = sum(event.gross_usd for event in of_kind(events, PositionClosed))
    fees = sum(event.fee_usd for event in of_kind(events, Fill))
    funding = sum(event.paid_usd for event in of_kind(events, FundingPaid))
    return float(gross - fees - funding)
