"""The actions on wallets: what a user makes of one, whom to follow, and by which profile all are judged."""

import asyncio
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from app.core.errors import TapedeckError, UsageError
from app.core.text import clean
from app.engine.protocol import StartJob
from app.engine.protocol_wallets import NOTE_CELLS, NoteWallet, ReviewState, SetWalletProfile, WalletRow
from app.ui.deck_base import DeckBase
from app.ui.panels.wallets import NO_SCANNER, wallet_name
from app.ui.screens.wallet import WalletScreen
from app.ui.widgets.sources_prompt import SourcesPrompt
from app.ui.widgets.text_prompt import TextPrompt

if TYPE_CHECKING:
    from app.wallets.plans import Spelled

WalletField = Literal["alias", "tag", "note"]

_NO_WALLET = "Put the cursor on a wallet, or open one."


class WalletActions(DeckBase):
    """All of it is kept on this machine; nothing is sent to any venue."""

    def action_review(self, review: ReviewState) -> None:
        """Keep what the user makes of the wallet."""
        address = self._wallet()
        if address:
            self._send(NoteWallet(address, review=review))

    def _follow_wallet(self) -> None:
        """Follow the wallet, or end it."""
        address = self._wallet()
        if address:
            row = self._row_of(address)
            self._send(NoteWallet(address, followed=not (row is not None and row.followed)))

    async def _edit_wallet(self, field: WalletField) -> None:
        """Open a line to write an alias, a tag or a note."""
        address = self._wallet()
        if not address:
            return
        written = self._written(address, field)
        if written is None:
            self.flash(f"The {field} of this wallet is not known here, so it stays as it is.", "warning")
            return
        question = f"{field.capitalize()} of {wallet_name(address, '')}"
        await self._ask(TextPrompt(address, field, question, written, longest=NOTE_CELLS[field]))

    async def action_scan_sources(self) -> None:
        """Open a line to write whose wallets are to be scanned."""
        newest = self._connected()
        if newest is None:
            return
        if newest.wallets is None:
            self.flash(NO_SCANNER, "warning")
        else:
            await self._ask(SourcesPrompt())

    async def on_sources_prompt_ended(self, event: SourcesPrompt.Ended) -> None:
        """Begin the scan that was written."""
        await self._end_asking()
        if event.text is None:
            self.flash("No scan was begun.")
        else:
            self.run_worker(self._scan(event.text), group="commands", exit_on_error=False)

    async def _scan(self, text: str) -> None:
        """Read the files that are named, for the engine reads none, and have it scan."""
        try:
            # A file may lie on a disk that takes its time.
            spelled = await asyncio.to_thread(_spelled, text)
        except TapedeckError as error:
            self.flash(f"No scan was begun: {error}", "warning")
            return
        refused = spelled.refused
        left_out = f"left out: {refused[0][:48]!r}, no address, and {len(refused) - 1:,} more; " if refused else ""
        await self._give(StartJob("wallets", " ".join(spelled.words)), f"{left_out}{self._key('refresh')} cancels")

    def action_next_profile(self) -> None:
        """Judge wallets by the profile after the one in force."""
        newest = self._connected()
        if newest is None:
            return
        wallets = newest.wallets
        if wallets is None:
            self.flash(NO_SCANNER, "warning")
            return
        profiles = wallets.profiles
        if not [name for name in profiles if name != wallets.profile]:
            self.flash("There is no other profile to judge wallets by.", "warning")
            return
        place = profiles.index(wallets.profile) + 1 if wallets.profile in profiles else 0
        self._send(SetWalletProfile(profiles[place % len(profiles)]))

    def _wallet(self) -> str:
        """The address of the wallet that is open or under the cursor; says why there is none."""
        if self._connected() is None:
            return ""
        screen = self._deck_screen
        if isinstance(screen, WalletScreen):
            return screen.address
        selection = screen.selection()
        address = selection.wallet if selection is not None else ""
        if not address:
            self.flash(_NO_WALLET, "warning")
        return address

    def _row_of(self, address: str) -> WalletRow | None:
        """The newest verdict on a wallet, of the list or of the one that is opened."""
        newest = self.state.view().newest
        if newest is None:
            return None
        opened = newest.wallet
        if opened is not None and opened.address == address and opened.row is not None:
            return opened.row
        rows = newest.wallets.rows if newest.wallets is not None else ()
        return next((row for row in rows if row.address == address), None)

    def _written(self, address: str, field: WalletField) -> str | None:
        """What is written about a wallet so far; None where that is not known: it would be replaced unseen."""
        row = self._row_of(address)
        if row is None:
            return None
        return row.alias if field == "alias" else row.tag if field == "tag" else row.note


def _spelled(text: str) -> "Spelled":
    """The words of a line, where a name with blanks stands in quotes. Raises `UsageError`, also for an open quote."""
    from app.wallets.plans import spelled_out

    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{clean(str(error), 60).lower()}; close the quote") from error
    return spelled_out([_at_home(word) if word.startswith("~") else word for word in words])


def _at_home(word: str) -> str:
    try:
        return str(Path(word).expanduser())
    except (ValueError, RuntimeError) as error:
        raise UsageError(f"{clean(word, 48)} is nobody's folder: {clean(str(error), 80)}") from error


def note_of_wallet(event: TextPrompt.Ended) -> NoteWallet:
    """What was written about a wallet, as a command."""
    if event.field == "alias":
        return NoteWallet(event.subject, alias=event.text)
    if event.field == "tag":
        return NoteWallet(event.subject, tag=event.text)
    return NoteWallet(event.subject, note=event.text)
