"""Which theme the deck is drawn in: the one chosen, or, while the command palette is open, the one looked at in it."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Protocol, runtime_checkable

from textual.app import SystemCommand
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits
from textual.system_commands import SystemCommandsProvider

from app.ui.theme import Palette, default_palette

# The deck behind the command palette is not dimmed: a preview shows the colours as they are.
PALETTE_CSS = """
CommandPalette { background: transparent; }
CommandPalette SearchIcon { color: $foreground; }
CommandPalette #--input, CommandPalette #--input.--list-visible { border-top: hkey $border; }
CommandPalette CommandList { border-bottom: hkey $border; }
CommandPalette:nocolor OptionList > .option-list--option-highlighted { text-style: reverse; }
"""

_TITLE = "Theme: "


class ThemeChoice:
    """The themes on offer and the one of them the deck is drawn in; `draw` is called whenever that is another.

    Under NO_COLOR only themes without colours are on offer beside the first one: what another tells by colour alone,
    such as the row of the cursor, would be lost.
    """

    def __init__(
        self, themes: Mapping[str, Palette], chosen: str, draw: Callable[[Palette], object], *, no_color: bool = False
    ) -> None:
        self._offered = {
            name: palette for name, palette in themes.items() if name == chosen or palette.colourless or not no_color
        }
        self._chosen = self._shown = themes[chosen]
        self._draw = draw
        self._no_color = no_color
        self._palette_is_open = False

    @property
    def shown(self) -> Palette:
        """The theme the deck is drawn in now."""
        return self._shown

    def offers(self, name: str) -> bool:
        """Whether there is a theme of this name to choose."""
        return name in self._offered

    def choose(self, name: str) -> str:
        """Draw the deck in the theme `name` until it is left; gives the sentence that says so."""
        self._chosen = self._offered[name]
        self._show(self._chosen)
        keep = f' deck.theme = "{name}" in config.toml keeps it.' if name != default_palette().name else ""
        return f"{_TITLE}{name}.{keep}"

    def choose_next(self) -> str:
        """Choose the theme after the chosen one; gives the sentence that says so, or why there is none."""
        names = list(self._offered)
        if len(names) > 1:
            return self.choose(names[(names.index(self._chosen.name) + 1) % len(names)])
        return (
            "NO_COLOR is set, and no other theme is without colours." if self._no_color else "There is only one theme."
        )

    def commands(self) -> Iterator[tuple[str, str, str]]:
        """Title, description and name of each theme, for the command palette."""
        for name, palette in self._offered.items():
            yield f"{_TITLE}{name}", palette.description, name

    def palette_opened(self) -> None:
        """From now on what is highlighted in the command palette is previewed."""
        self._palette_is_open = True

    def palette_highlighted(self, event: CommandPalette.OptionHighlighted) -> None:
        """Draw the deck in the theme that is highlighted, or in the chosen one where it is another command."""
        hit = getattr(event.highlighted_event.option, "hit", None)
        title = str(hit.text) if isinstance(hit, Hit | DiscoveryHit) else ""
        # A highlight may still be on its way when the command palette has closed.
        if self._palette_is_open:
            name = title.removeprefix(_TITLE) if title.startswith(_TITLE) else ""
            self._show(self._offered.get(name, self._chosen))

    def palette_closed(self, event: CommandPalette.Closed) -> None:
        """Return to the chosen theme, unless a command was picked: that is the one highlighted, and it comes next."""
        self._palette_is_open = False
        if not event.option_selected:
            self._show(self._chosen)

    def _show(self, palette: Palette) -> None:
        if palette is not self._shown:
            self._shown = palette
            self._draw(palette)


@runtime_checkable
class OffersThemes(Protocol):
    """An app whose command palette offers themes, and at its end what cannot be undone."""

    theme_choice: ThemeChoice

    def destructive_commands(self) -> Iterator[SystemCommand]:
        """What cannot be undone."""

    def choose_theme(self, name: str) -> None:
        """Draw the app in another theme."""


class DeckCommands(SystemCommandsProvider):
    """The app's actions in the order it gives them, after them its themes, and last what cannot be undone.

    A theme that came first would be previewed by opening the palette.
    """

    async def discover(self) -> Hits:
        for title, description, run in self._commands():
            yield DiscoveryHit(title, run, help=description)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for title, description, run in self._commands():
            if (score := matcher.match(title)) > 0:
                yield Hit(score, matcher.highlight(title), run, help=description)

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        for command in self.app.get_system_commands(self.screen):
            yield command.title, command.help, command.callback
        yield from self._themes()
        if isinstance(self.app, OffersThemes):
            for command in self.app.destructive_commands():
                yield command.title, command.help, command.callback

    def _themes(self) -> Iterator[tuple[str, str, Callable[[], None]]]:
        app = self.app
        if isinstance(app, OffersThemes):
            for title, description, name in app.theme_choice.commands():
                # Textual reads a description as markup; a theme's comes from a file.
                yield title, description.replace("[", r"\["), partial(app.choose_theme, name)
