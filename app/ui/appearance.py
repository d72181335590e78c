"""The actions that change how the deck looks: theme, mouse, layouts."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
from textual.app import SystemCommand
from textual.command import CommandPalette

from app.ui.arranging import arrange_tables, layout_of
from app.ui.deck_base import DeckBase
from app.ui.layouts import LONGEST_NAME, MOST, Layout, save_layouts, tidy_name
from app.ui.screens.market import MarketScreen
from app.ui.screens.panels import PanelScreen
from app.ui.textual_seams import DeckPalette, release_mouse, take_mouse
from app.ui.widgets.name_prompt import NamePrompt


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

    async def action_save_layout(self) -> None:
        """Ask for a name, and keep how the deck is arranged under it."""
        if self._options.layouts is None:
            self.flash("Layouts cannot be saved here.", "warning")
            return
        prompt = NamePrompt(
            "Save layout as",
            self._proposed_name(),
            taken=self._shelf.names,
            new=len(self._shelf.layouts) < MOST,
            longest=LONGEST_NAME,
            tidy=tidy_name,
        )
        await self._ask(prompt)

    async def on_name_prompt_ended(self, event: NamePrompt.Ended) -> None:
        """Save the layout under the name that was typed, if one was."""
        await self._end_asking()
        if not event.name:
            self.flash("No layout is saved.")
            return
        layout = layout_of(self._dashboard, self._deck_screen, self._palette.name)
        number = self._shelf.keep(msgspec.structs.replace(layout, name=event.name))
        key = self._key("next-layout")
        self._write_layouts(f"Saved {event.name} as layout {number}; {key} brings layouts back.")

    async def action_next_layout(self) -> None:
        """Bring back the next saved layout."""
        found = self._shelf.next()
        if found is None:
            self.flash(f"No layout is saved yet; {self._key('save-layout')} saves the one you see.", "warning")
            return
        number, layout = found
        await self._bring_back(layout)
        self.flash(f"Layout {number} of {len(self._shelf.layouts)}: {layout.name}.")

    def layout_commands(self) -> Iterator[SystemCommand]:
        """For the command palette: bring back a saved layout."""
        for name in self._shelf.names:
            title = _as_title(name)
            yield SystemCommand(f"Layout: {title}", "Bring this layout back.", partial(self._bring_back_named, name))

    def destructive_commands(self) -> Iterator[SystemCommand]:
        """For the end of the command palette: delete a saved layout."""
        for name in self._shelf.names:
            title = _as_title(name)
            yield SystemCommand(f"Delete layout: {title}", "Delete this layout.", partial(self._delete_layout, name))

    async def _bring_back_named(self, name: str) -> None:
        layout = self._shelf.take(name)
        if layout is not None:
            await self._bring_back(layout)
            self.flash(f"Layout: {name}.")

    def _delete_layout(self, name: str) -> None:
        if self._options.layouts is None:
            self.flash("Layouts cannot be deleted here.", "warning")
        elif self._shelf.drop(name):
            self._write_layouts(f"The layout {name} is deleted.")

    def _proposed_name(self) -> str:
        """What is opened, or a number; a name that no layout has, so that enter alone replaces none."""
        screen = self._deck_screen
        opened = tidy_name(f"{screen.coin} {screen.interval}") if isinstance(screen, MarketScreen) else ""
        return opened if opened and opened not in self._shelf.names else self._shelf.free_name()

    def _write_layouts(self, said: str) -> None:
        path = self._options.layouts
        if path is not None:
            self.run_worker(self._save_layouts(path, said), group="commands", exit_on_error=False)

    async def _save_layouts(self, path: Path, said: str) -> None:
        # One at a time: two would write the same new file, and the older could come last.
        async with self._saving:
            await asyncio.to_thread(save_layouts, path, tuple(self._shelf.layouts))
        self.flash(said)

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


def _as_title(name: str) -> str:
    """What somebody typed as a title of the command palette, which Textual reads as markup."""
    return name.replace("[", r"\[")
