"""A scan of wallets in a run: its questions leave as requests, their answers are inputs, its verdicts are events.

What is stored of wallets and markets is asked for like anything else, of the venue `store`: so a replay is given what
the recorded run was given. Everything here is a function of the inputs. This module is imported by the first scan.
"""

from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from app.config.wallet_settings import ScannerSettings
from app.core.bus import Bus
from app.core.errors import DataError
from app.core.record import Answer, Request
from app.core.text import SafeText, clean
from app.engine.asker import Asker, read_told
from app.engine.journal import Journal
from app.engine.protocol_wallets import StageView, UnscoredWallet
from app.engine.shelf_questions import LOOKUP_WALLETS, Found, unpack_markets, unpack_scans
from app.engine.shelf_venue import STORE_VENUE
from app.engine.wallet_book import WalletBook
from app.engine.wallet_events import WalletJudged
from app.feeds.polymarket.questions import Question, from_request
from app.store.rows import StoredMarket, StoredScan
from app.wallets.answers import Answer as Told
from app.wallets.answers import NoAnswer
from app.wallets.funnel import KnownWallet
from app.wallets.judging import Judging
from app.wallets.keeping import KeptRows, cursor_row, known_wallet, market_row, read_market, verdict_row
from app.wallets.scan import Scan
from app.wallets.scan_values import STAGE_OF, Finished, ScanPlan, ScanProgress, plan_sha256
from app.wallets.silence import HOPELESS, Silence
from app.wallets.values import WalletVerdict

_UNSCORED = 50
_DAY_MS = 86_400_000
_pack = msgspec.msgpack.encode
_unpack_found = msgspec.msgpack.Decoder(Found).decode

OnTarget = Callable[[WalletVerdict, int], None]


class Scanning:
    """One scan from its first question to its end. `number` tells it from others of the run, from 1."""

    def __init__(
        self, number: int, plan: ScanPlan, judging: Judging, settings: ScannerSettings, asker: Asker, book: WalletBook,
        bus: Bus, journal: Journal, on_target: OnTarget, now_ms: int,
    ) -> None:  # fmt: skip
        self.number = number
        self.since_ms = now_ms
        self.first_wallet_ms: int | None = None
        self.calls = self.waiting = self.errors = 0
        self.stopped = ""
        """Why it ended early; empty when it did not."""
        self.unscored: deque[UnscoredWallet] = deque(maxlen=_UNSCORED)
        self.notes: tuple[SafeText, ...] = ()
        """Rules and entries of the list of viral wallets that cannot be used."""
        self.worked_stage = 0
        """The stage that the last piece of work was for; 0 for none."""
        self._plan, self._judging, self._settings = plan, judging, settings
        self._asker, self._book, self._bus, self._journal, self._on_target = asker, book, bus, journal, on_target
        self._scan = Scan(plan, judging, in_parts=True)
        self._config = judging.config_sha256
        self._is_begun = False
        self._resumed_ms: int | None = None
        self._row: StoredScan | None = None
        self._looked_up: dict[str, KnownWallet] = {}
        self._lookups = 0
        self._silence = Silence()
        self._asker.ask_store("scans", b"[]")

    @property
    def is_over(self) -> bool:
        """Whether it came to its end or was stopped."""
        return bool(self.stopped) or (self._is_begun and self._scan.is_over)

    @property
    def is_resumed(self) -> bool:
        """Whether it goes on with one that was broken off."""
        return self._resumed_ms is not None

    def progress(self) -> ScanProgress:
        """How far it is."""
        return self._scan.progress()

    @property
    def troubles(self) -> tuple[str, ...]:
        """Sources that did not answer, or not in full."""
        return tuple(f"{trouble.name}: {trouble.reason}" for trouble in self._scan.troubles[:20])

    def stop(self, reason: str) -> None:
        """End it now: what is finished stays, what was asked is withdrawn."""
        if not self.is_over:
            self.stopped = reason
            self._scan.cancel()
            self._asker.withdraw_all()

    def end(self, now_ms: int) -> None:
        """Note its end in the database, unless it was broken off: the next scan goes on with it."""
        progress = self.progress()
        if self._row is not None and not self.stopped:
            scored = progress.finished - progress.not_scored
            ended = msgspec.structs.replace(self._row, ended_ms=now_ms, scored=scored, not_scored=progress.not_scored)
            self._journal.keep(ended)
        # What is shown of a scan that is over are its figures.
        self.tidy()

    def tidy(self) -> None:
        """Give back what it can ask for again."""
        self._scan.forget()

    def answered(self, request: Request, answer: Answer, now_ms: int) -> None:
        """The answer to one of its questions has come; another's changes nothing."""
        number = self._asker.answered(request, answer)
        self.worked_stage = 0
        if number is None or self.is_over:
            return
        if request.venue == STORE_VENUE:
            self._stored(request, answer, now_ms)
        else:
            self._told(number, from_request(request), answer, now_ms)
        self._go_on(now_ms)

    @property
    def has_work(self) -> bool:
        """Whether something waits for nothing from outside."""
        return not self.is_over and self._scan.has_work

    def work(self, now_ms: int) -> None:
        """Do a part of it."""
        self.worked_stage = 2
        self._scan.go_on(now_ms // 1000)
        self._go_on(now_ms)

    # What is stored.

    def _stored(self, request: Request, answer: Answer, now_ms: int) -> None:
        if answer.error:
            self._journal.say(
                now_ms, "warning", "wallets", f"what is stored cannot be read: {clean(answer.error, 160)}"
            )
        body = b"" if answer.error else answer.body
        if request.channel == "scans":
            self._begin_row(unpack_scans(body) if body else [], now_ms)
            self._asker.ask_store("markets", b"0")
        elif request.channel == "markets":
            self._know_markets(request, unpack_markets(body) if body else [], now_ms)
        elif request.channel == "wallets":
            self._know(_unpack_found(body).kept if body else (), now_ms)

    def _begin_row(self, broken: Sequence[StoredScan], now_ms: int) -> None:
        """Go on with a scan of the same plan that was broken off within a day, or note that one begins."""
        plan = plan_sha256(self._plan, self._config)
        mine = [row for row in broken if row.plan_sha256 == plan and row.started_ms >= now_ms - _DAY_MS]
        newest = max(mine, key=lambda row: row.started_ms, default=None)
        if newest is not None and newest.ended_ms is None:
            self._resumed_ms, self._row = newest.started_ms, newest
            return
        self._row = StoredScan(scan_id=f"{now_ms}-{plan[:12]}", plan_sha256=plan, started_ms=now_ms)
        self._journal.keep(self._row)

    def _know_markets(self, request: Request, rows: Sequence[StoredMarket], now_ms: int) -> None:
        for row in rows:
            try:
                self._scan.desk.know(read_market(row), row.seen_ms / 1000)
            except DataError as error:
                self._journal.say(now_ms, "warning", "wallets", str(error), kind="damaged")
        if rows:
            self._asker.ask_store("markets", str(int(request.body) + len(rows)).encode())
            return
        self._is_begun = True
        self._scan.begin(now_ms // 1000)

    def _know(self, kept: Sequence[KeptRows], now_ms: int) -> None:
        holds_ms = round(self._settings.holds_h * 3_600_000)
        for rows in kept:
            try:
                self._looked_up[rows.cursor.wallet] = known_wallet(
                    rows, self._config, now_ms, holds_ms=holds_ms, resumed_ms=self._resumed_ms
                )
            except DataError as error:
                self._journal.say(now_ms, "warning", "wallets", str(error), kind="damaged")
        self._lookups -= 1
        if self._lookups == 0:
            known, self._looked_up = self._looked_up, {}
            self.first_wallet_ms = self.first_wallet_ms or now_ms
            self._scan.know(known, now_ms // 1000)

    # What the venue says.

    def _told(self, number: int, question: Question, answer: Answer, now_ms: int) -> None:
        self.waiting -= 1
        self.worked_stage = STAGE_OF.get(question.name, 0)
        if self._silence.is_hopeless_after(answer.status):
            self.stop(f"{HOPELESS} calls in a row failed: {clean(answer.error, 160)}")
            return
        self._scan.take(number, self._read(question, answer), now_ms // 1000)

    def _read(self, question: Question, answer: Answer) -> Told:
        told = read_told(question, answer)
        self.errors += isinstance(told, NoAnswer)
        return told

    # What follows from it.

    def _go_on(self, now_ms: int) -> None:
        """Send what the scan wants and take what it has."""
        self._look_up(self._scan.lookups())
        for ask in self._scan.asks():
            self.calls += 1
            self.waiting += 1
            self._asker.ask(ask.question, ask.number)
        for market, seen_s in self._scan.desk.news():
            self._journal.keep(market_row(market, seen_s))
        for finished in self._scan.finished():
            self._finish(finished, now_ms)

    def _look_up(self, wallets: Sequence[str]) -> None:
        for first in range(0, len(wallets), LOOKUP_WALLETS):
            self._lookups += 1
            asked = msgspec.json.encode(wallets[first : first + LOOKUP_WALLETS])
            self._asker.ask_store("wallets", asked)

    def _finish(self, finished: Finished, now_ms: int) -> None:
        verdict, origin = finished.verdict, finished.candidate.origin
        self._bus.publish(WalletJudged(verdict=verdict, origin=origin, is_old=finished.is_old))
        if verdict.verdict == "NOT SCORED":
            self.unscored.append(UnscoredWallet(verdict.wallet, verdict.stage, verdict.reason))
            return
        self._book.take(verdict, origin, self.number, is_old=finished.is_old)
        if finished.is_old:
            return
        self._journal.keep(verdict_row(finished, now_ms, self._config))
        self._journal.keep(cursor_row(finished, now_ms))
        if verdict.verdict == "TARGET":
            self._on_target(verdict, now_ms)

    def stages(self) -> tuple[StageView, ...]:
        """The funnel so far."""
        first, second, third = self.progress().stages
        return (
            StageView(1, first.seen, first.rejected, first.not_scored),
            StageView(2, second.seen, second.rejected, second.not_scored),
            StageView(3, third.seen, third.rejected, third.not_scored),
        )
