"""The actions that copy, through the terminal."""

from app.ui.copying import copyables, shortened
from app.ui.deck_base import DeckBase
from app.ui.panels.detail import row_text
from app.ui.screens.copy_menu import CopyMenu


class CopyActions(DeckBase):
    """OSC 52 reaches the user's own clipboard through SSH and tmux, where nothing else does."""

    async def action_copy_row(self) -> None:
        """Copy the row under the cursor through the terminal (OSC 52): where it is from, and all it holds."""
        screen = self._deck_screen
        if isinstance(screen, CopyMenu):
            await self._copy_chosen(screen)
            return
        selection = screen.selection()
        if selection is None:
            self.flash("There is no row here to copy.", "warning")
            return
        self._copy(row_text(self.state.view(), selection.columns, selection.row))

    async def action_copy_more(self) -> None:
        """Let the user choose what to copy: a cell, the row or the panel, as text or as JSON."""
        selection = self._deck_screen.selection()
        if selection is None:
            self.flash("There is no row here to copy.", "warning")
            return
        view = self.state.view()
        items = copyables(view, selection.panel.id, selection.columns, selection.row, selection.rows)
        await self._open(CopyMenu(self._palette, items))

    async def _copy_chosen(self, menu: CopyMenu) -> None:
        chosen = menu.chosen
        await self.action_back()
        if chosen is not None:
            self._copy(chosen.text)

    def _copy(self, text: str) -> None:
        text, cut = shortened(text)
        self.copy_to_clipboard(text)
        first, _, rest = text.partition("\n")
        lines = f" … {rest.count(chr(10)) + 2} lines" if rest else ""
        self.flash(f"Sent to the terminal to copy (OSC 52){', cut short' if cut else ''}: {first}{lines}")
