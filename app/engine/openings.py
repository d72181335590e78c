"""Who looks at which wallet, and what is known of those that are opened up."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.core.errors import ConfigError
from app.core.record import Answer, Request
from app.core.text import clean
from app.engine.looks import Looks

if TYPE_CHECKING:
    from app.engine.opening import Opening

MOST_UNSEEN = 4
"""So many wallets that nobody looks at any more are kept, for whoever comes back."""
_FRESH_MS = 300_000
"""For so long what was asked about a wallet is not asked again."""


class Openings:
    """What is known of the wallets that clients look at; what is asked for nobody is withdrawn.

    `begin` opens up a wallet at a time: it is called once wallets may be asked about, and may raise `ConfigError`.
    """

    def __init__(self, begin: Callable[[str, int], "Opening"]) -> None:
        self.by_wallet: dict[str, Opening] = {}
        """Wallets that are opened up, the one that was looked at last at the end."""
        self.trouble = ""
        """Why the newest wallet could not be opened up; empty when it was."""
        self._begin = begin
        self._looks: Looks[str] = Looks()
        self._may_ask = False

    def look(self, client: int, wallet: str, now_ms: int) -> None:
        """A client looks at this wallet from now on, at none when `wallet` is empty."""
        self.trouble = ""
        self._looks.look(client, wallet or None)
        if wallet:
            self._open(wallet, now_ms)
        self._make_room()

    def may_ask(self, now_ms: int) -> None:
        """Wallets may be asked about from now on: those that somebody waits for are."""
        self._may_ask = True
        self._open_all(now_ms)

    def _open_all(self, now_ms: int) -> None:
        for wallet in self._looks:
            self._open(wallet, now_ms)

    def begin_anew(self, now_ms: int) -> None:
        """What is known was judged by thresholds that are in force no more: it is asked for again where it is seen."""
        for opening in self.by_wallet.values():
            opening.close()
        self.by_wallet.clear()
        self._open_all(now_ms)

    def answered(self, request: Request, answer: Answer, now_ms: int) -> None:
        """An answer of the venue or of the database."""
        for opening in list(self.by_wallet.values()):
            opening.answered(request, answer, now_ms)

    def _open(self, wallet: str, now_ms: int) -> None:
        if not self._may_ask:
            return
        known = self.by_wallet.pop(wallet, None)
        if known is not None and (known.has_failed or now_ms - known.began_ms > _FRESH_MS):
            known.close()
            known = None
        try:
            self.by_wallet[wallet] = known or self._begin(wallet, now_ms)
        except ConfigError as error:
            self.trouble = clean(str(error), 200)

    def _make_room(self) -> None:
        seen = set(self._looks)
        unseen = [wallet for wallet in self.by_wallet if wallet not in seen]
        for wallet in unseen[:-MOST_UNSEEN]:
            self.by_wallet.pop(wallet).close()
