"""A run on a venue: the real one, or the embedded one for a demo. Only the addresses differ."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
import numpy as np

from app import __version__
from app.config.secrets import Secret
from app.config.settings import Settings
from app.config.toml import settings_sha256, to_toml
from app.core.clock import Clock
from app.core.record import Kind
from app.core.text import clean
from app.engine.core import Core
from app.engine.demo_venue import DemoVenue, Urls
from app.engine.freeze import Outside, SocketCounts
from app.engine.keeper import Keeper
from app.engine.outward import Outward
from app.engine.own_commands import RestorePaper
from app.engine.protocol import Command, LogLevel, LogLine, SetPlayback, SetRecording, SourceView, StartJob, TradePaper
from app.engine.protocol_wallets import RestoreWallets, SetWalletProfile, TidyWallets, UseThresholds
from app.engine.recording import RunRecording
from app.engine.restoring import restoring
from app.engine.sequencer import Sequencer
from app.engine.shelf_venue import STORE_VENUE
from app.engine.store_news import StoreNews
from app.engine.supervisor import Supervisor
from app.engine.token_run import TokenRun
from app.engine.venue_urls import client_settings, own_urls
from app.engine.wallet_run import WalletRun
from app.engine.whale_shelf import minutes_ahead, restored_whales
from app.engine.whale_state import UseLocalTime
from app.engine.whales_view import WhalesOutside
from app.feeds.hyperliquid.client import HyperliquidClient
from app.feeds.hyperliquid.streams import StreamClient
from app.feeds.inbox import Arrival, Inbox
from app.feeds.polymarket.limits import VENUE as POLYMARKET
from app.feeds.tape.format import Session
from app.scalper.interpreter import Interpreter
from app.store.store import Store
from app.wallets.thresholds import Profiles

_TURN_NS = 1_000_000
"""Inputs are dispatched for this long before everything else in the loop gets a turn."""
_pack = msgspec.msgpack.encode
_log = logging.getLogger("app.events")
_LOG_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def _to_log_file(line: LogLine) -> None:
    _log.log(_LOG_LEVELS[line.level], "%s: %s", line.topic, line.text)


def socket_counts(socket: StreamClient) -> SocketCounts:
    """What a socket of the client has counted so far."""
    return SocketCounts(
        received=socket.received_frames,
        control=socket.control_frames,
        superseded=socket.superseded_frames,
        subscriptions=socket.subscriptions,
    )


def demo_source(settings: Settings) -> SourceView:
    """What the header says of a demo."""
    return SourceView("demo", "DEMO", f"simulated, seed {settings.demo.seed}")


def live_source(settings: Settings) -> SourceView:
    """What the header says of the live venue: the host that is really asked."""
    host = urlsplit(settings.hyperliquid.websocket_url).hostname or "unknown host"
    return SourceView("live", "LIVE", clean(host))


class RunFiles(NamedTuple):
    """What a run may read and write on disk; it does without what is None or empty.

    Without a `database` rows are kept in memory for the run only. `record_to` is the tape of the whole run, `new_tape`
    names the tape of a recording begun midway. `profile_folders` hold the thresholds that wallets may be judged by,
    `regime_model` is the file of the model of regimes, `token_bundles` are the folders of the token model's bundles
    (none: new tokens are not looked for).
    """

    database: Path | None = None
    record_to: Path | None = None
    new_tape: Callable[[], Path] | None = None
    profile_folders: Sequence[Path] = ()
    regime_model: Path | None = None
    token_bundles: Sequence[Path] = ()


NO_FILES = RunFiles()


class VenueRun:
    """Client, inbox, sequencer and core, driven by the venue and a timer."""

    def __init__(
        self,
        source: SourceView,
        settings: Settings,
        clock: Clock,
        files: RunFiles = NO_FILES,
        *,
        set_by_hand: AbstractSet[str] = frozenset(),
        generator: np.random.Generator | None = None,
        birdeye_key: Secret | None = None,
    ) -> None:
        """The keys in `set_by_hand` are stronger than a profile of wallets; `birdeye_key` is for the real venue alone.

        `generator` draws the waiting times between tries (None: another each run); nothing else is random.
        """
        self.source = source
        self._settings = settings
        self._clock = clock
        self._files = files
        self._generator = np.random.default_rng() if generator is None else generator
        self._inbox = Inbox(clock)
        self._demo = DemoVenue(settings.demo.seed, settings.demo.coins) if source.mode == "demo" else None
        self._client: HyperliquidClient | None = None
        self._interpreter = Interpreter(settings.scalper, settings.costs, self._inbox, clock, self._generator)
        self.core = Core(source.mode, settings)
        self._sequencer = Sequencer(clock, self.core.dispatch)
        self._recording = RunRecording(self._sequencer, settings.tape, clock, self._tell_of_tape)
        self.core.journal.sink = _to_log_file
        self._store = Store(files.database, settings.store, clock)
        self._keeper = Keeper(self._store, source.mode, settings, clock)
        self.core.journal.keep = self._keep
        self._profiles = Profiles(settings.wallets, files.profile_folders, set_by_hand)
        self._wallets = WalletRun(settings, self._store, self._inbox, clock, self._generator, self._profiles)
        self.core.wallets.stopwatch = self._wallets
        self._tokens = TokenRun(
            settings, self._inbox, clock, self._generator, source.mode, files.token_bundles, birdeye_key
        )
        self._outward: Outward | None = None
        self._urls = own_urls(settings)
        self._arrivals: deque[Arrival] = deque()
        self._supervisor = Supervisor(self._worker_failed, clock)
        self._changed: Callable[[], None] = lambda: None
        self._to_open = deque(
            (self._keeper.open, self._open_paper, self._open_whales, self._open_wallets, self._open_tokens)
        )
        self._store_news = StoreNews()

    async def start(self, changed: Callable[[], None]) -> None:
        """Open the tape, start the embedded venue if there is one, connect. Raises `DataError` and `VenueError`."""
        self._changed = changed
        if self._files.record_to is not None:
            self._recording.begin(self._files.record_to, self._session())
        if self._demo is not None:
            self._urls = await self._demo.start()
        self._client = self._connect(self._urls)
        self._sequencer.put_now(0, Kind.TIMER, b"")
        self._outward = Outward(self._client, self._interpreter)
        self.core.start(self._outward)
        # A slow disk must not keep the first price waiting: rows queue until the database is open.
        self._supervisor.start("store", self._open_store)
        self._supervisor.start("stream", self._client.data.run)
        self._supervisor.start("fast books", self._client.books.run_when_wanted)
        self._supervisor.start("trader streams", self._client.traders.run_when_wanted)
        self._supervisor.start("other coins", self._client.coins.run_when_wanted)
        self._supervisor.start("scalper", self._interpreter.run)
        self._supervisor.start("requests", self._client.requests.run)
        self._supervisor.start("leaderboard", self._client.leaderboard.run)
        self._supervisor.start("inbox", self._dispatch_arrivals)
        self._supervisor.start("timer", self._tick)
        if self._demo is not None:
            self._supervisor.start("venue", self._watch_demo)
        changed()

    async def _open_store(self) -> None:
        """Open the database and go on from what it holds; begun again after a failure, what is done is not repeated."""
        while self._to_open:
            await self._to_open[0]()
            self._to_open.popleft()

    async def _open_paper(self) -> None:
        """Have the paper ledger go on from what is stored of it."""
        saved, why_not_saved = await self._keeper.saved_paper()
        if why_not_saved:
            text = f"paper trades of this run are NOT SAVED: {why_not_saved}"
            self.core.journal.say(self.core.now_ms, "warning", "paper", text)
        self._sequencer.put_now(0, Kind.COMMAND, _pack(RestorePaper(saved)))

    async def _open_whales(self) -> None:
        """Have the core follow traders from where it was before; nothing is asked of the venue until then."""
        restored = await restored_whales(self._store, self._settings.alerts, self._clock, self._files.regime_model)
        self._sequencer.put_now(0, Kind.COMMAND, _pack(restored))
        self._changed()

    async def _open_wallets(self) -> None:
        """Be ready to scan wallets, and have the core know what is stored of them. Nothing is asked of a venue."""
        calls = await self._wallets.load(self._urls)
        if self._outward is not None:
            self._outward.join(POLYMARKET, calls.client)
            self._outward.join(STORE_VENUE, calls.shelf)
        saved, trouble = await self._wallets.saved()
        self._renew_wallet_rules()
        self._sequencer.put_now(0, Kind.COMMAND, _pack(RestoreWallets(saved, trouble)))
        thresholds, why_not = await self._wallets.chosen_before(self.core.wallets)
        if why_not:
            self.core.journal.say(self.core.now_ms, "warning", "wallets", why_not)
        if thresholds is not None:
            self._sequencer.put_now(0, Kind.COMMAND, _pack(UseThresholds(thresholds)))
        self._supervisor.start("wallets", calls.client.run)
        self._supervisor.start("wallet shelf", calls.shelf.run)
        self._changed()

    async def _open_tokens(self) -> None:
        """Be ready to ask the venues of new tokens and the model, and look for tokens from now on."""
        if self._tokens.is_wanted and self._outward is not None:
            begun = await self._tokens.begin(self._urls, self._outward, self._tell_of_model, self._store)
            self._sequencer.put_now(0, Kind.COMMAND, _pack(begun))
            self._tokens.start_workers(self._supervisor)
            self._changed()

    def _tell_of_model(self, text: str) -> None:
        self.core.journal.say(self.core.now_ms, "info", "tokens", f"token model: {text}")
        self._changed()

    def _keep(self, event: object) -> None:
        self._keeper.keep(event)
        self._wallets.remember(event)

    async def finished(self) -> None:
        """A venue has no end: waits for ever."""
        await asyncio.Event().wait()

    def command(self, command: Command) -> tuple[bool, str]:
        """Commands are inputs like any other, so that a replay repeats them."""
        if isinstance(command, SetPlayback):
            return False, "Only a tape can be paused, sped up or wound"
        if isinstance(command, TradePaper) and self.core.paper.ledger is None:
            return False, "The paper ledger is being read: try again in a moment"
        if isinstance(command, SetRecording):
            return self._begin_recording() if command.on else self._end_recording()
        if isinstance(command, SetWalletProfile):
            thresholds = self._profiles.thresholds(command.profile)
            self._sequencer.put_now(0, Kind.COMMAND, _pack(UseThresholds(thresholds)))
            return self.core.command_result
        if isinstance(command, StartJob) and command.name == "wallets":
            self._renew_wallet_rules()
        self._sequencer.put_now(0, Kind.COMMAND, _pack(command))
        return self.core.command_result

    def _renew_wallet_rules(self) -> None:
        for rules in self._wallets.other_rules(self.core.wallets):
            self._sequencer.put_now(0, Kind.COMMAND, _pack(rules))

    def outside(self) -> Outside:
        """Counts of the connection, and the recording."""
        outside = Outside(
            store=self._keeper.view(),
            waiting_inputs=self._inbox.waiting + len(self._arrivals),
            recorded_inputs=self._recording.inputs,
            trouble=self._recording.trouble,
            recording=self._recording.view(),
            interpreter=self._interpreter.view(),
            wallets=self._wallets.view(),
            token_model=self._tokens.health(),
        )
        client = self._client
        if client is None:
            return outside
        return replace(
            outside,
            data=socket_counts(client.data),
            books=socket_counts(client.books),
            traders=socket_counts(client.traders),
            coins=socket_counts(client.coins),
            whales=WhalesOutside(weight_used=client.requests.budget.used, stream_cap=client.traders.most),
            budget_used=client.requests.budget.used,
            budget_limit=client.requests.budget.limit,
            urgent_wait_s=client.requests.urgent_wait_s,
        )

    async def stop(self) -> None:
        """End the workers, the recording, the database and the embedded venue, whatever fails of it.

        Raises what failed last, with the rest as its context.
        """
        async with contextlib.AsyncExitStack() as ending:
            # What is noted last is done first.
            if self._demo is not None:
                ending.push_async_callback(self._demo.stop)
            ending.callback(self._tell_of_store)
            ending.push_async_callback(self._keeper.close)
            ending.callback(self._tell_of_store)
            ending.push_async_callback(self._recording.settled)
            ending.callback(self._recording.end)
            ending.callback(self.core.finish)
            await self._supervisor.stop()

    def _begin_recording(self) -> tuple[bool, str]:
        recording = self._recording.view()
        if recording is not None:
            return False, f"Recording to {recording.path} already"
        if self._files.new_tape is None or self._client is None:
            return False, "This engine has no folder for tapes; start it with --record FILE"
        path = self._files.new_tape()
        asked = (self._client.requests, self._client.leaderboard, self._interpreter, self._wallets, self._tokens)
        questions = [request for each in asked for request in each.outstanding()]
        self._recording.begin_midway(path, self._session(), self._client, questions)
        for command in restoring(self.core):
            self._sequencer.note(0, Kind.COMMAND, _pack(command))
        self._sequencer.put_now(0, Kind.COMMAND, _pack(SetRecording(True)))
        self._tell_of_tape("info", f"recording to {path.name}; its replay starts with less than this engine knows")
        return True, f"Recording to {path.name}"

    def _end_recording(self) -> tuple[bool, str]:
        recorded = self._recording.end()
        if recorded is None:
            return False, "Nothing is being recorded"
        if self._recording.trouble:
            return True, f"The recording has ended and is not whole: {self._recording.trouble}"
        return True, f"Recorded {recorded.path}: see `tapedeck play`"

    def _tell_of_tape(self, level: LogLevel, text: str) -> None:
        self.core.journal.say(self.core.now_ms, level, "tape", text)

    def _connect(self, urls: Urls) -> HyperliquidClient:
        settings = client_settings(self._settings, urls)
        return HyperliquidClient(settings, self._inbox, self._clock, self._generator)

    def _session(self) -> Session:
        return Session(
            created_wall_ns=self._clock.wall_ns(),
            mode=self.source.mode,
            label=f"{self.source.label} {self.source.detail}",
            seed=self._settings.demo.seed if self._demo is not None else None,
            settings_toml=to_toml(self._settings),
            settings_sha256=settings_sha256(self._settings),
            app_version=__version__,
            recording_id=uuid4().hex,
        )

    async def _dispatch_arrivals(self) -> None:
        while True:
            self._arrivals.extend(await self._inbox.fetch())
            # What is left here when a dispatch fails is dispatched once this worker is started again.
            turn_ends_ns = self._clock.monotonic_ns() + _TURN_NS
            while self._arrivals:
                self._sequencer.put(self._arrivals.popleft())
                if self._clock.monotonic_ns() >= turn_ends_ns:
                    # What a turn has brought is not held back until all that waits is dispatched.
                    self._changed()
                    await asyncio.sleep(0)
                    turn_ends_ns = self._clock.monotonic_ns() + _TURN_NS
            self._changed()

    async def _tick(self) -> None:
        period_s = self._settings.engine.tick_ms / 1000
        while True:
            await asyncio.sleep(period_s)
            self._inbox.put(0, Kind.TIMER, b"")
            if self.core.wallets.is_due(self.core.now_ms):
                self.command(StartJob("wallets"))
            if self._wallets.mind_memory(self.core.wallets):
                self._sequencer.put_now(0, Kind.COMMAND, _pack(TidyWallets()))
            self._mind_local_time()
            self._tell_of_store()

    def _mind_local_time(self) -> None:
        """Quiet hours are of local time, which summer time moves while a run goes on."""
        whales, ahead = self.core.whales, minutes_ahead(self._clock.wall_ns())
        if whales.is_restored and ahead != whales.alerting.desk.book.ahead_minutes:
            self._sequencer.put_now(0, Kind.COMMAND, _pack(UseLocalTime(ahead)))

    def _tell_of_store(self) -> None:
        for text in self._store_news.of(self._keeper.view()):
            self.core.journal.say(self.core.now_ms, "error", "store", text)

    async def _watch_demo(self) -> None:
        if self._demo is not None:
            await self._demo.ended()
            text = "the simulated venue has ended; leave with q and start again"
            self.core.journal.say(self.core.now_ms, "error", "venue", text)

    def _worker_failed(self, name: str, reason: str) -> None:
        self.core.journal.say(self.core.now_ms, "error", name, reason)
        self._changed()
