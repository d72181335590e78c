"""Thresholds of a scan, and their profiles. The settings section `[wallets]` is the only place that defines them."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.config.load import build
from app.config.profiles import find_profile, read_profile
from app.config.wallet_settings import WalletsSettings

Thresholds = WalletsSettings
"""What a verdict is measured against."""


def with_profile(thresholds: Thresholds, name: str, folders: Sequence[Path]) -> Thresholds:
    """The same thresholds with those that a profile sets put in their place: what switching the profile does.

    Raises `ConfigError` when there is no such profile or it holds a wrong value.
    """
    given = read_profile(find_profile(name, folders))
    read = build(given).wallets
    values = {key: getattr(read, key) for key in (value.key.removeprefix("wallets.") for value in given)}
    return msgspec.structs.replace(thresholds, profile=name, **values)
