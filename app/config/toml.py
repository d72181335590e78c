"""Settings as TOML text and back: what `config show` prints and what a tape keeps of the settings it was made with."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from app.config.fields import section_names, values_of
from app.config.settings import Settings


def to_toml(settings: Settings) -> str:
    """All settings, one table a section, in the order of the model. The same settings give the same text."""
    values = values_of(settings)
    return "\n".join(_table(section, values) for section in section_names())


def _table(section: str, values: dict[str, Any]) -> str:
    lines = [f"[{section}]"]
    for key, value in values.items():
        parent, _, name = key.rpartition(".")
        if parent == section:
            lines.append(f"{name} = {toml_value(value)}")
    return "\n".join(lines) + "\n"


def toml_value(value: object) -> str:
    """One value in TOML's notation. Raises `TypeError` for what TOML cannot hold."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        # A TOML string is a JSON string, except that TOML also wants DEL escaped and knows no surrogate pairs.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        # Tables that are equal give the same text, whatever their order.
        pairs = (f"{toml_value(name)} = {toml_value(value[name])}" for name in sorted(value))
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    raise TypeError(f"a {type(value).__name__} has no form in TOML")


def settings_sha256(settings: Settings) -> str:
    """SHA-256 of `to_toml`, in hexadecimal."""
    return hashlib.sha256(to_toml(settings).encode()).hexdigest()
