"""Thresholds of a scan, and their profiles. The settings section `[wallets]` is the only place that defines them."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import msgspec

from app.config.load import build
from app.config.profiles import find_profile, profile_names, read_profile
from app.config.wallet_settings import WalletsSettings

Thresholds = WalletsSettings
"""What a verdict is measured against."""


class Profiles:
    """The profiles a user may choose from, each below what was set by hand."""

    def __init__(self, given: Thresholds, folders: Sequence[Path], set_by_hand: AbstractSet[str] = frozenset()) -> None:
        """`given` are the thresholds a program began with; `set_by_hand` names the settings (`wallets.target_score`)
        that a user's own file, variables or flags gave.
        """
        self.names = tuple(profile_names(folders))
        self.is_set_by_hand = "wallets.profile" in set_by_hand
        """Whether the user's own file, variables or flags say which profile a program begins with."""
        self._folders = folders
        names = {key.removeprefix("wallets.") for key in set_by_hand if key.startswith("wallets.")}
        self._by_hand = {name: getattr(given, name) for name in names - {"profile"}}

    def thresholds(self, name: str) -> Thresholds:
        """What a program that begins with this profile judges by: whatever was chosen before leaves no trace.

        Raises `ConfigError` when there is no such profile or it holds a wrong value.
        """
        profile = build(read_profile(find_profile(name, self._folders))).wallets
        return msgspec.structs.replace(profile, profile=name, **self._by_hand)
