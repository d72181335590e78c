"""New tokens in a run on a venue: what is asked of the venues and of the model is carried out here."""

import asyncio
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.config.secrets import Secret
from app.config.settings import Settings
from app.core.clock import Clock
from app.core.record import Request
from app.engine.demo_venue import DEMO_KEY, Urls
from app.engine.inference_health import InferenceHealth
from app.engine.outward import Outward
from app.engine.protocol import Mode
from app.engine.saved_before import saved_before
from app.engine.supervisor import Supervisor
from app.engine.token_state import RestoreTokens
from app.feeds.inbox import Inbox
from app.feeds.token_carrier import TokenCarrierSettings
from app.feeds.token_questions import BIRDEYE, DEXSCREENER, GECKOTERMINAL
from app.store.store import Store

if TYPE_CHECKING:
    from app.engine.token_calls import TokenCalls

_NEEDED = ("app.engine.token_calls", "app.engine.token_desk", "app.engine.token_shelf")


class TokenRun:
    """Loads what new tokens need behind the first picture, and knows how the model's workers do."""

    def __init__(
        self, settings: Settings, inbox: Inbox, clock: Clock, generator: np.random.Generator, mode: Mode,
        bundles: Sequence[Path], key: Secret | None,
    ) -> None:  # fmt: skip
        """`bundles` are the folders of the model's bundles; without any tokens are not looked for. `key` is Birdeye's,
        and never goes to the embedded venue."""
        self.calls: TokenCalls | None = None
        self._is_demo = mode == "demo"
        self._key = DEMO_KEY if self._is_demo else key
        self._settings, self._inbox, self._clock, self._generator = settings, inbox, clock, generator
        self._bundles = bundles

    @property
    def is_wanted(self) -> bool:
        """Whether new tokens are looked for."""
        return self._settings.tokens.enabled and bool(self._bundles)

    def reach(self, urls: Urls) -> dict[str, TokenCarrierSettings]:
        """How each venue of tokens is reached; the key goes along to Birdeye alone."""
        tokens, timeout_s = self._settings.tokens, self._settings.tokens.request_timeout_s
        return {
            GECKOTERMINAL: TokenCarrierSettings(urls.gecko_url, tokens.geckoterminal_per_minute, timeout_s),
            DEXSCREENER: TokenCarrierSettings(urls.screener_url, tokens.dexscreener_per_minute, timeout_s),
            BIRDEYE: TokenCarrierSettings(urls.birdeye_url, tokens.birdeye_per_minute, timeout_s, self._key),
        }

    async def begin(self, urls: Urls, outward: Outward, report: Callable[[str], None], store: Store) -> RestoreTokens:
        """Import what is needed, in a thread, and be ready to be asked; what tells the core so, and what `store` holds
        of earlier runs' predictions. Nothing is carried out before `start_workers`.

        `report` is told what a user should hear of.
        """
        for name in _NEEDED:
            await asyncio.to_thread(import_module, name)
        from app.engine.token_calls import TokenCalls
        from app.engine.token_shelf import saved_tokens

        now_ms = self._clock.wall_ns() // 1_000_000
        saved, trouble = await saved_before(store, lambda reader: saved_tokens(reader, now_ms))
        if self.calls is None:
            self.calls = TokenCalls(
                self._settings, self.reach(urls), self._inbox, self._clock, self._generator, self._bundles, report
            )
        for venue, client in self.calls.clients.items():
            outward.join(venue, client)
        return RestoreTokens("demo" if self._is_demo else "live", self._key is not None, saved, trouble)

    def start_workers(self, supervisor: Supervisor) -> None:
        """Carry out what is asked."""
        if self.calls is None:
            return
        for venue, client in self.calls.clients.items():
            supervisor.start(venue, client.run)
        supervisor.start("workers of the token model", self.calls.pool.run)

    def outstanding(self) -> list[Request]:
        """Questions that have not been answered."""
        return [] if self.calls is None else self.calls.outstanding()

    def health(self) -> InferenceHealth | None:
        """How the model's workers do; None before there are any."""
        return None if self.calls is None else self.calls.pool.health()
