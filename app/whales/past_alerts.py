"""What alerts were followed by: where the price was a quarter of an hour, an hour and four hours later. Pure."""

from collections import deque
from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from statistics import median

import msgspec

from app.core.whale_events import AlertKind, AlertRecord, WhaleAlert

AFTER_MS = (900_000, 3_600_000, 14_400_000)
KEPT = 100
"""Of each kind."""
GRADES_KEPT = 500
LATE_MS = 60_000
"""A price that is looked at later than this after its time says nothing."""

PriceOf = Callable[[str], float | None]


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """One alert and how far the price had moved after each of `AFTER_MS`, in basis points; None: not known (yet)."""

    alert_id: str
    kind: AlertKind
    coin: str
    at_ms: int
    direction: int
    price: float
    moves_bps: tuple[float | None, float | None, float | None] = (None, None, None)


class Grades(msgspec.Struct, frozen=True):
    """How far the price moved the way alerts of one kind said, in basis points, of each graded one, newest last."""

    kind: AlertKind
    moves_bps: tuple[float, ...]
    hits: int
    n: int


class PastAlerts:
    """The newest alerts of each kind, and the grades of all."""

    def __init__(self) -> None:
        self._alerts: dict[str, Followed] = {}
        self._by_kind: dict[AlertKind, deque[str]] = {}
        self._due: list[tuple[int, int, str]] = []
        self._grades: dict[AlertKind, Grades] = {}

    def restore(self, alerts: Iterable[Followed], grades: Iterable[Grades]) -> None:
        """Begin with what was saved."""
        for alert in alerts:
            self._keep(alert)
        self._await_prices()
        self._grades = {one.kind: one for one in grades}

    def saved(self) -> tuple[tuple[Followed, ...], tuple[Grades, ...]]:
        """What must outlive the process."""
        return tuple(self._alerts.values()), tuple(self._grades.values())

    def of(self, kind: AlertKind) -> tuple[Followed, ...]:
        """The newest alerts of a kind, the newest first."""
        return tuple(self._alerts[one] for one in reversed(self._by_kind.get(kind, ())))

    def record(self, kind: AlertKind) -> AlertRecord | None:
        """What alerts of a kind were followed by, by their graded calls; None before one was graded."""
        grades = self._grades.get(kind)
        if grades is None:
            return None
        return AlertRecord(n=grades.n, hits=grades.hits, median_move_bps=median(grades.moves_bps))

    def told(self, alert: WhaleAlert) -> None:
        """An alert was told."""
        if alert.price <= 0 or alert.alert_id in self._alerts:
            return
        self._keep(
            Followed(
                alert_id=alert.alert_id,
                kind=alert.kind,
                coin=alert.coin,
                at_ms=alert.at_ms,
                direction=alert.direction,
                price=alert.price,
            )
        )
        for place, after_ms in enumerate(AFTER_MS):
            heappush(self._due, (alert.at_ms + after_ms, place, alert.alert_id))

    def graded(self, kind: AlertKind, move_bps: float, *, hit: bool) -> None:
        """A call of an alert of this kind was graded: the price moved `move_bps` the way it said."""
        before = self._grades.get(kind) or Grades(kind, (), 0, 0)
        moves = (*before.moves_bps, move_bps)[-GRADES_KEPT:]
        self._grades[kind] = Grades(kind, moves, before.hits + hit, before.n + 1)

    def look(self, now_ms: int, price_of: PriceOf) -> None:
        """Time passed: note the prices that are due."""
        while self._due and self._due[0][0] <= now_ms:
            due_ms, place, alert_id = heappop(self._due)
            alert = self._alerts.get(alert_id)
            price = None if alert is None or now_ms - due_ms > LATE_MS else price_of(alert.coin)
            if alert is not None and price is not None:
                moves = list(alert.moves_bps)
                moves[place] = (price / alert.price - 1) * 10_000
                self._alerts[alert_id] = msgspec.structs.replace(alert, moves_bps=tuple(moves))

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`: the prices after an alert are awaited from now on."""
        self._alerts = {
            alert_id: msgspec.structs.replace(alert, at_ms=min(alert.at_ms, now_ms))
            for alert_id, alert in self._alerts.items()
        }
        self._await_prices()

    def _await_prices(self) -> None:
        self._due = [
            (alert.at_ms + after_ms, place, alert.alert_id)
            for alert in self._alerts.values()
            for place, after_ms in enumerate(AFTER_MS)
            if alert.moves_bps[place] is None
        ]
        heapify(self._due)

    def _keep(self, alert: Followed) -> None:
        self._alerts[alert.alert_id] = alert
        kept = self._by_kind.setdefault(alert.kind, deque())
        kept.append(alert.alert_id)
        if len(kept) > KEPT:
            self._alerts.pop(kept.popleft(), None)
