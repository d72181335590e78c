"""Keymaps as data: a TOML file gives actions their keys; this module checks it and makes the action table with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import msgspec

from app.config.files import load_toml
from app.config.toml import toml_value
from app.core.errors import ConfigError
from app.core.text import clean
from app.ui.actions import ACTIONS, TABLES, Action, ScreenName
from app.ui.key_names import did_you_mean, key_from, nearest_key

_LONGEST = 40
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_DEFAULT_HEAD = """\
# Every action with its keys. Copy what you want to change into a file in the folder `keymaps` beside your config.toml,
# give it a name, and set deck.keymap to that name: what the file leaves out keeps the keys below (docs/keys.md).
# `python -m app.ui.keymap_files` writes this file anew.
name = "default"
description = "The deck's own keys."

[keys]
"""


class KeymapFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a keymap file holds; `keys` gives action ids a list of keys each."""

    name: str
    description: str = ""
    keys: dict[str, Any] = msgspec.field(default_factory=dict)


@dataclass(frozen=True)
class Keymap:
    """A checked keymap: by action id, the keys that take the place of its own."""

    name: str = "default"
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def actions(self) -> tuple[Action, ...]:
        """The action table with this keymap's keys: what bindings, footer, help and palette show."""
        return tuple(replace(action, keys=self.keys.get(action.id, action.keys)) for action in ACTIONS)

    def textual(self) -> dict[str, str]:
        """What `App.set_keymap` takes: nothing where nothing changes, for Textual applies it to every key pressed."""
        actions = self.actions()
        # All or none: Textual forgets the other actions of a key that it gives to a new one.
        return {action.id: ",".join(action.keys) for action in actions} if actions != ACTIONS else {}


DEFAULT_KEYMAP = Keymap()


def parse_keymap(text: str, origin: str) -> Keymap:
    """The keymap a file holds. Raises `ConfigError` naming `origin`, the key and the nearest that would do."""
    try:
        table = load_toml(text)
        _check_fields(table)
        file = msgspec.convert(table, KeymapFile)
        return _checked(file)
    except (ValueError, msgspec.ValidationError) as error:
        raise ConfigError(f"keymap {origin}: {error}; correct the file or remove it") from error
    except ConfigError as error:
        raise ConfigError(f"keymap {origin}: {error}") from error


def default_file() -> str:
    """The text of configs/keymaps/default.toml: every action with its keys."""
    entries = (f"# {action.description}\n{action.id} = {toml_value(action.keys)}\n" for action in ACTIONS)
    return _DEFAULT_HEAD + "".join(entries)


def _checked(file: KeymapFile) -> Keymap:
    if not file.name or not _NAME_CHARACTERS.issuperset(file.name):
        raise ConfigError("name must be lower-case letters, digits and hyphens; correct it")
    keymap = Keymap(file.name, {_action_id(name): _keys(name, given) for name, given in file.keys.items()})
    _check_shared(keymap.actions())
    return keymap


def _check_fields(table: Mapping[str, object]) -> None:
    """Raises `ConfigError` for what stands outside `[keys]` and does not belong there."""
    for name in (name for name in table if name not in KeymapFile.__struct_fields__):
        if any(action.id == name for action in ACTIONS):
            raise ConfigError(f"{name} stands outside [keys]; write it below")
        hint = did_you_mean(name, KeymapFile.__struct_fields__) or "a keymap has name, description and [keys]"
        raise ConfigError(f"{_quoted(name)} means nothing here; {hint}")


def _action_id(word: str) -> str:
    ids = [action.id for action in ACTIONS]
    if word in ids:
        return word
    raise ConfigError(f"{_quoted(word)} is no action; {did_you_mean(word, ids) or 'docs/keys.md lists them all'}")


def _keys(action_id: str, given: object) -> tuple[str, ...]:
    try:
        words = msgspec.convert(given, list[str])
    except msgspec.ValidationError as error:
        raise ConfigError(f'{action_id} must be a list of keys, such as ["f", "ctrl+d"]') from error
    if not words:
        raise ConfigError(f"{action_id} is left without a key; give it one or take the line out")
    return tuple(dict.fromkeys(_key(action_id, word) for word in words))


def _key(action_id: str, word: str) -> str:
    key = key_from(word)
    if key is None:
        raise ConfigError(f"{action_id} has {_quoted(word)}, which is no key; {nearest_key(word)}")
    return key


def _quoted(word: str) -> str:
    return f'"{clean(word, _LONGEST)}"'


def _check_shared(actions: Sequence[Action]) -> None:
    """Raises `ConfigError` for a key of two actions that work on the same screen."""
    for one, other in combinations(actions, 2):
        shared = [shown for key, shown in zip(one.keys, one.shown_keys, strict=True) if key in other.keys]
        if shared and not _screens(one).isdisjoint(_screens(other)):
            raise ConfigError(f'"{shared[0]}" is a key of {one.id} and of {other.id}; take it from one of them')


def _screens(action: Action) -> frozenset[ScreenName]:
    """Where an action takes its keys: one of the table's, wherever there is a table."""
    return frozenset((*action.screens, *TABLES) if action.scope == "table" else action.screens)
