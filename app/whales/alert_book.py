"""The book of alerts: each cause is taken once and has one fate. Pure; times are the engine's milliseconds.

Known, muted, snoozed, held back in quiet hours, folded into an alert that stands, or told: whatever comes is counted
under one of these, so that nothing is lost in silence (docs/whale-alerts.md).
"""

from collections.abc import Callable, Iterable
from hashlib import sha256

import msgspec

from app.config.whale_settings import AlertsSettings
from app.core.whale_events import SEVERITIES, AlertKind, AlertRecord, WhaleAlert
from app.whales.alert_values import (
    AlertCause,
    BookCounts,
    BookState,
    Digest,
    Fate,
    Silence,
    SilenceOf,
    ToldCause,
)
from app.whales.quiet_hours import is_quiet

CAUSES_KEPT = 5_000
"""Of more causes the oldest are forgotten. They are older than a gap in which changes are taken over untold."""
SILENCES_KEPT = 200
"""Of more than these the user is told that there is no room: none is forgotten but when it ends."""
DIGEST_KEPT = 50
NAMES_KEPT, MOVES_KEPT = 10, 50
"""So many traders and moves of an alert are kept; repeats beyond are counted alone."""

Records = Callable[[AlertKind], AlertRecord | None]


class Taken(msgspec.Struct, frozen=True):
    """What became of a cause, and the alert it made or joined; None where there is none to be shown."""

    fate: Fate
    alert: WhaleAlert | None = None


class AlertBook:
    """Alerts that stand, causes that were taken, silences, and what quiet hours hold back."""

    def __init__(
        self, settings: AlertsSettings, records: Records, kept: BookState | None = None, ahead_minutes: int = 0
    ) -> None:
        """`records` tells what a kind was followed by so far; `ahead_minutes`: local time's distance from UTC."""
        state = kept or BookState()
        self.ahead_minutes = ahead_minutes
        self._settings = settings
        self._records = records
        self._alerts = {alert.alert_id: alert for alert in state.alerts}
        self._newest = {(alert.coin, alert.kind): alert.alert_id for alert in state.alerts}
        self._causes = {told.cause: told.at_ms for told in state.causes}
        self._silences = {(one.of, one.name): one for one in state.silences}
        self._quiet = state.quiet
        self.counts = BookCounts()

    def state(self) -> BookState:
        """What must outlive the process."""
        causes = tuple(ToldCause(cause, at_ms) for cause, at_ms in self._causes.items())
        return BookState(tuple(self._alerts.values()), causes, tuple(self._silences.values()), self._quiet)

    def standing(self) -> tuple[WhaleAlert, ...]:
        """Alerts that have not run out, the newest first."""
        return tuple(reversed(self._alerts.values()))

    def silences(self) -> tuple[Silence, ...]:
        """What is snoozed and muted, with how much each kept silent."""
        return tuple(self._silences.values())

    def knows(self, cause: str) -> bool:
        """Whether a cause was taken before."""
        return cause in self._causes

    def note(self, causes: Iterable[str], now_ms: int) -> None:
        """These need no further telling: they are part of something that was taken."""
        for cause in causes:
            self._causes.setdefault(cause, now_ms)
        while len(self._causes) > CAUSES_KEPT:
            del self._causes[next(iter(self._causes))]

    def take(self, cause: AlertCause, now_ms: int) -> Taken:
        """Decide what becomes of a cause. Whatever the answer, the same cause is `known` from then on."""
        if self.knows(cause.cause):
            return self.take_again()
        self.note([cause.cause], now_ms)
        self._expire(now_ms)
        silence = self._silence_for(cause, now_ms)
        if silence is not None:
            self._silences[(silence.of, silence.name)] = msgspec.structs.replace(silence, silenced=silence.silenced + 1)
            return self._counted(Taken("muted" if silence.until_ms is None else "snoozed"))
        if cause.severity != "CRITICAL" and self.is_quiet(now_ms):
            return self._counted(Taken("held", self._hold(cause, now_ms)))
        standing = self._foldable(cause, now_ms)
        if standing is not None:
            self._alerts[standing.alert_id] = alert = folded(standing, cause)
            return self._counted(Taken("folded", alert))
        return self._counted(Taken("told", self._tell(self._alert(cause, now_ms))))

    def take_again(self) -> Taken:
        """Something came that is known without a closer look."""
        return self._counted(Taken("known"))

    def tick(self, now_ms: int) -> Digest | None:
        """Time passed: alerts run out, snoozes end, and quiet hours give their digest when they are over."""
        self._expire(now_ms)
        if self._quiet is None or self.is_quiet(now_ms):
            return None
        digest, self._quiet = msgspec.structs.replace(self._quiet, to_ms=now_ms), None
        return digest

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`: nothing stands, cools down or is snoozed for longer than it may."""
        self._alerts = {one.alert_id: self._set_back(one, now_ms) for one in self._alerts.values()}
        until_ms = now_ms + round(self._settings.snooze_s * 1_000)
        for key, silence in self._silences.items():
            if silence.until_ms is not None:
                self._silences[key] = msgspec.structs.replace(silence, until_ms=min(silence.until_ms, until_ms))
        if self._quiet is not None:
            self._quiet = msgspec.structs.replace(
                self._quiet,
                from_ms=min(self._quiet.from_ms, now_ms),
                to_ms=min(self._quiet.to_ms, now_ms),
                alerts=tuple(self._set_back(one, now_ms) for one in self._quiet.alerts),
            )

    def _set_back(self, alert: WhaleAlert, now_ms: int) -> WhaleAlert:
        expires_ms = min(alert.expires_ms, now_ms + round(self._settings.expires_s * 1_000))
        return msgspec.structs.replace(alert, at_ms=min(alert.at_ms, now_ms), expires_ms=expires_ms)

    def is_quiet(self, now_ms: int) -> bool:
        """Whether these are quiet hours."""
        return is_quiet(self._settings.quiet_from, self._settings.quiet_to, now_ms, self.ahead_minutes)

    def snooze(self, of: SilenceOf, name: str, now_ms: int) -> Silence | None:
        """Nothing of this coin, kind or trader for as long as the settings say, from now. None: there is no room."""
        return self._silenced(Silence(of, name, now_ms + round(self._settings.snooze_s * 1_000)))

    def mute(self, of: SilenceOf, name: str) -> Silence | None:
        """Nothing of this coin, kind or trader until it is taken back. None: there is no room."""
        return self._silenced(Silence(of, name, None))

    def unsilence(self, of: SilenceOf, name: str) -> Silence | None:
        """Take back; the silence that was, with how much it kept silent. None: there was none."""
        return self._silences.pop((of, name), None)

    def _silenced(self, silence: Silence) -> Silence | None:
        earlier = self._silences.pop((silence.of, silence.name), None)
        if earlier is not None:
            silence = msgspec.structs.replace(silence, silenced=earlier.silenced)
        elif len(self._silences) >= SILENCES_KEPT:
            return None
        self._silences[(silence.of, silence.name)] = silence
        return silence

    def _silence_for(self, cause: AlertCause, now_ms: int) -> Silence | None:
        """What keeps a cause silent. One of several traders does not: the others may speak."""
        names = [self._silence("coin", cause.coin, now_ms), self._silence("kind", cause.kind, now_ms)]
        traders = [self._silence("trader", trader, now_ms) for trader in cause.traders]
        if traders and all(traders):
            names += traders
        found = [silence for silence in names if silence is not None]
        return next((silence for silence in found if silence.until_ms is None), found[0] if found else None)

    def _silence(self, of: SilenceOf, name: str, now_ms: int) -> Silence | None:
        silence = self._silences.get((of, name))
        is_over = silence is None or (silence.until_ms is not None and silence.until_ms <= now_ms)
        return None if is_over else silence

    def _foldable(self, cause: AlertCause, now_ms: int) -> WhaleAlert | None:
        """The alert of the same coin and kind that still cools down; one less severe would hide what is worse."""
        standing = self._alerts.get(self._newest.get((cause.coin, cause.kind), ""))
        if standing is None or now_ms - standing.at_ms >= self._settings.cool_down_s * 1_000:
            return None
        return standing if _rank(standing) >= _rank(cause) else None

    def _tell(self, alert: WhaleAlert) -> WhaleAlert:
        self._alerts[alert.alert_id] = alert
        self._newest[(alert.coin, alert.kind)] = alert.alert_id
        while len(self._alerts) > self._settings.kept:
            self._drop(next(iter(self._alerts)))
            self.counts = msgspec.structs.replace(self.counts, crowded_out=self.counts.crowded_out + 1)
        return alert

    def _hold(self, cause: AlertCause, now_ms: int) -> WhaleAlert:
        """Add to the digest, folding like otherwise; it keeps the most severe and largest."""
        quiet = self._quiet or Digest(from_ms=now_ms, to_ms=now_ms, held=0, kinds={}, alerts=())
        alerts = {alert.alert_id: alert for alert in quiet.alerts}
        same = [one for one in quiet.alerts if (one.coin, one.kind) == (cause.coin, cause.kind)]
        cooling = [one for one in same if now_ms - one.at_ms < self._settings.cool_down_s * 1_000]
        into = next((one for one in reversed(cooling) if _rank(one) >= _rank(cause)), None)
        alert = self._alert(cause, now_ms) if into is None else folded(into, cause)
        alerts[alert.alert_id] = alert
        largest = sorted(alerts.values(), key=lambda one: (-_rank(one), -one.value_usd, one.alert_id))[:DIGEST_KEPT]
        self._quiet = Digest(
            from_ms=quiet.from_ms,
            to_ms=now_ms,
            held=quiet.held + 1,
            kinds=quiet.kinds | {cause.kind: quiet.kinds.get(cause.kind, 0) + 1},
            alerts=tuple(sorted(largest, key=lambda one: (one.at_ms, one.alert_id))),
        )
        return alert

    def _alert(self, cause: AlertCause, now_ms: int) -> WhaleAlert:
        return WhaleAlert(
            alert_id=alert_id(cause.kind, cause.cause),
            kind=cause.kind,
            severity=cause.severity,
            coin=cause.coin,
            at_ms=now_ms,
            expires_ms=now_ms + round(self._settings.expires_s * 1_000),
            direction=cause.direction,
            text=cause.text,
            value_usd=cause.value_usd,
            percentile=cause.percentile,
            price=cause.price,
            traders=cause.traders[:NAMES_KEPT],
            moves=cause.moves[:MOVES_KEPT],
            record=self._records(cause.kind),
        )

    def _expire(self, now_ms: int) -> None:
        over = [alert_id for alert_id, alert in self._alerts.items() if alert.expires_ms <= now_ms]
        for one in over:
            self._drop(one)
        self.counts = msgspec.structs.replace(self.counts, expired=self.counts.expired + len(over))
        for key, silence in list(self._silences.items()):
            if silence.until_ms is not None and silence.until_ms <= now_ms:
                del self._silences[key]

    def _drop(self, dropped: str) -> None:
        alert = self._alerts.pop(dropped)
        if self._newest.get((alert.coin, alert.kind)) == dropped:
            del self._newest[(alert.coin, alert.kind)]

    def _counted(self, taken: Taken) -> Taken:
        self.counts = msgspec.structs.replace(self.counts, **{taken.fate: getattr(self.counts, taken.fate) + 1})
        return taken


def alert_id(kind: AlertKind, cause: str) -> str:
    """16 hexadecimal digits: the same for the same cause."""
    return sha256(f"{kind}|{cause}".encode()).hexdigest()[:16]


def folded(alert: WhaleAlert, cause: AlertCause) -> WhaleAlert:
    """The alert once more: it speaks of the larger of both; its direction is 0 once both ways occurred."""
    larger: WhaleAlert | AlertCause = cause if cause.value_usd > alert.value_usd else alert
    return msgspec.structs.replace(
        alert,
        times=alert.times + 1,
        direction=alert.direction if alert.direction == cause.direction else 0,
        text=larger.text,
        value_usd=larger.value_usd,
        percentile=larger.percentile,
        price=larger.price,
        traders=tuple(dict.fromkeys((*alert.traders, *cause.traders)))[:NAMES_KEPT],
        moves=tuple(dict.fromkeys((*alert.moves, *cause.moves)))[:MOVES_KEPT],
    )


def _rank(of: WhaleAlert | AlertCause) -> int:
    return SEVERITIES.index(of.severity)
