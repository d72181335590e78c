"""The alerts of a run: what the rules tell is published, saved, and filed as a claim; silences are the user's."""

from collections.abc import Callable, Container, Iterable, Mapping

import msgspec

from app.config.settings import Settings
from app.core.bus import Bus
from app.core.events import Trade
from app.core.text import clean
from app.core.traders import TraderFill
from app.core.whale_events import SmartMoneySignal, TraderMoved, WhaleAlert
from app.engine.journal import Journal
from app.engine.protocol import Mode
from app.engine.protocol_whales import SilenceAlerts, SilenceOf
from app.markets.market import Market
from app.markets.mid_claims import mid_call
from app.scorecards.grader import Graded
from app.store.whale_rows import StoredAlert
from app.whales.alert_book import SILENCES_KEPT, Taken
from app.whales.alert_calls import CLAIMANT, alert_claim
from app.whales.alert_desk import AlertDesk
from app.whales.alert_values import Digest, RestoreAlerts, WhaleLean
from app.whales.alert_words import Who
from app.whales.liquidations import liquidations_across
from app.whales.memory import WhaleMemory
from app.whales.past_alerts import PastAlerts

_pack = msgspec.msgpack.encode


class WhaleAlerting:
    """The desk of alerts with what it needs of a run. Nothing is told before `restore`."""

    def __init__(
        self, mode: Mode, settings: Settings, bus: Bus, journal: Journal, markets: Mapping[str, Market],
        elsewhere: Mapping[str, float], followed: Container[str], who: Who, sequence: Callable[[], int],
        keep: Callable[[object], None],
    ) -> None:  # fmt: skip
        """`keep` saves a row, `sequence` gives the number of the input that is being taken.

        `elsewhere` has prices of coins that are no markets.
        """
        self.past = PastAlerts()
        self.desk = AlertDesk(settings.alerts, followed, who, self.past.record)
        self.digest: Digest | None = None
        """What the last quiet hours held back."""
        self.told = self.folded = self.taken = 0
        """Alerts, repeats, and all causes that were not known, whatever became of them."""
        self.version = 0
        """Counts changes of what stands."""
        self._mode: Mode = mode
        self._settings, self._bus, self._journal, self._markets = settings, bus, journal, markets
        self._elsewhere = elsewhere
        self._followed, self._who, self._sequence, self._keep = followed, who, sequence, keep
        bus.subscribe(Graded, self._graded)

    def restore(self, memory: WhaleMemory, ahead_minutes: int) -> None:
        """Go on from what was saved. Local time is `ahead_minutes` ahead of UTC."""
        notes = memory.notes
        book = msgspec.structs.replace(notes.alerts.book, alerts=memory.alerts)
        kept = RestoreAlerts(notes.alerts.rules, book)
        self.desk = AlertDesk(self._settings.alerts, self._followed, self._who, self.past.record, kept, ahead_minutes)
        self.desk.learn_past(memory.moves, notes.moves_until_ms)
        self.past.restore(notes.past, notes.grades)
        self.digest = notes.digest
        self.version += 1

    def moved(self, move: TraderMoved, now_ms: int) -> bool:
        """A followed trader changed a position; whether that was worth telling, whatever became of it, and is new."""
        taken = self.desk.moved(move, now_ms)
        self._took(taken, now_ms)
        return any(one.fate != "known" for one in taken)

    def leaned(self, leans: Iterable[WhaleLean], now_ms: int) -> None:
        """Whales lean differently in some coins."""
        for lean in leans:
            self._took(self.desk.leaned(lean, self._price(lean.coin, now_ms) or 0.0, now_ms), now_ms)

    def signalled(self, signals: Iterable[SmartMoneySignal], now_ms: int) -> None:
        """How all signals stand."""
        for signal in signals:
            self._took(self.desk.signalled(signal, self._price(signal.coin, now_ms) or 0.0, now_ms), now_ms)

    def traded(self, trade: Trade, now_ms: int) -> None:
        """A public trade."""
        taken = self.desk.traded(trade, now_ms)
        if taken:
            self._took(taken, now_ms)

    def liquidated_across(self, fills: Iterable[TraderFill], now_ms: int) -> None:
        """Fills of somebody followed; in some of them the account across may have lost a position by force."""
        for liquidation in liquidations_across(fills):
            self._took(self.desk.liquidated(liquidation, now_ms), now_ms)

    def every_tick(self, now_ms: int) -> None:
        """Time passed."""
        standing = self.desk.book.counts.expired
        taken, digest = self.desk.tick(now_ms)
        self._took(taken, now_ms)
        self.version += self.desk.book.counts.expired != standing
        if digest is not None:
            self.digest = digest
            self.version += 1
            self._journal.say(now_ms, "info", "whales", f"quiet hours are over: {digest.held} alerts were held back")

    def every_second(self, now_ms: int) -> None:
        """Note what past alerts were followed by."""
        self.past.look(now_ms, lambda coin: self._price(coin, now_ms))

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self.desk.clock_set_back(now_ms)
        self.past.clock_set_back(now_ms)
        self.version += 1

    def silence(self, command: SilenceAlerts, now_ms: int) -> tuple[bool, str]:
        """Snooze, mute, or take it back; whether that was done, and one sentence about it."""
        book, name = self.desk.book, command.name.lower() if command.of == "trader" else command.name
        shown = clean(name, 48)
        if not name or len(name) > 64:
            return False, f"{shown!r} is no {command.of} that alerts are about"
        if command.ends:
            return self._tell_again(command.of, name)
        kept = book.mute(command.of, name) if command.for_good else book.snooze(command.of, name, now_ms)
        if kept is None:
            return False, f"{SILENCES_KEPT} coins, kinds and traders are silenced: take one back before {shown}"
        self.version += 1
        if command.for_good:
            return True, f"Alerts of {shown} are muted until you take that back"
        return True, f"Alerts of {shown} are snoozed for {self._settings.alerts.snooze_s / 60:.0f} min"

    def _tell_again(self, of: SilenceOf, name: str) -> tuple[bool, str]:
        ended, shown = self.desk.book.unsilence(of, name), clean(name, 48)
        if ended is None:
            return False, f"Alerts of {shown} are not silenced"
        self.version += 1
        return True, f"Alerts of {shown} are told again; {ended.silenced} were kept silent"

    def _took(self, taken: Iterable[Taken], now_ms: int) -> None:
        for one in taken:
            self.version += 1
            self.taken += one.fate != "known"
            if one.alert is None or one.fate == "held":
                continue
            self.told += one.fate == "told"
            self.folded += one.fate == "folded"
            self._bus.publish(one.alert)
            self._keep(_stored(one.alert))
            if one.fate == "told":
                self.past.told(one.alert)
                self._file(one.alert, now_ms)

    def _file(self, alert: WhaleAlert, now_ms: int) -> None:
        claim, market = alert_claim(alert, now_ms), self._markets.get(alert.coin)
        facts = None if market is None else market.facts(now_ms)
        if claim is not None and facts is not None:
            call = mid_call(claim, alert.coin, facts, self._settings.costs, self._mode, self._sequence())
            self._bus.publish(call)

    def _graded(self, graded: Graded) -> None:
        call, outcome = graded.call, graded.outcome
        if call.claimant == CLAIMANT and outcome.hit is not None and outcome.mid_move_bps is not None:
            move_bps = outcome.mid_move_bps * call.direction
            self.past.graded(call.kind, move_bps, hit=outcome.hit)  # type: ignore[arg-type]

    def _price(self, coin: str, now_ms: int) -> float | None:
        """The price of a coin, None where it is not known or old: an outage is no price that stood still."""
        market = self._markets.get(coin)
        if market is None:
            return self._elsewhere.get(coin)
        return None if market.stale(now_ms) else market.price


def _stored(alert: WhaleAlert) -> StoredAlert:
    return StoredAlert(
        alert_id=alert.alert_id,
        at_ms=alert.at_ms,
        kind=alert.kind,
        severity=alert.severity,
        coin=alert.coin,
        alert=_pack(alert),
    )
