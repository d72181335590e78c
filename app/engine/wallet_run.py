"""Wallets in a run on a venue: what a scan asks is carried out, and how long our own work takes is measured."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from app.config.settings import Settings
from app.core.clock import Clock
from app.core.errors import ConfigError, DataError
from app.core.record import Request
from app.core.text import clean
from app.engine.demo_venue import Urls
from app.engine.protocol_wallets import BudgetView, CacheView, UseWalletRules
from app.engine.saved_before import saved_before
from app.engine.vitals import resident_bytes
from app.engine.wallet_targets import PROFILE_CHOICE, Stopwatch, WalletTargets
from app.feeds.inbox import Inbox
from app.store.schema import CHOICES
from app.store.store import Store
from app.store.table import Condition
from app.wallets.thresholds import Profiles, Thresholds

if TYPE_CHECKING:
    from app.engine.wallet_calls import WalletCalls

_MEASURE_NS = 1_000_000_000
"""Measuring walks through all that is remembered: once in so long is enough for a picture."""
_NEEDED = (
    "app.engine.wallet_calls",
    "app.engine.scanning",
    "app.engine.opening",
    "app.engine.wallet_rules",
    "app.wallets.again",
)


class WalletsOutside(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot shows of scans and the core cannot know. `work_ns` is our own work by stage, 0 to 3."""

    work_ns: tuple[int, ...] = (0, 0, 0, 0)
    caches: tuple[CacheView, ...] = ()
    budgets: tuple[BudgetView, ...] = ()
    retries: int = 0
    memory_bytes: int = 0
    profiles: tuple[str, ...] = ()


class WalletRun(Stopwatch):
    """Loads what scans need behind the first picture, and measures them."""

    def __init__(
        self, settings: Settings, store: Store, inbox: Inbox, clock: Clock, generator: np.random.Generator,
        profiles: Profiles,
    ) -> None:  # fmt: skip
        self.calls: WalletCalls | None = None
        self._settings, self._store, self._inbox = settings, store, inbox
        self._clock, self._generator, self._profiles = clock, generator, profiles
        self._work_ns = [0, 0, 0, 0]
        self._number = self._began_ns = self._measured_ns = 0
        self._measured: WalletsOutside | None = None
        self._checked = (0, 0)
        self._is_too_large = False

    async def load(self, urls: Urls) -> "WalletCalls":
        """Import what scans need, in a thread because it takes a tenth of a second, and be ready to ask; once."""
        if self.calls is not None:
            return self.calls
        for name in _NEEDED:
            await asyncio.to_thread(import_module, name)
        from app.engine.wallet_calls import WalletCalls

        self.calls = WalletCalls(
            (urls.prediction_url, urls.gamma_url), self._settings, self._store, self._inbox, self._clock,
            self._generator,
        )  # fmt: skip
        return self.calls

    def other_rules(self, wallets: WalletTargets) -> list[UseWalletRules]:
        """What is to be judged with from now on, where that is something else. For after `load`."""
        from app.engine.wallet_rules import rules_here

        found = [] if self.calls is None else [rules_here()]
        return [rules for rules in found if rules != wallets.rules]

    async def saved(self) -> tuple[bytes, str]:
        """What is stored of wallets, empty for nothing; and why that is not known. For after `load`."""
        from app.engine.wallet_shelf import saved_wallets

        now_ms = self._clock.wall_ns() // 1_000_000
        return await saved_before(self._store, lambda reader: saved_wallets(reader, now_ms))

    async def chosen_before(self, wallets: WalletTargets) -> tuple[Thresholds | None, str]:
        """What the profile chosen by key in an earlier run judges by; and why it cannot be used, empty when it can.

        None where none was, or one was in this run already, or the user's settings say otherwise.
        """
        if self._profiles.is_set_by_hand:
            return None, ""
        try:
            thresholds = await self._stored_choice()
        except (ConfigError, DataError) as error:
            why = f"the profile chosen before cannot be used: {clean(str(error), 160)}"
            return None, f"{why}; judging by {wallets.thresholds.profile}, choose another with the profile key"
        return (thresholds if wallets.thresholds is self._settings.wallets else None), ""

    async def _stored_choice(self) -> Thresholds | None:
        """Raises `ConfigError` for a profile that is gone, `DataError` for a database that cannot be read."""
        chosen = await self._store.reader().select(CHOICES, (Condition("name", "=", PROFILE_CHOICE),))
        name = chosen[0].value if chosen else self._settings.wallets.profile
        if name == self._settings.wallets.profile:
            return None
        if name not in self._profiles.names:
            raise ConfigError(f"{clean(name, 32)} is gone")
        return self._profiles.thresholds(name)

    def outstanding(self) -> list[Request]:
        """Questions that have not been answered."""
        calls = self.calls
        return [] if calls is None else [*calls.client.outstanding(), *calls.shelf.outstanding()]

    def remember(self, row: object) -> None:
        """A row is on its way to the database."""
        if self.calls is not None:
            self.calls.shelf.remember(row)

    def mind_memory(self, wallets: WalletTargets) -> bool:
        """After each batch of a scan, above `scanner.memory_mb`: forget the older half of what is remembered.

        Whether the scan should give back what it holds, too: once each time the program grows too large, because what
        it gives back has to be asked for again.
        """
        calls, scanning = self.calls, wallets.scanning
        if calls is None or scanning is None or not wallets.runs:
            return False
        batch = (scanning.number, scanning.progress().finished // self._settings.scanner.batch_size)
        if batch == self._checked:
            return False
        was_too_large, self._checked = self._is_too_large, batch
        self._is_too_large = resident_bytes() > self._settings.scanner.memory_mb * 1_000_000
        if self._is_too_large:
            calls.halve()
        return self._is_too_large and not was_too_large

    def begins(self) -> None:
        """Work for a scan begins."""
        self._began_ns = self._clock.monotonic_ns()

    def ends(self, number: int, stage: int) -> None:
        """It is done: it was for a stage of scan `number`, 0 for none of them."""
        if number != self._number:
            self._number, self._work_ns = number, [0, 0, 0, 0]
        self._work_ns[stage] += self._clock.monotonic_ns() - self._began_ns

    def view(self) -> WalletsOutside:
        """What is measured: work and budgets now, memory and caches as of at most a second ago."""
        calls = self.calls
        if calls is None:
            return WalletsOutside(profiles=self._profiles.names)
        now_ns = self._clock.monotonic_ns()
        if self._measured is None or now_ns - self._measured_ns >= _MEASURE_NS:
            self._measured_ns = now_ns
            self._measured = WalletsOutside(
                caches=calls.caches(), memory_bytes=resident_bytes(), profiles=self._profiles.names
            )
        return msgspec.structs.replace(
            self._measured,
            work_ns=tuple(self._work_ns),
            budgets=calls.budgets(),
            retries=calls.carrier.retries,
        )
