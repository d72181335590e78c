"""Themes as data: a TOML file gives each role a style; this module checks it and derives what Textual and Rich need.

A role's style is a colour (`#rrggbb` or a terminal colour such as `bright_red` or `default`), optionally `on` another,
with any of `bold`, `dim`, `italic`, `underline` and `reverse`.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

import msgspec
from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme

from app.core.errors import ConfigError
from app.core.text import clean

Role = Literal[
    "background",
    "panel",
    "border",
    "text",
    "muted",
    "accent",
    "up",
    "down",
    "stale",
    "warning",
    "alert",
    "live",
    "demo",
    "tape",
    "cursor",
]
ROLES: tuple[Role, ...] = get_args(Role)

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_TERMINAL_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_COLOUR = re.compile(rf"#[0-9a-f]{{6}}|default|(bright_)?({'|'.join(_TERMINAL_COLOURS)})")
_ATTRIBUTES = frozenset({"bold", "dim", "italic", "underline", "reverse", "on"})
_BAD_PAIRS = frozenset({("on", word) for word in _ATTRIBUTES})
_MAXIMUM_BYTES = 64 * 1024

_DEFAULT_ROLES: Mapping[Role, str] = {
    "background": "#0b0f14",
    "panel": "#10161d",
    "border": "#2c3a47",
    "text": "#d7dee6",
    "muted": "#8795a3",
    "accent": "#f2b84b",
    "up": "#4cc38a",
    "down": "#f2777a",
    "stale": "#75818c",
    "warning": "bold #f2b84b",
    "alert": "bold #ff6b6b",
    "live": "bold #05140c on #4cc38a",
    "demo": "bold #1a1203 on #f2b84b",
    "tape": "bold #04111f on #6cb6ff",
    "cursor": "on #23313f",
}


class ThemeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a theme file holds. `ansi` says that it uses the terminal's own colours only."""

    name: str
    roles: dict[Role, str]
    description: str = ""
    dark: bool = True
    ansi: bool = False


@dataclass(frozen=True)
class Palette:
    """A checked theme: a Rich style for every role, on the panel's background where the role names none."""

    name: str
    dark: bool
    ansi: bool
    styles: Mapping[Role, Style]

    def style(self, role: Role) -> Style:
        """The style of a role on the panel's background."""
        return self.styles[role]

    def textual_theme(self) -> Theme:
        """The same colours for Textual's own widgets."""
        accent, alert, up = (_textual_colour(self.styles[role]) for role in ("accent", "alert", "up"))
        panel = _textual_colour(self.styles["panel"])
        # Textual's own rules name variables that only its terminal-colour themes define.
        border = _textual_colour(self.styles["border"])
        own = BUILTIN_THEMES["ansi-dark" if self.dark else "ansi-light"].variables if self.ansi else {}
        return Theme(
            name=f"deck-{self.name}",
            primary=accent,
            secondary=accent,
            accent=accent,
            warning=accent,
            error=alert,
            success=up,
            foreground=_textual_colour(self.styles["text"]),
            background=_textual_colour(self.styles["background"]),
            surface=panel,
            panel=panel,
            dark=self.dark,
            ansi=self.ansi,
            variables={
                **own,
                "border": border,
                "panel-darken-1": panel,
                "scrollbar-background": panel,
                "scrollbar": border,
            },
        )


def default_palette() -> Palette:
    """The theme that is always there."""
    return _palette(ThemeFile(name="built-in", roles=dict(_DEFAULT_ROLES)))


def parse_theme(text: str, origin: str) -> Palette:
    """The theme a file holds. Raises `ConfigError` naming `origin`, the key and what is wrong with it."""
    try:
        file = msgspec.convert(tomllib.loads(text), ThemeFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise ConfigError(f"theme {origin}: {error}; correct the file or remove it") from error
    if not _NAME.fullmatch(file.name):
        raise ConfigError(f"theme {origin}: name must be lower-case letters, digits and hyphens; correct it")
    missing = [role for role in ROLES if role not in file.roles]
    if missing:
        raise ConfigError(f"theme {origin}: no style for role {missing[0]!r}; add it under [roles]")
    for role, style in file.roles.items():
        _check_style(role, style, origin)
    return _palette(file)


def load_themes(folders: Sequence[Path]) -> tuple[dict[str, Palette], list[str]]:
    """The themes found in `folders`, the earlier folder winning a name, and one sentence for each file left out."""
    palettes: dict[str, Palette] = {}
    notices: list[str] = []
    for path in (path for folder in folders for path in sorted(folder.glob("*.toml"))):
        try:
            palette = parse_theme(_read(path), path.name)
        except ConfigError as error:
            notices.append(str(clean(str(error), 200)))
        else:
            palettes.setdefault(palette.name, palette)
    return palettes, notices


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MAXIMUM_BYTES + 1)
        if len(content) > _MAXIMUM_BYTES:
            raise ConfigError(f"theme {path.name}: larger than {_MAXIMUM_BYTES // 1024} KiB; remove it")
        return content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"theme {path.name}: cannot be read ({error}); correct the file or remove it") from error


def _check_style(role: Role, style: str, origin: str) -> None:
    words = style.split()
    for word in words:
        if word not in _ATTRIBUTES and not _COLOUR.fullmatch(word):
            raise ConfigError(f"theme {origin}: role {role!r} has {word!r}; use #rrggbb, a terminal colour, or bold")
    if not words or words[-1] == "on" or any(pair in _BAD_PAIRS for pair in pairwise(words)):
        raise ConfigError(f"theme {origin}: role {role!r} must name a colour after 'on'; correct it")


def _palette(file: ThemeFile) -> Palette:
    panel = Style.parse(file.roles["panel"])
    text = Style.parse(file.roles["text"])
    base = text + Style(bgcolor=panel.color)
    styles: dict[Role, Style] = {role: base + Style.parse(file.roles[role]) for role in ROLES}
    # A cursor is laid over the row's own colours: it must not bring any it does not name.
    styles["cursor"] = Style.parse(file.roles["cursor"])
    return Palette(file.name, file.dark, file.ansi, styles)


def _textual_colour(style: Style) -> str:
    """The foreground of a style in Textual's spelling."""
    if style.color is None:
        return "ansi_default"
    if style.color.is_default or style.color.triplet is None:
        return f"ansi_{style.color.name}"
    return style.color.triplet.hex
