"""Themes as data: a TOML file gives each role a style; this module checks it and derives what Textual and Rich need.

A role's style is a colour (`#rrggbb` or a terminal colour such as `bright_red` or `default`), optionally `on` another,
with any of `bold`, `dim`, `italic`, `underline` and `reverse`.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

import msgspec
from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme

from app.config.files import load_toml, read_small
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
_HUES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_TERMINAL_COLOURS = ("default", *_HUES, *(f"bright_{hue}" for hue in _HUES))
_HEX_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse", "on")
_BAD_PAIRS = frozenset({("on", word) for word in _ATTRIBUTES})
_WIDEST_WORD = 32
_WIDEST_DESCRIPTION = 60
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
    description: str
    dark: bool
    ansi: bool
    styles: Mapping[Role, Style]

    def style(self, role: Role) -> Style:
        """The style of a role on the panel's background."""
        return self.styles[role]

    @property
    def colourless(self) -> bool:
        """Whether it names no colour but the terminal's default ones, and so looks the same under NO_COLOR."""
        colours = (colour for style in self.styles.values() for colour in (style.color, style.bgcolor))
        return all(colour is None or colour.is_default for colour in colours)

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
    """The theme a file holds.

    Raises `ConfigError` naming `origin`, the first key that is wrong, what is wrong with it and the nearest right word.
    """
    try:
        content = load_toml(text)
        _check_keys(content)
        file = msgspec.convert(content, ThemeFile)
        _check_values(file)
    # A number of thousands of digits is a plain ValueError.
    except (ValueError, msgspec.ValidationError, ConfigError) as error:
        raise ConfigError(f"theme {origin}: {error}") from error
    return _palette(file)


def load_themes(folders: Sequence[Path]) -> tuple[dict[str, Palette], list[str]]:
    """The themes found in `folders`, the earlier folder winning a name, and one sentence for each file left out."""
    palettes: dict[str, Palette] = {}
    notices: list[str] = []
    for path in (path for folder in folders for path in sorted(folder.glob("*.toml"), key=lambda path: path.stem)):
        try:
            palette = parse_theme(_read(path), path.name)
        except ConfigError as error:
            notices.append(str(clean(str(error), 200)))
        else:
            palettes.setdefault(palette.name, palette)
    return palettes, notices


def one_notice(broken: Sequence[str], wanted: str, known: Collection[str]) -> str:
    """All there is to say at the start about themes, in one go: empty when the theme `wanted` is among those `known`
    and no file is `broken`. Of several broken files one is told, that of the wanted theme first, and the rest counted.
    """
    own = [notice for notice in broken if _is_about(notice, wanted)]
    sentences = [*own, *broken][:1]
    if wanted not in known and own:
        sentences.append("The built-in theme is shown")
    elif wanted not in known:
        hint = nearest_hint(wanted, known) if known else ""
        sentences.append(f"There is no usable theme {wanted!r}, the built-in one is shown{hint}")
    if len(broken) > 1:
        sentences.append(f"{len(broken) - 1} more theme file{'s have' if len(broken) > 2 else ' has'} errors")
    return " ".join(f"{sentence}." for sentence in sentences)


def check_theme(name: str, folders: Sequence[Path]) -> tuple[str, list[str]]:
    """Why there is no theme called `name` to use (empty when there is), and a sentence for each other broken file."""
    palettes, broken = load_themes(folders)
    own = [notice for notice in broken if _is_about(notice, name)]
    others = [notice for notice in broken if not _is_about(notice, name)]
    if own:
        return own[0], others
    return "" if name in palettes else f"there is no such theme{nearest_hint(name, palettes)}", others


def _is_about(notice: str, name: str) -> bool:
    return notice.startswith(f"theme {name}.toml:")


def nearest_hint(word: str, known: Iterable[str]) -> str:
    """The hint that ends a message about `word`, which is none of `known`: the nearest of them, or all."""
    known = tuple(known)
    # Comparing is quadratic in the length, and a word from a file may be of any length.
    close = difflib.get_close_matches(word[:_WIDEST_WORD].lower(), known, n=1, cutoff=0.6)
    return f"; nearest: {close[0]}" if close else f"; known: {' '.join(known)}"


def _read(path: Path) -> str:
    try:
        return read_small(path, _MAXIMUM_BYTES)
    except (FileNotFoundError, ConfigError) as error:
        raise ConfigError(f"theme {path.name}: {error}") from error


def _check_keys(content: Mapping[str, object]) -> None:
    for key in content:
        if key not in ThemeFile.__struct_fields__:
            place = "; write it below [roles]" if key in ROLES else nearest_hint(key, ThemeFile.__struct_fields__)
            raise ConfigError(f"{_shown(key)} is not a key of a theme{place}")
    roles = content.get("roles")
    for role, style in roles.items() if isinstance(roles, dict) else ():
        if role not in ROLES:
            place = "; write it above [roles]" if role in ThemeFile.__struct_fields__ else nearest_hint(role, ROLES)
            raise ConfigError(f"{_shown(role)} is not a role{place}")
        if not isinstance(style, str):
            raise ConfigError(f'role {role!r} must be a text in quotes, such as "bold red"')


def _check_values(file: ThemeFile) -> None:
    if not _NAME.fullmatch(file.name):
        raise ConfigError(f"name must be lower-case letters, digits and hyphens, not {_shown(file.name)}")
    missing = [role for role in ROLES if role not in file.roles]
    if missing:
        raise ConfigError(f"no style for role {missing[0]!r}; add it under [roles]")
    for role, style in file.roles.items():
        _check_style(role, style)


def _check_style(role: Role, style: str) -> None:
    words = style.split()
    for word in words:
        if word not in _ATTRIBUTES and word not in _TERMINAL_COLOURS and not _HEX_COLOUR.fullmatch(word):
            raise ConfigError(f"role {role!r} has {_shown(word)}{_nearest_in_style(word)}")
    if not words or words[-1] == "on" or any(pair in _BAD_PAIRS for pair in pairwise(words)):
        raise ConfigError(f"role {role!r} must name a colour, and one after 'on'")


def _nearest_in_style(word: str) -> str:
    return "; write #rrggbb" if word.startswith("#") else nearest_hint(word, (*_TERMINAL_COLOURS, *_ATTRIBUTES))


def _shown(word: str) -> str:
    return repr(str(clean(word, _WIDEST_WORD)))


def _palette(file: ThemeFile) -> Palette:
    panel = Style.parse(file.roles["panel"])
    text = Style.parse(file.roles["text"])
    base = text + Style(bgcolor=panel.color)
    styles: dict[Role, Style] = {role: base + Style.parse(file.roles[role]) for role in ROLES}
    # A cursor is laid over the row's own colours: it must not bring any it does not name.
    styles["cursor"] = Style.parse(file.roles["cursor"])
    description = str(clean(file.description, _WIDEST_DESCRIPTION))
    return Palette(file.name, description, file.dark, file.ansi, styles)


def _textual_colour(style: Style) -> str:
    """The foreground of a style in Textual's spelling."""
    if style.color is None:
        return "ansi_default"
    if style.color.is_default or style.color.triplet is None:
        return f"ansi_{style.color.name}"
    return style.color.triplet.hex
