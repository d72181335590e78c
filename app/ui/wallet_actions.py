"""The actions on wallets: what a user makes of one, whom to follow, and by which profile all are judged."""

from typing import Literal

from app.engine.protocol_wallets import NOTE_CELLS, NoteWallet, ReviewState, SetWalletProfile, WalletRow
from app.ui.deck_base import DeckBase
from app.ui.panels.wallets import NO_SCANNER, wallet_name
from app.ui.screens.wallet import WalletScreen
from app.ui.widgets.text_prompt import TextPrompt

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


def note_of_wallet(event: TextPrompt.Ended) -> NoteWallet:
    """What was written about a wallet, as a command."""
    if event.field == "alias":
        return NoteWallet(event.subject, alias=event.text)
    if event.field == "tag":
        return NoteWallet(event.subject, tag=event.text)
    return NoteWallet(event.subject, note=event.text)
