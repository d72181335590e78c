"""Where tapedeck keeps its files. The only module that knows directories."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from app.core.errors import ConfigError, DataError

HOME_VARIABLE = "TAPEDECK_HOME"


class Locations(msgspec.Struct, frozen=True, kw_only=True):
    """The directories of one user. They need not exist: `ensure` makes one when it is first written to."""

    config_dir: Path
    """The user's settings (`config.toml`), themes (`themes/`) and keymaps (`keymaps/`)."""
    state_dir: Path
    """Databases and the engine's socket."""
    log_dir: Path
    """Log files and crash files."""
    tape_dir: Path
    """Recordings."""
    cache_dir: Path
    """What may be deleted at any time."""

    @property
    def config_file(self) -> Path:
        """The user's own settings file; it may be absent."""
        return self.config_dir / "config.toml"

    @property
    def log_file(self) -> Path:
        """The log that is being written."""
        return self.log_dir / "tapedeck.log"

    @property
    def layouts_file(self) -> Path:
        """The deck's saved layouts."""
        return self.state_dir / "layouts.json"

    @property
    def engine_socket(self) -> Path:
        """The Unix socket on which a running engine listens."""
        return self.state_dir / "engine.sock"

    def database(self, mode: Literal["live", "demo"]) -> Path:
        """The database of one source: live and simulated rows never share a file."""
        return self.state_dir / f"{mode}.sqlite"

    @property
    def sweeps(self) -> Path:
        """Results of sweeps over files of bars."""
        return self.state_dir / "sweeps.sqlite"

    @property
    def last_backtest(self) -> Path:
        """What `tapedeck backtest` came to last."""
        return self.state_dir / "last-backtest.json"

    @property
    def sweep_bars(self) -> Path:
        """Bars of sweeps that were begun from a deck, so that they can go on; those of another day are removed."""
        return self.cache_dir / "sweep-bars"

    def regime_model(self, mode: Literal["live", "demo"]) -> Path:
        """The trained model of regimes of one source: one of simulated hours never judges real ones."""
        return self.state_dir / "models" / f"regime-{mode}.json"

    def token_bundles(self, mode: Literal["live", "demo"]) -> Path:
        """The folder of trained token models of one source: one of made-up launches never stands beside a real one."""
        return self.state_dir / "models" / f"tokens-{mode}"

    def token_bundle_roots(self, mode: Literal["live", "demo"]) -> tuple[Path, ...]:
        """Folders to look for token models in: the user's own, then the shipped one, which is of made-up launches."""
        return (self.token_bundles(mode), shipped("data") / "token_bundles")

    @property
    def used_before(self) -> bool:
        """Whether the user has settings, or has run an engine on the live venue; a look at the demo is no choice."""
        return self.config_file.exists() or self.database("live").exists()

    def new_tape(self, mode: str, wall_ns: int) -> Path:
        """Where a recording that starts at `wall_ns` goes unless the user names a file."""
        started = datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC)
        return self.tape_dir / f"{mode}-{started:%Y%m%d-%H%M%S}.tape"

    def theme_folders(self) -> tuple[Path, ...]:
        """Folders to look for themes in: the user's own, then the shipped one."""
        return (self.config_dir / "themes", shipped("themes"))

    def keymap_folders(self) -> tuple[Path, ...]:
        """Folders to look for keymaps in: the user's own, then the shipped one."""
        return (self.config_dir / "keymaps", shipped("configs") / "keymaps")

    def profile_folders(self) -> tuple[Path, ...]:
        """Folders to look for profiles of thresholds for wallets in: the user's own, then the shipped one."""
        return (self.config_dir / "wallets", shipped("configs") / "wallets")

    def directories(self) -> dict[str, Path]:
        """All directories by what they are for."""
        return {
            "config": self.config_dir,
            "state": self.state_dir,
            "log": self.log_dir,
            "tapes": self.tape_dir,
            "cache": self.cache_dir,
        }


def find_locations(environ: Mapping[str, str] = os.environ) -> Locations:
    """The directories the platform prescribes, or those below `TAPEDECK_HOME` where it is set.

    Raises `ConfigError` when `TAPEDECK_HOME` is not an absolute path.
    """
    home = environ.get(HOME_VARIABLE, "")
    if not home:
        return _platform_locations()
    root = Path(home)
    if not root.is_absolute():
        raise ConfigError(f"{HOME_VARIABLE} is {home}, which is not an absolute path; give one that starts with /")
    return Locations(
        config_dir=root / "config",
        state_dir=root / "state",
        log_dir=root / "log",
        tape_dir=root / "tapes",
        cache_dir=root / "cache",
    )


def _platform_locations() -> Locations:
    from platformdirs import PlatformDirs

    directories = PlatformDirs("tapedeck", appauthor=False)
    return Locations(
        config_dir=directories.user_config_path,
        state_dir=directories.user_state_path,
        log_dir=directories.user_log_path,
        tape_dir=directories.user_data_path / "tapes",
        cache_dir=directories.user_cache_path,
    )


def ensure(directory: Path) -> Path:
    """Make `directory`, and what is missing above it, with mode 0700; one that exists is left as it is.

    Raises `DataError` when it cannot be made.
    """
    try:
        _make(directory)
    except OSError as error:
        raise DataError(
            f"{directory} cannot be made ({error.strerror}); free the path or set {HOME_VARIABLE}"
        ) from error
    return directory


def _make(directory: Path) -> None:
    if directory.is_dir():
        return
    _make(directory.parent)
    directory.mkdir(mode=0o700, exist_ok=True)


def shipped(name: Literal["themes", "configs", "data"]) -> Path:
    """The folder of that name that comes with tapedeck: inside the installed package, else in the checkout.

    Raises `ConfigError` when there is neither.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / f"_{name}", package.parent / name):
        if folder.is_dir():
            return folder
    raise ConfigError(f"the shipped {name} are missing from this installation; install tapedeck again")
