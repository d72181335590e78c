"""Where settings come from: files, the environment and flags, each read into a flat list of given values."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from app.config.fields import section_names
from app.config.files import load_toml
from app.config.locations import HOME_VARIABLE
from app.core.errors import ConfigError
from app.core.text import clean

PREFIX = "TAPEDECK_"
ALIASES = {
    "HP_SCANNER_ENABLED": "scanner.enabled",
    "HP_SCANNER_BATCH_SIZE": "scanner.batch_size",
    "HP_SCANNER_MAX_CONCURRENT": "scanner.max_concurrent",
    "RISK_SPECIALIZATION_THRESHOLD": "wallets.minimum_specialisation",
    "RISK_MARTINGALE_THRESHOLD": "wallets.chase_ratio",
    "RISK_MARTINGALE_LIMIT": "wallets.chase_limit",
    "RISK_TARGET_SCORE": "wallets.target_score",
    "RISK_WATCHLIST_SCORE": "wallets.watchlist_score",
    "USE_ML_PREDICTIONS": "token_decision.use_model",
    "ML_REQUIRED": "token_decision.model_required",
    "ML_MIN_CONFIDENCE": "token_decision.minimum_rise",
    "ML_MIN_COMBINED_CONFIDENCE": "token_decision.minimum_combined",
    "ML_MAX_RUG_RISK": "token_decision.maximum_rug",
    "ML_WEIGHT": "token_decision.model_weight",
    "ML_INFERENCE_TIMEOUT_MS": "token_model.timeout_ms",
    "ML_ENABLED": "token_decision.use_model",
    "ML_THRESHOLD": "token_decision.minimum_rise",
    "ML_CONFIDENCE_THRESHOLD": "token_decision.minimum_rise",
    "ML_MAX_RUG": "token_decision.maximum_rug",
    "ML_MIN_CANDLES": "token_decision.minimum_candles",
    "ML_RUNTIME": "token_model.runtime",
    "ML_WORKERS": "token_model.workers",
    "ML_TIMEOUT_MS": "token_model.timeout_ms",
    "ML_CACHE_TTL": "token_model.cache_s",
    "ML_CACHE_SIZE": "token_model.cached",
}
"""Variables without the prefix that stand for a setting: names of the systems tapedeck takes the place of, and others
that bots of this kind have. Two may stand for one setting."""
RESERVED_VARIABLES = frozenset({HOME_VARIABLE})
SWITCHES = {"yes": "true", "on": "true", "no": "false", "off": "false"}
"""Other words for what a switch can be."""
LARGEST_FILE = 256 * 1024
_WIDEST_PATH = 400


class Given(msgspec.Struct, frozen=True):
    """A value somebody gave for `key`. `origin` says where; `is_text` that it is text still to be read as the type."""

    key: str
    value: Any
    origin: str
    is_text: bool = False


def from_environment(environ: Mapping[str, str]) -> list[Given]:
    """`TAPEDECK_MARKETS__TOP=20` gives `markets.top`. Every variable with the prefix counts, known or not.

    A variable of `ALIASES` comes before them, so that of two for one setting the one with the prefix is the stronger.
    Raises `ConfigError` when two of `ALIASES` say different things of one setting: neither is stronger.
    """
    named = {name: key for name, key in ALIASES.items() if name in environ}
    _check_alike(named, environ)
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in RESERVED_VARIABLES:
            named[name] = name[len(PREFIX) :].lower().replace("__", ".")
    return [
        Given(key, environ[name], f"environment variable {clean(name)}", is_text=True) for name, key in named.items()
    ]


def _check_alike(named: Mapping[str, str], environ: Mapping[str, str]) -> None:
    first: dict[str, str] = {}
    for name, key in named.items():
        other = first.setdefault(key, name)
        if _alike(environ[name]) != _alike(environ[other]):
            raise ConfigError(
                f"environment variables {other} and {name} both stand for {key} and differ; unset one of them"
            )


def _alike(text: str) -> str:
    word = text.strip().lower()
    return SWITCHES.get(word, word)


def from_file(path: Path, *, trusted: bool = False) -> list[Given]:
    """The values of a TOML file. A `trusted` file, one that is shipped, may have any permissions.

    Raises `ConfigError` when it cannot be read, is not TOML, is too large, or others may write to it.
    """
    return from_toml(_read(path, trusted), clean(str(path), _WIDEST_PATH))


def from_toml(text: str, origin: str) -> list[Given]:
    """The values of TOML text. Raises `ConfigError`, naming `origin`, when it is not TOML."""
    try:
        tables = load_toml(text)
    except ValueError as error:
        raise ConfigError(f"{origin} is not valid TOML: {error}") from error
    return list(_flatten(tables, "", origin))


def _flatten(table: Mapping[str, Any], prefix: str, origin: str) -> Iterator[Given]:
    for name, value in table.items():
        key = prefix + name
        if isinstance(value, dict) and _is_section(key):
            yield from _flatten(value, key + ".", origin)
        else:
            yield Given(key, value, origin)


def _is_section(key: str) -> bool:
    return any(section == key or section.startswith(key + ".") for section in section_names())


def _read(path: Path, trusted: bool) -> str:
    # Opening a pipe would wait for its writer.
    if path.exists() and not path.is_file():
        raise ConfigError(f"{path} is not a regular file; name a TOML file")
    try:
        with path.open("rb") as file:
            _check_file(file, path, trusted)
            body = file.read(LARGEST_FILE + 1)
        text = body.decode()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    if len(body) > LARGEST_FILE:
        raise ConfigError(f"{path} is larger than {LARGEST_FILE // 1024} KiB, too large for settings")
    return text


def _check_file(file: BinaryIO, path: Path, trusted: bool) -> None:
    mode = os.fstat(file.fileno()).st_mode
    if not trusted and mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(f"{path} can be written by other users, so it is not used; run: chmod go-w {path}")
