"""The settings model as a flat table: every setting by its dotted key, and what it may be, in words."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from app.config.section import Section
from app.config.settings import Settings


class Field(msgspec.Struct, frozen=True):
    """One setting. `section` is the model's class that holds it under `name`; `type` is its annotation."""

    key: str
    section: type[Section]
    name: str
    type: Any
    default: Any


@cache
def setting_fields() -> dict[str, Field]:
    """All settings by dotted key (`markets.top`), in the order of the model."""
    return {field.key: field for field in _walk(Settings, "")}


@cache
def section_names() -> dict[str, type[Section]]:
    """All sections by dotted name, in the order of the model."""
    return {field.key.rpartition(".")[0]: field.section for field in setting_fields().values()}


def _walk(section: type[Section], prefix: str) -> Iterator[Field]:
    for field in msgspec.structs.fields(section):
        key = prefix + field.name
        if isinstance(field.type, type) and issubclass(field.type, Section):
            yield from _walk(field.type, key + ".")
        else:
            yield Field(key=key, section=section, name=field.name, type=field.type, default=_default(field))


def _default(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401 - a setting may be of any type
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def values_of(settings: Settings) -> dict[str, Any]:
    """Every setting's value by dotted key, in the order of the model."""
    return {key: _value(settings, key) for key in setting_fields()}


def _value(settings: Settings, key: str) -> Any:  # noqa: ANN401 - a setting may be of any type
    value: Any = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


def allowed(field: Field) -> str:
    """What the setting may be, as the end of "… must be"."""
    return _allowed(inspect.type_info(field.type))


def _allowed(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata(type=inner, extra_json_schema=schema):
            return str((schema or {}).get("description") or _allowed(inner))
        case inspect.IntType() | inspect.FloatType():
            return ("a whole number" if isinstance(kind, inspect.IntType) else "a number") + _bounds(kind)
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType(values=values):
            return "one of " + ", ".join(sorted(map(str, values)))
        case inspect.VarTupleType(item_type=item):
            return f"a list, each item {_allowed(item)}"
        case inspect.DictType(key_type=name, value_type=value, max_length=most):
            return f"a table of at most {most}, each {_allowed(name)} = {_allowed(value)}"
        case _:
            return "text"


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    low = _bound("at least", kind.ge) or _bound("above", kind.gt)
    high = _bound("at most", kind.le) or _bound("below", kind.lt)
    both = ", ".join(part for part in (low, high) if part)
    return f", {both}" if both else ""


def _bound(words: str, bound: float | None) -> str:
    return "" if bound is None else f"{words} {plain_number(bound)}"


def plain_number(value: float) -> str:
    """A number without a needless `.0`."""
    return str(int(value)) if float(value).is_integer() else str(value)
