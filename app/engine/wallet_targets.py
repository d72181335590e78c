"""Wallet targets in a run: scans by hand and by the clock, the book of verdicts, notes and thresholds.

Everything here is a function of the inputs. What a scan needs is imported by the first one: it takes a tenth of a
second, in which a deck should have been painted.
"""

import re
from typing import TYPE_CHECKING

from app.config.settings import Settings
from app.config.wallet_settings import WalletsSettings
from app.core.bus import Bus
from app.core.errors import ConfigError, DataError, UsageError
from app.core.prediction_market import wallet_of
from app.core.record import Answer, Request
from app.core.text import clean
from app.engine.jobs import Jobs
from app.engine.journal import Journal
from app.engine.openings import Openings
from app.engine.protocol import CancelJob, JobState, Mode, StartJob
from app.engine.protocol_wallets import (
    LookAtWallet,
    NoteWallet,
    RestoreWallets,
    TidyWallets,
    UseThresholds,
    UseWalletRules,
    WalletRow,
)
from app.engine.shelf_venue import STORE_VENUE
from app.engine.wallet_book import WalletBook
from app.engine.wallet_claims import WalletClaims
from app.engine.wallet_events import WalletJudged
from app.engine.watch import MarketWatch
from app.feeds.polymarket.limits import VENUE as POLYMARKET
from app.store.rows import Choice
from app.wallets.source_words import BOARD_WORD

if TYPE_CHECKING:
    from app.engine.opening import Opening
    from app.engine.scanning import Scanning

ABOUT_WALLETS = frozenset({POLYMARKET, STORE_VENUE})
"""Who is asked about wallets."""
WalletCommand = NoteWallet | UseThresholds | UseWalletRules | RestoreWallets | TidyWallets | LookAtWallet
_WORD = re.compile(rf"{BOARD_WORD}|market|trades|0x[0-9a-zA-Z]{{1,64}}", re.ASCII)
_WORDS_CAP = 10_000
_NOTES_SHOWN = 20
PROFILE_CHOICE = "wallets.profile"
"""The name under which the profile that judges is kept."""
_NOT_YET = "What is stored of wallets is being read: try again in a moment"
_WHAT = (
    "a scan takes leaderboard (:window:category), market, trades, a market's id and addresses; "
    "a file is read by the deck or by `tapedeck scan`"
)


class Stopwatch:
    """Told when work for a scan begins and ends, because a core reads no clock. This one measures nothing."""

    def begins(self) -> None:
        """Work for a scan begins."""

    def ends(self, number: int, stage: int) -> None:
        """It is done: it was for a stage of scan `number`, 0 for none of them."""


class WalletTargets:
    """What the core knows of wallets."""

    def __init__(
        self, mode: Mode, settings: Settings, watch: MarketWatch, bus: Bus, jobs: Jobs, journal: Journal
    ) -> None:
        self.book = WalletBook()
        self.thresholds: WalletsSettings = settings.wallets
        self.rules: UseWalletRules | None = None
        """What is judged with besides thresholds, as the newest input told; None where none did."""
        self.scanning: Scanning | None = None
        """The newest scan, running or over."""
        self.openings = Openings(self._open)
        self.claims = WalletClaims(mode, self.book, watch, bus)
        self.stopwatch = Stopwatch()
        self.ended_ms: int | None = None
        self.state: JobState = "done"
        self.message = ""
        self.is_restored = False
        self.notes_unsaved = ""
        """Why notes of this run are not saved; empty when they are."""
        self.mode = mode
        self.memory_limit_mb = settings.scanner.memory_mb
        self.shown_rows: tuple[tuple[int, int, int], tuple[WalletRow, ...]] = ((-1, 0, 0), ())
        """Rows that were made for a snapshot, with what they depend on."""
        self._settings, self._watch = settings, watch
        self._bus, self._jobs, self._journal = bus, jobs, journal
        self._number = 0
        self._next_ms: int | None = None
        bus.subscribe(WalletJudged, journal.wallet_judged)

    @property
    def runs(self) -> bool:
        """Whether a scan is running."""
        return self._jobs.runs("wallets")

    # Commands.

    def apply(self, command: StartJob | CancelJob | WalletCommand, now_ms: int) -> tuple[bool, str]:
        """Carry out a command; whether it was, and one sentence about it."""
        match command:
            case StartJob():
                return self.start(command.subject, now_ms)
            case CancelJob():
                return self.cancel(now_ms)
            case NoteWallet():
                return self.note(command, now_ms)
            case UseThresholds():
                return self.use(command.thresholds, now_ms)
            case UseWalletRules():
                self.rules = command
            case LookAtWallet():
                return self.look(command, now_ms)
            case TidyWallets():
                self.tidy(now_ms)
            case RestoreWallets():
                self.restore(command, now_ms)
        return True, ""

    def start(self, subject: str, now_ms: int) -> tuple[bool, str]:
        """Begin a scan; whether it began, and one sentence about it."""
        words = subject.split()
        if self.runs:
            return False, "Wallets are being scanned already"
        wrong = next((word for word in words if not _WORD.fullmatch(word)), None)
        if wrong is not None:
            return False, f"{clean(wrong, 40)} names no wallets: {_WHAT}"
        if len(words) > _WORDS_CAP:
            return False, f"{len(words):,} sources are more than the {_WORDS_CAP:,} of a scan: split the list"
        if not self.is_restored:
            return False, _NOT_YET
        try:
            self._begin(words, now_ms)
        except (UsageError, ConfigError) as error:
            return False, self._cannot_begin(str(error), now_ms)
        return True, "Scanning wallets"

    def cancel(self, now_ms: int) -> tuple[bool, str]:
        """Give up the scan that runs; what is finished stays."""
        if self.scanning is None or not self.runs:
            return False, "No wallets are being scanned"
        self.scanning.stop("cancelled")
        self._settle(now_ms)
        return True, self.message

    def restore(self, saved: RestoreWallets, now_ms: int) -> None:
        """Begin with what was saved; with nothing where it is empty or cannot be used, and say so.

        Where notes could not be read none is saved, so that none is written over one that is still there. Told again it
        changes nothing.
        """
        if self.is_restored:
            return
        self.is_restored = True
        self.notes_unsaved = clean(saved.trouble, 200)
        try:
            if saved.state:
                self.book.restore(saved.state)
        except DataError as error:
            self.notes_unsaved = clean(str(error), 200)
        if self.notes_unsaved:
            told = f"stored wallets are not shown and notes of this run are NOT SAVED: {self.notes_unsaved}"
            self._journal.say(now_ms, "error", "wallets", told)
        self.claims.begin(now_ms)
        self.claims.file_all((entry.verdict for entry in self.book.entries.values()), now_ms)
        if self._settings.scanner.enabled:
            self._next_ms = saved.next_scan_ms
        self.openings.may_ask(now_ms)

    def tidy(self, now_ms: int) -> None:
        """The program has grown too large: the scan gives back what it can ask for again."""
        if self.scanning is not None and self.runs:
            self.scanning.tidy()
            told = (
                f"memory above scanner.memory_mb ({self.memory_limit_mb} MB): what can be asked for again is forgotten"
            )
            self._journal.say(now_ms, "warning", "wallets", told)

    def look(self, look: LookAtWallet, now_ms: int) -> tuple[bool, str]:
        """Have all that stands behind a wallet asked for, unless it was a moment ago; an empty address is nothing."""
        wallet = wallet_of(look.address) if look.address else ""
        if wallet is None:
            return False, f"{clean(look.address, 48)} is not a wallet's address"
        self.openings.look(look.client, wallet, now_ms)
        return not self.openings.trouble, self.openings.trouble

    def note(self, command: NoteWallet, now_ms: int) -> tuple[bool, str]:
        """Keep what the user says of a wallet."""
        wallet = wallet_of(command.address)
        if wallet is None:
            return False, f"{clean(command.address, 48)} is not a wallet's address"
        if not self.is_restored:
            return False, _NOT_YET
        try:
            note = self.book.note(command, wallet, now_ms)
        except DataError as error:
            return False, str(error)
        if self.notes_unsaved:
            return True, f"Noted on {wallet[:8]}… and NOT SAVED: {self.notes_unsaved}"
        self._journal.keep(note)
        return True, f"Noted on {wallet[:8]}…"

    def use(self, thresholds: WalletsSettings, now_ms: int) -> tuple[bool, str]:
        """Judge by other thresholds from now on, and in the runs to come."""
        if self.runs:
            return False, "Wallets are being scanned: cancel the scan first, or wait for its end"
        from app.wallets.again import judged_again

        old, self.thresholds = self.thresholds, thresholds
        self._journal.keep(Choice(name=PROFILE_CHOICE, value=thresholds.profile, changed_ms=now_ms))
        changed = judged_again([each.verdict for each in self.book.entries.values()], old, thresholds)
        for verdict in changed:
            self.book.judged_again(verdict)
            if verdict.verdict == "TARGET":
                self.claims.file(verdict, now_ms)
            self._bus.publish(WalletJudged(verdict=verdict, origin="profile"))
        name, count = clean(thresholds.profile, 32), len(self.book.entries)
        again = (
            f"{len(changed):,} of {count:,} wallets judged again, the others need a scan" if count else "no wallets yet"
        )
        self._journal.say(now_ms, "info", "wallets", f"profile {name}: {again}")
        self.openings.begin_anew(now_ms)
        return True, f"Profile {name}: {again}"

    # Inputs.

    def answered(self, request: Request, answer: Answer, now_ms: int) -> None:
        """An answer of the venue or of the store."""
        self.openings.answered(request, answer, now_ms)
        self.claims.answered(request, answer, now_ms)
        scanning = self.scanning
        if scanning is None or not self.runs:
            return
        self.stopwatch.begins()
        scanning.answered(request, answer, now_ms)
        self.stopwatch.ends(scanning.number, scanning.worked_stage)
        if scanning.is_over:
            self._settle(now_ms)

    def work(self, now_ms: int) -> None:
        """After each input: a part of what a scan has left to do, and the claim that is due."""
        self.claims.work(now_ms)
        scanning = self.scanning
        if scanning is None or not self.runs or not scanning.has_work:
            return
        self.stopwatch.begins()
        scanning.work(now_ms)
        self.stopwatch.ends(scanning.number, scanning.worked_stage)
        if scanning.is_over:
            self._settle(now_ms)

    def is_due(self, now_ms: int) -> bool:
        """Whether it is time for a scheduled scan. Whoever has the clock then begins it, by an input like any other."""
        return self._next_ms is not None and now_ms >= self._next_ms and not self.runs

    @property
    def next_scan_ms(self) -> int | None:
        """When the next scheduled scan is due; None where none is, or one is running."""
        return None if self.runs else self._next_ms

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        if self._next_ms is not None:
            self._next_ms = min(self._next_ms, now_ms + round(self._settings.scanner.interval_s * 1000))
        self.claims.clock_set_back(now_ms)

    def scheduled_in_s(self, now_ms: int) -> int | None:
        """Seconds until the next scan begins by itself; None where none does, or one is running."""
        next_ms = self.next_scan_ms
        return None if next_ms is None else max(0, next_ms - now_ms) // 1000

    def _begin(self, words: list[str], now_ms: int) -> None:
        from app.engine.asker import Asker
        from app.engine.scanning import Scanning
        from app.engine.wallet_rules import judging_by
        from app.wallets.plans import plan_of

        plan = plan_of(words, self._settings.scanner)
        judged = judging_by(self.thresholds, self.rules)
        for line in judged.notes:
            self._journal.say(now_ms, "warning", "wallets", line)
        self._number += 1
        self.ended_ms, self.state, self.message = None, "running", "Scanning wallets"
        self._jobs.begin("wallets", now_ms, self.message)
        scanner = self._settings.scanner
        self.scanning = Scanning(
            self._number, plan, judged.judging, scanner, Asker(self._watch), self.book,
            self._bus, self._journal, self.claims.file, now_ms,
        )  # fmt: skip
        self.scanning.notes = judged.notes[:_NOTES_SHOWN]

    def _cannot_begin(self, why: str, now_ms: int) -> str:
        """A scan that is due and cannot begin is due again later; nobody else is there to be told."""
        if self._next_ms is not None and now_ms >= self._next_ms:
            self._next_ms = now_ms + round(self._settings.scanner.interval_s * 1000)
            self._journal.say(now_ms, "error", "wallets", f"the scan that was due did not begin: {clean(why, 200)}")
        return why

    def _open(self, wallet: str, now_ms: int) -> "Opening":
        from app.engine.asker import Asker
        from app.engine.opening import Opening
        from app.engine.wallet_rules import judging_by

        judging = judging_by(self.thresholds, self.rules).judging
        return Opening(wallet, judging, self._settings.scanner.position_pages, Asker(self._watch), now_ms)

    def _settle(self, now_ms: int) -> None:
        """The scan is over: what it came to."""
        scanning = self.scanning
        if scanning is None:
            return
        scanning.end(now_ms)
        self.ended_ms = now_ms
        self.state, self.message = _outcome(scanning)
        self._jobs.end("wallets", self.state, self.message)
        self._journal.say(now_ms, "warning" if self.state == "failed" else "info", "wallets", self.message)
        scanner = self._settings.scanner
        if scanner.enabled:
            self._next_ms = now_ms + round(scanner.interval_s * 1000)


def _outcome(scanning: "Scanning") -> tuple[JobState, str]:
    """How a scan ended, in a word and a sentence."""
    progress, troubles = scanning.progress(), scanning.troubles
    judged = progress.finished - progress.not_scored
    told = (
        f"{judged:,} wallets judged: {progress.targets:,} TARGET, {progress.watchlist:,} WATCHLIST; "
        f"{progress.not_scored:,} not scored"
    )
    if scanning.stopped == "cancelled":
        return "cancelled", f"Cancelled: {told}"
    if scanning.stopped:
        return "failed", f"The scan was given up: {clean(scanning.stopped, 160)}. {told}"
    if progress.finished == 0:
        return "failed", f"No wallets were found: {troubles[0] if troubles else 'the sources have none'}"
    return "done", f"{told}; {troubles[0]}" if troubles else told
