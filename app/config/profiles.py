"""Profiles: files of thresholds for wallets that are chosen by name, weaker than what a user sets by hand."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.config.locations import shipped
from app.config.sources import Given, from_file
from app.config.wallet_settings import ProfileName, WalletsSettings
from app.core.errors import ConfigError

_PROFILE = "wallets.profile"


def chosen_profile(given: Sequence[Given], folders: Sequence[Path]) -> Path | None:
    """The file of the profile that the last of `given` chooses; None for a name that is no name.

    Raises `ConfigError` when there is no such profile.
    """
    last = next((value for value in reversed(given) if value.key == _PROFILE), None)
    chosen = WalletsSettings().profile if last is None else last.value
    try:
        name = msgspec.convert(chosen.strip() if last is not None and last.is_text else chosen, ProfileName)
        return find_profile(name, folders)
    except msgspec.ValidationError:
        return None  # told when the settings are put together


def find_profile(name: str, folders: Sequence[Path]) -> Path:
    """The file of a profile, from the first folder that has it. Raises `ConfigError` when none has."""
    path = next((folder / f"{name}.toml" for folder in folders if (folder / f"{name}.toml").is_file()), None)
    if path is None:
        known = ", ".join(profile_names(folders))
        raise ConfigError(f"{_PROFILE} is {name}, but there is no such profile; choose one of {known}")
    return path


def read_profile(path: Path) -> list[Given]:
    """The thresholds in a profile's file. Raises `ConfigError` when it cannot be used or sets anything else."""
    values = from_file(path, trusted=path.is_relative_to(shipped("configs")))
    for value in values:
        if not value.key.startswith("wallets.") or value.key == _PROFILE:
            raise ConfigError(f"{path}: {value.key} has no place in a profile; keep to thresholds below [wallets]")
    return values


def profile_names(folders: Sequence[Path]) -> list[str]:
    """All profiles there are, in order of the alphabet."""
    return sorted({path.stem for folder in folders for path in folder.glob("*.toml")})
