"""The actions that change how the deck looks: theme, mouse, layouts."""

import asyncio
from pathlib import Path

from textual.command import CommandPalette

from app.ui.arranging import arrange_tables, layout_of
from app.ui.deck_base import DeckBase
from app.ui.layouts import Layout, save_layouts
from app.ui.screens.market import MarketScreen
from app.ui.screens.panels import PanelScreen
from app.ui.textual_seams import DeckPalette, release_mouse, take_mouse


class Appearance(DeckBase):
    """What is chosen here holds until the deck is left; layouts are kept in a file."""

    def action_retry(self) -> None:
        """Draw again what failed on this screen."""
        self.flash("Drawing again what failed." if self._deck_screen.retry() else "Nothing has failed here.")

    def action_next_theme(self) -> None:
        """Change to the next theme."""
        self.flash(self.theme_choice.choose_next())

    def action_toggle_mouse(self) -> None:
        """Leave the mouse to the terminal, so that its own selection works, or take it back."""
        change = take_mouse if self._mouse_released else release_mouse
        if not change(self):
            self.flash("This terminal has no mouse to release.", "warning")
            return
        self._mouse_released = not self._mouse_released
        key = self._key("mouse")
        released = f"Mouse released: select with the terminal; {key} takes it back."
        self.flash(released if self._mouse_released else f"The deck has the mouse again; {key} releases it.")

    def action_save_layout(self) -> None:
        """Keep how the deck is arranged now, to bring it back later."""
        path = self._options.layouts
        if path is None:
            self.flash("Layouts cannot be saved here.", "warning")
            return
        number = self._shelf.keep(layout_of(self._dashboard, self._deck_screen, self._palette.name))
        self.run_worker(self._save_layouts(path, number), group="commands", exit_on_error=False)

    async def action_next_layout(self) -> None:
        """Bring back the next saved layout."""
        found = self._shelf.next()
        if found is None:
            self.flash(f"No layout is saved yet; {self._key('save-layout')} saves the one you see.", "warning")
            return
        number, layout = found
        await self._bring_back(layout)
        self.flash(f"Layout {number} of {len(self._shelf.layouts)}.")

    async def _save_layouts(self, path: Path, number: int) -> None:
        # One at a time: two would write the same new file, and the older could come last.
        async with self._saving:
            await asyncio.to_thread(save_layouts, path, tuple(self._shelf.layouts))
        self.flash(f"Saved as layout {number}; {self._key('next-layout')} brings layouts back.")

    async def _bring_back(self, layout: Layout) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if self.theme_choice.offers(layout.theme):
            self.theme_choice.choose(layout.theme)
        arrange_tables(self._dashboard, layout)
        newest = self.state.view().newest
        if newest is not None and any(market.coin == layout.coin for market in newest.markets):
            await self._open(MarketScreen(self._palette, layout.coin, layout.interval, self._options.marks))
        screen = self._deck_screen
        if isinstance(screen, PanelScreen):
            screen.action_panel(layout.alone)

    def action_command_palette(self) -> None:
        """Find an action or a theme by its name."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(DeckPalette(id="--command-palette"))

    def choose_theme(self, name: str) -> None:
        """Draw the deck in the theme `name` until it is left."""
        self.flash(self.theme_choice.choose(name))

    def on_command_palette_opened(self) -> None:
        self.theme_choice.palette_opened()

    def on_command_palette_option_highlighted(self, event: CommandPalette.OptionHighlighted) -> None:
        self.theme_choice.palette_highlighted(event)

    def on_command_palette_closed(self, event: CommandPalette.Closed) -> None:
        self.theme_choice.palette_closed(event)
