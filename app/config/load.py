"""Settings in order: flags, environment, `--config` file, user file, profile, shipped defaults. The first one wins."""

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from app.config.fields import Field, allowed, section_names, setting_fields
from app.config.locations import Locations, shipped
from app.config.profiles import chosen_profile, read_profile
from app.config.settings import Settings
from app.config.sources import SWITCHES, Given, from_environment, from_file, from_toml
from app.core.errors import ConfigError
from app.core.text import clean

DEFAULT_FILES = ("default.toml", "scalper.toml")
"""The files in `configs/` that ship with every setting's default."""
_WIDEST_VALUE = 80


class Loaded(msgspec.Struct, frozen=True):
    """Settings, and for each dotted key where its value came from. `files` are those read, strongest first.

    `by_hand` are the keys that the user's own files, variables or flags set: a profile is weaker than these.
    """

    settings: Settings
    origins: dict[str, str]
    files: tuple[Path, ...]
    by_hand: frozenset[str] = frozenset()


def load(
    locations: Locations,
    *,
    config: Path | None = None,
    flags: Sequence[Given] = (),
    environ: Mapping[str, str] = os.environ,
) -> Loaded:
    """Read every source. `config` is the file named by `--config`; the user's own file is read where there is one.

    Raises `ConfigError` with one line for each unknown key and each wrong value of any source.
    """
    default_files = [shipped("configs") / name for name in DEFAULT_FILES]
    own_files = [path for path in (config, _existing(locations.config_file)) if path is not None]
    given = [value for path in default_files for value in from_file(path, trusted=True)]
    own = [value for path in reversed(own_files) for value in from_file(path)]
    own += [*from_environment(environ), *flags]
    profile = chosen_profile([*given, *own], locations.profile_folders())
    given += [*(read_profile(profile) if profile else ()), *own]
    settings = build(given)
    origins = {value.key: value.origin for value in given}
    files = (*own_files, *filter(None, [profile]), *default_files)
    return Loaded(settings=settings, origins=origins, files=files, by_hand=frozenset(value.key for value in own))


def parse_settings(text: str, origin: str) -> Settings:
    """Settings from TOML text alone, as `to_toml` writes them; what is missing has the model's default.

    Raises `ConfigError`, naming `origin`.
    """
    return build(from_toml(text, origin))


def check_file(path: Path) -> Settings:
    """The settings of one file over the model's defaults. Raises `ConfigError` with a line for each mistake."""
    return build(from_file(path))


def build(given: Iterable[Given]) -> Settings:
    """Put values together; of two for one key the later wins. Raises `ConfigError` with a line for each mistake."""
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    for item in given:
        try:
            values[item.key] = _read_value(item)
        except ConfigError as error:
            mistakes.append(str(error))
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return msgspec.convert(_nest(values), Settings)


def _existing(path: Path) -> Path | None:
    return path if path.exists() else None


def _nest(values: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *parents, name = key.split(".")
        table = tree
        for parent in parents:
            table = table.setdefault(parent, {})
        table[name] = value
    return tree


def _read_value(given: Given) -> Any:  # noqa: ANN401 - a setting may be of any type
    field = setting_fields().get(given.key)
    if field is None:
        raise ConfigError(_unknown(given))
    value = _split(given.value, field) if given.is_text else given.value
    try:
        section = msgspec.convert({field.name: value}, field.section, strict=not given.is_text)
    except (msgspec.ValidationError, OverflowError) as error:
        raise ConfigError(_wrong(given, field, error)) from error
    return getattr(section, field.name)


def _split(text: str, field: Field) -> str | list[str] | dict[str, str]:
    """Text for a list is comma separated, that for a table `name: text; name: text`; empty text is an empty one. A
    switch may be yes or no, on or off, as shells' and other programs' are."""
    kind = inspect.type_info(field.type)
    if isinstance(kind, inspect.BoolType):
        return SWITCHES.get(text.strip().lower(), text.strip())
    if isinstance(kind, inspect.DictType):
        pairs = (item.partition(":") for item in text.split(";") if item.strip())
        return {name.strip(): value.strip() for name, _, value in pairs}
    if not isinstance(kind, inspect.VarTupleType):
        return text.strip()
    return [item.strip() for item in text.split(",")] if text.strip() else []


def _unknown(given: Given) -> str:
    start = f"{given.origin}: {clean(given.key)} is not a setting"
    if given.key in section_names():
        return f"{start} but a section; write its settings below [{given.key}]"
    nearest = nearest_key(given.key, section=isinstance(given.value, dict))
    return f"{start}; did you mean {nearest}?" if nearest else f"{start}; `tapedeck config show` lists all settings"


def _wrong(given: Given, field: Field, error: Exception) -> str:
    shown = clean(repr(given.value) if not given.is_text else given.value or "empty", _WIDEST_VALUE)
    reason = error.__cause__ if isinstance(error.__cause__, ValueError) else None
    because = f" ({reason})" if reason else ""
    return f"{given.origin}: {field.key} is {shown}, but must be {allowed(field)}{because}"


def nearest_key(key: str, *, section: bool = False) -> str | None:
    """The setting (or section) whose name is most like `key`; a right name under a wrong section counts as near."""
    if section:
        return _closest(key, section_names())
    keys = setting_fields()
    whole = _closest(key, keys)
    if whole:
        return whole
    names = {known.rpartition(".")[2]: known for known in keys}
    name = _closest(key.rpartition(".")[2], names)
    return names[name] if name else None


def _closest(word: str, known: Iterable[str]) -> str | None:
    # Comparing is quadratic in the length, and a key from a file may be of any length.
    return next(iter(difflib.get_close_matches(word[:64], known, n=1, cutoff=0.7)), None)
